"""Discard (RFC 863)."""

import pytest
from tests.playbook import ANA, EVA, LUIS, Playbook, closed, finished, opened, received

from enchufe.core.commands import Close
from enchufe.core.peer import Peer
from enchufe.services.discard import Discard


@pytest.mark.parametrize("peer", [ANA, EVA, LUIS])
def test_nothing_is_answered(peer: Peer) -> None:
    Playbook(Discard()).when(opened(peer)).when(received(peer, b"hola")).when(received(peer, b""))


def test_a_peer_that_has_said_all_is_left() -> None:
    Playbook(Discard()).when(opened(ANA)).when(finished(ANA), Close(ANA)).when(closed(ANA))
