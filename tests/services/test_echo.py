"""Echo (RFC 862)."""

import pytest
from tests.playbook import ANA, EVA, LUIS, Playbook, closed, drained, finished, opened, received

from enchufe.core.commands import Close, Send
from enchufe.core.peer import Peer
from enchufe.services.echo import Echo


@pytest.mark.parametrize("peer", [ANA, EVA, LUIS])
@pytest.mark.parametrize("message", [b"hola", b"", b"\0\xff\r\n", b"x" * 65_507])
def test_what_comes_goes_back_byte_for_byte(peer: Peer, message: bytes) -> None:
    Playbook(Echo()).when(opened(peer)).when(received(peer, message), Send(peer, message))


def test_each_peer_hears_only_itself() -> None:
    (
        Playbook(Echo())
        .when(received(ANA, b"ana"), Send(ANA, b"ana"))
        .when(received(LUIS, b"luis"), Send(LUIS, b"luis"))
        .when(received(ANA, b"ana again"), Send(ANA, b"ana again"))
    )


def test_a_peer_that_has_said_all_is_left_after_its_last_answer() -> None:
    (
        Playbook(Echo())
        .when(received(ANA, b"last"), Send(ANA, b"last"))
        .when(finished(ANA), Close(ANA))
        .when(drained(ANA))
        .when(closed(ANA))
    )
