"""A service for the tests of the simulator's parts."""

from collections.abc import Sequence

from enchufe.core.commands import Command
from enchufe.core.events import Event


class Obedient:
    """Notes every event, and orders next what it was told to order beforehand."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.orders: list[Command] = []

    def handle(self, event: Event) -> Sequence[Command]:
        self.told.append(event)
        orders, self.orders = self.orders, []
        return orders

    @property
    def heard(self) -> list[str]:
        """The names of the events so far."""
        return [type(event).__name__ for event in self.told]
