"""Hello: shows who spoke, and answers."""

import pytest
from tests.playbook import ANA, EVA, LUIS, Playbook, closed, finished, opened, received

from enchufe.core.commands import Close, Send, Show
from enchufe.core.peer import Peer
from enchufe.services.hello import Hello


@pytest.mark.parametrize("peer", [ANA, EVA, LUIS])
@pytest.mark.parametrize("greeting", [b"hello", b"", b"\xff"])
def test_each_greeting_is_shown_with_its_sender_and_answered(peer: Peer, greeting: bytes) -> None:
    (
        Playbook(Hello("hi there"))
        .when(opened(peer))
        .when(received(peer, greeting), Show(peer, greeting), Send(peer, b"hi there"))
        .when(received(peer, greeting), Show(peer, greeting), Send(peer, b"hi there"))
    )


def test_the_answer_may_be_in_any_language() -> None:
    answer = Send(LUIS, "¡buenos días!".encode())
    Playbook(Hello("¡buenos días!")).when(received(LUIS, b"hola"), Show(LUIS, b"hola"), answer)


def test_the_answer_may_name_whoever_spoke() -> None:
    answer = Send(LUIS, f"hola {LUIS.address}, {LUIS.host}, {LUIS.port}, {{id}}".encode())
    playbook = Playbook(Hello("hola {address}, {host}, {port}, {id}"))
    playbook.when(received(LUIS, b"hola"), Show(LUIS, b"hola"), answer)


def test_a_peer_that_has_said_all_is_left() -> None:
    Playbook(Hello("hi")).when(opened(ANA)).when(finished(ANA), Close(ANA)).when(closed(ANA))
