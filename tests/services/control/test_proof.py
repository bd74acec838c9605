"""Who asks must prove who they are, anew in every conversation; all others get nothing."""

import pytest
from msgspec.structs import replace
from tests.playbook import ANA, EVA, LUIS, NOW_NS, Playbook, closed, fired, opened, received
from tests.services.control.people import (
    EVERYTHING,
    KEY,
    LS,
    STOP,
    TRUSTED,
    Caller,
    denied,
    ended,
    got,
    nonces,
    reports,
)

from enchufe.core.commands import CancelTimer, Close, Report, Send, SendFrame, SetTimer, Stop
from enchufe.core.control import Action, Ask, Denied, Outcome, Verdict, control_frame
from enchufe.core.errors import ProtocolError
from enchufe.core.events import FrameReceived, RunStopping
from enchufe.core.exits import ExitCode
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import CONTROL_PROOF_S_MAX, CONTROL_REFUSALS_PER_S_MAX
from enchufe.core.notices import ControlAsked
from enchufe.core.programs import RunProgram
from enchufe.core.seal import KEY_BYTES
from enchufe.services.control import Control, ControlWords, Permissions

WRONG = b"w" * KEY_BYTES
HURRY = SetTimer("proof 1", CONTROL_PROOF_S_MAX)
NO_PROOF = Report(ControlAsked(NOW_NS, ANA, Action.PROVE, Verdict.NO_PROOF))


def control(permissions: Permissions = EVERYTHING) -> Control:
    return Control(permissions, nonces())


def runs(commands: object) -> bool:
    return any(isinstance(c, RunProgram | Stop) for c in commands)  # type: ignore[attr-defined]


def test_whoever_holds_the_key_may_ask() -> None:
    assert runs(Caller(control()).prove().say(LS))


def test_whoever_holds_another_is_denied_and_let_go() -> None:
    caller = Caller(control(), key=WRONG).prove()
    commands = caller.say(LS)
    assert denied(commands, ANA) == "wrong key"
    assert Close(ANA) in commands
    assert reports(commands) == [ControlAsked(NOW_NS, ANA, Action.PROVE, Verdict.WRONG_KEY)]
    assert not runs(commands)


@pytest.mark.parametrize("asked", [LS, STOP])
def test_whoever_proves_nothing_is_denied(asked: object) -> None:
    said = control_frame(asked)  # type: ignore[arg-type]
    commands = (NO_PROOF, SendFrame(ANA, control_frame(Denied("no proof"))), Close(ANA))
    Playbook(control()).when(opened(ANA), HURRY).when(got(ANA, said), *commands)


def test_a_seal_without_a_challenge_proves_nothing() -> None:
    caller = Caller(control())
    other = Caller(control()).prove()
    assert denied(caller.service.handle(got(ANA, other.sealed(LS))), ANA) == "wrong key"


def test_a_recorded_conversation_played_back_gets_nothing() -> None:
    service = control()
    recorded = Caller(service).prove()
    sealed = recorded.sealed(LS)
    assert runs(service.handle(got(ANA, sealed)))
    replayed = Caller(service, replace(ANA, id=9)).prove()
    commands = service.handle(got(replayed.peer, sealed))
    assert denied(commands, replayed.peer) == "wrong key"
    assert not runs(commands)


def test_the_same_frame_again_in_the_same_conversation_gets_nothing() -> None:
    caller = Caller(control()).prove()
    sealed = caller.sealed(STOP)
    assert runs(caller.service.handle(got(ANA, sealed)))
    again = caller.service.handle(got(ANA, sealed))
    assert denied(again, ANA) == "wrong key"
    assert not runs(again)


def test_a_datagram_that_comes_twice_is_dropped() -> None:
    caller = Caller(control(), LUIS).prove()
    sealed = caller.sealed(LS)
    assert runs(caller.service.handle(got(LUIS, sealed)))
    assert caller.service.handle(got(LUIS, sealed)) == ()


def test_a_wrong_key_over_datagrams_is_denied_in_one_datagram() -> None:
    caller = Caller(control(), LUIS, WRONG).prove()
    commands = caller.say(LS)
    assert denied(commands, LUIS) == "wrong key"
    assert not any(isinstance(command, Close) for command in commands)


def test_an_answer_over_datagrams_is_never_larger_than_what_was_asked() -> None:
    service = control()
    Caller(service, LUIS)
    ask = control_frame(Ask("0" * 64))
    (answer,) = service.handle(got(LUIS, ask))
    assert isinstance(answer, SendFrame)
    assert len(answer.frame.payload) <= len(ask.payload)


def test_without_a_key_nobody_is_challenged() -> None:
    service = control(replace(EVERYTHING, key=None))
    Caller(service)
    assert denied(service.handle(got(ANA, control_frame(Ask("0" * 64)))), ANA) == "no proof"


def test_whom_the_system_vouches_for_needs_no_key() -> None:
    service = control(replace(EVERYTHING, users=frozenset({"uid 1000"})))
    caller = Caller(service, TRUSTED)
    commands = caller.service.handle(got(TRUSTED, control_frame(LS)))
    assert runs(commands)
    assert reports(commands) == [
        ControlAsked(NOW_NS, TRUSTED, Action.RUN, Verdict.ALLOWED, "uid 1000", LS.arguments)
    ]


def test_another_user_does() -> None:
    service = control(replace(EVERYTHING, users=frozenset({"uid 1000"})))
    stranger = replace(EVA, user="uid 1001")
    Caller(service, stranger)
    assert not runs(service.handle(got(stranger, control_frame(LS))))


def test_who_does_not_ask_in_time_is_let_go() -> None:
    service = control()
    caller = Caller(service)
    (close,) = service.handle(fired("proof 1"))
    assert isinstance(close, Close)
    assert close.peer is caller.peer


def test_who_has_asked_may_take_their_time() -> None:
    assert CancelTimer("proof 1") in Caller(control()).prove().say(LS)


def test_who_is_gone_is_not_closed_again() -> None:
    service = control()
    Caller(service)
    Playbook(service).when(closed(ANA), CancelTimer("proof 1")).when(fired("proof 1"))


def test_text_is_told_how_to_ask() -> None:
    told = Send(ANA, ControlWords().frames_only.encode())
    Playbook(control()).when(opened(ANA), HURRY).when(received(ANA, b"RUN ls"), told, Close(ANA))


def test_a_datagram_of_text_is_not_answered() -> None:
    Playbook(control()).when(opened(LUIS)).when(received(LUIS, b"STOP"))


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Kind.ASK, 0, b"{}"),
        Frame(Kind.ASK, 0, b'{"nonce":"00"}'),
        Frame(Kind.ASK, 0, b'{"nonce":"%s"}' % (b"G" * 64)),
        Frame(Kind.ASK, 0, b"\xff"),
    ],
)
def test_a_nonce_is_a_nonce(frame: Frame) -> None:
    service = control()
    Caller(service)
    with pytest.raises(ProtocolError):
        service.handle(got(ANA, frame))


def test_frames_that_mean_nothing_here_are_ignored() -> None:
    Playbook(control()).when(opened(ANA), HURRY).when(got(ANA, Frame(Kind.OFFER, 1, b"{}")))


def test_a_flood_of_wrong_keys_is_reported_as_a_number() -> None:
    service = control()
    told = []
    for number in range(100, 200):
        told += reports(Caller(service, replace(ANA, id=number), WRONG).prove().say(LS))
    assert len(told) == CONTROL_REFUSALS_PER_S_MAX
    told = reports(service.handle(RunStopping(NOW_NS)))
    assert [notice.count for notice in told if isinstance(notice, ControlAsked)] == [
        100 - CONTROL_REFUSALS_PER_S_MAX
    ]


def test_the_number_is_reported_with_the_next_stranger_too() -> None:
    service = control()
    for number in range(100, 200):
        Caller(service, replace(ANA, id=number), WRONG).prove().say(LS)
    late = Caller(service, replace(ANA, id=7), WRONG).prove()
    later = FrameReceived(NOW_NS + 10**9, late.peer, late.sealed(LS))
    counts = [n.count for n in reports(service.handle(later)) if isinstance(n, ControlAsked)]
    assert counts == [100 - CONTROL_REFUSALS_PER_S_MAX, 1]


def test_a_stop_is_answered_before_the_end() -> None:
    caller = Caller(control()).prove()
    commands = caller.say(STOP)
    assert caller.heard(commands) == [ended(Outcome.DONE)]
    assert commands[-1] == Stop(ExitCode.DONE)


def test_a_stop_that_is_not_permitted_does_not_stop() -> None:
    caller = Caller(control(replace(EVERYTHING, may_stop=False))).prove()
    commands = caller.say(STOP)
    assert caller.heard(commands) == [ended(Outcome.NOT_ALLOWED)]
    assert not runs(commands)


def test_the_key_itself_is_never_said() -> None:
    caller = Caller(control()).prove()
    said = repr([*caller.opening, *caller.say(LS), *caller.say(STOP)])
    assert KEY.hex() not in said
    assert repr(KEY) not in said
