"""Calling an encrypted endpoint: the link opens for a server that is trusted, and for no other."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
from tests.certificates import Authority
from tests.net.far_tls import Far
from tests.net.recording import Driven, on_loop, until

from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import DeniedError, ProtocolError
from enchufe.core.events import PeerOpened, Reason
from enchufe.core.notices import ServerRemembered, TlsFailed, TlsFault
from enchufe.core.peer import Transport
from enchufe.net.dial import Dialling, dial_stream
from enchufe.net.tls import TlsSettings

loops = pytest.mark.parametrize("plain", [False, True], ids=["uvloop", "asyncio"])


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    issued = Authority(tmp_path).issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    return context


class Server:
    """A listening socket, and one call to it that is under way."""

    def __init__(self, settings: TlsSettings) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        endpoint = Endpoint(Transport.TLS, "localhost", self.listener.getsockname()[1])
        self.driven, self.gone = Driven(), asyncio.Event()
        dialling = Dialling(endpoint, tls=settings)
        self.call = asyncio.get_running_loop().create_task(
            dial_stream(dialling, self.driven.driver, self.gone.set, lambda _hold: None)
        )

    async def accept(self) -> socket.socket:
        sock, _address = await asyncio.get_running_loop().sock_accept(self.listener)
        self.listener.close()
        sock.setblocking(False)
        return sock


async def is_over(sock: socket.socket) -> bool:
    """Return once the other side has closed, whatever it said before."""
    async with asyncio.timeout(10):
        try:
            while await asyncio.get_running_loop().sock_recv(sock, 65536):
                pass
        except ConnectionResetError:
            pass
    return True


@loops
def test_a_server_that_is_trusted_becomes_the_peer(context: ssl.SSLContext, plain: bool) -> None:
    async def main() -> None:
        server = Server(TlsSettings())
        with await server.accept() as sock:
            far = Far(sock, context, is_server=True)
            await far.shake_hands()
            await server.call
            assert len(server.driven.service.of(PeerOpened)) == 1
            assert any(isinstance(n, ServerRemembered) for n in server.driven.notices)
            (link,) = server.driven.driver.links.values()
            assert link.peer.transport is Transport.TLS
            sock.shutdown(socket.SHUT_WR)
            await until(lambda: isinstance(server.driven.notices[-1], TlsFailed))
            told = server.driven.notices[-1]
            assert isinstance(told, TlsFailed)
            assert told.fault is TlsFault.NO_GOODBYE
            link.abort(Reason.OURS)
            await server.gone.wait()

    on_loop(main(), plain=plain)


@loops
def test_a_server_that_is_not_trusted_hears_nothing_of_us(
    context: ssl.SSLContext, plain: bool
) -> None:
    async def main() -> None:
        server = Server(TlsSettings(fingerprint="0" * 64))
        with await server.accept() as sock:
            far = Far(sock, context, is_server=True)
            await far.shake_hands()
            with pytest.raises(DeniedError):
                await server.call
            assert await far.hear() == b""
            assert server.driven.service.events == []

    on_loop(main(), plain=plain)


@loops
def test_a_call_that_fails_or_is_given_up_leaves_no_connection_open(plain: bool) -> None:
    async def main() -> None:
        server = Server(TlsSettings())
        with await server.accept() as sock:
            await asyncio.get_running_loop().sock_sendall(sock, b"220 welcome\r\n")
            with pytest.raises(ProtocolError, match="does not speak TLS"):
                await server.call
            assert await is_over(sock)
        server = Server(TlsSettings())
        with await server.accept() as sock:
            assert await asyncio.get_running_loop().sock_recv(sock, 65536)
            server.call.cancel()
            assert await is_over(sock)

    on_loop(main(), plain=plain)
