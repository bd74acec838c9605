"""Daytime (RFC 867)."""

import pytest
from tests.playbook import ANA, LUIS, Playbook, finished, opened, received

from enchufe.core.commands import Close, Send
from enchufe.core.events import MessageReceived, PeerOpened
from enchufe.services.daytime import Daytime

NEW_YEAR = b"Thursday, 2026-01-01 00:00:00 UTC\r\n"


def test_a_stream_peer_is_told_the_time_and_left() -> None:
    playbook = Playbook(Daytime()).when(opened(ANA), Send(ANA, NEW_YEAR), Close(ANA))
    playbook.when(received(ANA, b"what time is it?")).when(finished(ANA))


def test_each_datagram_is_answered_by_the_time() -> None:
    playbook = Playbook(Daytime()).when(opened(LUIS))
    playbook.when(received(LUIS, b""), Send(LUIS, NEW_YEAR))


@pytest.mark.parametrize(
    ("at_ns", "text"),
    [
        (0, b"Thursday, 1970-01-01 00:00:00 UTC\r\n"),
        (999_999_999, b"Thursday, 1970-01-01 00:00:00 UTC\r\n"),
        (1_709_251_199_000_000_000, b"Thursday, 2024-02-29 23:59:59 UTC\r\n"),
        (4_102_444_800_000_000_000, b"Friday, 2100-01-01 00:00:00 UTC\r\n"),
    ],
)
def test_the_text_is_the_time_of_the_event(at_ns: int, text: bytes) -> None:
    Playbook(Daytime()).when(MessageReceived(at_ns, LUIS, b"x"), Send(LUIS, text))
    Playbook(Daytime()).when(PeerOpened(at_ns, ANA), Send(ANA, text), Close(ANA))
