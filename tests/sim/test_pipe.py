"""One direction of a stream."""

from enchufe.core.chance import Chance
from enchufe.faults.delay import Delay
from enchufe.faults.reset import Reset
from enchufe.faults.slice import Slice
from enchufe.sim.conditions import CALM, Conditions
from enchufe.sim.network import Network
from enchufe.sim.pipe import Pipe


class End:
    """An end that notes what it is told."""

    def __init__(self) -> None:
        self.is_over = False
        self.told: list[str | bytes] = []

    def written(self) -> None:
        self.told.append("written")

    def arrived(self, data: bytes) -> None:
        self.told.append(data)

    def ended(self) -> None:
        self.told.append("ended")

    def struck(self) -> None:
        self.told.append("struck")

    def unwelcome(self) -> None:
        self.told.append("unwelcome")

    @property
    def heard(self) -> bytes:
        return b"".join(told for told in self.told if isinstance(told, bytes))


def piped(conditions: Conditions = CALM) -> tuple[Network, Pipe, End, End]:
    network = Network(Chance(1), conditions)
    pipe, sender, receiver = Pipe(network), End(), End()
    pipe.join(sender, receiver)
    return network, pipe, sender, receiver


def run(network: Network) -> None:
    while network.clock.step():
        pass


def test_bytes_arrive_in_order_and_then_the_end() -> None:
    slow = Conditions(delay=Delay(0.0, 1.0), slice=Slice(3), read=Slice(2), window_bytes=7)
    network, pipe, sender, receiver = piped(slow)
    pipe.resume()
    pipe.write(bytes(range(100)))
    pipe.finish()
    run(network)
    assert receiver.heard == bytes(range(100))
    assert receiver.told[-1] == "ended"
    assert receiver.told.count("ended") == 1
    assert all(isinstance(told, str) or len(told) <= 2 for told in receiver.told)
    assert set(sender.told) == {"written"}


def test_a_receiver_that_does_not_read_stops_the_sender_at_the_window() -> None:
    network, pipe, _sender, receiver = piped(Conditions(window_bytes=10))
    pipe.write(bytes(100))
    run(network)
    assert (len(pipe.queue), len(pipe.unread), receiver.told) == (90, 10, [])
    pipe.write(bytes(5))
    run(network)
    assert (len(pipe.queue), len(pipe.unread), receiver.told) == (95, 10, [])
    pipe.resume()
    run(network)
    assert (len(pipe.queue), receiver.heard) == (0, bytes(105))


def test_a_pause_leaves_unread_what_comes() -> None:
    network, pipe, _sender, receiver = piped()
    pipe.resume()
    pipe.write(b"one")
    run(network)
    pipe.pause()
    pipe.write(b"two")
    pipe.finish()
    run(network)
    assert (receiver.heard, bytes(pipe.unread)) == (b"one", b"two")
    pipe.resume()
    run(network)
    assert (receiver.heard, receiver.told[-1]) == (b"onetwo", "ended")


def test_what_is_under_way_arrives_and_what_is_abandoned_does_not() -> None:
    network, pipe, _sender, receiver = piped(Conditions(window_bytes=10))
    pipe.resume()
    pipe.write(bytes(15))
    network.clock.step()
    pipe.abandon()
    run(network)
    assert (receiver.heard, receiver.told[-1]) == (bytes(10), "ended")


def test_a_break_is_told_to_both_ends_and_nothing_arrives_any_more() -> None:
    network, pipe, sender, receiver = piped(Conditions(reset=Reset(1.0)))
    pipe.resume()
    pipe.write(b"lost")
    pipe.finish()
    run(network)
    assert (sender.told, receiver.told) == (["struck"], ["struck"])


def test_bytes_for_a_closed_end_are_unwelcome() -> None:
    network, pipe, sender, receiver = piped()
    receiver.is_over = True
    pipe.resume()
    pipe.write(b"anybody?")
    run(network)
    assert (sender.told, receiver.told) == (["written"], ["unwelcome"])


def test_a_reset_comes_after_what_is_under_way() -> None:
    network, pipe, _sender, receiver = piped(Conditions(delay=Delay(0.0, 5.0), slice=Slice(1)))
    pipe.resume()
    pipe.write(bytes(20))
    network.clock.step()
    pipe.reset()
    run(network)
    assert (receiver.heard, receiver.told[-1]) == (bytes(20), "struck")
