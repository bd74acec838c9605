"""Greet: a greeting and goodbye, or an answer that names the sender."""

import pytest
from tests.playbook import ANA, EVA, LUIS, Playbook, closed, finished, opened, received

from enchufe.core.commands import Close, Send
from enchufe.core.peer import Peer, Transport
from enchufe.services.greet import Greet

SIX = Peer(6, Transport.UDP, "2001:db8::6", 50_006, is_stream=False)
NAMELESS = Peer(7, Transport.UNIXGRAM, is_stream=False)
NAMED = Peer(8, Transport.UNIXGRAM, path="/tmp/luis.sock", is_stream=False)


def test_a_stream_peer_is_greeted_and_left_whatever_it_says() -> None:
    (
        Playbook(Greet("welcome\n", "unused"))
        .when(opened(ANA), Send(ANA, b"welcome\n"), Close(ANA))
        .when(received(ANA, b"hello"))
        .when(finished(ANA))
        .when(closed(ANA))
    )


def test_each_datagram_is_answered_and_coming_alone_is_not() -> None:
    answer = Send(LUIS, b"Here is my answer for 192.0.2.2.")
    (
        Playbook(Greet("unused", "Here is my answer for {host}."))
        .when(opened(LUIS))
        .when(received(LUIS, b"hello"), answer)
        .when(received(LUIS, b""), answer)
    )


@pytest.mark.parametrize(
    ("peer", "text"),
    [
        (LUIS, b"192.0.2.2|50002|192.0.2.2:50002"),
        (SIX, b"2001:db8::6|50006|[2001:db8::6]:50006"),
        (NAMELESS, b"#7|0|#7"),
        (NAMED, b"/tmp/luis.sock|0|/tmp/luis.sock"),
    ],
)
def test_the_text_names_the_sender(peer: Peer, text: bytes) -> None:
    greet = Greet("", "{host}|{port}|{address}")
    Playbook(greet).when(received(peer, b"hello"), Send(peer, text))


def test_a_text_reaches_nothing_but_these_three_names() -> None:
    text = "{peer.__class__} {0} {} {{host}} 100 %"
    said = b"{peer.__class__} {0} {} {/tmp/eva.sock} 100 %"
    Playbook(Greet(text, "")).when(opened(EVA), Send(EVA, said), Close(EVA))
