"""Programs of the simulated world: what the orders about them come to, in its own time."""

from collections.abc import Callable, Sequence

from enchufe.core.events import Event
from enchufe.core.programs import (
    EndProgramInput,
    FeedProgram,
    HoldProgram,
    KillProgram,
    ProgramEnded,
    ProgramFailed,
    ProgramOrder,
    ProgramStarted,
    ProgramWrote,
    RunProgram,
    Unstarted,
)
from enchufe.sim.driver import Driver
from enchufe.sim.world import World


class Workshop:
    """A machine's programs, each a moment late.

    ``say SIZE CODE`` says so many bytes bit by bit, ``echo`` what it is fed, and ``forever``
    goes on until it is killed. `started` is every program that ever ran, `running` those
    that run now.

    Args:
        world: its time and its chance.
        driver: whose service orders them.
    """

    def __init__(self, world: World, driver: Driver) -> None:
        self.started: list[tuple[str, ...]] = []
        self.running: dict[str, tuple[str, ...]] = {}
        self._world = world
        self._driver = driver
        self._held: set[str] = set()
        self._waiting: dict[str, list[Event]] = {}
        driver.programs = self.perform

    def perform(self, order: ProgramOrder) -> None:
        """Do what the service orders, a moment later."""
        match order:
            case RunProgram():
                self._later(lambda: self._start(order))
            case HoldProgram(hold=True):
                self._held.add(order.run)
            case HoldProgram():
                self._held.discard(order.run)
                self._flush(order.run)
            case FeedProgram():
                self._later(lambda: self._fed(order.run, order.data))
            case EndProgramInput():
                self._later(lambda: self._input_ended(order.run))
            case KillProgram():
                self._later(lambda: self._ended(order.run, -15))

    def _later(self, action: Callable[[], None]) -> None:
        delay_s = 0.001  # always the same, so that orders are obeyed in their order
        self._world.network.clock.after(delay_s, action)

    def _now_ns(self) -> int:
        return self._world.network.clock.now_ns

    def _start(self, order: RunProgram) -> None:
        run, arguments = order.run, order.arguments
        self.started.append(arguments)
        if arguments[0] not in ("say", "echo", "forever"):
            self._tell(ProgramFailed(self._now_ns(), run, Unstarted.NOT_FOUND))
            return
        self.running[run] = arguments
        self._tell(ProgramStarted(self._now_ns(), run))
        if arguments[0] == "say":
            self._say(run, pieces(self._world, said(arguments[1])), int(arguments[2]))

    def _say(self, run: str, rest: Sequence[bytes], code: int) -> None:
        if run not in self.running:
            return
        if not rest:
            self._write(run, None, code)
            return
        self._write(run, ProgramWrote(self._now_ns(), run, rest[0]))
        self._later(lambda: self._say(run, rest[1:], code))

    def _fed(self, run: str, data: bytes) -> None:
        if self.running.get(run, ("",))[0] == "echo":
            self._write(run, ProgramWrote(self._now_ns(), run, data))

    def _input_ended(self, run: str) -> None:
        if self.running.get(run, ("",))[0] == "echo":
            self._write(run, None, 0)

    def _write(self, run: str, wrote: ProgramWrote | None, code: int = 0) -> None:
        """Tell what a program wrote, or its end, unless it is held: then it waits."""
        event = wrote or ProgramEnded(self._now_ns(), run, code)
        self._waiting.setdefault(run, []).append(event)
        if run not in self._held:
            self._flush(run)

    def _flush(self, run: str) -> None:
        for event in self._waiting.pop(run, []):
            if isinstance(event, ProgramEnded):
                self.running.pop(run, None)
            self._tell(event)

    def _ended(self, run: str, code: int) -> None:
        if self.running.pop(run, None) is not None:
            self._waiting.pop(run, None)
            self._tell(ProgramEnded(self._now_ns(), run, code))

    def _tell(self, event: Event) -> None:
        self._driver.happened(event)


def said(size: str) -> bytes:
    """Return what ``say SIZE …`` says."""
    return bytes(place % 251 for place in range(int(size)))


def pieces(world: World, data: bytes) -> list[bytes]:
    """Return ``data`` cut where the world's chance has it."""
    found: list[bytes] = []
    while data:
        size = world.chance.between(1, len(data))
        found.append(data[:size])
        data = data[size:]
    return found
