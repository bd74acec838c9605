"""Simulated connections behave as those of `enchufe.net.stream`."""

from tests.sim.people import Obedient

from enchufe.core.commands import AwaitDrained, Close, Finish, Send
from enchufe.core.events import PeerClosed, Reason
from enchufe.core.limits import LINGER_S_MAX, SEND_QUEUE_BYTES_MAX, SEND_STALL_S_MAX
from enchufe.core.peer import Transport
from enchufe.sim.driver import Driver
from enchufe.sim.stream import StreamEnd
from enchufe.sim.world import World

SERVER = ("192.0.2.1", 3500)


class Pair:
    """Two obedient services with a connection between them."""

    def __init__(self) -> None:
        self.world = World(1)
        self.one, self.other = Obedient(), Obedient()
        self.theirs = self.world.machine("192.0.2.1").serve("other", self.other, 3500)
        machine = self.world.machine("192.0.2.2")
        self.ours = machine.call(Transport.TCP, SERVER, self.one)
        self.world.run_until(lambda: bool(self.ours.links and self.theirs.links))

    def end_of(self, driver: Driver) -> StreamEnd:
        (link,) = driver.links.values()
        assert isinstance(link, StreamEnd)
        return link

    def reason(self, service: Obedient) -> Reason:
        """Return why a service was told that it is over."""
        (closed,) = [event for event in service.told if isinstance(event, PeerClosed)]
        return closed.reason


def test_each_end_knows_the_others_address() -> None:
    pair = Pair()
    assert [peer.address for peer in pair.ours.peers] == ["192.0.2.1:3500"]
    assert [peer.address for peer in pair.theirs.peers] == ["192.0.2.2:40001"]


def test_a_half_close_leaves_the_other_half_open() -> None:
    pair = Pair()
    us, them = pair.theirs.peers[0], pair.ours.peers[0]
    pair.ours.perform([Send(them, b"question"), Finish(them)])
    pair.world.run_until_quiet()
    assert pair.other.heard == ["PeerOpened", "MessageReceived", "PeerFinished"]
    pair.theirs.perform([Send(us, b"answer"), Close(us)])
    pair.world.run_until(lambda: "PeerFinished" in pair.one.heard)
    pair.ours.perform([Close(them)])
    pair.world.run_until_quiet()
    assert pair.one.heard == ["PeerOpened", "MessageReceived", "PeerFinished", "PeerClosed"]
    assert pair.reason(pair.one) == pair.reason(pair.other) == Reason.FINISHED


def test_a_close_waits_a_while_for_the_peer_and_throws_away_what_still_comes() -> None:
    pair = Pair()
    us, them = pair.theirs.peers[0], pair.ours.peers[0]
    pair.ours.perform([Close(them)])
    pair.theirs.perform([Send(us, b"too late")])
    began_s = pair.world.elapsed_s
    pair.world.run_until(lambda: not pair.ours.links)
    assert pair.reason(pair.one) is Reason.OURS
    assert pair.one.heard == ["PeerOpened", "PeerClosed"]
    assert pair.world.elapsed_s - began_s == LINGER_S_MAX


def test_bytes_for_a_closed_end_are_answered_with_a_reset() -> None:
    pair = Pair()
    pair.ours.perform([Close(pair.ours.peers[0])])
    pair.world.run_until_quiet()
    assert pair.other.heard == ["PeerOpened", "PeerFinished"]
    pair.theirs.perform([Send(pair.theirs.peers[0], b"anybody?")])
    pair.world.run_until_quiet()
    assert pair.reason(pair.other) is Reason.RESET


def test_closing_over_unread_bytes_resets() -> None:
    pair = Pair()
    pair.end_of(pair.ours).stop_reading()
    pair.theirs.perform([Send(pair.theirs.peers[0], b"read me")])
    pair.world.run_until_quiet()
    pair.end_of(pair.ours).abort(Reason.STOPPING)
    pair.world.run_until_quiet()
    assert (pair.reason(pair.one), pair.reason(pair.other)) == (Reason.STOPPING, Reason.RESET)


def test_a_broken_connection_is_told_to_both_ends_once() -> None:
    pair = Pair()
    pair.end_of(pair.ours).break_off()
    pair.world.run_until_quiet()
    assert pair.one.heard == pair.other.heard == ["PeerOpened", "PeerClosed"]
    assert pair.reason(pair.one) == pair.reason(pair.other) == Reason.RESET


def test_a_connection_broken_before_it_is_accepted_opens_and_closes() -> None:
    world, service = World(1), Obedient()
    server = world.machine("192.0.2.1").serve("other", Obedient(), 3500)
    caller = world.machine("192.0.2.2").call(Transport.TCP, SERVER, service)
    world.run_until(lambda: bool(server.links))
    (theirs,) = server.links.values()
    assert isinstance(theirs, StreamEnd)
    theirs.break_off()
    world.run_until_quiet()
    assert service.heard == ["PeerOpened", "PeerClosed"]
    assert not caller.links


def test_drained_is_told_when_all_has_left_and_not_before() -> None:
    pair = Pair()
    us = pair.theirs.peers[0]
    pair.end_of(pair.ours).stop_reading()
    pair.theirs.perform([AwaitDrained(us)])
    pair.world.run_until_quiet()
    assert pair.other.heard == ["PeerOpened", "PeerDrained"]
    pair.theirs.perform([Send(us, bytes(200_000)), AwaitDrained(us)])
    pair.world.run_until_quiet()
    assert pair.other.heard == ["PeerOpened", "PeerDrained"]


def test_after_our_close_nothing_is_sent_and_nobody_waits_for_it() -> None:
    pair = Pair()
    us = pair.theirs.peers[0]
    pair.theirs.perform([Close(us), Send(us, b"too late"), Finish(us), AwaitDrained(us)])
    pair.world.run_until_quiet()
    assert pair.one.heard == ["PeerOpened", "PeerFinished"]
    assert pair.other.heard == ["PeerOpened", "PeerClosed"]


def test_a_peer_we_are_done_with_that_takes_nothing_is_cut_off() -> None:
    pair = Pair()
    us = pair.theirs.peers[0]
    pair.end_of(pair.ours).stop_reading()
    pair.theirs.perform([Send(us, bytes(200_000)), Close(us)])
    pair.world.run_until(lambda: not pair.theirs.links)
    (closed,) = [event for event in pair.other.told if isinstance(event, PeerClosed)]
    assert closed.reason is Reason.SILENT
    assert closed.unsent_bytes == 200_000 - pair.world.network.conditions.window_bytes
    assert SEND_STALL_S_MAX <= pair.world.elapsed_s < SEND_STALL_S_MAX + 2 * LINGER_S_MAX


def test_a_peer_that_finished_and_takes_nothing_is_cut_off_too() -> None:
    pair = Pair()
    us, them = pair.theirs.peers[0], pair.ours.peers[0]
    pair.end_of(pair.ours).stop_reading()
    pair.ours.perform([Finish(them)])
    pair.theirs.perform([Send(us, bytes(200_000))])
    pair.world.run_until_quiet()
    pair.theirs.perform([Close(us)])
    pair.world.run_until(lambda: not pair.theirs.links)
    assert pair.reason(pair.other) is Reason.SILENT


def test_a_callers_input_is_held_while_too_much_waits_and_goes_on_when_it_left() -> None:
    pair = Pair()
    them = pair.ours.peers[0]
    pair.end_of(pair.theirs).stop_reading()
    pair.ours.perform([Send(them, bytes(SEND_QUEUE_BYTES_MAX + 1))])
    pair.ours.type([b"hola"], ends=False)
    pair.world.run_until_quiet()
    assert "InputTyped" not in pair.one.heard
    pair.end_of(pair.theirs).resume_reading()
    pair.world.run_until_quiet()
    assert pair.one.heard[-1] == "InputTyped"


def test_who_does_not_take_our_answers_is_not_read_from() -> None:
    pair = Pair()
    us, them = pair.theirs.peers[0], pair.ours.peers[0]
    pair.end_of(pair.ours).stop_reading()
    pair.theirs.perform([Send(us, bytes(SEND_QUEUE_BYTES_MAX + 1))])
    pair.ours.perform([Send(them, b"more!")])
    pair.world.run_until_quiet()
    assert pair.other.heard == ["PeerOpened", "PeerBehind"]
    pair.end_of(pair.ours).resume_reading()
    pair.world.run_until_quiet()
    assert pair.other.heard == ["PeerOpened", "PeerBehind", "MessageReceived"]
