"""TLS between a connection and whatever talks through it, the same on every event loop.

The event loops' own TLS ends both directions as soon as either side says goodbye, and
throws away what is still to be answered. TLS 1.3 can half-close like TCP (RFC 8446,
6.1), and our conversations need it: a caller at the end of its input waits for the rest
of the answer. So the library only encrypts and decrypts here (`ssl.MemoryBIO`), and
when to say goodbye is ours to decide.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any, cast

from enchufe.core.errors import EnchufeError
from enchufe.core.limits import LINGER_S_MAX, TLS_HANDSHAKE_S_MAX

RECORD_BYTES_MAX = 16 * 1024
"""The most that one TLS record carries (RFC 8446, 5.1), and so the most one read yields."""


def _never_mind(_error: Exception) -> None:
    pass


class TlsLayer(asyncio.Protocol, asyncio.Transport):
    """One encrypted connection: a protocol to the connection below, a transport to what is above.

    What is above hears of the connection once the handshake is over and approved of; if
    that never comes, it hears nothing at all.

    Args:
        context: certificates, and what is demanded of the other side's.
        above: who talks through it.
        server_name: whom we call, or None where we are the one called.
        handshake_s: how long the handshake may take.
        approve: called once the handshake is over; raises an `EnchufeError` to end it.
        failed: told, once, why nothing came of the handshake: an `ssl.SSLError`, an
            `EnchufeError` of ``approve``, `TimeoutError`, `EOFError` if the other side
            closed, or what the system says.
        gone: called when a connection that failed is no more.
        troubled: told what is wrong in a conversation: an `ssl.SSLError` that ends it, or
            `EOFError` if the other side ended it without a goodbye.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        above: asyncio.BaseProtocol,
        *,
        failed: Callable[[Exception], None],
        server_name: str | None = None,
        handshake_s: float = TLS_HANDSHAKE_S_MAX,
        approve: Callable[[ssl.SSLObject], None] = lambda _tls: None,
        gone: Callable[[], None] = lambda: None,
        troubled: Callable[[Exception], None] = _never_mind,
    ) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server_name is None,
            server_hostname=server_name,
        )
        self._above = cast("asyncio.Protocol", above)
        self._reads_small = isinstance(above, asyncio.BufferedProtocol)
        self._handshake_s = handshake_s
        self._approve = approve
        self._failed = failed
        self._gone = gone
        self._troubled = troubled
        self._timer: asyncio.TimerHandle | None = None
        self._is_turned_away = False
        self._is_open = False  # what is above has been told of the connection
        self._error: Exception | None = None
        self._waiting = b""  # decrypted, and not handed up from `_taken` on
        self._taken = 0
        self._is_paused = False
        self._heard_goodbye = self._said_goodbye = False
        self._below_ended = False
        self._told_end = False
        self._written_bytes = 0

    _below: asyncio.Transport

    def turn_away(self) -> None:
        """End a connection whose handshake is not over."""
        self._is_turned_away = True
        if self._timer is not None:
            self._below.abort()

    # What the connection below tells us

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._below = cast("asyncio.Transport", transport)  # uvloop's has no common base
        self._timer = asyncio.get_running_loop().call_later(
            self._handshake_s, self._fail, TimeoutError()
        )
        if self._is_turned_away:
            self._below.abort()
        else:
            self._shake_hands()

    def data_received(self, data: bytes) -> None:
        """Decrypt what came; after a failure it is thrown away."""
        if self._error is not None:
            return
        self._incoming.write(data)
        if not self._is_open:
            self._shake_hands()
        else:
            self._decrypt()
            self._hand_up()

    def eof_received(self) -> bool:
        """Note that no more bytes come; what we have to say may still leave."""
        self._below_ended = True
        if self._error is not None:
            self._below.close()
        elif self._is_open:
            self._hand_up()
        else:
            self._fail(EOFError())
        return True

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._is_open:
            self._above.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._is_open:
            self._above.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """Say that it is over; once both sides have said goodbye, nothing is amiss."""
        assert self._timer is not None
        self._timer.cancel()
        if self._is_open:
            said_all = self._heard_goodbye and self._said_goodbye
            self._above.connection_lost(self._error or (None if said_all else error))
            return
        if self._error is None and not self._is_turned_away:
            self._failed(error or EOFError())
        self._gone()

    # The handshake

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
            self._flush()
            self._approve(self._tls)
        except ssl.SSLWantReadError:
            self._flush()
        except (ssl.SSLError, EnchufeError) as error:
            self._fail(error)
        else:
            assert self._timer is not None
            self._timer.cancel()
            self._is_open = True
            self._above.connection_made(self)
            self._decrypt()
            self._hand_up()

    def _fail(self, error: Exception) -> None:
        """Give up, leaving the other side a moment to read the alert that says why."""
        self._error = error
        self._flush()
        if not self._below.is_closing():
            self._below.write_eof()
        assert self._timer is not None
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(LINGER_S_MAX, self._below.abort)
        if self._below_ended:
            self._below.close()
        self._failed(error)

    # What comes

    def _decrypt(self) -> None:
        """Decrypt all there is: bounded by one read, as nothing is read while we are paused."""
        pieces = [self._waiting[self._taken :]]
        try:
            while piece := self._tls.read(RECORD_BYTES_MAX):
                pieces.append(piece)
            self._heard_goodbye = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._heard_goodbye = True
        except ssl.SSLError as error:
            self._error = error
        self._waiting, self._taken = b"".join(pieces), 0

    def _hand_up(self) -> None:
        """Hand up what is decrypted, as long as it is taken, and then how it ended."""
        while self._taken < len(self._waiting):
            if self._is_paused or self._below.is_closing():
                return
            self._hand_up_some()
        if self._is_paused or self._told_end or self._below.is_closing():
            return
        if self._error is not None:
            self._break_off(self._error)
        elif self._heard_goodbye or self._below_ended:
            self._hand_up_end()

    def _hand_up_some(self) -> None:
        begin = self._taken
        if not self._reads_small:
            self._taken = len(self._waiting)
            self._above.data_received(self._waiting[begin:])
            return
        above = cast("asyncio.BufferedProtocol", self._above)
        buffer = memoryview(above.get_buffer(-1))
        piece = self._waiting[begin : begin + len(buffer)]
        buffer[: len(piece)] = piece
        self._taken += len(piece)
        above.buffer_updated(len(piece))

    def _hand_up_end(self) -> None:
        self._told_end = True
        if not self._heard_goodbye:
            self._troubled(EOFError())
        if not self._above.eof_received():
            self.close()

    def _break_off(self, error: Exception) -> None:
        """End a conversation in which nothing can be understood any more."""
        self._told_end = True
        self._error = error
        self._troubled(error)
        self._flush()  # the alert that says why
        self._below.close()

    # What is above orders

    def write(self, data: Any) -> None:
        """Encrypt ``data`` and queue it; nothing follows our goodbye."""
        if not data or self._said_goodbye or self._error is not None or self._below.is_closing():
            return
        self._written_bytes += len(data)
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            self._break_off(error)
        self._flush()

    def can_write_eof(self) -> bool:
        """Whether saying goodbye ends only our half (RFC 8446, 6.1)."""
        return self._tls.version() == "TLSv1.3"

    def write_eof(self) -> None:
        """Say goodbye, and that no more bytes come, after what is queued."""
        self._say_goodbye()
        if not self._below.is_closing():
            self._below.write_eof()

    def close(self) -> None:
        """Say goodbye and close, after what is queued."""
        self._say_goodbye()
        self._below.close()

    def _say_goodbye(self) -> None:
        """Send ``close_notify``, unless it is of no use any more."""
        if self._said_goodbye or self._error is not None or self._below.is_closing():
            return
        self._said_goodbye = True
        with contextlib.suppress(ssl.SSLError):  # it would wait for the other side's; we need not
            self._tls.unwrap()
        self._flush()

    def abort(self) -> None:
        """Close now; what is queued is lost."""
        self._below.abort()

    def is_closing(self) -> bool:
        """Whether the connection is closed, or about to be."""
        return self._below.is_closing()

    def pause_reading(self) -> None:
        """Hand up nothing more for now."""
        self._is_paused = True
        if not self._below_ended and not self._below.is_closing():
            self._below.pause_reading()

    def resume_reading(self) -> None:
        """Hand up what has waited, and what comes."""
        self._is_paused = False
        if not self._below_ended and not self._below.is_closing():
            self._below.resume_reading()
        asyncio.get_running_loop().call_soon(self._hand_up)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when writing is to be paused, in encrypted bytes."""
        self._below.set_write_buffer_limits(high=high, low=low)

    def get_write_buffer_size(self) -> int:
        """Return how much is queued: encrypted it is a little more than it was."""
        return min(self._below.get_write_buffer_size(), self._written_bytes)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the connection below."""
        return self._below.get_extra_info(name, default)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._below.write(self._outgoing.read())
