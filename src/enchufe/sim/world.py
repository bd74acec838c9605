"""The world: machines, the network between them, and time until something is so.

world = World(seed=7)
server = world.machine("10.0.0.1").serve("echo", Echo(), 3500)
caller = world.machine("10.0.0.2").call(Transport.TCP, ("10.0.0.1", 3500), Caller())
caller.type([b"hola"])
world.run_until(lambda: caller.exit_code is not None)
"""

from collections.abc import Callable

from enchufe.core.chance import Chance
from enchufe.sim.clock import NS_PER_S
from enchufe.sim.conditions import CALM, Conditions, rough
from enchufe.sim.datagram_network import Address, Datagram
from enchufe.sim.machine import Lines, Machine
from enchufe.sim.network import Network

STEPS_MAX = 1_000_000
"""More steps than any test needs: a world that takes more goes round in circles."""

ELAPSED_S_MAX = 3600.0
"""More virtual time than anybody in it waits for anything."""


class SimulationError(RuntimeError):
    """A simulated world did not come to where it had to come."""


class World:
    """A simulated world.

    Args:
        seed: equal seeds give equal runs.
        conditions: what its network is like; None for a calm one.
        steps_max: after how many steps it gives up, loudly.
        elapsed_s_max: after how many virtual seconds it gives up, loudly.
    """

    def __init__(
        self,
        seed: int,
        conditions: Conditions | None = None,
        *,
        steps_max: int = STEPS_MAX,
        elapsed_s_max: float = ELAPSED_S_MAX,
    ) -> None:
        self.chance = Chance(seed)
        self.network = Network(self.chance, conditions or CALM)
        self.trace = self.network.trace
        self.steps = 0
        self._lines = Lines(self.network)
        self._machines: dict[str, Machine] = {}
        self._steps_max = steps_max
        self._elapsed_s_max = elapsed_s_max

    @property
    def elapsed_s(self) -> float:
        """Virtual seconds since the world began."""
        return self.network.clock.elapsed_s

    @property
    def datagrams_arrived(self) -> list[Datagram]:
        """Every datagram that found somebody at its destination, in order."""
        return self._lines.datagrams.arrived

    def machine(self, host: str) -> Machine:
        """Return the machine with that address."""
        if host not in self._machines:
            self._machines[host] = Machine(host, self._lines)
        return self._machines[host]

    def forge(self, source: Address, destination: Address, data: bytes) -> None:
        """Send a datagram that says it comes from ``source``, as anybody can."""
        self.trace.note("forger", f"as {source} to {destination}", data)
        self._lines.datagrams.send(Datagram(source, destination, data))

    def roughen(self, *, resets: bool = False) -> None:
        """Make the network a bad one, bad in another way for each seed.

        Args:
            resets: whether connections may break off.
        """
        self.network.conditions = rough(self.chance, resets=resets)
        self.trace.note("network", f"{self.network.conditions}")

    def heal(self) -> None:
        """Take every fault of the network away."""
        self.network.heal()

    # Time

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Let time pass until ``condition`` holds.

        Raises:
            SimulationError: it cannot come to hold, or not within the bounds.
        """
        while not condition():
            if not self._step():
                raise self._error("nothing more will happen, and what was awaited did not")

    def run_until_quiet(self) -> None:
        """Let time pass until nothing more will ever happen.

        Raises:
            SimulationError: it goes on beyond the bounds.
        """
        while self._step():
            pass

    def run_for(self, seconds: float) -> None:
        """Let ``seconds`` of virtual time pass.

        Raises:
            SimulationError: it takes more steps than allowed.
        """
        clock = self.network.clock
        end_ns = clock.now_ns + round(seconds * NS_PER_S)
        next_ns = clock.next_ns()
        while next_ns is not None and next_ns <= end_ns:
            self._step()
            next_ns = clock.next_ns()
        clock.now_ns = end_ns

    def _step(self) -> bool:
        self.steps += 1
        if self.steps > self._steps_max:
            raise self._error(f"more than {self._steps_max:,} steps")
        if self.elapsed_s > self._elapsed_s_max:
            raise self._error(f"more than {self._elapsed_s_max:,.0f} virtual seconds")
        return self.network.clock.step()

    def _error(self, what: str) -> SimulationError:
        return SimulationError(
            f"{what} (seed {self.chance.seed}, step {self.steps:,}, "
            f"{self.elapsed_s:.6f} s)\n{self.trace.tail()}"
        )
