"""How many come from one address, and how fast."""

import pytest

from enchufe.core.limits import (
    ADDRESS_BURST_S,
    ADDRESS_PEERS_MAX,
    ADDRESS_PEERS_PER_S_MAX,
    ADDRESSES_REMEMBERED_MAX,
)
from enchufe.core.notices import Refusal
from enchufe.core.pace import NS_PER_S
from enchufe.net.crowd import AddressLimits, Crowd

NOW_NS = 1_700_000_000 * NS_PER_S
ELSEWHERE = "192.0.2.7"
HERE = ("127.0.0.1", "127.255.0.9", "::1")
UNIX = ""
BURST = int(ADDRESS_PEERS_PER_S_MAX * ADDRESS_BURST_S)


def comes(crowd: Crowd, host: str, *, at_s: float = 0.0, is_stream: bool = True) -> Refusal | None:
    """Let one more knock, and in if it may."""
    refusal = crowd.refusal(host, NOW_NS + round(at_s * NS_PER_S), is_stream=is_stream)
    if refusal is None and is_stream:
        crowd.enter(host)
    return refusal


def filled(crowd: Crowd, host: str, count: int, *, is_stream: bool = True) -> None:
    """Let so many come, one a second."""
    for number in range(count):
        assert comes(crowd, host, at_s=float(number), is_stream=is_stream) is None


def test_an_address_has_so_many_connections_and_one_more_for_each_that_leaves() -> None:
    crowd = Crowd(AddressLimits(2, 0))
    filled(crowd, ELSEWHERE, 2)
    assert comes(crowd, ELSEWHERE) is Refusal.ADDRESS_FULL
    assert comes(crowd, "192.0.2.8") is None, "the others' are counted apart"
    crowd.leave(ELSEWHERE)
    assert comes(crowd, ELSEWHERE) is None


def test_where_nobody_says_otherwise_the_limits_hold_for_all_but_this_machine() -> None:
    crowd = Crowd(AddressLimits())
    filled(crowd, ELSEWHERE, ADDRESS_PEERS_MAX)
    assert comes(crowd, ELSEWHERE, at_s=1e6) is Refusal.ADDRESS_FULL
    for host in (*HERE, UNIX):
        assert {comes(crowd, host) for _ in range(BURST + ADDRESS_PEERS_MAX)} == {None}


@pytest.mark.parametrize("host", [ELSEWHERE, *HERE])
def test_what_somebody_says_holds_for_every_address(host: str) -> None:
    crowd = Crowd(AddressLimits(1, 0))
    assert comes(crowd, host) is None
    assert comes(crowd, host) is Refusal.ADDRESS_FULL
    paced = Crowd(AddressLimits(0, 1))
    coming = [comes(paced, host) for _ in range(int(ADDRESS_BURST_S) + 1)]
    assert coming == [*[None] * int(ADDRESS_BURST_S), Refusal.TOO_FAST]


def test_with_zero_any_number_may_come() -> None:
    crowd = Crowd(AddressLimits(0, 0))
    assert {comes(crowd, ELSEWHERE) for _ in range(2 * BURST)} == {None}


def test_who_comes_too_fast_may_try_again_in_a_moment() -> None:
    crowd = Crowd(AddressLimits(0, 10))
    answers = [comes(crowd, ELSEWHERE) for _ in range(51)]
    assert answers == [*[None] * 50, Refusal.TOO_FAST]
    assert comes(crowd, "192.0.2.8") is None
    assert comes(crowd, ELSEWHERE, at_s=0.1) is None
    assert comes(crowd, ELSEWHERE, at_s=0.1) is Refusal.TOO_FAST


def test_datagram_sources_are_paced_and_not_counted() -> None:
    crowd = Crowd(AddressLimits(2, 10))
    answers = [comes(crowd, ELSEWHERE, is_stream=False) for _ in range(51)]
    assert answers == [*[None] * 50, Refusal.TOO_FAST]


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("2001:db8:1:2::3", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::3", "2001:db8:1:3::3", False),
        ("fe80::1%eth0", "fe80::2%eth0", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
    ],
)
def test_an_ipv6_network_counts_as_one_address(one: str, other: str, are_one: bool) -> None:
    crowd = Crowd(AddressLimits(1, 0))
    assert comes(crowd, one) is None
    assert comes(crowd, other) is (Refusal.ADDRESS_FULL if are_one else None)


def test_addresses_are_forgotten_and_those_that_came_last_are_not() -> None:
    crowd = Crowd(AddressLimits(0, 1))
    for _ in range(int(ADDRESS_BURST_S)):
        assert comes(crowd, ELSEWHERE) is None
    for number in range(2 * ADDRESSES_REMEMBERED_MAX):
        comes(crowd, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", is_stream=False)
        assert len(crowd._paces) <= ADDRESSES_REMEMBERED_MAX
        if number % 1000 == 0:
            assert comes(crowd, ELSEWHERE) is Refusal.TOO_FAST


def test_nobody_is_remembered_who_has_left() -> None:
    crowd = Crowd(AddressLimits())
    for host in (ELSEWHERE, *HERE, "2001:db8::1", UNIX):
        crowd.enter(host)
        crowd.leave(host)
    assert not crowd._inside
