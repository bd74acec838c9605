"""The guides' own way: a line that stops the server, and one that runs a program, without proof.

It is what the guides ask for, and a hole anybody on this machine can walk through; so the
owner has to ask for it, and it is offered on loopback and Unix sockets only.
"""

import shlex
from collections.abc import Sequence

from enchufe.core.commands import Command, Send, Stop
from enchufe.core.control import Outcome, Verdict
from enchufe.core.events import MessageReceived
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Peer
from enchufe.core.programs import EndProgramInput
from enchufe.services.control.answers import PlainAnswers
from enchufe.services.control.log import Log
from enchufe.services.control.permissions import Permissions, PlainWords
from enchufe.services.control.runs import Runs
from enchufe.services.control.words import ControlWords, outcome_text

PROOF = "plain text"
"""What the log says of them."""


class Plain:
    """Takes orders from peers that speak text.

    Args:
        said: the words that are orders.
        permissions: what may be asked.
        runs: where programs run.
        log: told of every order.
        words: what is said in answer.
    """

    def __init__(
        self, said: PlainWords, permissions: Permissions, runs: Runs, log: Log, words: ControlWords
    ) -> None:
        self._said = said
        self._permissions = permissions
        self._runs = runs
        self._log = log
        self._words = words

    def obey(self, event: MessageReceived) -> Sequence[Command]:
        """Do what a line says, if it is an order and may be given."""
        peer, line = event.peer, event.message.strip()
        if line == self._said.stop:
            return self._stop(peer, event.at_ns)
        word, _, rest = line.partition(b" ")
        if word == self._said.run:
            return self._run(peer, rest.decode("utf-8", "surrogateescape"), event.at_ns)
        known = b" ".join((self._said.stop, self._said.run)).decode("utf-8", "replace")
        return [Send(peer, self._words.not_understood.format(known=known).encode())]

    def _stop(self, peer: Peer, at_ns: int) -> Sequence[Command]:
        if not self._permissions.may_stop:
            report = self._log.stop(at_ns, peer, Verdict.NOT_ALLOWED, PROOF)
            return [report, self._refused(peer, Outcome.NOT_ALLOWED)]
        report = self._log.stop(at_ns, peer, Verdict.ALLOWED, PROOF)
        return [report, Send(peer, self._words.stopping.encode()), Stop(ExitCode.DONE)]

    def _run(self, peer: Peer, line: str, at_ns: int) -> Sequence[Command]:
        arguments = (line,) if self._permissions.with_shell else words_of(line)
        verdict, outcome = Verdict.ALLOWED, Outcome.EXITED
        if not arguments or not self._permissions.permits(arguments):
            verdict, outcome = Verdict.NOT_ALLOWED, Outcome.NOT_ALLOWED
        elif self._runs.are_all_taken:
            verdict, outcome = Verdict.BUSY, Outcome.BUSY
        report = self._log.asked(at_ns, peer, arguments, verdict, PROOF)
        if verdict is not Verdict.ALLOWED:
            return [report, self._refused(peer, outcome)]
        answers = PlainAnswers(peer, self._words)
        handle, started = self._runs.start(answers, arguments, at_ns)
        return [report, *started, EndProgramInput(handle)]

    def _refused(self, peer: Peer, outcome: Outcome) -> Command:
        return Send(peer, outcome_text(outcome, "", self._words).encode())


def words_of(line: str) -> tuple[str, ...]:
    """Return the words of a command line, as a shell cuts it; none if a quote is left open."""
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return ()
