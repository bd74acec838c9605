"""Who holds a port or a path, seen on real ones that the test opens."""

import errno
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from tests.machine.opened import HERE, port_of

from enchufe.core.peer import Transport
from enchufe.machine import owners, socket_diag
from enchufe.machine.holder import Holder, holder
from enchufe.machine.socket_diag import KernelSocket
from enchufe.machine.sockets import SocketSelection

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells queues")
EVERYTHING = SocketSelection(everything=True)

Seen = TypeVar("Seen")


def open_at(host: str, *, dual: bool = False) -> socket.socket:
    """Return a listener at ``host``, or skip the test where there is no IPv6."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, 0), family=family, dualstack_ipv6=dual)
    except OSError:
        pytest.skip("no IPv6 here")


def can_be_had(host: str, port: int) -> bool:
    """Whether the system itself lets us listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True


def settled(look: Callable[[], Seen]) -> Seen:
    """Return what is seen twice in a row: other tests may use a port of ours for a moment."""
    seen = look()
    while (again := look()) != seen:
        seen = again
    return seen


@linux
@pytest.mark.parametrize("wanted", ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::"])
@pytest.mark.parametrize("held", ["127.0.0.1", "0.0.0.0", "::1", "::", "both"])
def test_a_holder_is_named_where_the_system_refuses_the_port_and_nowhere_else(
    held: str, wanted: str
) -> None:
    with open_at("::" if held == "both" else held, dual=held == "both") as opened:
        port = port_of(opened)
        found, is_free = settled(
            lambda: (holder(Transport.TCP, wanted, port), can_be_had(wanted, port))
        )
        assert (found is None) == is_free
        assert found is None or (found.pid, found.program) == (HERE, psutil.Process().name())


@pytest.mark.parametrize("held", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("wanted", ["*", "", "localhost"])
def test_everywhere_and_loopback_mean_both_families(held: str, wanted: str) -> None:
    with open_at(held) as opened:
        found = holder(Transport.TCP, wanted, port_of(opened))
    assert found is not None
    assert found.pid == HERE


def test_an_ipv4_address_inside_ipv6_is_ipv4(listener: socket.socket) -> None:
    assert holder(Transport.TCP, "::ffff:127.0.0.1", port_of(listener)) is not None


def test_a_port_of_the_other_transport_is_free(
    listener: socket.socket, receiver: socket.socket
) -> None:
    assert holder(Transport.UDP, "127.0.0.1", port_of(listener)) is None
    assert holder(Transport.UDP, "127.0.0.1", port_of(receiver)) is not None


def test_a_host_must_be_an_address() -> None:
    with pytest.raises(ValueError, match="example"):
        holder(Transport.TCP, "example.org", 3500)


@linux
def test_a_port_that_is_held_but_not_listened_on_has_a_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        with client:
            found = holder(Transport.TCP, "127.0.0.1", port_of(client))
    assert found is not None
    assert found.pid == HERE


@linux
def test_a_connection_nobody_holds_any_more_is_no_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        port = port_of(client)
        client.close()
        assert holder(Transport.TCP, "127.0.0.1", port) is None


def test_a_holder_that_listens_comes_first_then_the_one_with_just_this_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def row(host: str, state: str, uid: int) -> KernelSocket:
        return KernelSocket(
            Transport.TCP, state=state, local_host=host, local_port=3500, inode=2**40, uid=uid
        )

    rows = [
        row("*", "LISTEN", 2**30 + 1),
        row("127.0.0.1", "ESTABLISHED", 2**30 + 2),
        row("127.0.0.1", "LISTEN", 2**30 + 3),
    ]
    monkeypatch.setattr(socket_diag, "dump", lambda _transport: rows)
    order = []
    while rows:
        found = holder(Transport.TCP, "127.0.0.1", 3500)
        assert found is not None
        order.append(found.user)
        rows = [each for each in rows if each.uid != found.uid]
    assert order == [str(2**30 + 3), str(2**30 + 1), str(2**30 + 2)]


@linux
def test_a_holder_one_may_not_look_into_is_named_by_its_user(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "_socket_inodes", lambda _pid: set())
    found = holder(Transport.TCP, "127.0.0.1", port_of(listener))
    assert found is not None
    assert (found.pid, found.program) == (None, None)
    assert (found.uid, found.user) == (os.getuid(), psutil.Process().username())


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Holder(4711, "python3", 1000, "ana"), "python3 (pid 4711)"),
        (Holder(4711, "ev\x1bil", 1000, "ana"), "ev\\eil (pid 4711)"),
        (Holder(4711, None, 1000, "ana"), "? (pid 4711)"),
        (Holder(None, None, 0, "root"), "uid 0 (root)"),
        (Holder(None, None, None, None), "uid ? (?)"),
    ],
)
def test_a_holder_reads_the_same_in_every_language(found: Holder, words: str) -> None:
    assert str(found) == f"{found}" == words


def test_the_holder_of_a_unix_path_is_found(unix_listener: socket.socket) -> None:
    found = holder(Transport.UNIX, path=unix_listener.getsockname())
    assert found is not None
    assert found.pid == HERE


def test_the_holder_of_a_unix_path_is_found_however_the_path_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        opened.bind("./chat.sock")
        for path in ("chat.sock", str(tmp_path / "chat.sock"), "link/chat.sock"):
            found = holder(Transport.UNIXGRAM, path=path)
            assert found is not None, path
            assert found.pid == HERE


def test_a_path_left_behind_has_no_holder(tmp_path: Path) -> None:
    path = tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
    assert path.exists()
    assert holder(Transport.UNIX, path=str(path)) is None


@pytest.mark.parametrize(
    ("command_line", "shown"),
    [
        (("python3", "server.py"), "python3 server.py"),
        (("python3", "-u", "/home/ana/mi servidor.py", "3500"), "python3 mi servidor.py"),
        (("python3", "-m", "http.server"), "python3"),
        (("python3",), "python3"),
        (None, "python3"),
    ],
)
def test_an_interpreter_is_named_with_its_script(
    command_line: tuple[str, ...] | None, shown: str
) -> None:
    assert owners.Program("python3", command_line).shown == shown
