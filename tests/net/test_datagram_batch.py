"""Both ways to read and write a datagram socket do the same: many a call, and one a call."""

import errno
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from enchufe.core.limits import DATAGRAM_BATCH_MAX, DATAGRAM_BYTES_MAX
from enchufe.core.loops import ANSWER_MARK
from enchufe.net.datagram_batch import BatchSocket, is_supported
from enchufe.net.datagram_socket import Arrival, DatagramSocket, PlainSocket

KINDS: list[type[BatchSocket] | type[PlainSocket]] = [PlainSocket]
if is_supported():
    KINDS.append(BatchSocket)


@pytest.fixture(params=["127.0.0.1", "::1", "0.0.0.0", "::", "unix"])
def bound(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """Give a server's socket in each family, also on every interface."""
    host = request.param
    family = (
        socket.AF_UNIX if host == "unix" else socket.AF_INET6 if ":" in host else socket.AF_INET
    )
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "server") if host == "unix" else (host, 0))
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        yield sock


@pytest.fixture
def client(bound: socket.socket, tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(bound.family, socket.SOCK_DGRAM) as sock:
        if bound.family == socket.AF_UNIX:
            sock.bind(str(tmp_path / "client"))
            sock.connect(bound.getsockname())
        else:
            loopback = "127.0.0.1" if bound.family == socket.AF_INET else "::1"
            sock.connect((loopback, bound.getsockname()[1]))
        sock.settimeout(5)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1024 * 1024)
        yield sock


def receive(sock: DatagramSocket, count: int) -> Sequence[Arrival]:
    """Return ``count`` datagrams, in as many calls as it takes."""
    arrivals: list[Arrival] = []
    end = time.monotonic() + 5
    while len(arrivals) < count and time.monotonic() < end:
        arrivals += sock.receive()
    assert len(arrivals) == count
    return arrivals


@pytest.mark.parametrize("make", KINDS)
def test_nothing_has_arrived_on_a_quiet_socket(
    make: Callable[[socket.socket, int], DatagramSocket], bound: socket.socket
) -> None:
    assert list(make(bound, DATAGRAM_BYTES_MAX).receive()) == []


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("size_bytes", [0, 1, 1000, 65_507])
def test_a_datagram_goes_back_whole_from_where_it_was_asked(
    make: Callable[[socket.socket, int], DatagramSocket],
    size_bytes: int,
    bound: socket.socket,
    client: socket.socket,
) -> None:
    sock, data = make(bound, DATAGRAM_BYTES_MAX), bytes(i % 251 for i in range(size_bytes))
    client.send(data)
    ((route, kept, whole_bytes, marked),) = receive(sock, 1)
    assert (kept, whole_bytes, marked) == (data, size_bytes, False)
    assert sock.send([(route, kept)]) == (1, 0)
    assert client.recv(65536) == data  # it is connected: an answer from elsewhere never comes


@pytest.mark.parametrize("make", KINDS)
def test_a_peer_keeps_its_route_and_its_address_can_be_read(
    make: Callable[[socket.socket, int], DatagramSocket],
    bound: socket.socket,
    client: socket.socket,
) -> None:
    sock = make(bound, DATAGRAM_BYTES_MAX)
    client.send(b"one")
    client.send(b"two")
    first, second = receive(sock, 2)
    assert first[0] == second[0]
    assert hash(first[0]) == hash(second[0])
    address, own = sock.address_of(first[0]), client.getsockname()
    if bound.family == socket.AF_UNIX:
        assert (address.decode() if isinstance(address, bytes) else address) == own
    else:
        assert tuple(address[:2]) == own[:2]


@pytest.mark.parametrize("make", KINDS)
def test_more_than_a_batch_comes_in_order_in_several(
    make: Callable[[socket.socket, int], DatagramSocket],
    bound: socket.socket,
    client: socket.socket,
) -> None:
    if bound.family == socket.AF_UNIX:
        client.settimeout(5)
        count = 8  # a Unix socket queues few (net.unix.max_dgram_qlen)
    else:
        count = DATAGRAM_BATCH_MAX + 10
    sock = make(bound, DATAGRAM_BYTES_MAX)
    sent = [b"%d" % i * (i % 7) for i in range(count)]
    for data in sent:
        client.send(data)
    arrivals = receive(sock, count)
    assert [data for _, data, _, _ in arrivals] == sent
    left = [(route, data) for route, data, _, _ in arrivals]
    while left:
        gone, code = sock.send(left[:DATAGRAM_BATCH_MAX])
        assert code == 0
        del left[:gone]
    assert [client.recv(100) for _ in sent] == sent


@pytest.mark.parametrize("make", KINDS)
def test_what_is_longer_than_the_buffer_is_cut_and_known_to_be(
    make: Callable[[socket.socket, int], DatagramSocket],
    bound: socket.socket,
    client: socket.socket,
) -> None:
    sock = make(bound, 16)
    client.send(b"x" * 17)
    client.send(b"y" * 16)
    cut, whole = receive(sock, 2)
    assert (cut[1], cut[2] > 16) == (b"x" * 16, True)
    assert (whole[1], whole[2]) == (b"y" * 16, 16)


@pytest.mark.parametrize("make", KINDS)
def test_our_answers_carry_the_mark_and_it_is_seen(
    make: Callable[[socket.socket, int], DatagramSocket], bound: socket.socket
) -> None:
    if bound.family == socket.AF_UNIX:
        return
    loopback = "127.0.0.1" if bound.family == socket.AF_INET else "::1"
    with socket.socket(bound.family, socket.SOCK_DGRAM) as other:
        other.bind((loopback, 0))
        other.setblocking(False)
        sock, other_sock = make(bound, 100), make(other, 100)
        with socket.socket(bound.family, socket.SOCK_DGRAM) as plain:
            plain.sendto(b"not marked", other.getsockname())
            ((_, _, _, marked),) = receive(other_sock, 1)
            assert not marked
        other.sendto(b"an answer", (loopback, bound.getsockname()[1]))
        ((_, data, _, marked),) = receive(sock, 1)
        assert (data, marked) == (b"an answer", True)
        level, option = (
            (socket.IPPROTO_IP, socket.IP_TOS)
            if bound.family == socket.AF_INET
            else (socket.IPPROTO_IPV6, socket.IPV6_TCLASS)
        )
        assert bound.getsockopt(level, option) == ANSWER_MARK


@pytest.mark.parametrize("make", KINDS)
def test_one_that_cannot_be_sent_stops_there_and_says_why(
    make: Callable[[socket.socket, int], DatagramSocket],
    bound: socket.socket,
    client: socket.socket,
) -> None:
    sock = make(bound, DATAGRAM_BYTES_MAX)
    client.send(b"hello")
    ((route, _, _, _),) = receive(sock, 1)
    if bound.family == socket.AF_UNIX:
        return
    left = [(route, b"first"), (route, bytes(65_600)), (route, b"last")]
    outcomes = []
    while left:
        gone, code = sock.send(left)
        del left[:gone]
        if code:
            outcomes.append(code)
            left.pop(0)
    assert outcomes == [errno.EMSGSIZE]
    assert [client.recv(100), client.recv(100)] == [b"first", b"last"]


@pytest.mark.parametrize("make", KINDS)
def test_a_unix_peer_without_a_path_cannot_be_answered(
    make: Callable[[socket.socket, int], DatagramSocket], tmp_path: Path
) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless,
    ):
        bound.bind(str(tmp_path / "server"))
        bound.setblocking(False)
        nameless.sendto(b"who am I", str(tmp_path / "server"))
        sock = make(bound, 100)
        ((route, data, _, _),) = receive(sock, 1)
        assert (data, not sock.address_of(route)) == (b"who am I", True)
        gone, code = sock.send([(route, b"answer")])
        assert gone == 0
        assert code != 0
