"""Programs that run for peers: started if there is place, ended when they pass a limit."""

from collections.abc import Sequence

from enchufe.core.commands import (
    AwaitDrained,
    CancelTimer,
    Close,
    Command,
    ReadOn,
    Report,
    Rest,
    SetTimer,
)
from enchufe.core.control import Outcome
from enchufe.core.figures import size
from enchufe.core.limits import PROGRAM_UNSENT_BYTES_MAX
from enchufe.core.notices import ControlEnded
from enchufe.core.peer import Peer
from enchufe.core.programs import (
    HoldProgram,
    KillProgram,
    ProgramBehind,
    ProgramCaughtUp,
    ProgramEnded,
    ProgramEvent,
    ProgramFailed,
    ProgramStarted,
    ProgramWrote,
    RunProgram,
    Unstarted,
)
from enchufe.services.control.answers import Answers
from enchufe.services.control.permissions import Permissions

RUN_TIMER = "run "

_UNSTARTED = {
    Unstarted.NOT_FOUND: Outcome.NOT_FOUND,
    Unstarted.NOT_EXECUTABLE: Outcome.NOT_STARTED,
    Unstarted.FAILED: Outcome.NOT_STARTED,
}


class Run:
    """One program.

    Args:
        handle: what it is called.
        answers: tells whoever asked for it.
        arguments: as it was asked for.
        at_ns: when.
    """

    __slots__ = (
        "answers",
        "arguments",
        "detail",
        "handle",
        "outcome",
        "output_bytes",
        "since_ns",
        "unsent_bytes",
    )

    def __init__(
        self, handle: str, answers: Answers, arguments: tuple[str, ...], at_ns: int
    ) -> None:
        self.handle = handle
        self.answers = answers
        self.arguments = arguments
        self.since_ns = at_ns
        self.output_bytes = 0
        self.unsent_bytes = 0  # of its output, since the peer had taken all
        self.outcome: Outcome | None = None  # decided by us before it ended
        self.detail = ""


class Runs:
    """All programs of one server.

    Args:
        permissions: the limits they have.
    """

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions
        self._runs: dict[str, Run] = {}
        self._last_words: set[int] = set()  # of peers that ask for nothing more, and wait
        self._started_count = 0

    @property
    def are_all_taken(self) -> bool:
        """Whether as many run as may."""
        return len(self._runs) >= self._permissions.runs_max

    def start(
        self, answers: Answers, arguments: tuple[str, ...], at_ns: int
    ) -> tuple[str, list[Command]]:
        """Start a program; return what it is called from now on, and the commands."""
        self._started_count += 1
        handle = str(self._started_count)
        self._runs[handle] = Run(handle, answers, arguments, at_ns)
        return handle, [
            RunProgram(handle, self._permissions.started_as(arguments)),
            SetTimer(f"{RUN_TIMER}{handle}", self._permissions.run_s_max),
        ]

    def handle(self, event: ProgramEvent) -> Sequence[Command]:
        """Return what to do about what a program did."""
        run = self._runs.get(event.run)
        if run is None:
            return ()
        match event:
            case ProgramWrote():
                return self._wrote(run, event)
            case ProgramEnded():
                return self._ended(run, event)
            case ProgramFailed():
                detail = run.arguments[0] if event.why is Unstarted.NOT_FOUND else event.detail
                return self._over(run, _UNSTARTED[event.why], 0, detail, event.at_ns)
            case ProgramBehind():
                return (Rest(run.answers.peer),)
            case ProgramCaughtUp():
                return (ReadOn(run.answers.peer),)
            case ProgramStarted():
                return ()

    def timed_out(self, handle: str) -> Sequence[Command]:
        """End a program that has had its time."""
        return self._kill(handle, Outcome.TIMED_OUT, f"{self._permissions.run_s_max:g} s")

    def left(self, peer: Peer) -> list[Command]:
        """End the programs of a peer that is gone."""
        self._last_words.discard(peer.id)
        theirs = [run.handle for run in self._runs.values() if run.answers.peer is peer]
        return [KillProgram(handle) for handle in theirs]

    def finished(self, peer: Peer) -> list[Command]:
        """Let a peer go that asks for nothing more, once it has all its answers."""
        if not self._has_any(peer):
            return [Close(peer)]
        self._last_words.add(peer.id)
        return []

    def _has_any(self, peer: Peer) -> bool:
        return any(run.answers.peer is peer for run in self._runs.values())

    def drained(self, peer: Peer) -> list[Command]:
        """Go on with the programs that waited for a peer."""
        theirs = [run for run in self._runs.values() if run.answers.peer is peer]
        for run in theirs:
            run.unsent_bytes = 0
        return [HoldProgram(run.handle, hold=False) for run in theirs]

    def stopping(self, at_ns: int) -> list[Command]:
        """End all programs now, and tell whoever waits for them."""
        commands: list[Command] = []
        for run in list(self._runs.values()):
            commands.append(KillProgram(run.handle))
            commands += self._over(run, Outcome.STOPPING, 0, "", at_ns)
        return commands

    def _wrote(self, run: Run, event: ProgramWrote) -> Sequence[Command]:
        if run.outcome is not None:  # it is being ended, and nobody wants the rest
            return ()
        run.output_bytes += len(event.data)
        own_max, answers = self._permissions.output_bytes_max, run.answers
        most = own_max if answers.bytes_max is None else min(answers.bytes_max, own_max)
        if run.output_bytes > most:
            return self._kill(run.handle, answers.outcome_past, size(most))
        told = answers.wrote(event.data, is_error=event.is_error)
        return [*told, *self._pace(run, len(event.data))] if answers.is_paced else told

    def _pace(self, run: Run, size_bytes: int) -> Sequence[Command]:
        """Let a program wait, once, when its peer does not keep up."""
        was_waiting = run.unsent_bytes >= PROGRAM_UNSENT_BYTES_MAX
        run.unsent_bytes += size_bytes
        if was_waiting or run.unsent_bytes < PROGRAM_UNSENT_BYTES_MAX:
            return ()
        return (HoldProgram(run.handle, hold=True), AwaitDrained(run.answers.peer))

    def _kill(self, handle: str, outcome: Outcome, detail: str) -> Sequence[Command]:
        run = self._runs.get(handle)
        if run is None or run.outcome is not None:
            return ()
        run.outcome, run.detail = outcome, detail
        return (KillProgram(handle),)

    def _ended(self, run: Run, event: ProgramEnded) -> Sequence[Command]:
        if run.outcome is not None:
            return self._over(run, run.outcome, 0, run.detail, event.at_ns)
        outcome = Outcome.SIGNALLED if event.code < 0 else Outcome.EXITED
        return self._over(run, outcome, abs(event.code), "", event.at_ns)

    def _over(
        self, run: Run, outcome: Outcome, code: int, detail: str, at_ns: int
    ) -> list[Command]:
        del self._runs[run.handle]
        ended = ControlEnded(
            at_ns=at_ns,
            peer=run.answers.peer,
            arguments=run.arguments,
            outcome=outcome,
            code=code,
            output_bytes=run.output_bytes,
            lasted_s=(at_ns - run.since_ns) / 1e9,
        )
        cancelled = CancelTimer(f"{RUN_TIMER}{run.handle}")
        commands = [cancelled, *run.answers.ended(outcome, code, detail), Report(ended)]
        peer = run.answers.peer
        return commands if self._has_any(peer) else [*commands, *self._farewell(peer)]

    def _farewell(self, peer: Peer) -> Sequence[Command]:
        if peer.id not in self._last_words:
            return ()
        self._last_words.discard(peer.id)
        return (Close(peer),)
