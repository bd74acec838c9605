"""The far end of an encrypted connection: a plain socket and the library, step by step."""

import asyncio
import contextlib
import socket
import ssl

PATIENCE_S = 10.0


def trusting(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """Return what a client has that believes everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = version
    return context


class Far:
    """One end of an encrypted connection.

    Args:
        sock: connected, and not blocking.
        context: as a client's, or a server's.
        is_server: whether we are the one called.
    """

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, *, is_server: bool = False
    ) -> None:
        self.sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=is_server,
            server_hostname=None if is_server else "localhost",
        )
        self.heard = bytearray()
        self.ended = ""  # "goodbye", "cut", or the library's reason

    async def shake_hands(self) -> None:
        while True:
            try:
                self.tls.do_handshake()
                return await self.flush()
            except ssl.SSLWantReadError:
                await self.flush()
                assert await self._more(), "the other side closed in the handshake"

    async def say(self, data: bytes) -> None:
        self.tls.write(data)
        await self.flush()

    async def say_goodbye(self) -> None:
        """Say it, and that no more bytes come."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        await self.flush()
        self.sock.shutdown(socket.SHUT_WR)

    async def hear(self, size_bytes: int = 1 << 60) -> bytes:
        """Return the next bytes, up to so many or to the end."""
        while len(self.heard) < size_bytes and not self.ended:
            try:
                piece = self.tls.read(65536)
                self.heard += piece
                self.ended = "" if piece else "goodbye"
            except ssl.SSLWantReadError:
                if not await self._more():
                    self.ended = "cut"
            except ssl.SSLZeroReturnError:
                self.ended = "goodbye"
            except ssl.SSLError as error:
                self.ended = error.reason or "?"
        told = bytes(self.heard[:size_bytes])
        del self.heard[:size_bytes]
        return told

    async def flush(self) -> None:
        data = self._outgoing.read()
        if data:
            await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def _more(self) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            try:
                data = await asyncio.get_running_loop().sock_recv(self.sock, 1 << 18)
            except ConnectionResetError:
                data = b""
        self._incoming.write(data)
        return bool(data)
