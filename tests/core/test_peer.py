"""Peers, and how they are named."""

import pytest

from enchufe.core.peer import Peer, Transport


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        (Peer(1, Transport.TCP, "127.0.0.1", 3500), "127.0.0.1:3500"),
        (Peer(1, Transport.UDP, "::1", 3500), "[::1]:3500"),
        (Peer(1, Transport.UDP, "fe80::1%eth0", 1), "[fe80::1%eth0]:1"),
        (Peer(1, Transport.UNIX, path="./chat.sock"), "./chat.sock"),
        (Peer(7, Transport.UNIX), "#7"),
        (Peer(8, Transport.UNIXGRAM), "#8"),
    ],
)
def test_a_peer_is_named_by_its_address(peer: Peer, address: str) -> None:
    assert peer.address == address


@pytest.mark.parametrize(
    ("transport", "is_stream", "is_internet"),
    [
        ("tcp", True, True),
        ("tls", True, True),
        ("udp", False, True),
        ("unix", True, False),
        ("unixgram", False, False),
        ("ayudantia", True, True),
        ("console", True, False),
    ],
)
def test_a_transport_knows_how_it_travels(
    transport: str, is_stream: bool, is_internet: bool
) -> None:
    assert Transport(transport).is_stream is is_stream
    assert Transport(transport).is_internet is is_internet


def test_the_system_knows_tls_and_websockets_as_the_tcp_they_travel_over() -> None:
    over_tcp = {Transport.TLS, Transport.WEBSOCKET, Transport.AYUDANTIA}
    assert {transport.carrier for transport in over_tcp} == {Transport.TCP}
    others = {*Transport} - over_tcp
    assert {transport.carrier for transport in others} == others


def test_a_browser_and_the_servers_own_screen_come_by_no_url() -> None:
    with_none = {transport for transport in Transport if not transport.has_endpoint}
    assert with_none == {Transport.WEBSOCKET, Transport.CONSOLE}
