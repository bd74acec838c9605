"""Talk: a conversation of two people, one line or one datagram a message.

The same service is used at both ends: by whoever calls, and by whoever waits to be
called. The word `bye` alone ends it, as in the course's chats, which no other
language's word would end. Their programs disagree on what follows: one answers `bye`
with `bye`, one does not, one is gone already. So a `bye` is answered once, because the
one who typed it may be waiting, and never when we said it first; whoever said it waits
only `GOODBYE_S` for anything to follow.

Text never waits for files (`enchufe.services.talk.exchange`); only a `bye` in its turn does,
until those on their way have arrived.
"""

from collections.abc import Sequence

from enchufe.core.commands import (
    AwaitDrained,
    CancelTimer,
    Close,
    Command,
    Finish,
    HoldInput,
    ReadOn,
    Send,
    SendFrame,
    SetTimer,
    Show,
    Stop,
    Tell,
)
from enchufe.core.events import (
    Event,
    FrameReceived,
    InputEnded,
    InputTyped,
    MessageReceived,
    PeerBehind,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerFramed,
    PeerOpened,
    Reason,
    RunStopping,
    TimerFired,
)
from enchufe.core.exits import ExitCode
from enchufe.core.files import FileChosen, LeaveFile
from enchufe.core.frames import Kind
from enchufe.core.limits import SEND_QUEUE_BYTES_MAX, UDP_IPV4_PAYLOAD_BYTES_MAX
from enchufe.core.peer import Peer
from enchufe.core.refusals import refusal_exit_code
from enchufe.core.transfer.incoming import Policy
from enchufe.services.talk.bye import BYE, is_bye
from enchufe.services.talk.course import Course
from enchufe.services.talk.exchange import FRAMES_TIMER, Exchange
from enchufe.services.talk.strangers import Strangers
from enchufe.services.talk.texts import TalkTexts
from enchufe.services.talk.waiting import Said, Waiting

GOODBYE_S = 0.5
"""After our `bye` the other side's last words, or its own, have so long to arrive: far above
any round trip, and short enough for a person who has said goodbye."""

LATE_INPUT_S = 1.0
"""The other side has said its last word and may still read: with nothing more for it for so
long, we close. A pipe that delivers is never cut short; most often it has simply left. A person
who types is told instead, and decides."""

SILENCE_S = 2.0
"""Datagrams have no end, so once the caller has nothing more to say, so long a silence is it."""

GOODBYE_TIMER = "goodbye"
LATE_INPUT_TIMER = "late input"
SILENCE_TIMER = "silence"


class Talk:
    """One end of a talk.

    Args:
        texts: the words it says.
        calling: whether we are the one who connects.
        turns: whether each waits for the other's answer; who connects speaks first.
        policy: which files are taken.
        typing: whether a person types, who takes time to answer and is told more.
    """

    def __init__(
        self,
        texts: TalkTexts | None = None,
        *,
        calling: bool,
        turns: bool = False,
        policy: Policy | None = None,
        typing: bool = False,
    ) -> None:
        self._texts = texts or TalkTexts()
        self._exchange = Exchange(self._texts, policy or Policy())
        self._calling = calling
        self._turns = turns
        self._typing = typing
        self._our_turn = calling
        self._partner: Peer | None = None
        self._course = Course()
        self._waiting = Waiting(self._texts, typing=typing)
        self._strangers = Strangers(self._texts)
        self._partner_is_behind = self._holds_input = False
        self._undrained_bytes = 0  # of text, said while a file is on its way
        self._bye_waits = self._awaits_files = False

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        commands = (*self._answer(event), *self._after_files())
        hold = self._partner_is_behind or self._waiting.is_full
        if hold == self._holds_input:
            return commands
        self._holds_input = hold
        return (*commands, HoldInput(hold))

    def _answer(self, event: Event) -> Sequence[Command]:
        match event:
            case InputTyped():
                return self._typed(event.data)
            case FileChosen():
                return self._chose(event)
            case InputEnded():
                self._course.input_ended = True
                return self._after_input()
            case PeerOpened():
                return self._opened(event.peer)
            case TimerFired():
                return self._timer_fired(event.name)
            case _ if self._partner is None or self._course.is_over:
                return ()
            case _:
                return self._happened(self._partner, event)

    def _happened(self, partner: Peer, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``, unless it is about somebody else."""
        match event:
            case MessageReceived() if event.peer.id == partner.id:
                return self._received(partner, event.message)
            case PeerFramed() if event.peer.id == partner.id:
                return self._framed(partner)
            case PeerFinished() | PeerBehind() | PeerDrained() | PeerClosed():
                return self._moved(event) if event.peer.id == partner.id else ()
            case FrameReceived() if event.peer.id != partner.id or self._comes_too_late(event):
                return ()
            case RunStopping():
                return self._interrupted(partner)
            case _:
                return self._exchanged(event)

    def _interrupted(self, partner: Peer) -> Sequence[Command]:
        """Say `bye` where nobody would notice that we are gone: datagrams have no end."""
        is_known = partner.is_stream or self._course.is_ending
        have_talked = self._course.heard or self._course.sent
        return (Send(partner, BYE),) if have_talked and not is_known else ()

    # Who is there

    def _opened(self, peer: Peer) -> Sequence[Command]:
        if self._partner is not None or self._course.is_over:
            return self._strangers.turn_away(peer, silently=self._course.is_over)
        self._partner = peer
        came = () if self._calling else (self._tell(self._texts.came, peer),)
        return (*came, *self._send_waiting())

    def _moved(
        self, event: PeerFinished | PeerBehind | PeerDrained | PeerClosed
    ) -> Sequence[Command]:
        """Follow the other side's connection."""
        match event:
            case PeerFinished():
                ended = self._exchange_ended(event)
                return (*ended, *self._partner_has_finished(event.peer))
            case PeerBehind():  # it may be writing just as much: go on reading, type no more
                self._partner_is_behind = True
                return (ReadOn(event.peer), AwaitDrained(event.peer))
            case PeerDrained():
                self._partner_is_behind = False
                self._undrained_bytes = 0
                return self._exchanged(event)
            case PeerClosed():
                return self._closed(event)

    def _partner_has_finished(self, partner: Peer) -> Sequence[Command]:
        self._course.partner_finished = True
        if self._course.heard_bye or self._course.refused_with is not None:
            return ()
        if self._course.said_bye:
            return (Close(partner),)
        sent = self._send_waiting()
        if self._course.input_ended or self._course.said_bye:
            return sent
        if self._typing and (self._course.has_begun or self._calling):
            return (*sent, self._tell(self._texts.says_no_more, partner))
        return (*sent, SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S))

    def _closed(self, event: PeerClosed) -> Sequence[Command]:
        if not (self._calling or self._course.has_begun or event.reason is Reason.STOPPING):
            return self._wait_on(event.peer)
        ended = self._exchange_ended(event)
        is_cut_off = (
            self._exchange.was_cut_off and not self._course.said_bye
        )  # `/bye` leaves files behind
        is_whole = not (self._waiting or is_cut_off)
        exit_code = self._course.exit_code(event, is_whole=is_whole)
        self._course.is_over = True
        told = self._farewell(event.peer, exit_code)
        return (*ended, *told, *self._waiting.drop(), Stop(self._course.told_exit_code(exit_code)))

    def _wait_on(self, visitor: Peer) -> Sequence[Command]:
        """Wait for somebody else: who said nothing and heard nothing may have tried the port."""
        self._partner, self._partner_is_behind = None, False
        self._course.begin_anew()
        return (CancelTimer(LATE_INPUT_TIMER), self._tell(self._texts.no_word, visitor))

    def _farewell(self, partner: Peer, exit_code: ExitCode) -> Sequence[Command]:
        if self._course.heard_bye or self._course.said_bye or self._course.refused_with is not None:
            return ()
        if exit_code is ExitCode.LOST:
            return (self._tell(self._texts.lost, partner),)
        return (self._tell(self._texts.left, partner),) if self._course.partner_finished else ()

    # What the other side says

    def _received(self, partner: Peer, message: bytes) -> Sequence[Command]:
        if self._course.heard_bye:
            return ()
        self._course.heard += 1
        self._course.has_begun = True
        if self._exchange.is_invitation(partner, message) and not self._course.has_said_all:
            return self._exchange.accept(partner, message)
        if self._course.heard == 1:
            self._course.refused_with = refusal_exit_code(message)
            if self._course.refused_with is not None:
                said = message.removeprefix(b"enchufe: ")  # whoever tells it says that itself
                return (Tell(said.decode("utf-8", "surrogateescape")), Close(partner))
        shown = Show(partner, message)
        if is_bye(message):
            invitations = self._exchange.show_invitations(partner)
            return (*invitations, shown, *self._hear_bye(partner))
        if self._course.said_bye:  # it crossed our bye on the way
            return (shown,)
        self._our_turn = True
        return (shown, *self._send_waiting())

    def _hear_bye(self, partner: Peer) -> Sequence[Command]:
        """End the talk; whoever said `bye` first may be waiting for ours."""
        self._course.heard_bye = True
        may_wait = not self._course.said_bye and not self._course.finished
        answer = (Send(partner, BYE),) if may_wait else ()
        told = (self._tell(self._texts.said_bye, partner),)
        return (
            *answer,
            *(() if self._course.said_bye else told),
            *self._waiting.drop(),
            Close(partner),
        )

    # What the person says

    def _typed(self, line: bytes) -> Sequence[Command]:
        if self._course.is_ending:
            return ()
        is_for_us = line.startswith(b"/") and not line.startswith(b"//")
        if is_for_us:
            return self._obey(line)
        if self._bye_waits:
            return (Tell(self._texts.after_bye),)
        return self._say(line.removeprefix(b"/"))

    def _obey(self, line: bytes) -> Sequence[Command]:
        command = line.split()[0]
        match command.lower():
            case b"/help":
                return (Tell(self._texts.help),)
            case b"/bye":
                return self._say_bye(at_once=True)
            case _:
                shown = command.decode("utf-8", "surrogateescape")
                return (Tell(self._texts.unknown.format(command=shown)),)

    def _chose(self, chosen: FileChosen) -> Sequence[Command]:
        """Send a file; once frames are agreed on that takes no turn."""
        if self._course.is_ending:
            return (LeaveFile(chosen.file),)
        if self._bye_waits:
            return (Tell(self._texts.after_bye), LeaveFile(chosen.file))
        return self._say(chosen) if self._exchange.is_unspoken else self._send(chosen)

    def _say(self, said: Said) -> Sequence[Command]:
        if not self._waiting and self._may_speak:
            return self._send(said)
        texts = self._texts
        for_whom = texts.nobody_yet if self._partner is None else texts.not_your_turn
        return self._waiting.add(said, for_whom=for_whom)

    @property
    def _may_speak(self) -> bool:
        """Whether what is typed can be sent now; who will not answer need not be waited for."""
        if self._partner is None or self._course.said_bye:
            return False
        return not self._turns or self._our_turn or self._course.partner_finished

    def _send_waiting(self) -> Sequence[Command]:
        """Send what waited, as far as it may be; at the end of the input see to that too."""
        commands: list[Command] = []
        while self._waiting and self._may_speak:
            commands += self._send(self._waiting.next())
        if commands and self._turns and not self._course.said_bye:
            commands += self._waiting.sent_now()
        return (*commands, *self._after_input())

    def _send(self, said: Said) -> Sequence[Command]:
        partner = self._partner
        assert partner is not None
        self._course.has_begun = True
        if isinstance(said, bytes):
            return self._say_bye() if is_bye(said) else self._send_line(partner, said)
        if self._course.partner_finished:
            return self._exchange.not_sent(said, self._texts.leaving, partner)
        if partner.is_stream and self._exchange.is_unspoken:
            self._our_turn = False  # whoever is none of us takes the invitation for our line
        return self._exchange.send(partner, said)

    def _send_line(self, partner: Peer, line: bytes) -> Sequence[Command]:
        if not partner.is_stream and len(line) > UDP_IPV4_PAYLOAD_BYTES_MAX:
            most = UDP_IPV4_PAYLOAD_BYTES_MAX
            self._course.has_left_out = True
            return (Tell(self._texts.too_long.format(most=most)),)
        self._course.sent += 1
        self._our_turn = False
        is_late = self._course.partner_finished and not self._typing
        late = (SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S),) if is_late else ()
        return (Send(partner, line), *late, *self._paced(partner, line))

    def _paced(self, partner: Peer, line: bytes) -> Sequence[Command]:
        """Take no more of the input if too much of it waits beside the piece of a file."""
        if not self._exchange.is_sending:
            return ()
        self._undrained_bytes += len(line)
        if self._partner_is_behind or self._undrained_bytes <= SEND_QUEUE_BYTES_MAX:
            return ()
        self._partner_is_behind = True
        return (AwaitDrained(partner),)

    def _say_bye(self, *, at_once: bool = False) -> Sequence[Command]:
        """Say `bye`, just as the course's programs compare it, and wait a moment for theirs."""
        unsent = self._waiting.drop()
        partner = self._partner
        if partner is not None and self._exchange.is_busy_with(partner) and not at_once:
            self._bye_waits = self._awaits_files = True
            return (*unsent, Tell(self._texts.bye_waits))
        self._course.said_bye = self._course.has_begun = True
        if partner is None:
            self._course.is_over = True
            return (*unsent, Stop(ExitCode.DONE))
        if self._course.partner_finished:
            return (Send(partner, BYE), *unsent, Close(partner))
        last = (Finish(partner),) if partner.is_stream else ()
        return (Send(partner, BYE), *last, *unsent, SetTimer(GOODBYE_TIMER, GOODBYE_S))

    # Files

    def _comes_too_late(self, event: FrameReceived) -> bool:
        """Whether a file is offered that we cannot even refuse any more."""
        return self._course.has_said_all and event.frame.kind == Kind.OFFER

    def _framed(self, partner: Peer) -> Sequence[Command]:
        if self._course.has_said_all:
            return ()
        self._course.has_begun = True
        has_invited = self._exchange.has_invited
        framed = self._exchange.framed(partner)
        if has_invited:  # it was no line to them
            self._our_turn = True
        return (*framed, *self._send_waiting())

    def _unanswered(self, partner: Peer) -> Sequence[Command]:
        shown = self._exchange.show_invitations(partner)
        not_sent = self._exchange.given_up(partner, self._texts.no_files)
        if shown:
            self._our_turn = True
        return (*shown, *not_sent, *self._send_waiting())

    def _exchanged(self, event: Event) -> Sequence[Command]:
        commands = self._exchange.handle(event)
        if not self._course.has_said_all:
            return commands
        return [command for command in commands if not isinstance(command, SendFrame)]

    def _exchange_ended(self, event: PeerFinished | PeerClosed) -> Sequence[Command]:
        """Tell what becomes of the files of who says nothing more."""
        shown = self._exchange.show_invitations(event.peer)
        not_sent = self._exchange.given_up(event.peer, self._texts.leaving)
        return (*shown, *not_sent, *self._exchanged(event))

    def _after_files(self) -> Sequence[Command]:
        """Go on with what waited for files, once none is on its way."""
        partner = self._partner
        if not self._awaits_files or partner is None or self._course.is_over:
            return ()
        if self._exchange.is_busy_with(partner):
            return ()
        self._awaits_files = False
        if not self._bye_waits:
            return self._after_input()
        self._bye_waits = False
        return () if self._course.is_ending else self._say_bye()

    # When we have said all we had to say

    def _after_input(self) -> Sequence[Command]:
        partner = self._partner
        if not self._course.input_ended or self._waiting or partner is None:
            return ()
        if self._course.is_ending or self._bye_waits:
            return ()
        self._awaits_files = self._exchange.is_busy_with(partner)
        if self._awaits_files:
            return ()
        if self._course.partner_finished:
            return (Close(partner),)
        if partner.is_stream:
            return self._finish(partner)
        if self._turns:
            awaiting = self._tell(self._texts.awaiting, partner)
            return self._leave(partner) if self._our_turn else (awaiting,)
        return (SetTimer(SILENCE_TIMER, SILENCE_S),) if self._calling else ()

    def _finish(self, partner: Peer) -> Sequence[Command]:
        if self._course.finished:
            return ()
        self._course.finished = True
        return (Finish(partner),)

    def _leave(self, partner: Peer) -> Sequence[Command]:
        """Leave a datagram peer, which only a `bye` can tell that we do."""
        return self._say_bye() if self._course.sent + self._course.heard else (Close(partner),)

    def _timer_fired(self, name: str) -> Sequence[Command]:
        partner, course = self._partner, self._course
        if partner is None or course.is_over or course.heard_bye:
            return ()
        if name == FRAMES_TIMER:
            return self._unanswered(partner)
        if name == SILENCE_TIMER:
            return self._silent(partner)
        return self._says_no_more(partner) if name == LATE_INPUT_TIMER else (Close(partner),)

    def _silent(self, partner: Peer) -> Sequence[Command]:
        if self._course.said_bye:
            return ()
        return (Tell(self._texts.silence.format(seconds=SILENCE_S)), *self._leave(partner))

    def _says_no_more(self, partner: Peer) -> Sequence[Command]:
        """Leave somebody who says no more and for whom nothing more came, unless a person types."""
        if self._exchange.is_busy_with(partner):  # what has come is still being kept
            return (SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S),)
        if self._typing and self._course.has_begun and not self._course.said_bye:
            return (self._tell(self._texts.says_no_more, partner),)
        return (Close(partner),)

    def _tell(self, text: str, who: Peer) -> Tell:
        return Tell(text.format(who=who.address))
