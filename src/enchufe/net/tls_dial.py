"""Our side of a handshake with a server we call."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable

from enchufe.core.endpoint import Endpoint
from enchufe.core.notices import Notice, TlsFailed
from enchufe.core.peer import Peer
from enchufe.net.known_servers import called_name
from enchufe.net.stream import StreamLink
from enchufe.net.tls import TlsSettings, calling_context, explained, fault_of
from enchufe.net.tls_layer import TlsLayer
from enchufe.net.tls_trust import Trust


class TlsDialling:
    """How we meet a server at an encrypted endpoint.

    Args:
        endpoint: whom we call.
        settings: what the person asked for.
        handshake_s: how long the handshake may take.
        notify: told of a server met for the first time, and of trouble in the conversation.

    Raises:
        UsageError: a setting, or a file it names, is not what it should be.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: TlsSettings,
        handshake_s: float,
        notify: Callable[[Notice], None],
    ) -> None:
        self._endpoint = endpoint
        self._handshake_s = handshake_s
        self._notify = notify
        self._context = calling_context(settings)
        self._trust = Trust(endpoint, settings, notify)

    async def shake_hands(self, sock: socket.socket, link: StreamLink) -> None:
        """Encrypt a connection that is made; the link opens once the server is trusted.

        Raises:
            DeniedError: it is not the server it should be, or it does not want us.
            ProtocolError: it does not speak TLS, or none that we do.
            TimedOutError: the handshake took longer than allowed.
            UnreachableError: the network failed.
        """
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Exception | None] = loop.create_future()

        def settle(error: Exception | None) -> None:
            if not outcome.done():
                outcome.set_result(error)

        def approve(tls: ssl.SSLObject) -> None:
            self._trust.approve(tls)
            settle(None)

        layer = TlsLayer(
            self._context,
            link,
            server_name=called_name(self._endpoint),
            handshake_s=self._handshake_s,
            approve=approve,
            failed=settle,
            troubled=lambda error: self._report(link.peer, error),
        )
        await loop.connect_accepted_socket(lambda: layer, sock)
        try:
            error = await outcome
        except asyncio.CancelledError:
            layer.turn_away()
            raise
        if error is not None:
            layer.turn_away()
            raise explained(error, self._endpoint, self._handshake_s) from None

    def _report(self, peer: Peer, error: Exception) -> None:
        self._notify(TlsFailed(time.time_ns(), peer.address, *fault_of(error)))
