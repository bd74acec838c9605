"""Which sources never get an answer."""

import pytest

from enchufe.core.loops import ANSWER_MARK, ANSWERING_PORTS, may_answer


@pytest.mark.parametrize("port", [0, 7, 13, 17, 19, 37])
def test_a_port_that_is_no_clients_is_not_answered(port: int) -> None:
    assert not may_answer(port, frozenset())


@pytest.mark.parametrize("port", [1, 6, 8, 18, 1023, 3500, 40_000, 65_535])
def test_any_other_is_answered_unless_it_is_our_own(port: int) -> None:
    assert may_answer(port, frozenset())
    assert may_answer(port, {port + 1})
    assert not may_answer(port, {port})


def test_all_ports_but_the_named_ones_are_answered() -> None:
    refused = {port for port in range(65_536) if not may_answer(port, {12_345})}
    assert refused == {0, 7, 13, 17, 19, 37, 12_345}
    assert refused - {0, 12_345} == ANSWERING_PORTS


def test_the_mark_is_a_local_use_dscp_and_leaves_congestion_bits_alone() -> None:
    assert ANSWER_MARK & 0b11 == 0  # ECN, RFC 3168
    assert (ANSWER_MARK >> 2) & 0b11 == 0b11  # pool 2, xxxx11: RFC 2474, section 6
    assert 0 < ANSWER_MARK < 256
