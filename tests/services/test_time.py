"""Time (RFC 868), with the examples its own text gives."""

import pytest
from tests.playbook import ANA, LUIS, Playbook, finished, opened, received

from enchufe.core.commands import Close, Send
from enchufe.core.events import MessageReceived, PeerOpened
from enchufe.services.time import Time


@pytest.mark.parametrize(
    ("at_s", "seconds_since_1900"),
    [
        (0, 2_208_988_800),  # 00:00 1 Jan 1970 GMT
        (189_302_400, 2_398_291_200),  # 00:00 1 Jan 1976 GMT
        (315_532_800, 2_524_521_600),  # 00:00 1 Jan 1980 GMT
        (420_595_200, 2_629_584_000),  # 00:00 1 May 1983 GMT
        (2_085_978_495, 2**32 - 1),
        (2_085_978_496, 0),  # 06:28:16 7 Feb 2036: the field begins again
    ],
)
def test_the_seconds_since_1900_are_four_bytes_the_largest_first(
    at_s: int, seconds_since_1900: int
) -> None:
    said = seconds_since_1900.to_bytes(4, "big")
    at_ns = at_s * 1_000_000_000 + 999_999_999
    Playbook(Time()).when(MessageReceived(at_ns, LUIS, b"x"), Send(LUIS, said))
    Playbook(Time()).when(PeerOpened(at_ns, ANA), Send(ANA, said), Close(ANA))


def test_a_stream_peer_is_not_told_twice() -> None:
    said = Send(ANA, b"\xed\x00\x37\x80")
    playbook = Playbook(Time()).when(opened(ANA), said, Close(ANA))
    playbook.when(received(ANA, b"x")).when(finished(ANA))


def test_a_datagram_peer_is_told_each_time_it_asks_and_not_before() -> None:
    said = Send(LUIS, b"\xed\x00\x37\x80")
    Playbook(Time()).when(opened(LUIS)).when(received(LUIS, b""), said).when(
        received(LUIS, b""), said
    )
