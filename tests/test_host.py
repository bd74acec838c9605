"""The host: one service and its peers, with streams cut into messages and back."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cuts import cut_anywhere
from tests.playbook import ANA, EVA, LUIS, NOW_NS, closed, drained, finished, opened, received

from enchufe.core.commands import CancelTimer, Close, Command, Send, SetTimer, Show
from enchufe.core.events import Event, MessageReceived, PeerClosed, Reason, TimerFired
from enchufe.core.limits import LINE_BYTES_MAX, TEXT_QUIET_S
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing
from enchufe.host import Host
from enchufe.services.echo import Echo
from enchufe.services.hello import Hello

QUIET_ANA = "text quiet 1"
QUIET_EVA = "text quiet 3"


class Notes:
    """A service that notes what it is told and says the same to everything."""

    def __init__(self, *answers: Command) -> None:
        self.told: list[Event] = []
        self._answers = answers

    def handle(self, event: Event) -> Sequence[Command]:
        self.told.append(event)
        return self._answers


def messages(commands: Sequence[Command]) -> list[bytes]:
    return [command.message for command in commands if isinstance(command, Send)]


def text_host(*answers: Command) -> tuple[Host, Notes]:
    notes = Notes(*answers)
    host = Host(notes, Framing.TEXT)
    host.opened(ANA, NOW_NS)
    host.opened(LUIS, NOW_NS)
    notes.told.clear()
    return host, notes


# What the driver tells is what the service is told


@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize(
    ("tell", "event"),
    [
        (lambda host: host.opened(EVA, NOW_NS), opened(EVA)),
        (lambda host: host.received(LUIS, b"hola", NOW_NS), received(LUIS, b"hola")),
        (lambda host: host.finished(LUIS, NOW_NS), finished(LUIS)),
        (lambda host: host.drained(ANA, NOW_NS), drained(ANA)),
        (
            lambda host: host.closed(LUIS, Reason.RESET, NOW_NS, 7),
            PeerClosed(NOW_NS, LUIS, Reason.RESET, 7),
        ),
        (lambda host: host.timer_fired("wait", NOW_NS), TimerFired(NOW_NS, "wait")),
    ],
)
def test_each_fact_reaches_the_service_and_its_answer_comes_back(
    framing: Framing, tell: Callable[[Host], Sequence[Command]], event: Event
) -> None:
    notes = Notes(Show(LUIS, b"x"), Close(LUIS))
    host = Host(notes, framing)
    assert list(tell(host)) == [Show(LUIS, b"x"), Close(LUIS)]
    assert notes.told == [event]


# Raw


@given(st.binary(), st.data())
def test_an_echo_gives_every_byte_back_whatever_the_cuts(
    data: bytes, choices: st.DataObject
) -> None:
    for pieces in cut_anywhere(data, choices):
        host = Host(Echo())
        host.opened(ANA, NOW_NS)
        commands = [c for piece in pieces for c in host.received(ANA, piece, NOW_NS)]
        assert b"".join(messages(commands)) == data
        assert list(host.finished(ANA, NOW_NS)) == [Close(ANA)]


def test_raw_bytes_get_no_end_of_line() -> None:
    assert list(Host(Echo()).received(ANA, b"x", NOW_NS)) == [Send(ANA, b"x")]


# Text


@given(st.lists(st.sampled_from([b"hola", b"", b"\xc3\xb1", b"a\rb"])), st.data())
def test_each_line_is_one_message_whatever_the_cuts(
    lines: list[bytes], choices: st.DataObject
) -> None:
    stream = b"".join(line + b"\r\n" for line in lines)
    for pieces in cut_anywhere(stream, choices):
        host, notes = text_host()
        for piece in pieces:
            host.received(ANA, piece, NOW_NS)
        assert notes.told == [received(ANA, line) for line in lines]


@given(st.binary(max_size=50), st.binary(max_size=50), st.data())
def test_two_peers_lines_never_mix(ana: bytes, eva: bytes, choices: st.DataObject) -> None:
    for pieces in cut_anywhere(ana, choices):
        host, notes = text_host()
        host.opened(EVA, NOW_NS)
        for piece in pieces:
            host.received(ANA, piece, NOW_NS)
            host.received(EVA, eva, NOW_NS)
        host.finished(ANA, NOW_NS)
        host.finished(EVA, NOW_NS)
        said = [e.message for e in notes.told if isinstance(e, MessageReceived) and e.peer is ANA]
        assert b"".join(said).replace(b"\r", b"") == ana.translate(None, b"\r\n")


def test_an_answer_over_a_stream_is_a_line_and_a_datagram_is_as_it_is() -> None:
    host = Host(Hello("hi there"), Framing.TEXT)
    host.opened(ANA, NOW_NS)
    assert messages(host.received(ANA, b"hello\n", NOW_NS)) == [b"hi there\n"]
    assert messages(host.received(LUIS, b"hello\n", NOW_NS)) == [b"hi there"]


def test_what_is_shown_to_the_person_is_the_message_itself() -> None:
    host = Host(Hello("hi"), Framing.TEXT)
    host.opened(ANA, NOW_NS)
    commands = host.received(ANA, b"hello\r\n", NOW_NS)
    assert Show(ANA, b"hello") in commands
    assert Show(LUIS, b"hello") in host.received(LUIS, b"hello\r\n", NOW_NS)


def test_a_datagram_is_a_message_also_with_many_lines() -> None:
    host, notes = text_host()
    assert list(host.received(LUIS, b"one\ntwo\n", NOW_NS)) == []
    assert notes.told == [received(LUIS, b"one\ntwo")]


def test_a_line_too_long_reaches_the_service_in_parts() -> None:
    host, notes = text_host()
    host.received(ANA, b"x" * (2 * LINE_BYTES_MAX) + b"y\n", NOW_NS)
    long = received(ANA, b"x" * LINE_BYTES_MAX)
    assert notes.told == [long, long, received(ANA, b"y")]


# The quiet rule


def test_a_beginning_waits_for_its_end_and_each_piece_begins_the_wait_anew() -> None:
    host, notes = text_host()
    waits = [SetTimer(QUIET_ANA, TEXT_QUIET_S)]
    assert list(host.received(ANA, b"he", NOW_NS)) == waits
    assert list(host.received(ANA, b"llo", NOW_NS)) == waits
    assert notes.told == []
    assert list(host.received(ANA, b"\n", NOW_NS)) == [CancelTimer(QUIET_ANA)]
    assert notes.told == [received(ANA, b"hello")]


def test_text_counts_as_a_message_when_nothing_follows() -> None:
    host, notes = text_host(Send(ANA, b"hi"))
    host.received(ANA, b"hello", NOW_NS)
    assert list(host.timer_fired(QUIET_ANA, NOW_NS)) == [CancelTimer(QUIET_ANA), Send(ANA, b"hi\n")]
    assert notes.told == [received(ANA, b"hello")]
    assert list(host.timer_fired(QUIET_ANA, NOW_NS)) == []


def test_one_peers_silence_ends_no_others_line() -> None:
    host, notes = text_host()
    host.opened(EVA, NOW_NS)
    notes.told.clear()
    host.received(ANA, b"an", NOW_NS)
    host.received(EVA, b"ev", NOW_NS)
    host.timer_fired(QUIET_EVA, NOW_NS)
    host.received(ANA, b"a\n", NOW_NS)
    assert notes.told == [received(EVA, b"ev"), received(ANA, b"ana")]


def test_last_words_come_before_the_end() -> None:
    host, notes = text_host()
    host.received(ANA, b"bye", NOW_NS)
    assert list(host.finished(ANA, NOW_NS)) == [CancelTimer(QUIET_ANA)]
    assert notes.told == [received(ANA, b"bye"), finished(ANA)]


def test_last_words_come_before_a_reset_too_and_then_no_timer_is_left() -> None:
    host, notes = text_host()
    host.received(ANA, b"by", NOW_NS)
    assert list(host.closed(ANA, Reason.RESET, NOW_NS)) == [CancelTimer(QUIET_ANA)]
    assert notes.told == [received(ANA, b"by"), closed(ANA, Reason.RESET)]
    assert list(host.timer_fired(QUIET_ANA, NOW_NS)) == []
    assert not host._decoders


def test_a_peer_that_left_is_forgotten() -> None:
    host, _notes = text_host()
    for number in range(100, 200):
        peer = Peer(number, Transport.TCP, "192.0.2.9", number)
        host.opened(peer, NOW_NS)
        host.received(peer, b"beginning of a line", NOW_NS)
        host.closed(peer, Reason.FINISHED, NOW_NS)
    assert len(host._decoders) == 1


# Batches and witnesses


@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize("is_witnessed", [False, True])
def test_a_batch_is_the_same_as_one_datagram_after_another(
    framing: Framing, is_witnessed: bool
) -> None:
    arrivals = [(LUIS, b"one\n"), (LUIS, b""), (Peer(9, Transport.UDP, is_stream=False), b"two")]
    seen: list[Event | Command] = []
    hosts = [Host(Hello("hi"), framing, seen.append if is_witnessed else None) for _ in range(2)]
    together = list(hosts[0].received_batch(arrivals, NOW_NS))
    seen_together = seen.copy()
    singly = [c for peer, data in arrivals for c in hosts[1].received(peer, data, NOW_NS)]
    assert together == singly
    assert len(together) == 6
    assert seen == seen_together * 2
    assert len(seen) == (18 if is_witnessed else 0)


def test_a_witness_sees_events_and_commands_in_order_as_the_service_does() -> None:
    seen: list[Event | Command] = []
    host = Host(Hello("hi"), Framing.TEXT, seen.append)
    host.opened(ANA, NOW_NS)
    host.received(ANA, b"one\ntwo\nth", NOW_NS)
    host.finished(ANA, NOW_NS)
    answer = Send(ANA, b"hi")
    assert seen == [
        opened(ANA),
        *(received(ANA, b"one"), Show(ANA, b"one"), answer),
        *(received(ANA, b"two"), Show(ANA, b"two"), answer),
        *(received(ANA, b"th"), Show(ANA, b"th"), answer),
        *(finished(ANA), Close(ANA)),
    ]


def test_a_witness_changes_nothing() -> None:
    for framing in Framing:
        with_witness, without = Host(Echo(), framing, lambda _fact: None), Host(Echo(), framing)
        for host in (with_witness, without):
            host.opened(ANA, NOW_NS)
        for data in (b"a", b"b\n", b"\n\nc"):
            ours = list(with_witness.received(ANA, data, NOW_NS))
            assert ours == list(without.received(ANA, data, NOW_NS))
