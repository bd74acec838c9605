"""Exchange: the files of a talk, in either direction, once both ends speak frames.

A talk is text, and its other end may be a script that has never heard of frames. So
whoever wants to send a file says so in a line that anybody can read, and that one of us
takes for an invitation: it answers with the preface of the frames, is answered with
ours, and from then on both speak frames. Anybody else has read what was wanted, sees
nothing but text, and after `FRAMES_WAIT_S` our person is told so.
"""

import re
from collections.abc import Sequence

from enchufe.core.commands import (
    AwaitDrained,
    CancelTimer,
    Command,
    Send,
    SetTimer,
    Show,
    SpeakFrames,
    Tell,
)
from enchufe.core.events import Event, FrameReceived, PeerClosed, PeerDrained, PeerFinished
from enchufe.core.files import FileChosen, LeaveFile, Stage, TellFile
from enchufe.core.frames import Kind
from enchufe.core.peer import Peer
from enchufe.core.text import safe_text
from enchufe.core.transfer.incoming import Incoming, Policy
from enchufe.core.transfer.outgoing import Outgoing
from enchufe.core.transfer.payloads import shown_fault
from enchufe.services.talk.texts import TalkTexts

FRAMES_WAIT_S = 2.0
"""One of us answers an invitation at once; who has not after this long is somebody else."""

FRAMES_TIMER = "frames"

INVITATIONS_MAX = 100
"""So many may come before our preface has got there; of more, the rest is text."""

INVITATION = re.compile(rb"enchufe/1 [^\0-\x1f]{1,4000} \((?:0|[1-9][0-9]{0,18}) bytes\)")
"""What is said by who wants to send a file; its words are in any language, its number is not."""


def invitation(would_send: str, chosen: FileChosen) -> bytes:
    """Return the line that says what we want to send."""
    name, size_bytes = safe_text(chosen.attachment.name), chosen.attachment.size_bytes
    return f"enchufe/1 {would_send} {name} ({size_bytes} bytes)".encode()


class Exchange:
    """The files that go to the partner of a talk, and that come.

    Args:
        texts: the words it says.
        policy: which files are taken.
    """

    def __init__(self, texts: TalkTexts, policy: Policy) -> None:
        self._texts = texts
        self._incoming = Incoming(policy)
        self._outgoing: Outgoing | None = None  # once both speak frames
        self._speaks_frames = False  # we do, at least
        self._waiting: list[FileChosen] = []  # the partner has been told, and has not answered
        self._is_leaving = False  # what the partner is to be told is still behind other text
        self._invitations: list[bytes] = []  # of the partner, who has not sent a preface yet
        self.was_cut_off = (
            False  # a file ended with the partner's connection, not by anybody's wish
        )

    @property
    def is_unspoken(self) -> bool:
        """Whether a file would take a line, because we do not speak frames yet."""
        return not self._speaks_frames

    @property
    def is_sending(self) -> bool:
        """Whether a file of ours is on its way."""
        return self._outgoing is not None and not self._outgoing.is_idle

    @property
    def has_invited(self) -> bool:
        """Whether the partner was told of a file, and has not answered."""
        return bool(self._waiting)

    def is_busy_with(self, partner: Peer) -> bool:
        """Whether a file is on its way, or may soon be."""
        are_waiting = bool(self._waiting or self._invitations)
        return are_waiting or self.is_sending or self._incoming.is_receiving_from(partner)

    def send(self, partner: Peer, chosen: FileChosen) -> Sequence[Command]:
        """Send a file, or say that we would like to."""
        if not partner.is_stream:
            return self.not_sent(chosen, self._texts.no_stream, partner)
        if self._outgoing is not None:
            return self._outgoing.send(chosen)
        self._waiting.append(chosen)
        if self._speaks_frames:  # they asked for it, and their preface is under way
            return ()
        line = invitation(self._texts.would_send, chosen)
        self._is_leaving = True
        return (Send(partner, line), AwaitDrained(partner))

    def not_sent(self, chosen: FileChosen, text: str, who: Peer) -> Sequence[Command]:
        """Say that a file is not sent, and why."""
        name = safe_text(chosen.attachment.name)
        return (Tell(text.format(name=name, who=who.address)), LeaveFile(chosen.file))

    def is_invitation(self, partner: Peer, message: bytes) -> bool:
        """Return whether ``message`` asks us to speak frames."""
        may_be = partner.is_stream and self._outgoing is None
        is_too_many = len(self._invitations) >= INVITATIONS_MAX
        return may_be and not is_too_many and INVITATION.fullmatch(message) is not None

    def accept(self, partner: Peer, message: bytes) -> Sequence[Command]:
        """Speak frames to who asked for it; the line is shown only if nothing comes of it."""
        self._speaks_frames = True
        self._invitations.append(message)
        if len(self._invitations) > 1:
            return ()
        return (SpeakFrames(partner), SetTimer(FRAMES_TIMER, FRAMES_WAIT_S))

    def framed(self, partner: Peer) -> Sequence[Command]:
        """Send what waited: the partner speaks frames too."""
        if not partner.is_stream or self._outgoing is not None:
            return ()
        self._speaks_frames = True
        outgoing = self._outgoing = Outgoing(partner)
        was_waiting = bool(self._waiting or self._invitations)
        commands: list[Command] = [CancelTimer(FRAMES_TIMER)] if was_waiting else []
        self._invitations.clear()
        for chosen in self._waiting:
            commands += outgoing.send(chosen)
        self._waiting.clear()
        return commands

    def given_up(self, partner: Peer, why: str) -> Sequence[Command]:
        """Give up what the partner was told of and did not answer."""
        waiting, self._waiting = self._waiting, []
        return [command for chosen in waiting for command in self.not_sent(chosen, why, partner)]

    def show_invitations(self, partner: Peer) -> Sequence[Command]:
        """Show the lines that turned out to be no more than lines."""
        lines, self._invitations = self._invitations, []
        return [Show(partner, line) for line in lines]

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``; nothing if it is not about files."""
        if self._outgoing is None:
            return self._left() if isinstance(event, PeerDrained) else ()
        if isinstance(event, FrameReceived) and event.frame.kind == Kind.ERROR:
            return shown_fault(event.peer, event.frame)
        commands = [*self._outgoing.handle(event), *self._incoming.handle(event)]
        if isinstance(event, PeerFinished | PeerClosed):
            self.was_cut_off |= any(_is_broken_off(command) for command in commands)
        return commands

    def _left(self) -> Sequence[Command]:
        """Wait for the answer to our invitation from now on: it has left at last."""
        was_leaving, self._is_leaving = self._is_leaving, False
        return (SetTimer(FRAMES_TIMER, FRAMES_WAIT_S),) if was_leaving else ()


def _is_broken_off(command: Command) -> bool:
    return isinstance(command, TellFile) and command.stage is Stage.BROKEN_OFF
