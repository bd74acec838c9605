"""What is permitted runs, within its limits, and whoever asked is told what came of it."""

import pytest
from msgspec.structs import replace
from tests.playbook import ANA, LUIS, NOW_NS, closed, drained, finished, fired
from tests.services.control.people import (
    EVERYTHING,
    LS,
    REQUEST,
    Caller,
    ended,
    got,
    nonces,
    reports,
    status,
)

from enchufe.core.commands import AwaitDrained, CancelTimer, Close, ReadOn, Rest, SetTimer
from enchufe.core.control import Action, Outcome, Run, Status, Verdict, control_frame
from enchufe.core.events import RunStopping
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import PROGRAM_DATAGRAM_BYTES_MAX, PROGRAM_UNSENT_BYTES_MAX
from enchufe.core.notices import ControlAsked, ControlEnded
from enchufe.core.programs import (
    EndProgramInput,
    FeedProgram,
    HoldProgram,
    KillProgram,
    ProgramBehind,
    ProgramCaughtUp,
    ProgramEnded,
    ProgramFailed,
    ProgramStarted,
    ProgramWrote,
    RunProgram,
    Unstarted,
)
from enchufe.services.control import Control, Permissions

CAT = Run("f" * 32, ("cat",), has_input=True)


def asked(request: Run = LS, permissions: Permissions = EVERYTHING, peer: object = ANA) -> Caller:
    """Return a caller whose program runs."""
    caller = Caller(Control(permissions, nonces()), peer).prove()  # type: ignore[arg-type]
    assert any(isinstance(command, RunProgram) for command in caller.say(request))
    assert caller.service.handle(ProgramStarted(NOW_NS, "1")) == ()
    return caller


def over(caller: Caller, code: int = 0) -> list[Frame]:
    return caller.heard(caller.service.handle(ProgramEnded(NOW_NS + 10**9, "1", code)))


def wrote(caller: Caller, data: bytes, *, is_error: bool = False) -> list[Frame]:
    return caller.heard(caller.service.handle(ProgramWrote(NOW_NS, "1", data, is_error)))


def test_what_is_permitted_runs_and_is_reported() -> None:
    caller = Caller(Control(EVERYTHING, nonces())).prove()
    report, *commands = caller.say(LS)
    assert commands == [
        CancelTimer("proof 1"),
        RunProgram("1", ("ls", "/tmp")),
        SetTimer("run 1", 60.0),
        EndProgramInput("1"),
    ]
    (notice,) = reports([report])
    assert isinstance(notice, ControlAsked)
    assert (notice.action, notice.verdict) == (Action.RUN, Verdict.ALLOWED)
    assert notice.proof.startswith("key ")
    assert notice.arguments == ("ls", "/tmp")


def test_what_is_not_permitted_does_not_run_and_is_reported() -> None:
    caller = Caller(Control(EVERYTHING, nonces())).prove()
    commands = caller.say(Run(REQUEST, ("rm", "-r", "/")))
    assert caller.heard(commands) == [ended(Outcome.NOT_ALLOWED)]
    assert Close(ANA) in commands
    (notice,) = reports(commands)
    assert isinstance(notice, ControlAsked)
    assert (notice.verdict, notice.arguments) == (Verdict.NOT_ALLOWED, ("rm", "-r", "/"))


def test_output_and_errors_come_as_they_are_written_and_then_the_status() -> None:
    caller = asked()
    assert wrote(caller, b"a\n") == [Frame(Kind.OUTPUT, 0, b"a\n")]
    assert wrote(caller, b"oh\n", is_error=True) == [Frame(Kind.ERRORS, 0, b"oh\n")]
    assert over(caller, 3) == [ended(Outcome.EXITED, 3)]


def test_the_conversation_ends_with_the_program_and_the_owner_is_told_how() -> None:
    caller = asked()
    wrote(caller, b"12345")
    commands = caller.service.handle(ProgramEnded(NOW_NS + 2 * 10**9, "1", 0))
    assert CancelTimer("run 1") in commands
    assert Close(ANA) in commands
    told = ControlEnded(
        NOW_NS + 2 * 10**9, ANA, ("ls", "/tmp"), Outcome.EXITED, 0, output_bytes=5, lasted_s=2.0
    )
    assert reports(commands) == [told]


def test_a_signal_is_told_by_its_number() -> None:
    assert over(asked(), -15) == [ended(Outcome.SIGNALLED, 15)]


@pytest.mark.parametrize(
    ("why", "detail", "expected"),
    [
        (Unstarted.NOT_FOUND, "", ended(Outcome.NOT_FOUND, 0, "ls")),
        (Unstarted.NOT_EXECUTABLE, "no", ended(Outcome.NOT_STARTED, 0, "no")),
        (Unstarted.FAILED, "why", ended(Outcome.NOT_STARTED, 0, "why")),
    ],
)
def test_what_does_not_start_is_told(why: Unstarted, detail: str, expected: Frame) -> None:
    caller = asked()
    assert caller.heard(caller.service.handle(ProgramFailed(NOW_NS, "1", why, detail))) == [
        expected
    ]


def test_input_goes_in_and_ends() -> None:
    caller = asked(CAT)
    assert caller.say(Frame(Kind.INPUT, 0, b"hola")) == (FeedProgram("1", b"hola"),)
    assert caller.say(Frame(Kind.INPUT_END)) == (EndProgramInput("1"),)


def test_input_for_nothing_is_nothing() -> None:
    caller = Caller(Control(EVERYTHING, nonces())).prove()
    assert caller.say(Frame(Kind.INPUT, 0, b"hola")) == ()


def test_a_peer_is_not_read_while_the_program_does_not_read() -> None:
    caller = asked(CAT)
    assert caller.service.handle(ProgramBehind(NOW_NS, "1")) == (Rest(ANA),)
    assert caller.service.handle(ProgramCaughtUp(NOW_NS, "1")) == (ReadOn(ANA),)


def test_a_program_waits_for_a_peer_that_does_not_read() -> None:
    caller = asked()
    half = b"x" * (PROGRAM_UNSENT_BYTES_MAX // 2)
    first = caller.service.handle(ProgramWrote(NOW_NS, "1", half))
    second = caller.service.handle(ProgramWrote(NOW_NS, "1", half))
    third = caller.service.handle(ProgramWrote(NOW_NS, "1", b"what was on its way"))
    assert not any(isinstance(c, HoldProgram) for c in [*first, *third])
    assert list(second[1:]) == [HoldProgram("1", hold=True), AwaitDrained(ANA)]
    assert caller.service.handle(drained(ANA)) == [HoldProgram("1", hold=False)]
    again = caller.service.handle(ProgramWrote(NOW_NS, "1", half))
    assert not any(isinstance(c, HoldProgram) for c in again)


def test_a_program_that_has_had_its_time_is_ended() -> None:
    caller = asked(permissions=replace(EVERYTHING, run_s_max=2.0))
    assert caller.service.handle(fired("run 1")) == (KillProgram("1"),)
    assert over(caller, -9) == [ended(Outcome.TIMED_OUT, 0, "2 s")]


def test_a_program_that_says_too_much_is_ended_and_the_rest_is_not_told() -> None:
    caller = asked(permissions=replace(EVERYTHING, output_bytes_max=10))
    assert wrote(caller, b"x" * 10) == [Frame(Kind.OUTPUT, 0, b"x" * 10)]
    assert caller.service.handle(ProgramWrote(NOW_NS, "1", b"y")) == (KillProgram("1"),)
    assert caller.service.handle(ProgramWrote(NOW_NS, "1", b"z")) == ()
    assert caller.service.handle(fired("run 1")) == ()
    assert over(caller, -9) == [ended(Outcome.TOO_MUCH, 0, "10 B")]


def test_a_program_ends_when_its_peer_leaves() -> None:
    caller = asked()
    assert KillProgram("1") in caller.service.handle(closed(ANA))
    commands = caller.service.handle(ProgramEnded(NOW_NS, "1", -15))
    assert [type(notice) for notice in reports(commands)] == [ControlEnded]


def test_a_program_ends_when_its_peer_half_closes() -> None:
    caller = asked(CAT)
    assert caller.service.handle(finished(ANA)) == [KillProgram("1"), Close(ANA)]


def test_who_half_closes_without_a_program_is_left() -> None:
    caller = Caller(Control(EVERYTHING, nonces()))
    assert caller.service.handle(finished(ANA)) == [Close(ANA)]


def test_others_leaving_ends_nothing() -> None:
    caller = asked()
    other = Caller(caller.service, replace(ANA, id=5))
    commands = caller.service.handle(closed(other.peer))
    assert not any(isinstance(command, KillProgram) for command in commands)


def test_no_more_run_at_once_than_may() -> None:
    service = Control(replace(EVERYTHING, runs_max=2), nonces())
    callers = [Caller(service, replace(ANA, id=number)).prove() for number in (11, 12, 13)]
    for caller in callers[:2]:
        assert any(isinstance(command, RunProgram) for command in caller.say(LS))
    commands = callers[2].say(LS)
    assert callers[2].heard(commands) == [ended(Outcome.BUSY)]
    callers[0].service.handle(ProgramEnded(NOW_NS, "1", 0))
    late = Caller(service, replace(ANA, id=14)).prove()
    assert any(isinstance(command, RunProgram) for command in late.say(LS))


def test_one_conversation_runs_one_program() -> None:
    caller = asked()
    assert caller.heard(caller.say(CAT)) == [ended(Outcome.BUSY)]


def test_all_end_when_the_server_does_and_are_told() -> None:
    caller = asked()
    commands = caller.service.handle(RunStopping(NOW_NS))
    assert commands[0] == KillProgram("1")
    assert caller.heard(commands) == [ended(Outcome.STOPPING)]
    assert caller.service.handle(ProgramEnded(NOW_NS, "1", -15)) == ()


def test_what_is_unknown_is_nothing() -> None:
    service = Control(EVERYTHING, nonces())
    assert service.handle(ProgramWrote(NOW_NS, "7", b"?")) == ()
    assert service.handle(fired("run 7")) == ()


# Datagrams


def test_an_answer_over_datagrams_is_one_frame_with_all() -> None:
    caller = asked(peer=LUIS)
    assert wrote(caller, b"a\n") == []
    assert wrote(caller, b"oh\n", is_error=True) == []
    assert over(caller, 3) == [control_frame(Status("exited", 3, "", b"a\n", b"oh\n"))]


def test_over_datagrams_there_is_no_input() -> None:
    caller = Caller(Control(EVERYTHING, nonces()), LUIS).prove()
    assert EndProgramInput("1") in caller.say(CAT)
    assert caller.say(Frame(Kind.INPUT, 0, b"hola")) == ()


def test_what_does_not_fit_into_a_datagram_is_refused_with_the_limit() -> None:
    caller = asked(peer=LUIS)
    wrote(caller, b"x" * PROGRAM_DATAGRAM_BYTES_MAX)
    assert caller.service.handle(ProgramWrote(NOW_NS, "1", b"y")) == (KillProgram("1"),)
    told = status(over(caller, -15))
    assert (told.outcome, told.detail, told.output) == ("too large", "32.0 KiB", b"")


def test_what_fits_fits_into_a_datagram_whatever_it_is() -> None:
    caller = asked(peer=LUIS)
    wrote(caller, b"\xff" * PROGRAM_DATAGRAM_BYTES_MAX)
    (sealed,) = caller.service.handle(ProgramEnded(NOW_NS, "1", 0))[1:2]
    assert len(sealed.frame.payload) < 60_000  # type: ignore[union-attr]


def test_whoever_asks_again_while_it_runs_gets_the_answer_of_the_first_time() -> None:
    caller = asked(peer=LUIS)
    caller.prove()  # what was said before is lost: a new nonce, a new seal
    assert caller.say(LS) == ()
    wrote(caller, b"a\n")
    assert status(over(caller)).output == b"a\n"


def test_whoever_asks_again_after_the_end_gets_the_same_answer_and_nothing_runs_again() -> None:
    caller = asked(peer=LUIS)
    wrote(caller, b"a\n")
    over(caller)
    caller.prove()
    commands = caller.say(LS)
    assert status(caller.heard(commands)).output == b"a\n"
    assert not any(isinstance(command, RunProgram) for command in commands)


def test_over_a_stream_a_number_of_a_datagram_means_nothing() -> None:
    caller = asked(peer=LUIS)
    ana = Caller(caller.service, ANA).prove()
    assert any(isinstance(command, RunProgram) for command in ana.say(LS))


def test_another_request_over_datagrams_runs_beside_the_first() -> None:
    caller = asked(peer=LUIS)
    caller.prove()
    assert any(isinstance(c, RunProgram) for c in caller.say(Run("a" * 32, ("ls", "/"))))


def test_a_frame_that_is_no_request_is_a_fault() -> None:
    caller = Caller(Control(EVERYTHING, nonces())).prove()
    with pytest.raises(Exception, match="does not carry"):
        caller.service.handle(got(ANA, caller.sealed(Frame(Kind.RUN, 0, b'{"arguments":[]}'))))
