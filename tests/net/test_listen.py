"""Opening sockets, and saying plainly why one cannot be opened."""

import errno
import os
import socket
from pathlib import Path

import pytest
from tests.net.recording import on_loop

from enchufe.core.endpoint import parse_endpoint
from enchufe.core.errors import DeniedError, EnchufeError, UnreachableError, UsageError
from enchufe.net.addresses import PATH_BYTES_MAX
from enchufe.net.listen import BoundSocket, listen, unlink_path


def opened(
    text: str, *, family: int = 0, backlog: int = 100, sharing: bool = False
) -> list[BoundSocket]:
    endpoint = parse_endpoint(text)
    return on_loop(listen(endpoint, family=family, backlog=backlog, sharing=sharing))


def addresses(text: str, *, family: int = 0) -> list[tuple[str, int]]:
    bound = opened(text, family=family)
    found = [one.sock.getsockname()[:2] for one in bound]
    for one in bound:
        one.sock.close()
    return found


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("host", "hosts"),
    [
        ("", ["127.0.0.1", "::1"]),
        ("localhost", ["127.0.0.1", "::1"]),
        ("*", ["0.0.0.0", "::"]),
        ("127.0.0.2", ["127.0.0.2"]),
        ("[::1]", ["::1"]),
    ],
)
def test_a_host_stands_for_these_addresses_with_one_port(
    transport: str, host: str, hosts: list[str]
) -> None:
    found = addresses(f"{transport}://{host}:0")
    assert [address for address, _port in found] == hosts
    assert len({port for _address, port in found}) == 1
    assert found[0][1] != 0


def test_only_the_family_asked_for_is_opened() -> None:
    assert [host for host, _ in addresses("tcp://:0", family=socket.AF_INET6)] == ["::1"]
    assert [host for host, _ in addresses("tcp://*:0", family=socket.AF_INET)] == ["0.0.0.0"]


def test_where_one_family_is_taken_neither_is_kept_open() -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UnreachableError, match=rf"\[::1\]:{port} is taken by"):
            opened(f"tcp://:{port}")
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_a_port_that_is_free_in_one_family_only_is_not_taken_for_port_0(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The system chooses a port for IPv4 that another program may hold in IPv6: then anew."""
    bind = socket.socket.bind
    clashes = [True, True]

    def clashing(self: socket.socket, address: tuple[str, int]) -> None:
        if self.family == socket.AF_INET6 and address[1] != 0 and clashes:
            clashes.pop()
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        bind(self, address)

    monkeypatch.setattr(socket.socket, "bind", clashing)
    found = addresses("tcp://:0")
    assert found[0][1] == found[1][1]
    assert clashes == []


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (errno.EACCES, DeniedError, "port 81 is privileged: the system keeps ports 1 to 1023"),
        (errno.EPERM, DeniedError, "port 81 is privileged"),
        (errno.EADDRNOTAVAIL, UnreachableError, "127.0.0.1 is not an address of this machine"),
        (errno.ENOBUFS, UnreachableError, "cannot listen on 127.0.0.1:81: No buffer space"),
    ],
)
def test_each_refusal_of_the_system_is_explained(
    code: int, kind: type[EnchufeError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_self: socket.socket, _address: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(socket.socket, "bind", refused)
    with pytest.raises(kind, match=words):
        opened("tcp://127.0.0.1:81")


def test_a_high_port_that_is_not_permitted_is_not_called_privileged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(_self: socket.socket, _address: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refused)
    with pytest.raises(DeniedError, match=r"does not permit listening on 127\.0\.0\.1:8081"):
        opened("tcp://127.0.0.1:8081")


def test_the_backlog_fills_as_it_was_asked_for() -> None:
    (bound,) = opened("tcp://127.0.0.1:0", backlog=1)
    clients = []
    with bound.sock:
        for _ in range(8):
            client = socket.socket()
            client.settimeout(0.2)
            clients.append(client)
            if client.connect_ex(bound.sock.getsockname()) != 0:
                break
    for client in clients:
        client.close()
    assert len(clients) < 8


def test_sockets_that_share_a_port_can_be_opened_twice() -> None:
    first = opened("tcp://127.0.0.1:0", sharing=True)
    port = first[0].sock.getsockname()[1]
    second = opened(f"tcp://127.0.0.1:{port}", sharing=True)
    for bound in (*first, *second):
        bound.sock.close()
    with socket.create_server(("127.0.0.1", 0)) as alone, pytest.raises(UnreachableError):
        opened(f"tcp://127.0.0.1:{alone.getsockname()[1]}", sharing=True)


@pytest.mark.parametrize("transport", ["unix", "unixgram"])
@pytest.mark.parametrize("dead", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_stale_socket_file_of_either_kind_is_replaced(
    transport: str, dead: socket.SocketKind, tmp_path: Path
) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, dead) as sock:
        sock.bind(str(path))
    (bound,) = opened(f"{transport}://{path}")
    bound.sock.close()
    unlink_path(bound)
    assert not path.exists()


@pytest.mark.parametrize("transport", ["unix", "unixgram"])
@pytest.mark.parametrize("live", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_live_socket_file_of_either_kind_is_left_alone(
    transport: str, live: socket.SocketKind, tmp_path: Path
) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, live) as sock:
        sock.bind(str(path))
        if live is socket.SOCK_STREAM:
            sock.listen()
        sock.setblocking(False)
        with pytest.raises(
            UnreachableError, match=rf"{path} is taken by .*\(pid {os.getpid()}\)"
        ) as refusal:
            opened(f"{transport}://{path}")
        with pytest.raises(BlockingIOError):  # whoever lives there had no visitor
            _ = sock.accept() if live is socket.SOCK_STREAM else sock.recv(1)
    assert path.exists()
    assert "path" in refusal.value.hint
    assert "port" not in refusal.value.hint


def test_a_live_datagram_socket_that_hears_one_peer_only_is_left_alone(tmp_path: Path) -> None:
    path, other = tmp_path / "s", tmp_path / "other"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(path))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
            peer.bind(str(other))
            sock.connect(str(other))
            with pytest.raises(UnreachableError, match="is taken by"):
                opened(f"unixgram://{path}")
    assert path.exists()


def test_a_live_server_with_a_full_accept_queue_is_still_live(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as sock, socket.socket(socket.AF_UNIX) as waiting:
        sock.bind(str(path))
        sock.listen(0)
        waiting.connect(str(path))
        with pytest.raises(UnreachableError, match="is taken by"):
            opened(f"unix://{path}")
    assert path.exists()


@pytest.mark.parametrize("transport", ["unix", "unixgram"])
def test_a_path_without_its_folder_is_explained(transport: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "no", tmp_path / "file"):
        with pytest.raises(UnreachableError, match=f"there is no folder {folder}$"):
            opened(f"{transport}://{folder}/s")


@pytest.mark.parametrize("transport", ["unix", "unixgram"])
def test_the_longest_path_there_is_room_for_is_taken_and_no_longer_one(
    transport: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fits = "ñ" + "x" * (PATH_BYTES_MAX - 2)  # a limit of bytes, and ñ has two
    (bound,) = opened(f"{transport}://{fits}")
    bound.sock.close()
    figures = rf"has {PATH_BYTES_MAX + 1} bytes, .* has room for {PATH_BYTES_MAX}: ñx+$"
    with pytest.raises(UnreachableError, match=figures):
        opened(f"{transport}://{fits}x")


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("work", encoding="utf-8")
    link = tmp_path / "link"
    link.symlink_to(path)
    for there in (path, link, tmp_path):
        with pytest.raises(UsageError, match="exists and is not a socket"):
            opened(f"unix://{there}")
    assert path.read_text(encoding="utf-8") == "work"
