"""Requester: proves who it is, asks, shows what comes, and knows how it ended."""

from collections.abc import Callable
from itertools import count

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
    typed,
)

from enchufe.core.commands import (
    CancelTimer,
    Close,
    Command,
    HoldInput,
    SendFrame,
    SetTimer,
    Show,
    ShowError,
    SpeakFrames,
    Stop,
)
from enchufe.core.control import Ask, Challenge, Denied, Run, Status, control_frame
from enchufe.core.events import Event, FrameReceived, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.frames import Frame, Kind
from enchufe.core.notices import Refusal
from enchufe.core.peer import Peer
from enchufe.core.refusals import refusal_line
from enchufe.core.seal import KEY_BYTES, Sealing, Side
from enchufe.services.requester import AGAIN_S, ANSWER_S, DENIALS_MAX, TIMER, UNHEARD_MAX, Requester

KEY = b"k" * KEY_BYTES
LS = Run("0" * 32, ("ls",), has_input=True)
SERVER_NONCE = b"s" * 32
CHALLENGE = control_frame(Challenge(SERVER_NONCE.hex()))
DONE = control_frame(Status("exited", 3))


def nonces() -> Callable[[], bytes]:
    numbers = count(1)
    return lambda: next(numbers).to_bytes(32, "big")


def nonce(number: int) -> bytes:
    return number.to_bytes(32, "big")


def got(frame: Frame, peer: Peer = ANA) -> Event:
    return FrameReceived(NOW_NS, peer, frame)


def seals(number: int = 1) -> tuple[Sealing, Sealing]:
    """Return what the caller seals with after its nonce of that number, and the server."""
    return (
        Sealing(KEY, Side.CALLER, nonce(number), SERVER_NONCE),
        Sealing(KEY, Side.SERVER, nonce(number), SERVER_NONCE),
    )


def asks(peer: Peer, number: int, after_s: float) -> tuple[Command, Command]:
    ask = SendFrame(peer, control_frame(Ask(nonce(number).hex())))
    return ask, SetTimer(TIMER, after_s)


def called(peer: Peer = ANA) -> tuple[Requester, Playbook]:
    requester = Requester(LS, KEY, nonces())
    playbook = Playbook(requester).when(
        opened(peer),
        SpeakFrames(peer),
        HoldInput(hold=True),
        *asks(peer, 1, ANSWER_S if peer.is_stream else AGAIN_S),
    )
    return requester, playbook


def asked(peer: Peer = ANA) -> tuple[Requester, Playbook, Sealing, Sealing]:
    requester, playbook = called(peer)
    ours, theirs = seals()
    patience = [CancelTimer(TIMER)] if peer.is_stream else []
    sealed = SendFrame(peer, ours.seal(control_frame(LS)))
    playbook.when(got(CHALLENGE, peer), sealed, HoldInput(hold=False), *patience)
    return requester, playbook, ours, theirs


def ends(peer: Peer = ANA) -> list[Command]:
    return [CancelTimer(TIMER), Close(peer), Stop(ExitCode.DONE)]


def test_it_proves_who_it_is_asks_and_shows_what_comes() -> None:
    requester, playbook, _ours, theirs = asked()
    playbook.when(got(theirs.seal(Frame(Kind.OUTPUT, 0, b"a\n"))), Show(ANA, b"a\n"))
    playbook.when(got(theirs.seal(Frame(Kind.ERRORS, 0, b"oh\n"))), ShowError(ANA, b"oh\n"))
    playbook.when(got(theirs.seal(DONE)), *ends())
    assert requester.status == Status("exited", 3)


def test_input_goes_in_under_seal() -> None:
    _requester, playbook, ours, _theirs = asked()
    playbook.when(typed(b"hola"), SendFrame(ANA, ours.seal(Frame(Kind.INPUT, 0, b"hola"))))
    playbook.when(input_ended(), SendFrame(ANA, ours.seal(Frame(Kind.INPUT_END))))


def test_input_that_comes_too_early_waits_for_the_seal() -> None:
    _requester, playbook = called()
    playbook.when(typed(b"secret")).when(input_ended())
    ours, _theirs = seals()
    said = [control_frame(LS), Frame(Kind.INPUT, 0, b"secret"), Frame(Kind.INPUT_END)]
    sealed = [SendFrame(ANA, ours.seal(frame)) for frame in said]
    playbook.when(got(CHALLENGE), *sealed, HoldInput(hold=False), CancelTimer(TIMER))


def test_without_a_key_it_asks_at_once_and_believes_what_comes() -> None:
    requester = Requester(LS, None, nonces())
    playbook = Playbook(requester).when(
        opened(ANA),
        SpeakFrames(ANA),
        HoldInput(hold=True),
        SendFrame(ANA, control_frame(LS)),
        HoldInput(hold=False),
        SetTimer(TIMER, ANSWER_S),
    )
    playbook.when(typed(b"x"), SendFrame(ANA, Frame(Kind.INPUT, 0, b"x")))
    playbook.when(got(Frame(Kind.OUTPUT, 0, b"a")), Show(ANA, b"a")).when(got(DONE), *ends())


@pytest.mark.parametrize("frame", [DONE, Frame(Kind.OUTPUT, 0, b"rubbish")])
def test_with_a_key_it_believes_nobody_without_it(frame: Frame) -> None:
    requester, playbook, _ours, _theirs = asked()
    stranger = Sealing(b"x" * KEY_BYTES, Side.SERVER, nonce(1), SERVER_NONCE)
    playbook.when(got(frame)).when(got(stranger.seal(frame)))
    assert requester.status is None


def test_what_is_said_before_the_challenge_is_not_believed_either() -> None:
    _requester, playbook = called()
    playbook.when(got(seals()[1].seal(DONE)))


def test_a_challenge_that_comes_twice_counts_once() -> None:
    _requester, playbook, _ours, _theirs = asked(LUIS)
    playbook.when(got(CHALLENGE, LUIS))


def test_a_denial_ends_it() -> None:
    requester, playbook, _ours, _theirs = asked()
    denied = control_frame(Denied("wrong key"))
    playbook.when(got(denied), Close(ANA), Stop(ExitCode.DENIED))
    playbook.when(closed(ANA), CancelTimer(TIMER), Stop(ExitCode.DENIED))
    assert requester.denied == "wrong key"


def test_a_denial_over_datagrams_may_be_an_old_one() -> None:
    requester, playbook, _ours, _theirs = asked(LUIS)
    denied = control_frame(Denied("wrong key"))
    for number in range(2, 2 + DENIALS_MAX - 1):
        playbook.when(got(denied, LUIS), *asks(LUIS, number, AGAIN_S))
    playbook.when(got(denied, LUIS), Close(LUIS), Stop(ExitCode.DENIED))
    assert requester.denied


def test_over_datagrams_it_asks_again_with_another_nonce_and_the_same_request() -> None:
    _requester, playbook, _ours, _theirs = asked(LUIS)
    ours, theirs = seals(2)
    playbook.when(fired(TIMER), *asks(LUIS, 2, AGAIN_S))
    again = SendFrame(LUIS, ours.seal(control_frame(LS)))
    playbook.when(got(CHALLENGE, LUIS), again, HoldInput(hold=False))
    said = control_frame(Status("exited", 0, "", b"out", b"err"))
    playbook.when(
        got(theirs.seal(said), LUIS), Show(LUIS, b"out"), ShowError(LUIS, b"err"), *ends(LUIS)
    )


def test_over_datagrams_nobody_is_there_after_a_while() -> None:
    _requester, playbook = called(LUIS)
    for number in range(2, UNHEARD_MAX + 1):
        playbook.when(fired(TIMER), *asks(LUIS, number, AGAIN_S))
    playbook.when(fired(TIMER), Close(LUIS), Stop(ExitCode.TIMED_OUT))


def test_a_stream_that_does_not_answer_is_no_control() -> None:
    _requester, playbook = called()
    playbook.when(fired(TIMER), Close(ANA), Stop(ExitCode.PROTOCOL))


def test_a_program_may_be_silent_for_long() -> None:
    requester = Requester(LS, None, nonces())
    requester.handle(opened(ANA))
    requester.handle(got(Frame(Kind.OUTPUT, 0, b"a")))
    assert list(requester.handle(fired(TIMER))) == []


def test_text_is_shown_as_what_the_server_says_itself() -> None:
    _requester, playbook = called()
    playbook.when(received(ANA, b"* This is control"), ShowError(ANA, b"* This is control\n"))


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [(Refusal.DENIED, ExitCode.DENIED), (Refusal.FULL, ExitCode.OVER_LIMIT)],
)
def test_a_refusal_at_the_door_has_its_exit_code(refusal: Refusal, expected: ExitCode) -> None:
    requester, _playbook = called()
    requester.handle(received(ANA, refusal_line(refusal, "why").rstrip(b"\n")))
    assert list(requester.handle(closed(ANA))) == [CancelTimer(TIMER), Stop(expected)]


@pytest.mark.parametrize(
    ("reason", "answered", "expected"),
    [
        (Reason.FINISHED, False, ExitCode.PROTOCOL),
        (Reason.FINISHED, True, ExitCode.LOST),
        (Reason.RESET, True, ExitCode.LOST),
        (Reason.UNFINISHED, True, ExitCode.LOST),
        (Reason.REFUSED, False, ExitCode.REFUSED),
        (Reason.PROTOCOL, True, ExitCode.PROTOCOL),
    ],
)
def test_an_end_without_a_status_is_no_good_end(
    reason: Reason, answered: bool, expected: ExitCode
) -> None:
    requester, _playbook = called()
    if answered:
        requester.handle(got(CHALLENGE))
    assert list(requester.handle(closed(ANA, reason))) == [CancelTimer(TIMER), Stop(expected)]


def test_a_server_that_half_closes_is_done() -> None:
    _requester, playbook = called()
    playbook.when(finished(ANA), Close(ANA))
