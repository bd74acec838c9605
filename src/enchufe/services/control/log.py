"""What the owner is told of requests: each one, and of a flood of refused ones how many."""

from collections.abc import Sequence

from enchufe.core.commands import Command, Report
from enchufe.core.control import Action, Verdict
from enchufe.core.limits import CONTROL_REFUSALS_PER_S_MAX
from enchufe.core.notices import ControlAsked
from enchufe.core.peer import Peer


class Log:
    """Makes reports of requests."""

    def __init__(self) -> None:
        self._second = 0
        self._reported = 0  # in this second
        self._unreported = 0
        self._last: ControlAsked | None = None

    def asked(
        self, at_ns: int, peer: Peer, arguments: tuple[str, ...], verdict: Verdict, proof: str
    ) -> Command:
        """Return the report of a request to run a program, by somebody who proved who they are."""
        return Report(ControlAsked(at_ns, peer, Action.RUN, verdict, proof, arguments))

    def stop(self, at_ns: int, peer: Peer, verdict: Verdict, proof: str) -> Command:
        """Return the report of a request to stop the server, by such a one."""
        return Report(ControlAsked(at_ns, peer, Action.STOP, verdict, proof))

    def stranger(self, at_ns: int, peer: Peer, verdict: Verdict) -> Sequence[Command]:
        """Return the report of somebody who proved nothing, unless there are too many."""
        reports: list[Command] = []
        if at_ns // 10**9 != self._second:
            reports += self.rest()
            self._second, self._reported = at_ns // 10**9, 0
        asked = ControlAsked(at_ns, peer, Action.PROVE, verdict)
        if self._reported < CONTROL_REFUSALS_PER_S_MAX:
            self._reported += 1
            return [*reports, Report(asked)]
        self._unreported += 1
        self._last = asked
        return reports

    def rest(self) -> Sequence[Command]:
        """Return the report of those who were too many."""
        last, count = self._last, self._unreported
        self._last, self._unreported = None, 0
        if last is None:
            return ()
        return [Report(ControlAsked(last.at_ns, last.peer, last.action, last.verdict, count=count))]
