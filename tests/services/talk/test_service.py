"""Talk: two people, with each of the habits they meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cuts import cut_anywhere
from tests.playbook import (
    ANA,
    EVA,
    LUIS,
    NOW_NS,
    Playbook,
    closed,
    drained,
    finished,
    fired,
    input_ended,
    opened,
    received,
    stopping,
    typed,
)

from enchufe.core.commands import (
    AwaitDrained,
    CancelTimer,
    Close,
    Command,
    Finish,
    HoldInput,
    ReadOn,
    Send,
    SetTimer,
    Show,
    Stop,
    Tell,
)
from enchufe.core.events import Event, PeerBehind, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.limits import UDP_IPV4_PAYLOAD_BYTES_MAX
from enchufe.core.peer import Peer, Transport
from enchufe.core.refusals import BUSY_WORDS, FULL_WORDS
from enchufe.core.service import Framing
from enchufe.host import Host
from enchufe.services.talk import Talk, TalkTexts
from enchufe.services.talk.bye import is_bye
from enchufe.services.talk.service import (
    GOODBYE_S,
    GOODBYE_TIMER,
    LATE_INPUT_S,
    LATE_INPUT_TIMER,
    SILENCE_S,
    SILENCE_TIMER,
)
from enchufe.services.talk.strangers import STRANGERS_REMEMBERED_MAX
from enchufe.services.talk.waiting import WAITING_LINES_MAX

TEXTS = TalkTexts()
PEERS = pytest.mark.parametrize("peer", [ANA, LUIS], ids=["stream", "datagrams"])
GOODBYE = SetTimer(GOODBYE_TIMER, GOODBYE_S)
NOT_YOUR_TURN, NOBODY_YET = Tell(TEXTS.not_your_turn), Tell(TEXTS.nobody_yet)


def behind(peer: Peer) -> Event:
    return PeerBehind(NOW_NS, peer)


LATE = SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S)
NO_WORD = Tell(TEXTS.no_word.format(who=ANA.address))
LOST = Tell(TEXTS.lost.format(who=ANA.address))


def said_bye(peer: Peer) -> Tell:
    return Tell(f"{peer.address} has said bye.")


def unknown(command: str) -> Tell:
    return Tell(f"“{command}” is no command, and was not sent. /help lists them all.")


def unsent(count: int) -> Tell:
    return Tell(TEXTS.unsent.format(count=count))


def calling(peer: Peer, *, turns: bool = False, typing: bool = False) -> Playbook:
    return Playbook(Talk(calling=True, turns=turns, typing=typing)).when(opened(peer))


def waiting(*, turns: bool = False) -> Playbook:
    return Playbook(Talk(calling=False, turns=turns))


def called_by(peer: Peer, *, turns: bool = False) -> Playbook:
    return waiting(turns=turns).when(opened(peer), Tell(f"{peer.address} is here."))


def our_bye(peer: Peer) -> tuple[Command, ...]:
    """Return what saying `bye` is, while the other side is there."""
    finish = (Finish(peer),) if peer.is_stream else ()
    return (Send(peer, b"bye"), *finish, GOODBYE)


# At the same time


@PEERS
def test_what_is_typed_is_sent_and_what_comes_is_shown(peer: Peer) -> None:
    for playbook in (calling(peer), called_by(peer)):
        (
            playbook.when(typed(b"hola"), Send(peer, b"hola"))
            .when(typed(b"are you there?"), Send(peer, b"are you there?"))
            .when(received(peer, b"yes"), Show(peer, b"yes"))
            .when(received(peer, b""), Show(peer, b""))
            .when(typed(b""), Send(peer, b""))
        )


def test_what_is_typed_before_anybody_is_there_waits() -> None:
    (
        waiting()
        .when(typed(b"one"), NOBODY_YET)
        .when(typed(b"two"))
        .when(opened(ANA), Tell(f"{ANA.address} is here."), Send(ANA, b"one"), Send(ANA, b"two"))
        .when(typed(b"three"), Send(ANA, b"three"))
    )


@pytest.mark.parametrize("reason", [Reason.FINISHED, Reason.RESET, Reason.PROTOCOL])
def test_who_leaves_without_a_word_does_not_use_up_the_talk(reason: Reason) -> None:
    (
        called_by(ANA)
        .when(finished(ANA), LATE)
        .when(fired(LATE_INPUT_TIMER), Close(ANA))
        .when(closed(ANA, reason), CancelTimer(LATE_INPUT_TIMER), NO_WORD)
        .when(typed(b"hola"), NOBODY_YET)
        .when(opened(EVA), Tell(f"{EVA.address} is here."), Send(EVA, b"hola"))
        .when(closed(EVA, Reason.RESET), Tell(TEXTS.lost.format(who=EVA.address)),
              Stop(ExitCode.LOST))
    )  # fmt: skip


def test_after_the_end_of_the_input_it_is_the_same() -> None:
    (
        waiting()
        .when(input_ended())
        .when(opened(ANA), Tell(f"{ANA.address} is here."), Finish(ANA))
        .when(finished(ANA), Close(ANA))
        .when(closed(ANA, Reason.OURS), CancelTimer(LATE_INPUT_TIMER), NO_WORD)
        .when(opened(EVA), Tell(f"{EVA.address} is here."), Finish(EVA))
        .when(received(EVA, b"hola"), Show(EVA, b"hola"))
        .when(finished(EVA), Close(EVA))
        .when(closed(EVA), Tell(f"{EVA.address} has left."), Stop(ExitCode.DONE))
    )


def test_who_only_listens_is_there_once_a_person_has_said_something() -> None:
    (
        Playbook(Talk(calling=False, typing=True))
        .when(opened(ANA), Tell(f"{ANA.address} is here."))
        .when(finished(ANA), LATE)
        .when(typed(b"hola"), Send(ANA, b"hola"))
        .when(fired(LATE_INPUT_TIMER), Tell(TEXTS.says_no_more.format(who=ANA.address)))
        .when(typed(b"adios"), Send(ANA, b"adios"))
    )


def test_a_run_that_is_stopped_ends_whoever_is_there() -> None:
    called_by(ANA).when(closed(ANA, Reason.STOPPING), Stop(ExitCode.DONE))


# By turns


@PEERS
def test_by_turns_who_connects_speaks_first(peer: Peer) -> None:
    (
        calling(peer, turns=True)
        .when(typed(b"one"), Send(peer, b"one"))
        .when(typed(b"two"), NOT_YOUR_TURN)
        .when(typed(b"three"))
        .when(received(peer, b"answer"), Show(peer, b"answer"), Send(peer, b"two"))
        .when(received(peer, b"again"), Show(peer, b"again"), Send(peer, b"three"))
        .when(received(peer, b"and"), Show(peer, b"and"))
        .when(typed(b"four"), Send(peer, b"four"))
    )


@PEERS
def test_by_turns_who_waits_answers(peer: Peer) -> None:
    (
        called_by(peer, turns=True)
        .when(typed(b"welcome"), NOT_YOUR_TURN)
        .when(received(peer, b"hola"), Show(peer, b"hola"), Send(peer, b"welcome"))
        .when(received(peer, b"so"), Show(peer, b"so"))
        .when(received(peer, b"you say nothing"), Show(peer, b"you say nothing"))
        .when(typed(b"I do"), Send(peer, b"I do"))
        .when(typed(b"and more"), NOT_YOUR_TURN)
    )


def test_a_person_is_told_of_each_line_that_waits_and_of_each_that_goes() -> None:
    def waits(count: int) -> Tell:
        return Tell(TEXTS.waiting.format(count=count))

    def sent_first(count: int) -> Tell:
        return Tell(TEXTS.sent_first.format(count=count))

    (
        calling(LUIS, turns=True, typing=True)
        .when(typed(b"one"), Send(LUIS, b"one"))
        .when(typed(b"two"), NOT_YOUR_TURN)
        .when(typed(b"three"), waits(2))
        .when(typed(b"Bye"), Tell(TEXTS.bye_in_turn))
        .when(received(LUIS, b"1"), Show(LUIS, b"1"), Send(LUIS, b"two"), sent_first(2))
        .when(received(LUIS, b"2"), Show(LUIS, b"2"), Send(LUIS, b"three"), sent_first(1))
        .when(received(LUIS, b"3"), Show(LUIS, b"3"), *our_bye(LUIS))
    )
    (
        calling(LUIS, turns=True, typing=True)
        .when(typed(b"one"), Send(LUIS, b"one"))
        .when(typed(b"two"), NOT_YOUR_TURN)
        .when(received(LUIS, b"1"), Show(LUIS, b"1"), Send(LUIS, b"two"), Tell(TEXTS.sent_all))
    )


def test_a_bye_waits_for_its_turn_too() -> None:
    (
        calling(LUIS, turns=True)
        .when(typed(b"hola"), Send(LUIS, b"hola"))
        .when(typed(b"bye"), NOT_YOUR_TURN)
        .when(typed(b"never sent"))
        .when(
            received(LUIS, b"qu\xc3\xa9 tal"),
            Show(LUIS, b"qu\xc3\xa9 tal"),
            Send(LUIS, b"bye"),
            unsent(1),
            GOODBYE,
        )
    )


def test_who_will_say_nothing_more_need_not_be_waited_for() -> None:
    late = SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S)
    (
        calling(ANA, turns=True)
        .when(typed(b"one"), Send(ANA, b"one"))
        .when(typed(b"two"), NOT_YOUR_TURN)
        .when(finished(ANA), Send(ANA, b"two"), late, late)
        .when(typed(b"three"), Send(ANA, b"three"), late)
    )


# Bye


@pytest.mark.parametrize(
    ("message", "ends"),
    [
        (b"bye", True),
        (b"Bye", True),
        (b" BYE \r\n", True),
        (b"bye bye", False),
        (b"goodbye", False),
        (b"bye!", False),
        (b"", False),
        ("adiós".encode(), False),
    ],
)
def test_bye_alone_ends_a_talk_however_it_is_typed(message: bytes, ends: bool) -> None:
    assert is_bye(message) is ends


@PEERS
@pytest.mark.parametrize("line", [b"bye", b" Bye ", b"/bye", b"/BYE now"])
def test_a_bye_of_ours_is_sent_as_scripts_compare_it(peer: Peer, line: bytes) -> None:
    calling(peer).when(typed(line), *our_bye(peer)).when(typed(b"no more")).when(typed(b"bye"))


@PEERS
def test_a_bye_is_answered_once_for_who_typed_it_may_be_waiting(peer: Peer) -> None:
    (
        called_by(peer)
        .when(
            received(peer, b"bye"), Show(peer, b"bye"), Send(peer, b"bye"), said_bye(peer),
            Close(peer),
        )
        .when(typed(b"too late"))
        .when(closed(peer, Reason.OURS), Stop(ExitCode.DONE))
    )  # fmt: skip


@PEERS
def test_what_comes_after_a_bye_is_not_part_of_the_talk(peer: Peer) -> None:
    talk = Talk(calling=False)
    talk.handle(opened(peer))
    talk.handle(received(peer, b"bye"))
    Playbook(talk).when(received(peer, b"bye")).when(received(peer, b"wait")).when(finished(peer))


@PEERS
def test_the_answer_to_our_bye_is_not_answered(peer: Peer) -> None:
    (
        calling(peer)
        .when(typed(b"bye"), *our_bye(peer))
        .when(received(peer, b"Bye"), Show(peer, b"Bye"), Close(peer))
        .when(closed(peer, Reason.OURS), Stop(ExitCode.DONE))
    )


@PEERS
def test_who_does_not_answer_our_bye_is_waited_for_a_moment_only(peer: Peer) -> None:
    (
        calling(peer)
        .when(typed(b"bye"), *our_bye(peer))
        .when(received(peer, b"what crossed it"), Show(peer, b"what crossed it"))
        .when(fired(GOODBYE_TIMER), Close(peer))
        .when(closed(peer, Reason.OURS), Stop(ExitCode.DONE))
    )


def test_a_stream_that_is_closed_is_an_answer_to_our_bye() -> None:
    (
        calling(ANA)
        .when(typed(b"bye"), *our_bye(ANA))
        .when(finished(ANA), Close(ANA))
        .when(closed(ANA), Stop(ExitCode.DONE))
    )


@pytest.mark.parametrize(
    ("peer", "reason"), [(ANA, Reason.RESET), (LUIS, Reason.REFUSED)], ids=["reset", "refused"]
)
def test_who_is_gone_already_when_our_bye_comes_is_a_good_end(peer: Peer, reason: Reason) -> None:
    (
        calling(peer)
        .when(received(peer, b"hola"), Show(peer, b"hola"))
        .when(typed(b"bye"), *our_bye(peer))
        .when(closed(peer, reason), Stop(ExitCode.DONE))
    )


def test_a_bye_where_nobody_ever_was_is_refused() -> None:
    (
        calling(LUIS)
        .when(typed(b"bye"), *our_bye(LUIS))
        .when(closed(LUIS, Reason.REFUSED), Stop(ExitCode.REFUSED))
    )


@PEERS
def test_what_waits_when_the_other_says_bye_is_counted_not_sent(peer: Peer) -> None:
    (
        calling(peer, turns=True)
        .when(typed(b"one"), Send(peer, b"one"))
        .when(typed(b"two"), NOT_YOUR_TURN)
        .when(typed(b"three"))
        .when(
            received(peer, b"bye"), Show(peer, b"bye"), Send(peer, b"bye"), said_bye(peer),
            unsent(2), Close(peer),
        )
        .when(closed(peer, Reason.OURS), Stop(ExitCode.DONE))
    )  # fmt: skip


def test_bye_at_once_ends_a_wait_for_somebody() -> None:
    (
        waiting()
        .when(typed(b"bye"), NOBODY_YET)
        .when(typed(b"/bye"), unsent(1), Stop(ExitCode.DONE))
        .when(opened(ANA), Close(ANA))
        .when(closed(ANA, Reason.OURS))
    )


# Commands of the person


def test_a_line_that_begins_with_a_slash_is_for_us() -> None:
    (
        calling(ANA)
        .when(typed(b"/help"), Tell(TEXTS.help))
        .when(typed(b"//text"), Send(ANA, b"/text"))
        .when(typed(b"/shrug x"), unknown("/shrug"))
        .when(typed(b"/"), unknown("/"))
        .when(typed(b" /not a command"), Send(ANA, b" /not a command"))
    )  # fmt: skip


def test_what_the_other_says_is_never_obeyed() -> None:
    calling(ANA).when(received(ANA, b"/bye"), Show(ANA, b"/bye"))


# Strangers


def test_a_second_datagram_stranger_is_told_once_that_the_line_is_busy() -> None:
    stranger = Peer(7, Transport.UDP, "192.0.2.7", 5, is_stream=False)
    again = Peer(8, Transport.UDP, "192.0.2.7", 5, is_stream=False)
    told = Tell("192.0.2.7:5 wanted to talk too, and was told that the line is busy.")
    (
        called_by(LUIS)
        .when(opened(stranger), Send(stranger, BUSY_WORDS + TEXTS.busy.encode()),
              Close(stranger), told)
        .when(received(stranger, b"bye"))
        .when(closed(stranger, Reason.OURS))
        .when(opened(again), Close(again))
        .when(received(again, b"let me in"))
        .when(typed(b"still here"), Send(LUIS, b"still here"))
        .when(received(LUIS, b"good"), Show(LUIS, b"good"))
    )  # fmt: skip


def test_every_connection_of_a_stranger_is_told_why_it_is_closed() -> None:
    playbook = called_by(ANA)
    for number in (11, 12):
        stranger = Peer(number, Transport.UNIX)
        playbook.when(
            opened(stranger),
            Send(stranger, BUSY_WORDS + TEXTS.busy.encode()),
            Close(stranger),
            Tell(f"#{number} wanted to talk too, and was told that the line is busy."),
        ).when(finished(stranger)).when(behind(stranger)).when(closed(stranger))


def test_strangers_without_end_do_not_fill_our_memory() -> None:
    talk = Talk(calling=False)
    talk.handle(opened(LUIS))
    for port in range(1, 3 * STRANGERS_REMEMBERED_MAX):
        talk.handle(opened(Peer(port, Transport.UDP, "192.0.2.9", port, is_stream=False)))
        assert len(talk._strangers._told) <= STRANGERS_REMEMBERED_MAX


@pytest.mark.parametrize("peer", [ANA, LUIS, EVA])
@pytest.mark.parametrize("words", [BUSY_WORDS, FULL_WORDS])
def test_who_is_turned_away_says_so_and_ends_with_a_code_of_its_own(
    peer: Peer, words: bytes
) -> None:
    line = words + b"why"
    (
        calling(peer)
        .when(received(peer, line), Tell(line.decode()[9:]), Close(peer))
        .when(closed(peer), Stop(ExitCode.OVER_LIMIT))
    )


def test_only_the_first_words_can_turn_somebody_away() -> None:
    line = BUSY_WORDS + b"a joke"
    calling(ANA).when(received(ANA, b"hola"), Show(ANA, b"hola")).when(
        received(ANA, line), Show(ANA, line)
    )


# Ctrl-C


def test_whoever_is_interrupted_says_bye_where_nobody_would_notice() -> None:
    for talk in (calling, called_by):
        talk(LUIS).when(received(LUIS, b"hola"), Show(LUIS, b"hola")).when(
            stopping(), Send(LUIS, b"bye")
        )
        talk(ANA).when(received(ANA, b"hola"), Show(ANA, b"hola")).when(stopping())
    calling(LUIS).when(stopping())
    waiting().when(stopping())
    calling(LUIS).when(typed(b"bye"), *our_bye(LUIS)).when(stopping())


# The end of the input


def test_at_the_end_of_the_input_a_stream_is_half_closed_and_read_to_its_end() -> None:
    (
        calling(ANA)
        .when(typed(b"hola"), Send(ANA, b"hola"))
        .when(input_ended(), Finish(ANA))
        .when(received(ANA, b"adios"), Show(ANA, b"adios"))
        .when(finished(ANA), Close(ANA))
        .when(closed(ANA), Tell(f"{ANA.address} has left."), Stop(ExitCode.DONE))
    )


def test_after_our_half_close_a_bye_cannot_be_answered_and_need_not() -> None:
    (
        calling(ANA)
        .when(input_ended(), Finish(ANA))
        .when(received(ANA, b"bye"), Show(ANA, b"bye"), said_bye(ANA), Close(ANA))
    )


def test_lines_that_wait_are_sent_before_a_stream_is_half_closed() -> None:
    (
        calling(ANA, turns=True)
        .when(typed(b"one"), Send(ANA, b"one"))
        .when(typed(b"two"), NOT_YOUR_TURN)
        .when(input_ended())
        .when(received(ANA, b"1"), Show(ANA, b"1"), Send(ANA, b"two"), Finish(ANA))
    )


def test_at_the_end_of_the_input_datagrams_are_awaited_until_they_fall_silent() -> None:
    silence = SetTimer(SILENCE_TIMER, SILENCE_S)
    (
        calling(LUIS)
        .when(typed(b"hola"), Send(LUIS, b"hola"))
        .when(input_ended(), silence)
        .when(received(LUIS, b"one"), Show(LUIS, b"one"), silence)
        .when(fired(SILENCE_TIMER), Tell("Nothing has come for 2 s."), *our_bye(LUIS))
        .when(fired(GOODBYE_TIMER), Close(LUIS))
        .when(closed(LUIS, Reason.OURS), Stop(ExitCode.DONE))
    )


def test_a_datagram_peer_that_never_heard_of_us_hears_no_bye_either() -> None:
    (
        calling(LUIS)
        .when(input_ended(), SetTimer(SILENCE_TIMER, SILENCE_S))
        .when(fired(SILENCE_TIMER), Tell("Nothing has come for 2 s."), Close(LUIS))
        .when(closed(LUIS, Reason.OURS), Stop(ExitCode.DONE))
    )


def test_who_waits_to_be_called_listens_on_after_the_end_of_the_input() -> None:
    (
        waiting()
        .when(typed(b"hola"), NOBODY_YET)
        .when(input_ended())
        .when(opened(LUIS), Tell(f"{LUIS.address} is here."), Send(LUIS, b"hola"))
        .when(received(LUIS, b"one"), Show(LUIS, b"one"))
        .when(received(LUIS, b"two"), Show(LUIS, b"two"))
    )


def test_by_turns_an_answer_that_is_owed_is_awaited_and_then_it_is_over() -> None:
    awaiting = Tell(TEXTS.awaiting.format(who=LUIS.address))
    (
        calling(LUIS, turns=True)
        .when(typed(b"hola"), Send(LUIS, b"hola"))
        .when(input_ended(), awaiting)
        .when(received(LUIS, b"hi"), Show(LUIS, b"hi"), *our_bye(LUIS))
    )


def test_by_turns_who_has_nothing_to_say_does_not_keep_the_other_waiting() -> None:
    calling(LUIS, turns=True).when(input_ended(), Close(LUIS))


# How it ends without a bye


def test_who_hangs_up_has_a_moment_to_hear_what_is_still_typed() -> None:
    late = SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S)
    (
        calling(ANA)
        .when(finished(ANA), late)
        .when(typed(b"wait"), Send(ANA, b"wait"), late)
        .when(fired(LATE_INPUT_TIMER), Close(ANA))
        .when(closed(ANA), Tell(f"{ANA.address} has left."), Stop(ExitCode.DONE))
        .when(fired(LATE_INPUT_TIMER))
        .when(typed(b"anybody?"))
        .when(input_ended())
    )


@pytest.mark.parametrize("turns", [False, True])
def test_who_says_no_more_is_not_closed_while_a_person_may_still_answer(turns: bool) -> None:
    says_no_more = Tell(TEXTS.says_no_more.format(who=ANA.address))
    (
        calling(ANA, turns=turns, typing=True)
        .when(typed(b"hola"), Send(ANA, b"hola"))
        .when(received(ANA, b"what is your name?"), Show(ANA, b"what is your name?"))
        .when(finished(ANA), says_no_more)
        .when(typed(b"Luis"), Send(ANA, b"Luis"))
        .when(typed(b"and yours?"), Send(ANA, b"and yours?"))
        .when(input_ended(), Close(ANA))
        .when(closed(ANA, Reason.OURS), Tell(f"{ANA.address} has left."), Stop(ExitCode.DONE))
    )


def test_what_is_typed_to_who_had_left_is_lost() -> None:
    (
        calling(ANA, typing=True)
        .when(finished(ANA), Tell(TEXTS.says_no_more.format(who=ANA.address)))
        .when(typed(b"still there?"), Send(ANA, b"still there?"))
        .when(closed(ANA, Reason.RESET), LOST, Stop(ExitCode.LOST))
    )


def test_who_turns_us_away_and_ends_is_not_waited_for() -> None:
    line = BUSY_WORDS + b"why"
    (
        calling(ANA, typing=True)
        .when(received(ANA, line), Tell(line.decode()[9:]), Close(ANA))
        .when(finished(ANA))
    )


def test_a_bye_to_who_has_hung_up_is_our_last_word() -> None:
    (
        calling(ANA)
        .when(finished(ANA), SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S))
        .when(typed(b"bye"), Send(ANA, b"bye"), Close(ANA))
        .when(closed(ANA), Stop(ExitCode.DONE))
    )


@pytest.mark.parametrize(
    ("peer", "reason", "unsent_bytes", "exit_code"),
    [
        (ANA, Reason.RESET, 0, ExitCode.LOST),
        (ANA, Reason.UNFINISHED, 0, ExitCode.LOST),
        (ANA, Reason.FAILED, 0, ExitCode.LOST),
        (ANA, Reason.SILENT, 9, ExitCode.LOST),
        (ANA, Reason.FINISHED, 9, ExitCode.LOST),
        (ANA, Reason.PROTOCOL, 0, ExitCode.PROTOCOL),
        (LUIS, Reason.REFUSED, 0, ExitCode.REFUSED),
        (LUIS, Reason.FAILED, 0, ExitCode.LOST),
        (ANA, Reason.STOPPING, 0, ExitCode.DONE),
    ],
)
def test_the_exit_code_says_how_it_ended(
    peer: Peer, reason: Reason, unsent_bytes: int, exit_code: ExitCode
) -> None:
    lost = Tell(TEXTS.lost.format(who=peer.address))
    told = (lost,) if exit_code is ExitCode.LOST else ()
    calling(peer).when(closed(peer, reason, unsent_bytes), *told, Stop(exit_code))


def test_who_answered_once_and_is_gone_is_lost_not_refused() -> None:
    (
        calling(LUIS)
        .when(received(LUIS, b"hi"), Show(LUIS, b"hi"))
        .when(typed(b"still there?"), Send(LUIS, b"still there?"))
        .when(
            closed(LUIS, Reason.REFUSED),
            Tell(TEXTS.lost.format(who=LUIS.address)),
            Stop(ExitCode.LOST),
        )
    )


def test_who_leaves_while_lines_wait_for_its_answer_loses_them() -> None:
    (
        calling(LUIS, turns=True)
        .when(typed(b"one"), Send(LUIS, b"one"))
        .when(typed(b"two"), NOT_YOUR_TURN)
        .when(
            closed(LUIS, Reason.OURS),
            Tell(TEXTS.lost.format(who=LUIS.address)),
            unsent(1),
            Stop(ExitCode.LOST),
        )
    )


# Too much


def test_with_too_many_lines_waiting_no_more_of_the_input_is_read() -> None:
    playbook = waiting(turns=True).when(typed(b"0"), NOBODY_YET)
    for number in range(1, WAITING_LINES_MAX - 1):
        playbook.when(typed(b"%d" % number))
    (
        playbook.when(typed(b"the last"), HoldInput(True))
        .when(opened(ANA), Tell(f"{ANA.address} is here."))
        .when(received(ANA, b"one"), Show(ANA, b"one"), Send(ANA, b"0"), HoldInput(False))
    )


def test_while_the_other_side_does_not_read_no_more_of_the_input_is_read() -> None:
    (
        called_by(ANA)
        .when(behind(ANA), ReadOn(ANA), AwaitDrained(ANA), HoldInput(True))
        .when(received(ANA, b"I write"), Show(ANA, b"I write"))
        .when(drained(ANA), HoldInput(False))
    )


def test_a_datagram_that_cannot_be_sent_is_not_and_the_turn_stays_ours() -> None:
    most = UDP_IPV4_PAYLOAD_BYTES_MAX
    told = Tell(TEXTS.too_long.format(most=most))
    (
        calling(LUIS, turns=True)
        .when(typed(bytes(most + 1)), told)
        .when(typed(bytes(most)), Send(LUIS, bytes(most)))
        .when(received(LUIS, b"bye"), Show(LUIS, b"bye"), Send(LUIS, b"bye"), said_bye(LUIS),
              Close(LUIS))
        .when(closed(LUIS, Reason.OURS), Stop(ExitCode.OVER_LIMIT))
    )  # fmt: skip


# Cut anywhere


@given(choices=st.data())
def test_what_is_heard_does_not_depend_on_the_cuts(choices: st.DataObject) -> None:
    data = "hola\r\n¿qué tal?\nBye\r\nnever heard\nbye\n".encode()
    for pieces in cut_anywhere(data, choices):
        host = Host(Talk(calling=False), Framing.FRAMES)
        orders = list(host.opened(ANA, NOW_NS))
        for piece in pieces:
            orders += host.received(ANA, piece, NOW_NS)
        shown = [order.message for order in orders if isinstance(order, Show)]
        assert shown == [b"hola", "¿qué tal?".encode(), b"Bye"]
        sent = [order for order in orders if isinstance(order, Send | Close)]
        assert sent == [Send(ANA, b"bye\n"), Close(ANA)]
