"""The kernel's table of sockets: bytes in, facts out; then the real kernel."""

import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from enchufe.core.peer import Transport
from enchufe.machine import socket_diag
from enchufe.machine.socket_diag import KernelSocket, decode_internet, decode_unix, dump, messages

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the Linux kernel")

IPV4, IPV6 = 2, 10
ESTABLISHED, CLOSE, LISTENING = 1, 7, 10
STREAM, DATAGRAM, SEQPACKET = 1, 2, 5


def attribute(kind: int, data: bytes) -> bytes:
    """Return a netlink attribute, padded to four bytes."""
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def message(kind: int, payload: bytes) -> bytes:
    """Return a netlink message, padded to four bytes."""
    return (
        struct.pack("=IHHII", 16 + len(payload), kind, 2, 1, 0)
        + payload
        + b"\0" * (-len(payload) % 4)
    )


def internet(
    *,
    family: int = IPV4,
    state: int = LISTENING,
    local: str = "127.0.0.1",
    remote: str = "0.0.0.0",
    remote_port: int = 0,
    interface: int = 0,
    queues: tuple[int, int] = (0, 0),
    inode: int = 77,
    attributes: bytes = b"",
) -> bytes:
    """Return an inet_diag_msg with local port 3500."""
    version = socket.AF_INET if family == IPV4 else socket.AF_INET6
    return (
        struct.pack("=BBBB", family, state, 0, 0)
        + struct.pack(">HH", 3500, remote_port)
        + socket.inet_pton(version, local).ljust(16, b"\0")
        + socket.inet_pton(version, remote).ljust(16, b"\0")
        + struct.pack("=III", interface, 0, 0)
        + struct.pack("=IIIII", 0, *queues, 1000, inode)
        + attributes
    )


def unix(kind: int, state: int, inode: int, *attributes: bytes) -> bytes:
    """Return a unix_diag_msg."""
    return struct.pack("=BBBBIII", 1, kind, state, 0, inode, 0, 0) + b"".join(attributes)


def v6only(flag: int) -> bytes:
    return attribute(11, bytes([flag]))


def test_messages_in_one_read_are_told_apart_although_padded() -> None:
    data = message(20, b"abc") + message(20, b"defgh") + message(3, b"\0\0\0\0")
    assert list(messages(data)) == [(20, b"abc"), (20, b"defgh"), (3, b"\0\0\0\0")]


@pytest.mark.parametrize("cut", range(1, 24))
def test_a_message_cut_short_is_left_out(cut: int) -> None:
    whole = message(20, b"12345678")
    assert list(messages(whole + whole[:-cut])) == [(20, b"12345678")]


def test_a_length_that_makes_no_sense_ends_the_reading() -> None:
    assert list(messages(struct.pack("=IHHII", 3, 20, 0, 1, 0) * 2)) == []


def test_a_listener_tells_its_accept_queue_and_its_backlog() -> None:
    found = decode_internet(internet(queues=(2, 3)), Transport.TCP)
    assert found == KernelSocket(
        Transport.TCP,
        state="LISTEN",
        local_host="127.0.0.1",
        local_port=3500,
        inode=77,
        uid=1000,
        receive_queue=2,
        send_queue=3,
    )


def test_a_connection_tells_its_remote_end_and_what_waits_in_its_queues() -> None:
    answer = internet(state=ESTABLISHED, remote="192.0.2.7", remote_port=41000, queues=(16, 5))
    found = decode_internet(answer, Transport.TCP)
    assert (found.state, found.remote_host, found.remote_port) == (
        "ESTABLISHED",
        "192.0.2.7",
        41000,
    )
    assert (found.receive_queue, found.send_queue) == (16, 5)


@pytest.mark.parametrize(
    ("local", "attributes", "host"),
    [
        ("::", v6only(0), "*"),
        ("::", v6only(1), "::"),
        ("::", b"", "::"),
        ("::1", v6only(0), "::1"),
        ("::ffff:127.0.0.1", v6only(0), "127.0.0.1"),
        ("fe80::1", v6only(0), "fe80::1%4294967295"),
    ],
)
def test_an_ipv6_address_is_named_by_whom_it_serves(
    local: str, attributes: bytes, host: str
) -> None:
    answer = internet(
        family=IPV6, local=local, remote="::", attributes=attributes, interface=0xFFFF_FFFF
    )
    assert decode_internet(answer, Transport.TCP).local_host == host


def test_a_datagram_socket_without_remote_end_has_no_state_and_counts_its_drops() -> None:
    memory = struct.pack("=9I", 6912, 8192, 0, 8192, 0, 0, 0, 0, 17)
    answer = internet(state=CLOSE, attributes=attribute(8, b"\0") + attribute(7, memory))
    found = decode_internet(answer, Transport.UDP)
    assert (found.state, found.drops) == ("", 17)


def test_an_older_kernel_that_counts_no_drops_is_believed() -> None:
    answer = internet(attributes=attribute(7, struct.pack("=8I", *range(8))))
    assert decode_internet(answer, Transport.UDP).drops is None


def test_a_connection_no_program_has_open_belongs_to_no_user() -> None:
    assert decode_internet(internet(state=ESTABLISHED, inode=0), Transport.TCP).uid is None


def test_a_unix_listener_tells_its_path_its_queues_and_its_user() -> None:
    name, queues = attribute(0, b"/run/chat\0"), attribute(4, struct.pack("=II", 1, 128))
    answer = unix(STREAM, LISTENING, 5, name, queues, attribute(7, struct.pack("=I", 1000)))
    assert decode_unix([answer]) == [
        KernelSocket(
            Transport.UNIX,
            state="LISTEN",
            path="/run/chat",
            inode=5,
            uid=1000,
            receive_queue=1,
            send_queue=128,
        )
    ]


def test_a_unix_connection_names_the_path_of_its_other_end() -> None:
    client = unix(STREAM, ESTABLISHED, 8, attribute(2, struct.pack("=I", 9)))
    server = unix(STREAM, ESTABLISHED, 9, attribute(0, b"/run/chat\0"))
    assert [found.remote_path for found in decode_unix([client, server])] == ["/run/chat", ""]


def test_an_abstract_name_begins_with_an_at_sign() -> None:
    answer = unix(DATAGRAM, CLOSE, 8, attribute(0, b"\0notify"))
    assert [(found.path, found.state) for found in decode_unix([answer])] == [("@notify", "")]


def test_sequential_packet_sockets_are_left_out() -> None:
    assert decode_unix([unix(SEQPACKET, LISTENING, 8, attribute(0, b"/run/udev\0"))]) == []


@linux
def test_the_kernel_names_a_listener_by_the_inode_its_descriptor_has() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=3) as listener:
        port = listener.getsockname()[1]
        inode = os.fstat(listener.fileno()).st_ino
        found = [row for row in dump(Transport.TCP) if row.local_port == port]
    assert [(row.inode, row.state, row.send_queue, row.uid) for row in found] == [
        (inode, "LISTEN", 3, os.getuid())
    ]


@linux
@pytest.mark.parametrize(("dual", "host"), [(True, "*"), (False, "::")])
def test_the_kernel_says_whether_a_wildcard_serves_both_families(dual: bool, host: str) -> None:
    try:
        listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=dual)
    except OSError:
        pytest.skip("no IPv6 here")
    with listener:
        port = listener.getsockname()[1]
        found = [row.local_host for row in dump(Transport.TCP) if row.local_port == port]
    assert found == [host]


@pytest.fixture
def unix_connection(tmp_path: Path) -> Iterator[tuple[str, socket.socket, socket.socket]]:
    path = str(tmp_path / "chat.sock")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(path)
        listener.listen(7)
        client.connect(path)
        server, _address = listener.accept()
        with server:
            yield path, server, client


@linux
def test_the_kernel_counts_what_waits_in_a_unix_connection(
    unix_connection: tuple[str, socket.socket, socket.socket],
) -> None:
    path, server, client = unix_connection
    client.sendall(b"x" * 1000)
    by_inode = {row.inode: row for row in dump(Transport.UNIX)}
    row = by_inode[os.fstat(server.fileno()).st_ino]
    assert (row.path, row.state, row.receive_queue) == (path, "ESTABLISHED", 1000)
    assert by_inode[os.fstat(client.fileno()).st_ino].remote_path == path


@linux
def test_more_sockets_than_one_answer_holds_are_all_told() -> None:
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(500)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        inodes = {os.fstat(each.fileno()).st_ino for each in sockets}
        assert inodes <= {row.inode for row in dump(Transport.UDP)}
    finally:
        for each in sockets:
            each.close()


def queues_of(port: int) -> tuple[list[str], list[str]]:
    """Return the queues of the sockets at a port: as we are told, and as ss(8) is."""
    told = subprocess.run(
        ["ss", "-Htan", f"sport = :{port}"], capture_output=True, text=True, check=True
    )
    rows = [row for row in dump(Transport.TCP) if row.local_port == port]
    ours = [f"{row.receive_queue} {row.send_queue}" for row in rows]
    theirs = [" ".join(line.split()[1:3]) for line in told.stdout.splitlines()]
    return sorted(ours), sorted(theirs)


@linux
def test_ss_tells_the_same_queues() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=5) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        client.sendall(b"x" * 321)
        expected = ["1 5", "321 0"]
        end = time.monotonic() + 10  # what was sent may be on its way, on a busy machine
        while (seen := queues_of(listener.getsockname()[1])) != (expected, expected):
            assert time.monotonic() < end, seen


@linux
def test_a_question_the_kernel_does_not_know_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(socket_diag._PROTOCOLS, Transport.TCP, 254)
    with pytest.raises(OSError, match=r"Errno"):
        dump(Transport.TCP)


def test_another_system_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(OSError, match=r"Errno"):
        dump(Transport.TCP)
