"""The machine's sockets, seen on real ones that the test opens."""

import contextlib
import errno
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from tests.machine.opened import HERE, port_of

from enchufe.core.peer import Transport
from enchufe.machine import owners, socket_diag
from enchufe.machine.holder import holder
from enchufe.machine.owners import Ownership
from enchufe.machine.socket_diag import KernelSocket
from enchufe.machine.sockets import SocketEntry, SocketSelection, list_sockets

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells queues")
TCP = frozenset({Transport.TCP})
EVERYTHING = SocketSelection(everything=True)


def entries_at(opened: socket.socket) -> list[SocketEntry]:
    """Return the entries with the socket's port at their local end."""
    port = port_of(opened)
    found = list_sockets(SocketSelection(ports=frozenset({port})))
    return [entry for entry in found if entry.local_port == port]


def still_talking(entries: list[SocketEntry]) -> list[SocketEntry]:
    """Leave out what other tests' conversations on the same port number have left behind."""
    return [entry for entry in entries if entry.state != "TIME_WAIT"]


def entry_of(opened: socket.socket) -> SocketEntry:
    """Return the entry with just the socket's two ends."""
    host, port = opened.getsockname()[:2]
    with contextlib.suppress(OSError):
        remote_host, remote_port = opened.getpeername()[:2]
        wanted = (f"{host}:{port}", f"{remote_host}:{remote_port}")
        return next(e for e in entries_at(opened) if (e.local, e.remote) == wanted)
    return next(e for e in entries_at(opened) if (e.local, e.remote) == (f"{host}:{port}", ""))


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether ``condition`` comes true within two seconds."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


@linux
def test_a_listener_shows_how_many_wait_and_how_many_may(listener: socket.socket) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(socket.create_connection(listener.getsockname()))
        assert eventually(lambda: entry_of(listener).accept_queue == 2)
        entry = entry_of(listener)
    assert (entry.accept_queue, entry.accept_queue_max) == (2, 3)
    assert (entry.receive_queue_bytes, entry.send_queue_bytes) == (None, None)


@linux
def test_a_full_accept_queue_counts_those_it_turns_away() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        socket.create_connection(listener.getsockname()),
        socket.socket() as late,
    ):
        late.setblocking(False)
        assert late.connect_ex(listener.getsockname()) == errno.EINPROGRESS
        assert eventually(lambda: (entry_of(listener).drops or 0) > 0)


def test_a_listener_is_shown_with_its_program_and_its_user(listener: socket.socket) -> None:
    entry = entry_of(listener)
    assert (entry.transport, entry.state, entry.remote) == (Transport.TCP, "LISTEN", "")
    assert (entry.pid, entry.ownership) == (HERE, Ownership.PROGRAM)
    assert entry.program == psutil.Process().name()
    assert entry.command_line == tuple(psutil.Process().cmdline())
    assert entry.user == psutil.Process().username()


@linux
def test_a_connection_nobody_has_accepted_waits_at_the_door(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as client:
        waiting = [entry for entry in entries_at(listener) if entry.remote]
        assert [entry.ownership for entry in waiting] == [Ownership.NOT_ACCEPTED]
        assert [entry.pid for entry in waiting] == [None]
        server, _address = listener.accept()
        with server:
            assert entry_of(server).pid == HERE
        assert entry_of(client).ownership is Ownership.PROGRAM


@linux
def test_a_closed_connection_is_an_orphan_until_the_other_side_closes(
    listener: socket.socket,
) -> None:
    with socket.create_connection(listener.getsockname()) as client:
        server, _address = listener.accept()
        server.close()
        assert eventually(lambda: entry_of(client).state == "CLOSE_WAIT")
        orphans = [entry for entry in entries_at(listener) if entry.remote]
    assert [entry.ownership for entry in orphans] == [Ownership.ORPHAN]


@linux
def test_bytes_that_wait_to_be_read_are_counted(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as client:
        server, _address = listener.accept()
        with server:
            client.sendall(b"x" * 1234)
            assert eventually(lambda: entry_of(server).receive_queue_bytes == 1234)
            server.recv(234)
            assert entry_of(server).receive_queue_bytes == 1000
            assert entry_of(client).send_queue_bytes == 0


@linux
def test_bytes_that_cannot_leave_are_counted(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as client:
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                client.send(b"x" * 65536)
        assert (entry_of(client).send_queue_bytes or 0) > 65536


@linux
def test_datagrams_lost_for_want_of_room_are_counted_exactly() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        receiver.bind(("127.0.0.1", 0))
        for _ in range(40):
            sender.sendto(b"x" * 500, receiver.getsockname())
        entry = entry_of(receiver)
        receiver.setblocking(False)
        received = 0
        with contextlib.suppress(BlockingIOError):
            while receiver.recv(500):
                received += 1
    assert 0 < received < 40
    assert entry.drops == 40 - received
    assert (entry.receive_queue_bytes or 0) >= received * 500


@linux
def test_segments_a_connection_gets_twice_are_not_called_losses(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as client:
        assert entry_of(client).drops is None


def test_a_datagram_socket_listens_until_it_is_connected(receiver: socket.socket) -> None:
    assert (entry_of(receiver).state, entry_of(receiver).listens) == ("", True)
    receiver.connect(("127.0.0.1", 9))
    entry = entry_of(receiver)
    assert (entry.state, entry.remote, entry.listens) == ("ESTABLISHED", "127.0.0.1:9", False)


def test_a_socket_two_processes_have_open_names_both(listener: socket.socket) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "input()"],
        stdin=subprocess.PIPE,
        pass_fds=[listener.fileno()],
    )
    try:
        entry = entry_of(listener)
        assert {entry.pid, *entry.sharing_pids} == {HERE, child.pid}
        chosen = list_sockets(SocketSelection(pid=child.pid))
        assert [each.local_port for each in chosen] == [port_of(listener)]
    finally:
        child.communicate(b"\n")


@linux
def test_a_program_one_may_not_look_into_is_named_by_its_user(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "_socket_inodes", lambda _pid: set())
    entry = entry_of(listener)
    assert (entry.ownership, entry.pid, entry.program) == (Ownership.HIDDEN, None, None)
    assert (entry.uid, entry.user) == (os.getuid(), psutil.Process().username())


def test_listeners_come_first(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()):
        listens = [entry.listens for entry in list_sockets()]
    assert listens == sorted(listens, reverse=True)
    assert {True, False} <= set(listens)


@pytest.mark.parametrize(
    ("entry", "listens"),
    [
        (SocketEntry(Transport.TCP, "*:1", state="LISTEN"), True),
        (SocketEntry(Transport.TCP, "*:1", state="CLOSE"), False),
        (SocketEntry(Transport.TCP, "*:1", "127.0.0.1:2", "ESTABLISHED"), False),
        (SocketEntry(Transport.UDP, "*:1"), True),
        (SocketEntry(Transport.UNIXGRAM, "/run/log"), True),
        (SocketEntry(Transport.UNIXGRAM, ""), False),
        (SocketEntry(Transport.UNIXGRAM, "", "/run/log"), False),
    ],
)
def test_who_can_be_reached_first_listens(entry: SocketEntry, listens: bool) -> None:
    assert entry.listens is listens
    assert SocketSelection(listening_only=True, everything=True).takes(entry) is listens
    others = frozenset(Transport) - {entry.transport}
    assert not SocketSelection(others, everything=True).takes(entry)


def test_only_the_transports_asked_for_are_shown(
    listener: socket.socket, receiver: socket.socket
) -> None:
    for transport, port in ((Transport.TCP, port_of(listener)), (Transport.UDP, port_of(receiver))):
        chosen = list_sockets(SocketSelection(transports=frozenset({transport})))
        assert {entry.transport for entry in chosen} == {transport}
        assert port in {entry.local_port for entry in chosen}


def test_listening_only_leaves_connections_out(listener: socket.socket) -> None:
    port = frozenset({port_of(listener)})
    everybody = SocketSelection(TCP, ports=port)
    listeners = SocketSelection(TCP, ports=port, listening_only=True)
    with socket.create_connection(listener.getsockname()):
        assert len(still_talking(list_sockets(everybody))) == 3
        chosen = list_sockets(listeners)
    assert [entry.state for entry in chosen] == ["LISTEN"]


def test_a_port_chooses_both_its_holder_and_those_who_talk_to_it(listener: socket.socket) -> None:
    port = port_of(listener)
    with socket.create_connection(listener.getsockname()) as client:
        chosen = list_sockets(SocketSelection(TCP, ports=frozenset({port})))
        ends = {(entry.local_port, entry.remote_port) for entry in still_talking(chosen)}
        assert ends == {(port, 0), (port, port_of(client)), (port_of(client), port)}


def test_a_program_is_chosen_by_a_part_of_its_command_line(receiver: socket.socket) -> None:
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", code, "Distinctive.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()
        chosen = list_sockets(SocketSelection(program="distinctive.PY"))
        assert [entry.pid for entry in chosen] == [child.pid]
    finally:
        child.communicate(b"\n")


def test_a_connection_that_only_waits_is_shown_when_its_port_is_named(
    listener: socket.socket,
) -> None:
    client = socket.create_connection(listener.getsockname())
    server, _address = listener.accept()
    server.shutdown(socket.SHUT_WR)
    client.close()
    server.close()
    port = port_of(listener)

    def states(selection: SocketSelection) -> set[str]:
        return {entry.state for entry in list_sockets(selection) if entry.local_port == port}

    assert eventually(lambda: "TIME_WAIT" in states(EVERYTHING))
    assert "TIME_WAIT" in states(SocketSelection(ports=frozenset({port})))
    assert "TIME_WAIT" not in states(SocketSelection())


def test_a_unix_listener_is_shown_by_its_path(unix_listener: socket.socket) -> None:
    path = unix_listener.getsockname()
    found = [entry for entry in list_sockets() if entry.local == path]
    assert [(e.transport, e.pid, e.listens) for e in found] == [(Transport.UNIX, HERE, True)]


@linux
def test_a_unix_listener_shows_its_accept_queue(unix_listener: socket.socket) -> None:
    path = unix_listener.getsockname()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        (entry,) = [entry for entry in list_sockets() if entry.local == path]
    assert (entry.accept_queue, entry.accept_queue_max) == (1, 3)


@linux
def test_unix_connections_and_nameless_sockets_are_shown_when_everything_is(
    unix_listener: socket.socket,
) -> None:
    path = unix_listener.getsockname()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        server, _address = unix_listener.accept()
        with server:
            mine = SocketSelection(frozenset({Transport.UNIX}), pid=HERE)
            everything = SocketSelection(frozenset({Transport.UNIX}), pid=HERE, everything=True)
            usual = {(entry.local, entry.remote) for entry in list_sockets(mine)}
            all_of_them = {(entry.local, entry.remote) for entry in list_sockets(everything)}
    assert ("", path) in all_of_them - usual
    assert (path, "") in usual


@linux
def test_an_abstract_name_is_shown_when_everything_is() -> None:
    name = f"enchufe-test-{HERE}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        opened.bind(f"\0{name}")
        assert f"@{name}" in {entry.local for entry in list_sockets(EVERYTHING)}
        assert f"@{name}" not in {entry.local for entry in list_sockets()}


@linux
def test_a_path_that_is_not_utf8_can_be_written_down(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(os.fsencode(tmp_path) + b"/\xff.sock")
        opened.listen()
        assert f"{tmp_path}/\\xff.sock" in {entry.local for entry in list_sockets()}


class TestWithoutTheKernelsHelp:
    """psutil alone: another system, or a sandbox that forbids netlink."""

    @pytest.fixture(autouse=True)
    def no_netlink(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_transport: Transport) -> list[KernelSocket]:
            raise PermissionError(errno.EPERM, "not here")

        monkeypatch.setattr(socket_diag, "dump", refuse)

    @pytest.fixture(params=["all at once", "one by one"])
    def _source(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_kind: str) -> None:
            raise psutil.AccessDenied

        if request.param == "one by one":
            monkeypatch.setattr(psutil, "net_connections", refuse)
            monkeypatch.setattr(psutil, "process_iter", lambda: [psutil.Process()])

    @pytest.mark.usefixtures("_source")
    def test_the_list_is_the_same_but_queues_are_unknown(self, listener: socket.socket) -> None:
        with socket.create_connection(listener.getsockname()) as client:
            entry = entry_of(client)
            assert (entry.state, entry.pid) == ("ESTABLISHED", HERE)
            assert (entry.receive_queue_bytes, entry.send_queue_bytes) == (None, None)
        entry = entry_of(listener)
        assert (entry.state, entry.pid, entry.listens) == ("LISTEN", HERE, True)
        assert (entry.accept_queue, entry.accept_queue_max, entry.drops) == (None, None, None)
        assert entry.user == psutil.Process().username()

    @pytest.mark.usefixtures("_source")
    def test_datagram_and_unix_sockets_are_listed_too(
        self, receiver: socket.socket, unix_listener: socket.socket
    ) -> None:
        assert (entry_of(receiver).state, entry_of(receiver).listens) == ("", True)
        path = unix_listener.getsockname()
        found = [entry for entry in list_sockets() if entry.local == path]
        assert [(e.transport, e.pid) for e in found] == [(Transport.UNIX, HERE)]

    def test_a_connected_datagram_socket_does_not_listen(self, receiver: socket.socket) -> None:
        receiver.connect(("127.0.0.1", 9))
        assert (entry_of(receiver).state, entry_of(receiver).listens) == ("ESTABLISHED", False)

    def test_a_holder_is_found(self, listener: socket.socket) -> None:
        found = holder(Transport.TCP, "*", port_of(listener))
        assert found is not None
        assert found.pid == HERE
