"""Who asks a service that answers one thing, and what it is told."""

import pytest
from tests.playbook import (
    ANA,
    EVA,
    LUIS,
    closed,
    drained,
    finished,
    fired,
    input_ended,
    opened,
    received,
    typed,
)

from enchufe.core.asking import addressed, answer, asker
from enchufe.core.commands import Close, Send
from enchufe.core.events import Event
from enchufe.core.peer import Peer


@pytest.mark.parametrize(
    ("event", "peer"),
    [
        (opened(ANA), ANA),
        (opened(EVA), EVA),
        (opened(LUIS), None),
        (received(LUIS, b""), LUIS),
        (received(ANA, b"x"), None),
        (finished(ANA), None),
        (drained(ANA), None),
        (closed(LUIS), None),
        (fired("x"), None),
        (typed(b"x"), None),
        (input_ended(), None),
    ],
)
def test_a_stream_asks_by_coming_and_a_datagram_by_speaking(
    event: Event, peer: Peer | None
) -> None:
    assert asker(event) is peer


def test_a_stream_ends_with_the_answer_and_a_datagram_peer_may_ask_again() -> None:
    assert list(answer(ANA, b"x")) == [Send(ANA, b"x"), Close(ANA)]
    assert list(answer(LUIS, b"x")) == [Send(LUIS, b"x")]


def test_a_text_is_said_as_it_was_typed_even_if_it_is_no_utf_8() -> None:
    assert addressed("h\udcff {address} {x}", ANA) == b"h\xff %b {x}" % ANA.address.encode()
