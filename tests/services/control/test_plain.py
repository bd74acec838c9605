"""The guides' way: a line stops the server, a line runs a program, and the answer is a number."""

import pytest
from msgspec.structs import replace
from tests.playbook import EVA, LUIS, NOW_NS, Playbook, finished, fired, opened, received
from tests.services.control.people import nonces, reports

from enchufe.core.commands import CancelTimer, Close, Command, Report, Send, SetTimer, Show, Stop
from enchufe.core.control import Action, Outcome, Verdict
from enchufe.core.exits import ExitCode
from enchufe.core.notices import ControlAsked, ControlEnded
from enchufe.core.peer import Peer
from enchufe.core.programs import (
    EndProgramInput,
    KillProgram,
    ProgramEnded,
    ProgramFailed,
    ProgramWrote,
    RunProgram,
    Unstarted,
)
from enchufe.services.control import Control, ControlWords, Permissions, PlainWords

PLAIN = Permissions(
    may_stop=True, programs=(("ls", "*"), ("date",)), plain=PlainWords(b"STOP", b"RUN")
)
WORDS = ControlWords()


def plaza(peer: Peer = EVA, permissions: Permissions = PLAIN) -> Playbook:
    return Playbook(Control(permissions, nonces())).when(opened(peer))


def asked(peer: Peer, action: Action, verdict: Verdict, *arguments: str) -> Command:
    return Report(ControlAsked(NOW_NS, peer, action, verdict, "plain text", arguments))


def started(peer: Peer, handle: str, *arguments: str) -> list[Command]:
    return [
        asked(peer, Action.RUN, Verdict.ALLOWED, *arguments),
        RunProgram(handle, arguments),
        SetTimer(f"run {handle}", 60.0),
        EndProgramInput(handle),
    ]


def ended(peer: Peer, outcome: Outcome, code: int, size: int, *arguments: str) -> Command:
    return Report(ControlEnded(NOW_NS, peer, arguments, outcome, code, size, 0.0))


@pytest.mark.parametrize("peer", [EVA, LUIS])
def test_a_line_runs_a_program_and_is_answered_with_its_exit_status(peer: Peer) -> None:
    plaza(peer).when(
        received(peer, b"RUN ls '/tmp/a b'"), *started(peer, "1", "ls", "/tmp/a b")
    ).when(ProgramWrote(NOW_NS, "1", b"a\nb\n"), Show(peer, b"a"), Show(peer, b"b")).when(
        ProgramEnded(NOW_NS, "1", 3),
        CancelTimer("run 1"),
        Send(peer, b"3"),
        ended(peer, Outcome.EXITED, 3, 4, "ls", "/tmp/a b"),
    )


def test_a_signal_is_128_and_its_number() -> None:
    playbook = plaza().when(received(EVA, b"RUN date"), *started(EVA, "1", "date"))
    playbook.when(
        ProgramEnded(NOW_NS, "1", -9),
        CancelTimer("run 1"),
        Send(EVA, b"137"),
        ended(EVA, Outcome.SIGNALLED, 9, 0, "date"),
    )


def test_several_may_be_asked_for() -> None:
    playbook = plaza().when(received(EVA, b"RUN date\n"), *started(EVA, "1", "date"))
    playbook.when(received(EVA, b"RUN date"), *started(EVA, "2", "date"))


def test_a_line_stops_the_server() -> None:
    plaza().when(
        received(EVA, b"STOP\r"),
        asked(EVA, Action.STOP, Verdict.ALLOWED),
        Send(EVA, WORDS.stopping.encode()),
        Stop(ExitCode.DONE),
    )


@pytest.mark.parametrize("line", [b"RUN rm -r /", b"RUN", b"RUN 'open", b"RUN ls", b"RUN date; rm"])
def test_what_is_not_allowed_is_said_and_does_not_run(line: bytes) -> None:
    service = Control(PLAIN, nonces())
    service.handle(opened(EVA))
    commands = service.handle(received(EVA, line))
    assert not any(isinstance(command, RunProgram) for command in commands)
    assert commands[-1] == Send(EVA, WORDS.not_allowed.encode())
    (told,) = reports(commands)
    assert isinstance(told, ControlAsked)
    assert told.verdict is Verdict.NOT_ALLOWED


def test_stopping_is_not_allowed_unless_it_is() -> None:
    plaza(permissions=replace(PLAIN, may_stop=False)).when(
        received(EVA, b"STOP"),
        asked(EVA, Action.STOP, Verdict.NOT_ALLOWED),
        Send(EVA, WORDS.not_allowed.encode()),
    )


@pytest.mark.parametrize("line", [b"hola", b"stop", b"STOP now", b"RUNls", b""])
def test_all_else_is_told_what_there_is(line: bytes) -> None:
    told = WORDS.not_understood.format(known="STOP RUN").encode()
    plaza().when(received(EVA, line), Send(EVA, told))


def test_one_that_does_not_exist_is_said() -> None:
    playbook = plaza().when(received(EVA, b"RUN date"), *started(EVA, "1", "date"))
    playbook.when(
        ProgramFailed(NOW_NS, "1", Unstarted.NOT_FOUND),
        CancelTimer("run 1"),
        Send(EVA, WORDS.not_found.format(detail="date").encode()),
        ended(EVA, Outcome.NOT_FOUND, 0, 0, "date"),
    )


def test_too_many_are_told_so() -> None:
    playbook = plaza(permissions=replace(PLAIN, runs_max=1))
    playbook.when(received(EVA, b"RUN date"), *started(EVA, "1", "date"))
    playbook.when(
        received(EVA, b"RUN date"),
        asked(EVA, Action.RUN, Verdict.BUSY, "date"),
        Send(EVA, WORDS.busy.encode()),
    )


def test_a_script_that_half_closes_is_left_once_it_has_all_its_answers() -> None:
    playbook = plaza().when(received(EVA, b"RUN date"), *started(EVA, "1", "date"))
    playbook.when(received(EVA, b"RUN date"), *started(EVA, "2", "date")).when(finished(EVA))
    for handle, farewell in (("1", []), ("2", [Close(EVA)])):
        playbook.when(
            ProgramEnded(NOW_NS, handle, 0),
            CancelTimer(f"run {handle}"),
            Send(EVA, b"0"),
            ended(EVA, Outcome.EXITED, 0, 0, "date"),
            *farewell,
        )


def test_a_script_that_asked_for_nothing_is_left_at_once() -> None:
    plaza().when(finished(EVA), Close(EVA))


def test_one_that_takes_too_long_is_ended_and_said() -> None:
    playbook = plaza().when(received(EVA, b"RUN date"), *started(EVA, "1", "date"))
    playbook.when(fired("run 1"), KillProgram("1")).when(
        ProgramEnded(NOW_NS, "1", -15),
        CancelTimer("run 1"),
        Send(EVA, WORDS.timed_out.format(detail="60 s").encode()),
        ended(EVA, Outcome.TIMED_OUT, 0, 0, "date"),
    )


def test_with_a_shell_the_line_is_the_shells() -> None:
    permissions = replace(PLAIN, with_shell=True)
    playbook = plaza(permissions=permissions)
    playbook.when(
        received(EVA, b"RUN ls /tmp | wc -l"),
        asked(EVA, Action.RUN, Verdict.ALLOWED, "ls /tmp | wc -l"),
        RunProgram("1", ("/bin/sh", "-c", "ls /tmp | wc -l")),
        SetTimer("run 1", 60.0),
        EndProgramInput("1"),
    )
