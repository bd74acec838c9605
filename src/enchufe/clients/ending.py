"""How a call ended, said to the one who made it."""

from msgspec import Struct

from enchufe.clients.language import _, plural
from enchufe.clients.saying import say, say_error
from enchufe.clients.words import why_over
from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import EnchufeError
from enchufe.core.exits import ExitCode
from enchufe.core.figures import size
from enchufe.core.notices import PeerLeft
from enchufe.core.text import safe_text
from enchufe.services.caller import DATAGRAM_WAIT_S

_BROKEN = frozenset({ExitCode.LOST, ExitCode.REFUSED})


class Ending(Struct, frozen=True):
    """What is known of a call when it is over.

    Args:
        endpoint: whom we called.
        exit_code: how it ended.
        left: the peer's leaving, with its figures; None if it never came.
        failure: why nobody could be reached by datagrams, or None.
        wait_s: how long we were ready to wait; None for the usual time.
        messages_sent: how many we sent.
        messages_received: how many came.
    """

    endpoint: Endpoint
    exit_code: ExitCode
    left: PeerLeft | None
    failure: EnchufeError | None
    wait_s: float | None
    messages_sent: int
    messages_received: int

    def say(self) -> None:
        """Say what went wrong, if anything did."""
        if self.failure is not None and self.messages_received == 0:
            say_error(self.failure)
        elif self.exit_code is ExitCode.TIMED_OUT:
            say(self._no_answer())
        elif self.exit_code is ExitCode.OUTPUT_CLOSED:
            say(_("Standard output was closed by the program that read it."))
        elif self.left is not None and self.exit_code in _BROKEN:
            say(self._broken_off(self.left))

    def say_figures(self) -> None:
        """Say how many datagrams went and came, unless nobody was there at all."""
        if self.failure is None:
            say(self._figures())

    def _no_answer(self) -> str:
        text = _("No answer from {endpoint} within {seconds:g} s. Is a server there? {hint}")
        return text.format(
            endpoint=self.endpoint,
            seconds=self.wait_s if self.wait_s is not None else DATAGRAM_WAIT_S,
            hint=_("A datagram that nobody answers may be lost, or ignored (--wait waits longer)."),
        )

    def _broken_off(self, left: PeerLeft) -> str:
        figures = _("{endpoint}: {why} after {sent} sent and {received} received").format(
            endpoint=self.endpoint,
            why=why_over(left.reason) or _("closed while we still had something to say"),
            sent=size(left.sent_bytes),
            received=size(left.received_bytes),
        )
        return f"{figures}."

    def _figures(self) -> str:
        sent = plural("{count} datagram sent", "{count} datagrams sent", self.messages_sent)
        received = plural("{count} received", "{count} received", self.messages_received)
        address = self.left.peer.address if self.left is not None else ""
        return _("{address}: {sent}, {received}.").format(
            address=safe_text(address),
            sent=sent.format(count=self.messages_sent),
            received=received.format(count=self.messages_received),
        )
