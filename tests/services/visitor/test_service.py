"""Our end of a room: nothing missing, nothing twice, whatever becomes of the connection."""

from collections.abc import Sequence

import pytest
from tests.playbook import (
    ANA,
    LUIS,
    NOW_NS,
    Playbook,
    closed,
    finished,
    fired,
    input_ended,
    opened,
    received,
    stopping,
    typed,
)

from enchufe.core.commands import (
    CancelTimer,
    Close,
    Command,
    Dial,
    HoldInput,
    Send,
    SendFrame,
    SetTimer,
    SpeakFrames,
    Stop,
    Tell,
)
from enchufe.core.events import Event, FrameReceived, NotReached, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.frames import Frame, Kind
from enchufe.core.peer import Peer, Transport
from enchufe.core.room import (
    Join,
    Joined,
    Notice,
    Said,
    Since,
    Taken,
    What,
    frame_of,
)
from enchufe.core.room_words import RoomWords
from enchufe.services.visitor import OUTBOX_MAX, Visitor, VisitorWords

IN = Tell("* You are ana in plaza. /help lists what you can do, /bye leaves.")
NO_ROOM = Tell("There is no room at the other side: it did not answer in frames.")
AGAIN = Peer(4, Transport.TCP, "192.0.2.1", 50_001)


def frame(peer: Peer, payload: Joined | Taken | Said | Notice, stream: int = 0) -> Event:
    return FrameReceived(NOW_NS, peer, frame_of(payload, stream))


def joined(
    peer: Peer = ANA, number: int = 0, last_id: int = 0, *, room: str = "plaza", history: str = ""
) -> Event:
    return frame(peer, Joined("ana", room, number, last_id, history))


def said(line_id: int, previous: int, text: str, peer: Peer = ANA, number: int = 0) -> Event:
    return frame(peer, Said(line_id, previous, 0, "plaza", "luis", text, number))


def taken(number: int, line_id: int, previous: int, peer: Peer = ANA) -> Event:
    return frame(peer, Taken(line_id, previous), number)


def join(after: int, name: str = "ana", peer: Peer = ANA, room: str = "") -> SendFrame:
    return SendFrame(peer, frame_of(Join(name, "s", room, after)))


def say(number: int, text: str, peer: Peer = ANA) -> SendFrame:
    return SendFrame(peer, Frame(Kind.SAY, number, text.encode()))


def since(after: int, peer: Peer = ANA) -> SendFrame:
    return SendFrame(peer, frame_of(Since(after)))


def lost(peer: Peer = ANA) -> Event:
    return closed(peer, Reason.RESET)


def visitor(give_up_s: float | None = None) -> Visitor:
    return Visitor("ana", "s", give_up_s=give_up_s)


def inside(peer: Peer = ANA, last_id: int = 0) -> Playbook:
    """Return a visitor that is in and has heard the line ``last_id``."""
    service = visitor()
    for event in (opened(peer), joined(peer)):
        service.handle(event)
    if last_id:
        service.handle(said(last_id, 0, "before", peer))
    return Playbook(service)


def test_it_joins_in_frames_and_says_who_it_is() -> None:
    Playbook(visitor()).when(opened(ANA), SpeakFrames(ANA), join(-1), SetTimer("answer", 5.0)).when(
        joined(), CancelTimer("answer"), IN, CancelTimer("again")
    )


def test_what_is_typed_is_numbered_and_told_once_it_is_taken() -> None:
    inside(last_id=4).when(typed(b"hola\n"), say(1, "hola")).when(
        typed(b" otra "), say(2, "otra")
    ).when(taken(1, 5, 4), Tell("hola", "ana")).when(taken(2, 6, 5), Tell("otra", "ana"))


def test_what_others_say_is_told_once_and_in_order() -> None:
    inside().when(said(5, 0, "one"), Tell("one", "luis")).when(
        said(6, 5, "two"), Tell("two", "luis")
    ).when(said(6, 5, "two")).when(said(5, 0, "one"))


def test_what_is_missing_is_asked_for() -> None:
    inside(last_id=5).when(said(8, 7, "later"), since(5)).when(
        said(7, 5, "sooner"), Tell("sooner", "luis")
    ).when(said(8, 7, "later"), Tell("later", "luis"))


def test_our_own_line_waits_for_what_is_missing_before_it() -> None:
    inside(last_id=5).when(typed(b"hola"), say(1, "hola")).when(taken(1, 8, 7), since(5)).when(
        said(7, 5, "sooner"), Tell("sooner", "luis")
    ).when(said(8, 7, "hola", number=1), Tell("hola", "luis"))


def test_after_a_broken_connection_it_calls_again_and_says_again_what_was_not_taken() -> None:
    inside(last_id=5).when(typed(b"one"), say(1, "one")).when(typed(b"two"), say(2, "two")).when(
        lost(),
        Tell("* The connection is lost; calling again. What you write is kept."),
        CancelTimer("answer"),
        CancelTimer("again"),
        SetTimer("redial", 0.25),
    ).when(typed(b"three")).when(fired("redial"), Dial()).when(
        opened(AGAIN),
        SpeakFrames(AGAIN),
        join(5, peer=AGAIN, room="plaza"),
        SetTimer("answer", 5.0),
    ).when(
        joined(AGAIN, number=1, last_id=6),
        CancelTimer("answer"),
        Tell("* Back in plaza."),
        CancelTimer("again"),
        say(2, "two", AGAIN),
        say(3, "three", AGAIN),
    ).when(said(6, 5, "one", AGAIN, number=1), Tell("one", "luis"))


def test_it_calls_less_and_less_often_and_says_once_why() -> None:
    playbook = inside()
    playbook.when(
        lost(),
        Tell("* The connection is lost; calling again. What you write is kept."),
        CancelTimer("answer"),
        CancelTimer("again"),
        SetTimer("redial", 0.25),
    )
    for wait_s in (0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0):
        playbook.when(fired("redial"), Dial()).when(
            NotReached(NOW_NS, "nobody listens"),
            CancelTimer("answer"),
            CancelTimer("again"),
            SetTimer("redial", wait_s),
        )


def test_it_gives_up_when_it_was_told_to() -> None:
    service = visitor(give_up_s=1.0)
    for event in (opened(ANA), joined(), typed(b"hola"), lost()):
        service.handle(event)
    service.handle(NotReached(NOW_NS, "no"))
    Playbook(service).when(
        NotReached(NOW_NS, "no"),
        Tell("Given up: nobody was there for 1 s; 1 lines were not said."),
        Stop(ExitCode.LOST),
    )


def test_a_room_that_closes_in_good_order_is_called_again_too() -> None:
    service = visitor()
    for event in (opened(ANA), joined()):
        service.handle(event)
    Playbook(service).when(finished(ANA), Close(ANA))
    commands = service.handle(closed(ANA, Reason.OURS))
    assert SetTimer("redial", 0.25) in commands


# Leaving


@pytest.mark.parametrize(
    "leaving", [typed(b"bye"), typed(b"/bye"), typed(b" Bye\n"), input_ended()]
)
def test_it_leaves_once_all_is_taken(leaving: Event) -> None:
    inside().when(typed(b"hola"), say(1, "hola")).when(leaving).when(
        taken(1, 1, 0), Tell("hola", "ana"), Close(ANA)
    ).when(closed(ANA, Reason.OURS), Stop(ExitCode.DONE))


def test_with_nothing_to_say_it_leaves_at_once() -> None:
    inside().when(input_ended(), Close(ANA)).when(typed(b"too late"))


def test_it_leaves_also_when_the_connection_breaks_before_all_is_taken() -> None:
    service = visitor()
    for event in (opened(ANA), joined(), typed(b"hola"), input_ended(), lost(), opened(AGAIN)):
        service.handle(event)
    Playbook(service).when(
        joined(AGAIN, number=1, last_id=6),
        CancelTimer("answer"),
        Tell("* Back in plaza."),
        CancelTimer("again"),
        Close(AGAIN),
    )


def test_an_end_of_input_before_it_is_in_waits_for_that() -> None:
    service = visitor()
    for event in (opened(ANA), typed(b"hola"), input_ended()):
        assert not any(isinstance(c, Close | Stop) for c in service.handle(event))
    Playbook(service).when(
        joined(), CancelTimer("answer"), IN, CancelTimer("again"), say(1, "hola")
    )


# Those who are no room


def test_who_does_not_answer_in_frames_is_no_room() -> None:
    service = visitor()
    service.handle(opened(ANA))
    Playbook(service).when(received(ANA, b"220 smtp ready")).when(
        fired("answer"), NO_ROOM, Close(ANA), Stop(ExitCode.PROTOCOL)
    ).when(closed(ANA, Reason.STOPPING))


@pytest.mark.parametrize("before", [[], [input_ended()]])
def test_who_closes_before_we_are_in_is_no_room_either(before: Sequence[Event]) -> None:
    service = visitor()
    for event in (opened(ANA), *before):
        service.handle(event)
    Playbook(service).when(closed(ANA, Reason.FINISHED), NO_ROOM, Stop(ExitCode.PROTOCOL))


def test_where_nobody_hears_datagrams_the_system_says_why() -> None:
    playbook, _commands = over_datagrams()
    playbook.when(closed(LUIS, Reason.REFUSED), Stop(ExitCode.REFUSED))


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (b"enchufe: denied: your address is denied here", ExitCode.DENIED),
        (b"enchufe: full: try again later", ExitCode.OVER_LIMIT),
    ],
)
def test_a_refusal_is_told_and_ends_it(words: bytes, exit_code: ExitCode) -> None:
    service = visitor()
    service.handle(opened(ANA))
    Playbook(service).when(received(ANA, words), Tell(words.decode()), Stop(exit_code)).when(
        closed(ANA, Reason.FINISHED)
    )


def test_a_room_that_does_not_answer_any_more_is_called_again() -> None:
    service = visitor()
    for event in (opened(ANA), joined(), lost(), opened(AGAIN)):
        service.handle(event)
    Playbook(service).when(fired("answer"), Close(AGAIN))


# What the room says


@pytest.mark.parametrize(
    ("notice", "told"),
    [
        (Notice(What.CAME, "luis"), "* luis came"),
        (Notice(What.PRESENT, names=("ana (tcp)", "luis (udp)")), "* Here: ana (tcp), luis (udp)"),
        (Notice(What.READ_ONLY, why="disk full"), "* Not said: nothing more can be kept here"),
        (Notice(What.NAME_TAKEN, "ana.4", "ana"), "* ana is taken; you are ana.4"),
    ],
)
def test_what_happens_is_told_in_our_own_words(notice: Notice, told: str) -> None:
    service = visitor()
    for event in (opened(ANA), joined()):
        service.handle(event)
    (command,) = service.handle(frame(ANA, notice))
    assert isinstance(command, Tell)
    assert command.text.startswith(told)


@pytest.mark.parametrize("what", What)
def test_there_are_words_for_everything_that_happens(what: What) -> None:
    service = visitor()
    for event in (opened(ANA), joined()):
        service.handle(event)
    commands = service.handle(frame(ANA, Notice(what, "luis")))
    assert any(isinstance(c, Tell) for c in commands) or what is What.STRANGER


def test_a_new_name_of_ours_is_the_one_we_come_back_with() -> None:
    service = visitor()
    for event in (opened(ANA), joined(), frame(ANA, Notice(What.RENAMED, "ana", "eva")), lost()):
        service.handle(event)
    assert join(0, "eva", AGAIN, "plaza") in service.handle(opened(AGAIN))


def test_what_was_not_said_is_not_said_again() -> None:
    inside().when(typed(b"hola"), say(1, "hola")).when(
        frame(ANA, Notice(What.TOO_LONG, count=5000, number=1)),
        Tell("* Not said: a line has at most 4096 bytes, yours has 5000 or more"),
    ).when(input_ended(), Close(ANA))


def test_words_of_the_room_are_told_and_may_have_lines() -> None:
    inside().when(received(ANA, b"* one\n* two"), Tell("* one\n* two"))


def test_orders_go_to_the_room_but_help_is_ours() -> None:
    inside().when(typed(b"/who"), Send(ANA, b"/who")).when(typed(b"//x"), say(1, "/x")).when(
        typed(b"/help"), Tell(f"{RoomWords().help}\n{VisitorWords().files_help}")
    )


def test_private_lines_and_history_do_not_count_as_heard() -> None:
    private = Said(0, 0, 0, "", "luis", "psst", to="ana")
    old = Said(2, 0, 0, "plaza", "luis", "old", again=True)
    inside(last_id=5).when(frame(ANA, private), Tell("(luis, to you alone) psst")).when(
        frame(ANA, old), Tell("old", "luis")
    ).when(said(6, 5, "new"), Tell("new", "luis"))


def test_input_is_held_while_too_much_waits_to_be_taken() -> None:
    service = visitor()
    for event in (opened(ANA), joined()):
        service.handle(event)
    commands: list[Command] = []
    for _ in range(OUTBOX_MAX):
        commands += service.handle(typed(b"x"))
    assert [c for c in commands if isinstance(c, HoldInput)] == [HoldInput(True)]
    commands = []
    for number in range(1, OUTBOX_MAX + 1):
        commands += service.handle(taken(number, number, number - 1))
    assert [c for c in commands if isinstance(c, HoldInput)] == [HoldInput(False)]


# Over datagrams


def over_datagrams(*events: Event) -> tuple[Playbook, Sequence[Command]]:
    service = visitor()
    commands: Sequence[Command] = ()
    for event in (opened(LUIS), *events):
        commands = service.handle(event)
    return Playbook(service), commands


def test_over_datagrams_it_joins_again_until_it_is_answered() -> None:
    playbook, commands = over_datagrams()
    again = SetTimer("again", 0.5)
    assert list(commands) == [
        SpeakFrames(LUIS),
        join(-1, peer=LUIS),
        again,
        SetTimer("answer", 5.0),
    ]
    playbook.when(fired("again"), join(-1, peer=LUIS), again)


def test_over_datagrams_one_line_after_the_other_is_said_until_it_is_taken() -> None:
    playbook, _commands = over_datagrams(joined(LUIS))
    again = SetTimer("again", 0.5)
    playbook.when(typed(b"one"), say(1, "one", LUIS), again).when(typed(b"two")).when(
        fired("again"), say(1, "one", LUIS), again
    ).when(taken(1, 1, 0, LUIS), Tell("one", "ana"), say(2, "two", LUIS), again).when(
        taken(1, 1, 0, LUIS)
    ).when(taken(2, 2, 1, LUIS), Tell("two", "ana"), CancelTimer("again"))


def test_over_datagrams_it_shows_from_time_to_time_that_it_is_there() -> None:
    playbook, commands = over_datagrams(joined(LUIS))
    assert SetTimer("heartbeat", 15.0) in commands
    playbook.when(fired("heartbeat"), since(0, LUIS), SetTimer("heartbeat", 15.0))


def test_an_answer_to_that_does_not_stop_what_is_being_said() -> None:
    playbook, _commands = over_datagrams(joined(LUIS), typed(b"one"))
    playbook.when(joined(LUIS), CancelTimer("answer"), SetTimer("heartbeat", 15.0))


def test_a_server_that_forgot_us_is_told_again_who_we_are() -> None:
    playbook, _commands = over_datagrams(joined(LUIS))
    stranger = frame(LUIS, Notice(What.STRANGER))
    playbook.when(stranger, join(0, peer=LUIS, room="plaza"), SetTimer("again", 0.5))


def test_over_datagrams_it_says_goodbye() -> None:
    playbook, _commands = over_datagrams(joined(LUIS))
    playbook.when(input_ended(), Send(LUIS, b"bye"), Close(LUIS))


@pytest.mark.parametrize("peer", [ANA, LUIS])
def test_whoever_is_interrupted_says_goodbye_and_does_not_call_again(peer: Peer) -> None:
    service = visitor()
    for event in (opened(peer), joined(peer), typed(b"not taken yet")):
        service.handle(event)
    bye = [] if peer.is_stream else [Send(peer, b"bye")]
    playbook = Playbook(service).when(stopping(), *bye, Close(peer))
    playbook.when(closed(peer, Reason.STOPPING))


def test_whoever_is_interrupted_before_anybody_answers_just_ends() -> None:
    Playbook(visitor()).when(stopping())


def test_over_datagrams_silence_is_told_from_a_wrong_answer() -> None:
    playbook, _commands = over_datagrams()
    playbook.when(fired("answer"), NO_ROOM, Close(LUIS), Stop(ExitCode.TIMED_OUT)).when(
        closed(LUIS, Reason.STOPPING)
    )


def test_a_room_that_has_forgotten_all_is_heard_from_its_beginning() -> None:
    service = visitor()
    for event in (opened(ANA), joined(), said(7, 0, "before"), lost()):
        service.handle(event)
    service.handle(opened(AGAIN))
    service.handle(joined(AGAIN, last_id=1))
    told = [*service.handle(said(1, 0, "one", AGAIN)), *service.handle(said(2, 1, "two", AGAIN))]
    assert told == [Tell("one", "luis"), Tell("two", "luis")]


def test_in_another_room_only_what_is_said_from_then_on_is_ours_to_hear() -> None:
    inside(last_id=5).when(joined(last_id=40, room="patio"), CancelTimer("answer")).when(
        said(41, 40, "hola"), Tell("hola", "luis")
    ).when(joined(last_id=41, room="patio"), CancelTimer("answer"))


def test_a_room_that_has_forgotten_all_is_asked_for_all_it_said_since() -> None:
    service = visitor()
    for event in (opened(ANA), joined(history="one"), said(5, 0, "before"), lost(), opened(AGAIN)):
        service.handle(event)
    (
        Playbook(service)
        .when(
            joined(AGAIN, last_id=7, history="two"),
            CancelTimer("answer"), Tell("* Back in plaza."), since(0, AGAIN), CancelTimer("again"),
        )
        .when(said(1, 0, "missed", AGAIN), Tell("missed", "luis"))
    )  # fmt: skip


@pytest.mark.parametrize("what", [What.TOO_LONG, What.READ_ONLY])
def test_who_could_not_say_all_does_not_end_as_if_they_had(what: What) -> None:
    service = visitor()
    for event in (opened(ANA), joined(), typed(b"hola"), input_ended()):
        service.handle(event)
    service.handle(frame(ANA, Notice(what, number=1)))
    Playbook(service).when(closed(ANA), Stop(ExitCode.OVER_LIMIT))


def test_an_order_typed_while_the_connection_is_lost_is_not_done_and_said_so() -> None:
    service = visitor()
    for event in (opened(ANA), joined(), lost()):
        service.handle(event)
    not_done = "* /name was not done: the connection is lost; try again once it is back"
    Playbook(service).when(typed(b"/name eva"), Tell(not_done)).when(typed(b"//name"))
