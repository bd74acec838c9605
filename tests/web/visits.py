"""Visits to the page of a real ``enchufe serve``, over HTTP and WebSockets."""

import contextlib
import http.client
import json
import re
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.cli.programs import PATIENCE_S, Server, serving
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from enchufe.core.frames import Frame, Kind
from enchufe.core.room import Join, frame_of
from enchufe.wire.either import EitherDecoder
from enchufe.wire.frames import PREFACE, encoded


class Answer(NamedTuple):
    """What was answered to a request."""

    status: int
    headers: dict[str, str]
    body: bytes


class Site:
    """The page of a running server.

    Args:
        server: whose page.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        found = server.out.until(r"page +http://(\S+):(\d+)/([\w-]+)/")
        self.host, self.token = found[1], found[3]
        self.port = int(found[2])

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        token: bool = False,
        body: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """Ask for something; the path is sent as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            where = f"/{self.token}{path}" if token else path
            connection.request(method, where, body, headers)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())

    @contextlib.contextmanager
    def talk(
        self,
        path: str,
        *,
        token: bool = False,
        host: str = "",
        origin: str | None = None,
        **options: Any,
    ) -> Iterator[ClientConnection]:
        """Open a WebSocket while the block lasts, as a browser that believes it is at ``host``."""
        where = f"/{self.token}{path}" if token else path
        url = f"ws://{host or f'127.0.0.1:{self.port}'}{where}"
        sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        sock.settimeout(None)
        options = {"max_size": None, "compression": "deflate", "close_timeout": 0.5, **options}
        with connect(
            url, sock=sock, origin=None if origin is None else Origin(origin), **options
        ) as connection:
            yield connection


@contextlib.contextmanager
def visiting(*words: str, **environment: Any) -> Iterator[Site]:
    """Run ``enchufe serve`` with a page while the block lasts; it must end well after it."""
    page = () if "--web" in words else ("--web", ":0")
    with serving(*words, *page, **environment) as server:
        yield Site(server)
        assert server.process.poll() is None, server.err.text
        assert server.stop() == 0
        assert server.err.text == "", server.err.text


class Member:
    """A member of a room that speaks frames through a WebSocket."""

    def __init__(self, connection: ClientConnection, name: str) -> None:
        self._connection = connection
        self._decoder = EitherDecoder()
        self._frames: list[Frame] = []
        self._said = 0
        connection.send(PREFACE + encoded(frame_of(Join(name, f"session of {name}"))))
        self.hear(Kind.JOINED)

    def hear(self, *kinds: Kind) -> Frame:
        """Wait for a frame of one of those kinds."""
        while True:
            while self._frames:
                frame = self._frames.pop(0)
                if frame.kind in kinds:
                    return frame
            data = self._connection.recv(PATIENCE_S)
            assert isinstance(data, bytes)
            self._frames += [p for p in self._decoder.feed(data) if isinstance(p, Frame)]

    def says(self, text: str) -> None:
        """Say something, and wait until it is acknowledged."""
        self._said += 1
        self._connection.send(encoded(Frame(Kind.SAY, self._said, text.encode())))
        self.hear(Kind.TAKEN, Kind.SAID)

    def hears_text(self) -> str:
        """Wait for what somebody says; return it."""
        text: str = json.loads(self.hear(Kind.SAID).payload)["text"]
        return text


def port_of(site: Site, service: str) -> int:
    """Return the port of a service, as the server's screen says it."""
    found = re.search(rf"^{service} +\w+ +\S+:(\d+)", site.server.out.text, re.MULTILINE)
    assert found is not None, site.server.out.text
    return int(found[1])
