"""What the callers of a recorded run said, made ready to be said again.

Pure. Whoever called is played, whichever side was recorded: the peers of a server, or
the one who called it.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from enchufe.core.errors import N_, OverLimitError
from enchufe.core.events import PeerClosed, PeerFinished, PeerOpened
from enchufe.core.peer import Peer
from enchufe.core.traffic import BytesReceived, BytesSent, EndQueued
from enchufe.record.capture import SentBytes
from enchufe.record.reading import Numbered
from enchufe.services.player import Step

PLAYED_BYTES_MAX = 256 * 1024 * 1024
"""All that is said and answered is held in memory while it is played."""


class Script(Struct, frozen=True):
    """One conversation to be played.

    Args:
        line: where it begins in the recording.
        peer: who the other side of the recorded run was.
        after_ns: how long after the first conversation it began.
        ended_before: which conversations had ended by then, by their peers' ids.
        steps: what the caller said.
        answers: what the server answered: the whole stream, or one datagram each.
    """

    line: int
    peer: Peer
    after_ns: int
    ended_before: Sequence[int]
    steps: Sequence[Step]
    answers: Sequence[bytes]


class _Draft:
    """A conversation as far as it has been read."""

    def __init__(self, line: int, peer: Peer, at_ns: int, ended_before: Sequence[int]) -> None:
        self.line = line
        self.peer = peer
        self.at_ns = at_ns
        self.ended_before = ended_before
        self.steps: list[Step] = []
        self.answers: list[bytes] = []
        self.answered = 0
        self.has_finished = False

    def said(self, data: bytes | None, at_ns: int) -> None:
        if not self.has_finished and (data is not None or self.peer.is_stream):
            self.steps.append(Step(max(0, at_ns - self.at_ns), self.answered, data))
            self.has_finished = data is None

    def answer(self, data: bytes) -> None:
        self.answers.append(data)
        self.answered += len(data) if self.peer.is_stream else 1

    def script(self, began_ns: int, sent_bytes_max: int | None) -> Script:
        answers = self.answers
        if self.peer.is_stream:
            answers = [b"".join(answers)[:sent_bytes_max]]
        after_ns = self.at_ns - began_ns
        return Script(
            self.line, self.peer, after_ns, self.ended_before, tuple(self.steps), tuple(answers)
        )


def scripts(
    entries: Iterable[Numbered], service: str, sent: SentBytes, *, calls: bool
) -> Sequence[Script]:
    """Return the conversations of a service, in the order in which they began.

    Args:
        entries: the lines of the recording.
        service: whose conversations.
        sent: as `enchufe.record.capture.sent_bytes` returns it.
        calls: whether the service called, and its own side is played.

    Raises:
        OverLimitError: more was said than can be held.
    """
    reader = _Reader(calls=calls)
    for numbered in entries:
        if numbered.entry.service == service:
            reader.read(numbered)
    drafts = reader.drafts
    began_ns = min((draft.at_ns for draft in drafts.values()), default=0)
    limits: SentBytes = {} if calls else sent
    return [draft.script(began_ns, limits.get(number)) for number, draft in drafts.items()]


class _Reader:
    """Reads the lines of one service.

    Args:
        calls: whether it called.
    """

    def __init__(self, *, calls: bool) -> None:
        self.drafts: dict[int, _Draft] = {}
        self._calls = calls
        self._ended: list[int] = []
        self._held_bytes = 0

    def read(self, numbered: Numbered) -> None:
        fact, at_ns = numbered.entry.fact, numbered.entry.at_ns
        peer = getattr(fact, "peer", None)
        if not isinstance(peer, Peer) or not peer.is_elsewhere:
            return
        if isinstance(fact, PeerOpened):
            self.drafts[peer.id] = _Draft(numbered.line, peer, at_ns, tuple(self._ended))
            return
        draft = self.drafts.get(peer.id)
        if draft is None:
            return
        if isinstance(fact, BytesReceived | BytesSent):
            self._hold(len(fact.data))
            if isinstance(fact, BytesSent) is self._calls:
                draft.said(fact.data, at_ns)
            else:
                draft.answer(fact.data)
        elif isinstance(fact, EndQueued if self._calls else PeerFinished):
            draft.said(None, at_ns)
        elif isinstance(fact, PeerClosed):
            self._ended.append(peer.id)

    def _hold(self, size_bytes: int) -> None:
        self._held_bytes += size_bytes
        if self._held_bytes > PLAYED_BYTES_MAX:
            raise OverLimitError(
                N_("more than {most} bytes were said, too much to be played against a server"),
                most=PLAYED_BYTES_MAX,
            )
