"""Talk: a conversation of two people, one line or one datagram a message.

The same service is used at both ends: by whoever calls, and by whoever waits to be
called. The word `bye` alone ends it, as in the course's chats, which no other
language's word would end. Their programs disagree on what follows: one answers `bye`
with `bye`, one does not, one is gone already. So a `bye` is answered once, because the
one who typed it may be waiting, and never when we said it first; whoever said it waits
only `GOODBYE_S` for anything to follow.
"""

from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from enchufe.core.commands import (
    AwaitDrained,
    Close,
    Command,
    Finish,
    HoldInput,
    ReadOn,
    Send,
    SetTimer,
    Show,
    Stop,
    Tell,
)
from enchufe.core.events import (
    Event,
    InputEnded,
    InputTyped,
    MessageReceived,
    PeerBehind,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerOpened,
    Reason,
    TimerFired,
)
from enchufe.core.exits import ExitCode
from enchufe.core.limits import UDP_IPV4_PAYLOAD_BYTES_MAX
from enchufe.core.peer import Peer
from enchufe.core.refusals import BUSY_WORDS, refusal_exit_code

BYE = b"bye"

GOODBYE_S = 0.5
"""After our `bye` the other side's last words, or its own, have so long to arrive: far above
any round trip, and short enough for a person who has said goodbye."""

LATE_INPUT_S = 1.0
"""The other side has said its last word and may still read: with nothing more for it for so
long, we close. A pipe that delivers is never cut short; most often it has simply left."""

SILENCE_S = 2.0
"""Datagrams have no end, so once the caller has nothing more to say, so long a silence is it."""

WAITING_LINES_MAX = 100
"""With so many lines waiting for their turn no more of the input is read."""

STRANGERS_REMEMBERED_MAX = 1_000
"""Strangers kept in mind, so that each hears and is shown once, and not per datagram."""

GOODBYE_TIMER = "goodbye"
LATE_INPUT_TIMER = "late input"
SILENCE_TIMER = "silence"


class TalkTexts(Struct, frozen=True):
    """The words the service says, in the language of the person at this end.

    ``{who}`` stands for the other side's address.
    """

    came: str = "{who} is here."
    busy: str = "somebody else is talking here; try again later"
    stranger: str = "{who} wanted to talk too, and was told that the line is busy."
    nobody_yet: str = "Nobody is here yet: what you type waits until somebody comes."
    not_your_turn: str = "It is the other side's turn: what you type waits for the answer."
    too_long: str = "Not sent: a datagram carries at most {most} bytes, and this has {size}."
    unknown: str = "“{command}” is no command, and was not sent. /help lists them all."
    help: str = "/bye ends the talk at once, bye in its turn. //text sends /text."
    said_bye: str = "{who} has said bye."
    left: str = "{who} has left."
    lost: str = "{who} is not there any more; what was said last may not have arrived."
    unsent: str = "What was still waiting has not been sent (lines: {count})."
    awaiting: str = "All is said; waiting for the answer of {who}. Ctrl-C leaves."
    silence: str = "Nothing has come for {seconds:g} s."


class Talk:
    """One end of a talk.

    Args:
        texts: the words it says.
        calling: whether we are the one who connects.
        turns: whether each waits for the other's answer; who connects speaks first.
    """

    def __init__(
        self, texts: TalkTexts | None = None, *, calling: bool, turns: bool = False
    ) -> None:
        self._texts = texts or TalkTexts()
        self._calling = calling
        self._turns = turns
        self._our_turn = calling
        self._partner: Peer | None = None
        self._waiting: deque[bytes] = deque()
        self._strangers: set[tuple[str, int, str]] = set()
        self._heard = self._sent = 0
        self._refused_with: ExitCode | None = None
        self._input_ended = self._partner_finished = self._finished = False
        self._said_bye = self._heard_bye = self._is_over = False
        self._partner_is_behind = self._holds_input = False

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        commands = self._answer(event)
        hold = self._partner_is_behind or len(self._waiting) >= WAITING_LINES_MAX
        if hold == self._holds_input:
            return commands
        self._holds_input = hold
        return (*commands, HoldInput(hold))

    def _answer(self, event: Event) -> Sequence[Command]:
        match event:
            case InputTyped():
                return self._typed(event.data)
            case InputEnded():
                self._input_ended = True
                return self._after_input()
            case PeerOpened():
                return self._opened(event.peer)
            case TimerFired():
                return self._timer_fired(event.name)
            case _ if self._partner is None or self._is_over:
                return ()
            case MessageReceived() if event.peer.id == self._partner.id:
                return self._received(self._partner, event.message)
            case PeerFinished() | PeerBehind() | PeerDrained() | PeerClosed():
                return self._moved(event) if event.peer.id == self._partner.id else ()
            case _:
                return ()

    # Who is there

    def _opened(self, peer: Peer) -> Sequence[Command]:
        if self._partner is not None or self._is_over:
            return self._turned_away(peer)
        self._partner = peer
        came = () if self._calling else (self._tell(self._texts.came, peer),)
        return (*came, *self._send_waiting())

    def _turned_away(self, peer: Peer) -> Sequence[Command]:
        """Tell a stranger, once, that the line is busy, and the person who it was."""
        key = (peer.host, peer.port, peer.path)
        if self._is_over or (key in self._strangers and not peer.is_stream):
            return (Close(peer),)
        if len(self._strangers) >= STRANGERS_REMEMBERED_MAX:
            self._strangers.clear()
        self._strangers.add(key)
        busy = BUSY_WORDS + self._texts.busy.encode()
        return (Send(peer, busy), Close(peer), self._tell(self._texts.stranger, peer))

    def _moved(
        self, event: PeerFinished | PeerBehind | PeerDrained | PeerClosed
    ) -> Sequence[Command]:
        """Follow the other side's connection."""
        match event:
            case PeerFinished():
                return self._partner_has_finished(event.peer)
            case PeerBehind():  # it may be writing just as much: go on reading, type no more
                self._partner_is_behind = True
                return (ReadOn(event.peer), AwaitDrained(event.peer))
            case PeerDrained():
                self._partner_is_behind = False
                return ()
            case PeerClosed():
                return self._closed(event)

    def _partner_has_finished(self, partner: Peer) -> Sequence[Command]:
        self._partner_finished = True
        if self._heard_bye:
            return ()
        if self._said_bye:
            return (Close(partner),)
        sent = self._send_waiting()
        late = () if self._input_ended else (SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S),)
        return (*sent, *late)

    def _closed(self, event: PeerClosed) -> Sequence[Command]:
        self._is_over = True
        exit_code = self._exit_code(event)
        told = self._farewell(event.peer, exit_code)
        return (*told, *self._unsent(), Stop(exit_code))

    def _farewell(self, partner: Peer, exit_code: ExitCode) -> Sequence[Command]:
        if self._heard_bye or self._said_bye or self._refused_with is not None:
            return ()
        if exit_code is ExitCode.LOST:
            return (self._tell(self._texts.lost, partner),)
        return (self._tell(self._texts.left, partner),) if self._partner_finished else ()

    def _exit_code(self, event: PeerClosed) -> ExitCode:
        """Return how it ended: with a `bye` well, whoever was gone already when it came."""
        if self._refused_with is not None:
            return self._refused_with
        if event.reason is Reason.PROTOCOL:
            return ExitCode.PROTOCOL
        if event.reason is Reason.REFUSED and self._heard == 0:
            return ExitCode.REFUSED
        if self._heard_bye:
            return ExitCode.DONE
        if event.reason in (Reason.REFUSED, Reason.RESET) and self._said_bye:
            return ExitCode.DONE
        is_whole = event.unsent_bytes == 0 and not self._waiting
        ended_well = event.reason in (Reason.FINISHED, Reason.OURS, Reason.STOPPING)
        return ExitCode.DONE if is_whole and ended_well else ExitCode.LOST

    # What the other side says

    def _received(self, partner: Peer, message: bytes) -> Sequence[Command]:
        if self._heard_bye:
            return ()
        self._heard += 1
        if self._heard == 1:
            self._refused_with = refusal_exit_code(message)
            if self._refused_with is not None:
                said = message.removeprefix(b"enchufe: ")  # whoever tells it says that itself
                return (Tell(said.decode("utf-8", "surrogateescape")), Close(partner))
        shown = Show(partner, message)
        if is_bye(message):
            return (shown, *self._hear_bye(partner))
        if self._said_bye:  # it crossed our bye on the way
            return (shown,)
        self._our_turn = True
        return (shown, *self._send_waiting())

    def _hear_bye(self, partner: Peer) -> Sequence[Command]:
        """End the talk; whoever said `bye` first may be waiting for ours."""
        self._heard_bye = True
        may_wait = not self._said_bye and not self._finished
        answer = (Send(partner, BYE),) if may_wait else ()
        told = (self._tell(self._texts.said_bye, partner),)
        return (*answer, *(() if self._said_bye else told), *self._unsent(), Close(partner))

    # What the person says

    def _typed(self, line: bytes) -> Sequence[Command]:
        if self._said_bye or self._heard_bye or self._is_over:
            return ()
        if line.startswith(b"//"):
            return self._say(line[1:])
        return self._obey(line) if line.startswith(b"/") else self._say(line)

    def _obey(self, line: bytes) -> Sequence[Command]:
        command = line.split()[0]
        match command.lower():
            case b"/help":
                return (Tell(self._texts.help),)
            case b"/bye":
                return self._say_bye()
            case _:
                shown = command.decode("utf-8", "surrogateescape")
                return (Tell(self._texts.unknown.format(command=shown)),)

    def _say(self, line: bytes) -> Sequence[Command]:
        if not self._waiting and self._may_speak:
            return self._send(line)
        self._waiting.append(line)
        if len(self._waiting) > 1:
            return ()
        texts = self._texts
        return (Tell(texts.nobody_yet if self._partner is None else texts.not_your_turn),)

    @property
    def _may_speak(self) -> bool:
        """Whether what is typed can be sent now; who will not answer need not be waited for."""
        if self._partner is None or self._said_bye:
            return False
        return not self._turns or self._our_turn or self._partner_finished

    def _send_waiting(self) -> Sequence[Command]:
        """Send what waited, as far as it may be; at the end of the input see to that too."""
        commands: list[Command] = []
        while self._waiting and self._may_speak:
            commands += self._send(self._waiting.popleft())
        return (*commands, *self._after_input())

    def _send(self, line: bytes) -> Sequence[Command]:
        if is_bye(line):
            return self._say_bye()
        partner = self._partner
        assert partner is not None
        if not partner.is_stream and len(line) > UDP_IPV4_PAYLOAD_BYTES_MAX:
            most = UDP_IPV4_PAYLOAD_BYTES_MAX
            return (Tell(self._texts.too_long.format(most=most, size=len(line))),)
        self._sent += 1
        self._our_turn = False
        late = (SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S),) if self._partner_finished else ()
        return (Send(partner, line), *late)

    def _say_bye(self) -> Sequence[Command]:
        """Say `bye`, just as the course's programs compare it, and wait a moment for theirs."""
        unsent = self._unsent()
        partner = self._partner
        self._said_bye = True
        if partner is None:
            self._is_over = True
            return (*unsent, Stop(ExitCode.DONE))
        if self._partner_finished:
            return (Send(partner, BYE), *unsent, Close(partner))
        last = (Finish(partner),) if partner.is_stream else ()
        return (Send(partner, BYE), *last, *unsent, SetTimer(GOODBYE_TIMER, GOODBYE_S))

    def _unsent(self) -> Sequence[Command]:
        """Say how much will never be sent, if anything was waiting."""
        count = len(self._waiting)
        self._waiting.clear()
        return (Tell(self._texts.unsent.format(count=count)),) if count else ()

    # When we have said all we had to say

    def _after_input(self) -> Sequence[Command]:
        partner = self._partner
        if not self._input_ended or self._waiting or partner is None:
            return ()
        if self._said_bye or self._heard_bye or self._is_over:
            return ()
        if self._partner_finished:
            return (Close(partner),)
        if partner.is_stream:
            return self._finish(partner)
        if self._turns:
            awaiting = self._tell(self._texts.awaiting, partner)
            return self._leave(partner) if self._our_turn else (awaiting,)
        return (SetTimer(SILENCE_TIMER, SILENCE_S),) if self._calling else ()

    def _finish(self, partner: Peer) -> Sequence[Command]:
        if self._finished:
            return ()
        self._finished = True
        return (Finish(partner),)

    def _leave(self, partner: Peer) -> Sequence[Command]:
        """Leave a datagram peer, which only a `bye` can tell that we do."""
        return self._say_bye() if self._sent + self._heard else (Close(partner),)

    def _timer_fired(self, name: str) -> Sequence[Command]:
        if self._partner is None or self._is_over or self._heard_bye:
            return ()
        if name == SILENCE_TIMER and not self._said_bye:
            told = Tell(self._texts.silence.format(seconds=SILENCE_S))
            return (told, *self._leave(self._partner))
        return () if name == SILENCE_TIMER else (Close(self._partner),)

    def _tell(self, text: str, who: Peer) -> Tell:
        return Tell(text.format(who=who.address))


def is_bye(message: bytes) -> bool:
    """Return whether a message is the word that ends a talk, however it was typed."""
    return message.strip().lower() == BYE
