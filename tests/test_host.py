"""The host: one service and its peers, with streams cut into messages and back."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cuts import cut_anywhere
from tests.playbook import ANA, EVA, LUIS, NOW_NS, closed, drained, finished, opened, received

from enchufe.core.commands import (
    CancelTimer,
    Close,
    Command,
    Finish,
    Order,
    ReadOn,
    Rest,
    Send,
    SendFrame,
    SetTimer,
    Show,
    SpeakFrames,
    Spread,
    SpreadFrame,
)
from enchufe.core.errors import ProtocolError
from enchufe.core.events import (
    Event,
    FrameReceived,
    MessageReceived,
    PeerClosed,
    PeerFramed,
    Reason,
    TimerFired,
)
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import (
    LINE_BYTES_MAX,
    LINE_QUIET_S,
    LINES_BATCH_MAX,
    MESSAGES_BATCH_MAX,
    TEXT_QUIET_S,
)
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing
from enchufe.host import Host, Witness
from enchufe.services.echo import Echo
from enchufe.services.hello import Hello
from enchufe.wire.frames import PREFACE, encoded

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


def test_whoever_has_ended_a_line_and_does_not_end_the_next_is_heard_later() -> None:
    host, notes = text_host()
    waits = [SetTimer(QUIET_ANA, LINE_QUIET_S)]
    assert list(host.received(ANA, b"Welcome\nwho are you?", NOW_NS)) == waits
    host.timer_fired(QUIET_ANA, NOW_NS)
    assert notes.told == [received(ANA, b"Welcome"), received(ANA, b"who are you?")]


def test_the_silence_of_a_peer_that_is_not_read_from_ends_no_line() -> None:
    host, _notes = text_host()
    waits, no_more = SetTimer(QUIET_ANA, TEXT_QUIET_S), CancelTimer(QUIET_ANA)
    assert list(host.received(ANA, b"he", NOW_NS)) == [waits]
    assert list(host.behind(ANA, NOW_NS)) == [no_more]
    assert list(host.received(ANA, b"l", NOW_NS)) == [waits]
    for order, then in ((Rest(ANA), no_more), (ReadOn(ANA), waits)):
        host._handle = Notes(order).handle
        assert list(host.drained(LUIS, NOW_NS)) == [order, then]


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
    assert not host._turns


def test_a_peer_that_left_is_forgotten() -> None:
    host, _notes = text_host()
    for number in range(100, 200):
        peer = Peer(number, Transport.TCP, "192.0.2.9", number)
        host.opened(peer, NOW_NS)
        host.received(peer, b"beginning of a line", NOW_NS)
        host.closed(peer, Reason.FINISHED, NOW_NS)
    assert len(host._turns) == 1


def test_only_who_was_waited_for_has_a_timer_to_be_cancelled() -> None:
    host, _notes = text_host()
    assert list(host.received(ANA, b"one\ntwo\n", NOW_NS)) == []
    assert list(host.finished(ANA, NOW_NS)) == []


# Frames

HOLA = Frame(Kind.TEXT, 0, b"hola")
OFFER = Frame(Kind.OFFER, 1, b"{}")
UNKNOWN = Frame(200, 7, b"from a later version")
OFFERED = FrameReceived(NOW_NS, ANA, OFFER)
SAID_HOLA = received(ANA, b"hola")


def framed_host(*answers: Command) -> tuple[Host, Notes]:
    notes = Notes(*answers)
    host = Host(notes, Framing.FRAMES)
    host.opened(ANA, NOW_NS)
    host.opened(EVA, NOW_NS)
    notes.told.clear()
    return host, notes


def hear(host: Host, *pieces: bytes, peer: Peer = ANA) -> list[Order]:
    return [order for piece in pieces for order in host.received(peer, piece, NOW_NS)]


def ended(why: str, reason: Reason = Reason.PROTOCOL) -> list[Order]:
    """Return what a framed Ana gets who broke a rule, or left within a frame."""
    frame = Frame(Kind.ERROR, 0, b'{"why":"%b"}' % why.encode())
    return [Send(ANA, encoded(frame)), Close(ANA, reason)]


@given(st.data())
def test_a_peer_is_text_until_it_sends_the_preface_and_gets_ours_before_any_frame(
    choices: st.DataObject,
) -> None:
    stream = b"hola\n" + PREFACE + encoded(HOLA) + encoded(UNKNOWN) + encoded(OFFER)
    for pieces in cut_anywhere(stream, choices):
        host, notes = framed_host(Send(ANA, b"hi"))
        orders = hear(host, *pieces)
        assert notes.told == [SAID_HOLA, PeerFramed(NOW_NS, ANA), SAID_HOLA, OFFERED]
        hi = encoded(Frame(Kind.TEXT, 0, b"hi"))
        answers = [order for order in orders if isinstance(order, Send)]
        assert answers == [Send(ANA, said) for said in (b"hi\n", PREFACE, hi, hi, hi)]


def test_a_peer_that_sends_no_preface_is_served_as_text() -> None:
    lines = (b"enchufe/1\n", b"\0enchufe\n", b"\0enchufe/0\n", b"x\0enchufe/1\n")
    host, notes = framed_host()
    assert hear(host, *lines) == []
    assert notes.told == [received(ANA, line[:-1]) for line in lines]
    assert hear(host, b"x" * (2 * LINE_BYTES_MAX), b"y\nhola\n") == []
    assert notes.told[-2:] == [received(ANA, b"x" * LINE_BYTES_MAX), SAID_HOLA]


def test_the_beginning_of_a_preface_waits_for_its_end() -> None:
    host, notes = framed_host()
    assert hear(host, PREFACE[:4]) == []
    assert hear(host, PREFACE[4:]) == [Send(ANA, PREFACE)]
    assert notes.told == [PeerFramed(NOW_NS, ANA)]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (
            b"\0\x10\0\1\1\0\0\0\0",
            "a frame of 1048577 bytes was announced; the longest allowed has 1048576",
        ),
        (
            PREFACE,
            "a frame of 6647395 bytes was announced; the longest allowed has 1048576",
        ),
    ],
)
@given(choices=st.data())
def test_a_broken_rule_ends_that_conversation_and_nothing_more_it_says_counts(
    fault: bytes, why: str, choices: st.DataObject
) -> None:
    for pieces in cut_anywhere(encoded(OFFER) + fault + encoded(HOLA), choices):
        host, notes = framed_host()
        hear(host, PREFACE)
        assert hear(host, *pieces) == ended(why)
        assert hear(host, encoded(HOLA), b"hola\n") == []
        assert list(host.finished(ANA, NOW_NS)) == []
        assert list(host.closed(ANA, Reason.PROTOCOL, NOW_NS)) == []
        assert notes.told == [PeerFramed(NOW_NS, ANA), OFFERED, closed(ANA, Reason.PROTOCOL)]
        hear(host, b"hola\n", peer=EVA)
        assert notes.told[-1] == received(EVA, b"hola")


def test_a_stream_that_ends_within_a_frame_was_not_finished() -> None:
    host, notes = framed_host()
    hear(host, PREFACE + encoded(HOLA)[:5])
    why = "the stream ended 5 bytes into a frame"
    assert list(host.finished(ANA, NOW_NS)) == ended(why, Reason.UNFINISHED)
    assert notes.told == [PeerFramed(NOW_NS, ANA)]


def test_another_version_is_refused_in_words_that_a_text_peer_reads() -> None:
    host, notes = framed_host()
    assert hear(host, b"\0enchufe/2\n" + encoded(HOLA)) == [
        Send(ANA, b"enchufe: version 2 of the frames is not spoken here; 1 is\n"),
        Close(ANA, Reason.PROTOCOL),
    ]
    assert notes.told == []


def test_a_peer_that_was_waited_for_and_broke_a_rule_leaves_no_timer() -> None:
    host, _notes = framed_host()
    assert hear(host, b"ho") == [SetTimer(QUIET_ANA, TEXT_QUIET_S)]
    orders = hear(host, b"la\n\0enchufe/2\n")
    assert orders[0] == CancelTimer(QUIET_ANA)
    assert not host._awaited_ends


@pytest.mark.parametrize("said", [PREFACE, b"\0enchufe/2\n"], ids=["preface", "wrong"])
def test_who_was_told_our_last_word_gets_no_preface_and_no_error_after_it(said: bytes) -> None:
    host, notes = framed_host()
    host._handle = Notes(Finish(ANA)).handle
    host.drained(ANA, NOW_NS)
    host._handle = notes.handle
    assert [order for order in hear(host, said) if isinstance(order, Send)] == []
    host.closed(ANA, Reason.FINISHED, NOW_NS)
    assert not host._finished


def test_a_service_may_speak_frames_first_and_hears_text_until_the_peer_does_so_too() -> None:
    host, notes = framed_host()
    host._handle = Notes(SpeakFrames(ANA), SendFrame(ANA, OFFER), Send(ANA, b"hola")).handle
    ours = [Send(ANA, PREFACE), Send(ANA, encoded(OFFER)), Send(ANA, encoded(HOLA))]
    assert list(host.drained(ANA, NOW_NS)) == ours
    assert list(host.drained(ANA, NOW_NS)) == ours[1:]
    host._handle = notes.handle
    assert hear(host, b"welcome\n" + PREFACE + encoded(OFFER)) == []
    assert notes.told == [received(ANA, b"welcome"), PeerFramed(NOW_NS, ANA), OFFERED]


def test_what_is_spread_reaches_each_in_its_own_way() -> None:
    rosa = Peer(5, Transport.UDP, "192.0.2.5", 50_005, is_stream=False)
    host, _notes = framed_host(Spread((ANA, LUIS, EVA, rosa), b"hola"), SpreadFrame((EVA,), OFFER))
    hear(host, PREFACE, peer=EVA)
    hear(host, PREFACE + encoded(UNKNOWN), peer=rosa)
    assert list(host.drained(ANA, NOW_NS)) == [
        Spread((ANA,), b"hola\n"),
        Spread((LUIS,), b"hola"),
        Spread((EVA,), encoded(HOLA)),
        Spread((rosa,), PREFACE + encoded(HOLA)),
        Spread((EVA,), encoded(OFFER)),
    ]


@pytest.mark.parametrize("datagram", [b"hola", b"hola\n", b"hola\r\n"])
def test_a_datagram_without_a_preface_is_text(datagram: bytes) -> None:
    host, notes = framed_host(Send(LUIS, b"hi"))
    assert hear(host, datagram, peer=LUIS) == [Send(LUIS, b"hi")]
    assert notes.told == [received(LUIS, b"hola")]


def test_who_sends_a_frame_in_a_datagram_is_answered_in_frames_from_then_on() -> None:
    host, notes = framed_host(Send(LUIS, b"hola"))
    said = Send(LUIS, PREFACE + encoded(HOLA))
    assert hear(host, PREFACE + encoded(OFFER), peer=LUIS) == [said, said]
    assert hear(host, PREFACE + encoded(HOLA), b"hola", peer=LUIS) == [said, said]
    assert notes.told == [
        PeerFramed(NOW_NS, LUIS),
        FrameReceived(NOW_NS, LUIS, OFFER),
        *[received(LUIS, b"hola")] * 2,
    ]
    assert hear(host, PREFACE + encoded(UNKNOWN), peer=LUIS) == []
    host.closed(LUIS, Reason.SILENT, NOW_NS)
    assert not host._framed_sources
    assert hear(host, b"hola", peer=LUIS) == [Send(LUIS, b"hola")]


def test_a_service_that_cannot_read_a_payload_ends_that_conversation() -> None:
    class Strict(Notes):
        def handle(self, event: Event) -> Sequence[Command]:
            if isinstance(event, FrameReceived):
                raise ProtocolError("what is {this}", this="this")
            return super().handle(event)

    strict = Strict(Send(ANA, b"hola"))
    host = Host(strict, Framing.FRAMES)
    host.opened(ANA, NOW_NS)
    orders = hear(host, PREFACE + encoded(HOLA) + encoded(OFFER) + encoded(HOLA))
    hola = Send(ANA, encoded(HOLA))
    assert orders == [Send(ANA, PREFACE), hola, hola, *ended("what is this")]
    assert hear(host, encoded(HOLA)) == []
    assert hear(host, PREFACE + encoded(OFFER), peer=LUIS) == [hola]
    assert strict.told[-1] == PeerFramed(NOW_NS, LUIS)


@pytest.mark.parametrize(
    "datagram",
    [
        PREFACE,
        PREFACE + encoded(HOLA) * 2,
        PREFACE + b"\xff" * 20,
        b"\0enchufe/2\n" + encoded(HOLA),
    ],
)
def test_a_datagram_that_breaks_the_rules_is_dropped(datagram: bytes) -> None:
    host, notes = framed_host(Send(LUIS, b"hola"))
    assert hear(host, datagram, peer=LUIS) == []
    assert notes.told == []


@given(st.lists(st.binary(max_size=20) | st.sampled_from([PREFACE, encoded(HOLA)])), st.data())
def test_any_bytes_are_understood_the_same_whatever_the_cuts(
    parts: list[bytes], choices: st.DataObject
) -> None:
    stream = b"".join(parts)
    heard: list[tuple[list[Event], list[Order]]] = []
    for pieces in cut_anywhere(stream, choices):
        host, notes = framed_host(Send(ANA, b"hi"))
        orders = [*hear(host, *pieces), *host.finished(ANA, NOW_NS)]
        timers = (SetTimer, CancelTimer)
        heard.append((notes.told, [o for o in orders if not isinstance(o, timers)]))
    assert heard.count(heard[0]) == len(heard)


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


def test_a_witness_sees_what_the_service_says_and_not_how_it_is_encoded() -> None:
    seen: list[Event | Command] = []
    commands = (SpeakFrames(ANA), SendFrame(ANA, OFFER), SpreadFrame((ANA,), OFFER))
    host = Host(Notes(*commands), Framing.FRAMES, seen.append)
    assert len(host.opened(ANA, NOW_NS)) == 3
    assert seen == [opened(ANA), *commands]
    seen.clear()
    hear(host, PREFACE + encoded(OFFER) + encoded(UNKNOWN))
    assert seen == [PeerFramed(NOW_NS, ANA), *commands, OFFERED, *commands]


def test_a_witness_changes_nothing() -> None:
    for framing in Framing:
        with_witness, without = Host(Echo(), framing, lambda _fact: None), Host(Echo(), framing)
        for host in (with_witness, without):
            host.opened(ANA, NOW_NS)
        for data in (b"a", b"b\n", b"\n\nc"):
            ours = list(with_witness.received(ANA, data, NOW_NS))
            assert ours == list(without.received(ANA, data, NOW_NS))


# Lines that are told together


class LineNotes(Notes):
    """A service that takes lines together, and notes how it was told of them."""

    def __init__(self, *answers: Command) -> None:
        super().__init__(*answers)
        self.runs: list[list[bytes]] = []
        self.takes_together = True

    def handle_lines(
        self, peer: Peer, lines: Sequence[bytes], at_ns: int
    ) -> Sequence[Command] | None:
        assert (peer, at_ns) == (ANA, NOW_NS)
        if not self.takes_together:
            return None
        self.runs.append(list(lines))
        return self._answers


def line_host(*answers: Command, witness: Witness | None = None) -> tuple[Host, LineNotes]:
    notes = LineNotes(*answers)
    host = Host(notes, Framing.FRAMES, witness)
    host.opened(ANA, NOW_NS)
    notes.told.clear()
    return host, notes


def test_lines_of_one_read_are_told_together_to_a_service_that_takes_them_so() -> None:
    host, notes = line_host(Send(ANA, b"hi"), SpreadFrame((ANA,), HOLA))
    orders = host.received(ANA, b"one\ntwo\nthr", NOW_NS)
    waits = SetTimer(QUIET_ANA, LINE_QUIET_S)
    assert list(orders) == [Send(ANA, b"hi\n"), Spread((ANA,), encoded(HOLA)), waits]
    host.received(ANA, b"ee\n" + PREFACE + encoded(HOLA), NOW_NS)
    assert notes.runs == [[b"one", b"two"], [b"three"]]
    assert notes.told == [PeerFramed(NOW_NS, ANA), received(ANA, b"hola")]


def test_a_witness_sees_such_lines_one_after_the_other() -> None:
    seen: list[Event | Command] = []
    host, notes = line_host(Show(ANA, b"x"), witness=seen.append)
    seen.clear()
    host.received(ANA, b"one\ntwo\n", NOW_NS)
    lines = [received(ANA, b"one"), received(ANA, b"two")]
    assert seen == [lines[0], Show(ANA, b"x"), lines[1], Show(ANA, b"x")]
    assert (notes.told, notes.runs) == (lines, [])


@pytest.mark.parametrize("length", [1, 3, 70])
def test_no_turn_has_more_of_them_than_may_be_told_together(length: int) -> None:
    host, notes = line_host()
    lines = [b"x" * length] * (3 * LINES_BATCH_MAX)
    turns = in_turns(host, host.received(ANA, b"".join(m + b"\n" for m in lines), NOW_NS))
    assert [line for run in notes.runs for line in run] == lines
    assert len(turns) >= 3
    assert max(map(len, notes.runs)) <= LINES_BATCH_MAX


def test_frames_are_told_to_it_in_shorter_turns() -> None:
    host, notes = line_host()
    frames = encoded(HOLA) * (2 * MESSAGES_BATCH_MAX)
    orders = host.received(ANA, PREFACE + frames, NOW_NS)
    assert len(notes.told) == MESSAGES_BATCH_MAX  # the first of which is the preface
    assert len(in_turns(host, orders)) == 3


def test_lines_it_does_not_take_together_are_told_one_by_one_in_shorter_turns() -> None:
    host, notes = line_host()
    notes.takes_together = False
    turns = in_turns(host, host.received(ANA, b"".join(m + b"\n" for m in MANY), NOW_NS))
    assert len(turns) == 3
    assert notes.told == [received(ANA, line) for line in MANY]


def test_lines_that_wait_to_be_told_one_by_one_are_held() -> None:
    host, notes = line_host()
    notes.takes_together = False
    data = b"".join(b"x" * 100 + b"\n" for _ in MANY)
    orders = host.received(ANA, data, NOW_NS)
    assert host.held_bytes(ANA) >= len(data)
    in_turns(host, orders)
    assert host.held_bytes(ANA) == 0


def test_fewer_are_one_turn() -> None:
    host, notes = line_host()
    lines = [b"hola"] * (LINES_BATCH_MAX - 1)
    assert list(host.received(ANA, b"".join(m + b"\n" for m in lines), NOW_NS)) == []
    assert notes.runs == [lines]


# Turns: much that came at once

TURN_ANA = SetTimer("turn of 1", 0.0)
MANY = [b"%d" % number for number in range(2 * MESSAGES_BATCH_MAX + 10)]


def in_turns(host: Host, orders: Sequence[Order]) -> list[Sequence[Order]]:
    """Return the orders of each turn, the first of which was taken."""
    turns = [orders]
    while TURN_ANA in turns[-1]:
        turns.append(host.timer_fired(TURN_ANA.name, NOW_NS))
    return turns


@pytest.mark.parametrize("framing", [Framing.TEXT, Framing.FRAMES])
@pytest.mark.parametrize("filler", [b"", b"x" * 10_000])
def test_many_lines_are_told_in_turns_while_nothing_more_is_read(
    framing: Framing, filler: bytes
) -> None:
    notes = Notes()
    host = Host(notes, framing)
    host.opened(ANA, NOW_NS)
    notes.told.clear()
    turns = in_turns(host, host.received(ANA, b"".join(m + b"\n" for m in MANY) + filler, NOW_NS))
    assert [Rest(ANA) in turn for turn in turns] == [True, False, False]
    assert ReadOn(ANA) in turns[-1]
    assert notes.told == [received(ANA, line) for line in MANY]


def test_many_frames_are_told_in_turns_too() -> None:
    notes = Notes()
    host = Host(notes, Framing.FRAMES)
    host.opened(ANA, NOW_NS)
    notes.told.clear()
    frames = b"".join(encoded(Frame(Kind.TEXT, 0, message)) for message in MANY)
    turns = in_turns(host, host.received(ANA, PREFACE + frames, NOW_NS))
    assert len(turns) == 3
    assert notes.told[1:] == [received(ANA, message) for message in MANY]


def test_what_comes_meanwhile_waits_behind_what_waits_already() -> None:
    host, notes = text_host()
    first = host.received(ANA, b"".join(m + b"\n" for m in MANY), NOW_NS)
    assert list(host.received(ANA, b"la", NOW_NS)) == [Rest(ANA)]
    assert list(host.received(ANA, b"st\n", NOW_NS)) == [Rest(ANA)]
    assert host.held_bytes(ANA) > 0
    in_turns(host, first)
    assert notes.told == [received(ANA, line) for line in [*MANY, b"last"]]
    assert host.held_bytes(ANA) == 0


def test_a_service_that_wants_no_more_is_told_no_more_until_it_does() -> None:
    class Sated(Notes):
        def handle(self, event: Event) -> Sequence[Command]:
            super().handle(event)
            if event == received(ANA, b"3"):
                return (Rest(ANA),)
            return (ReadOn(ANA),) if event == drained(LUIS) else ()

    notes = Sated()
    host = Host(notes, Framing.TEXT)
    host.opened(ANA, NOW_NS)
    notes.told.clear()
    orders = host.received(ANA, b"".join(m + b"\n" for m in MANY), NOW_NS)
    assert list(orders) == [Rest(ANA)]
    assert notes.told == [received(ANA, line) for line in MANY[:4]]
    assert list(host.timer_fired(TURN_ANA.name, NOW_NS)) == []
    going_on = host.drained(LUIS, NOW_NS)
    assert list(going_on) == [TURN_ANA], "it is not read from before the rest is told"
    turns = in_turns(host, going_on)
    assert ReadOn(ANA) in turns[-1]
    said = [event for event in notes.told if isinstance(event, MessageReceived)]
    assert said == [received(ANA, line) for line in MANY]


def test_whoever_half_closes_is_heard_to_the_end_and_whoever_breaks_off_is_not() -> None:
    host, notes = text_host()
    host.received(ANA, b"".join(m + b"\n" for m in MANY) + b"last", NOW_NS)
    host.finished(ANA, NOW_NS)
    assert notes.told == [*[received(ANA, line) for line in [*MANY, b"last"]], finished(ANA)]
    host, notes = text_host()
    host.received(ANA, b"".join(m + b"\n" for m in MANY) + b"last", NOW_NS)
    host.closed(ANA, Reason.RESET, NOW_NS)
    told = [received(ANA, line) for line in MANY[:MESSAGES_BATCH_MAX]]
    assert notes.told == [*told, closed(ANA, Reason.RESET)]
    assert list(host.timer_fired(TURN_ANA.name, NOW_NS)) == []


def test_the_rules_may_be_broken_in_any_turn() -> None:
    host = Host(Notes(), Framing.FRAMES)
    host.opened(ANA, NOW_NS)
    frames = b"".join(encoded(Frame(Kind.TEXT, 0, message)) for message in MANY)
    turns = in_turns(host, host.received(ANA, PREFACE + frames + b"\xff" * 9, NOW_NS))
    assert Close(ANA, Reason.PROTOCOL) in turns[-1]
    assert ReadOn(ANA) not in turns[-1]
    assert list(host.received(ANA, b"more", NOW_NS)) == []
