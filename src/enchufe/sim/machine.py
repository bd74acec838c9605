"""A machine of the simulated world: the services it runs and the calls it makes."""

from functools import partial

from enchufe.core.events import NotReached
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing, Service
from enchufe.host import Host
from enchufe.sim.datagram import DatagramEndpoint
from enchufe.sim.datagram_dialled import DialledDatagram
from enchufe.sim.datagram_network import Address, DatagramNetwork
from enchufe.sim.driver import Driver
from enchufe.sim.history import History
from enchufe.sim.network import Network
from enchufe.sim.pipe import Pipe
from enchufe.sim.stream import StreamEnd

FIRST_OWN_PORT = 40_000
"""Callers' ports begin here, above those that services are given."""


class Lines:
    """All that connects the machines of a world.

    Args:
        network: its time, its chance, its conditions.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.datagrams = DatagramNetwork(network)
        self.listeners: dict[Address, Driver] = {}


class Machine:
    """One machine, and on it one run of ours.

    Args:
        host: its address.
        lines: connect it to the others.
    """

    def __init__(self, host: str, lines: Lines) -> None:
        self.host = host
        self.endpoints: list[DatagramEndpoint] = []
        self._lines = lines
        self._own_ports: set[int] = set()
        self._calls = 0

    def serve(
        self,
        name: str,
        service: Service,
        port: int,
        framing: Framing = Framing.RAW,
        *,
        history: History | None = None,
    ) -> Driver:
        """Serve over streams and datagrams on ``port``; return what can be read off it.

        Args:
            name: as the trace calls it.
            service: whose rules hold.
            port: 1 to 65535.
            framing: how the service wants streams cut.
            history: what the service remembers by.
        """
        lines = self._lines
        driver = Driver(f"{name}@{self.host}:{port}", Host(service, framing), lines.network)
        address = (self.host, port)
        lines.listeners[address] = driver
        self._own_ports.add(port)
        self.endpoints.append(
            DatagramEndpoint(lines.network, lines.datagrams, driver, address, self._own_ports)
        )
        if history is not None:
            driver.history = history.perform
            history.deliver = driver.happened
            driver.happened(history.opened())
        return driver

    def kill(self, port: int) -> None:
        """End what is served on ``port`` as SIGKILL does; the port can be served again.

        The service learns nothing; whoever was connected finds the connection closed. A
        history it had is to be told too (`History.crash`).
        """
        address = (self.host, port)
        self._lines.datagrams.unbind(address)
        self._own_ports.remove(port)
        self._lines.listeners.pop(address).kill()

    def call(
        self,
        transport: Transport,
        server: Address,
        service: Service,
        framing: Framing = Framing.RAW,
    ) -> Driver:
        """Call ``server`` with a service of ours; return what can be read off it.

        Args:
            transport: `Transport.TCP`, `Transport.AYUDANTIA`, or `Transport.UDP`.
            server: whom to call; where nobody listens, a stream call is over at once
                and a datagram call when its first datagram comes back.
            service: whose rules hold at our end; it may call again.
            framing: how the service wants streams cut.
        """
        own = self._next_own_address()
        driver = Driver(f"caller@{self.host}:{own[1]}", Host(service, framing), self._lines.network)
        driver.dial = partial(self._dial_again, transport, driver, server)
        if not self._dial(transport, driver, own, server):
            driver.stop(ExitCode.REFUSED)
        return driver

    def _next_own_address(self) -> Address:
        self._calls += 1
        return (self.host, FIRST_OWN_PORT + self._calls)

    def _dial_again(self, transport: Transport, driver: Driver, server: Address) -> None:
        if driver.exit_code is not None:
            return
        network = self._lines.network
        if not self._dial(transport, driver, self._next_own_address(), server):
            nobody = NotReached(network.clock.now_ns, "nobody listens")
            network.clock.after(0.0, partial(driver.happened, nobody))

    def _dial(self, transport: Transport, driver: Driver, own: Address, server: Address) -> bool:
        """Dial; return whether somebody may be there."""
        if transport.is_stream:
            return self._dial_stream(transport, driver, own, server)
        network, datagrams = self._lines.network, self._lines.datagrams
        peer = Peer(network.next_number(), transport, *server, is_stream=False)
        network.clock.after(0.0, DialledDatagram(network, datagrams, driver, own, peer).open)
        return True

    def _dial_stream(
        self, transport: Transport, driver: Driver, own: Address, server: Address
    ) -> bool:
        network = self._lines.network
        listener = self._lines.listeners.get(server)
        if listener is None:
            return False
        there, back = Pipe(network), Pipe(network)
        far, near = self._peer(transport, server), self._peer(transport, own)
        ours = StreamEnd(network, driver, far, back, there, has_input=True)
        theirs = StreamEnd(network, listener, near, there, back, has_input=False)
        there.join(ours, theirs)
        back.join(theirs, ours)
        came_ns = network.later(theirs.open)
        network.later(ours.open, came_ns)
        return True

    def _peer(self, transport: Transport, address: Address) -> Peer:
        return Peer(self._lines.network.next_number(), transport, *address)
