"""Character generator (RFC 864)."""

from tests.playbook import ANA, LUIS, Playbook, closed, drained, finished, opened, received

from enchufe.core.commands import AwaitDrained, Send
from enchufe.services.chargen import DATAGRAM_BYTES_MAX, ROUND, Chargen, line

FIRST = b" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n"
SECOND = b"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh\r\n"


def lines_from(number: int) -> bytes:
    return b"".join(line(number + i) for i in range(6))


def test_the_pattern_is_the_one_of_the_rfc() -> None:
    assert line(0) == FIRST
    assert line(1) == SECOND
    assert line(94).startswith(b"~ !")
    assert line(95) == FIRST


def test_a_round_joins_the_next_without_a_seam() -> None:
    assert b"".join(line(number) for number in range(190)) == ROUND + ROUND


def test_a_stream_gets_a_round_and_the_next_only_when_it_has_left() -> None:
    more = (Send(ANA, ROUND), AwaitDrained(ANA))
    (
        Playbook(Chargen())
        .when(opened(ANA), *more)
        .when(drained(ANA), *more)
        .when(received(ANA, b"stop!"))
        .when(finished(ANA))
        .when(drained(ANA), *more)
        .when(closed(ANA))
    )


def test_each_datagram_is_answered_by_the_next_lines_that_fit() -> None:
    (
        Playbook(Chargen())
        .when(opened(LUIS))
        .when(received(LUIS, b""), Send(LUIS, lines_from(0)))
        .when(received(LUIS, b"more"), Send(LUIS, lines_from(6)))
    )


def test_a_forgotten_datagram_peer_begins_anew_and_holds_no_memory() -> None:
    chargen = Chargen()
    (
        Playbook(chargen)
        .when(received(LUIS, b""), Send(LUIS, lines_from(0)))
        .when(closed(LUIS))
        .when(received(LUIS, b""), Send(LUIS, lines_from(0)))
        .when(closed(LUIS))
    )
    assert not chargen._datagrams_answered


def test_a_datagram_is_never_longer_than_the_rfc_allows() -> None:
    chargen = Chargen()
    for _ in range(100):
        (answer,) = chargen.handle(received(LUIS, b""))
        assert isinstance(answer, Send)
        assert 0 < len(answer.message) <= DATAGRAM_BYTES_MAX == 512
