"""Speech: each peer gets bytes it understands, and those who get the same get them together."""

import pytest
from tests.playbook import ANA, EVA, LUIS

from enchufe.core.commands import Send, Spread, SpreadFrame
from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX, Frame, Kind
from enchufe.core.peer import Peer, Transport
from enchufe.wire.frames import PREFACE, encoded
from enchufe.wire.speech import GROUPINGS_MAX, Speech

WINDOW = Peer(5, Transport.AYUDANTIA, "192.0.2.5", 50_005)
LEO = Peer(4, Transport.UDP, "192.0.2.4", 50_004, is_stream=False)
HOLA = b"\0\0\0\4\1\0\0\0\0hola"
KEPT = Frame(Kind.KEPT, 7)


def framed(*peers: Peer) -> Speech:
    """Return a speech in which those peers speak frames."""
    speech = Speech()
    for peer in peers:
        speech.frames_for(peer)
    return speech


@pytest.mark.parametrize(
    ("speech", "peer", "said"),
    [
        (framed(), ANA, b"hola\n"),
        (framed(), WINDOW, b"\0\0\0\4hola"),
        (framed(), LUIS, b"hola"),
        (framed(ANA, LUIS), EVA, b"hola\n"),
        (framed(ANA), ANA, HOLA),
        (framed(LUIS), LUIS, PREFACE + HOLA),
    ],
)
def test_text_is_a_line_a_datagram_or_a_frame(speech: Speech, peer: Peer, said: bytes) -> None:
    assert speech.text(peer, b"hola") == said


def test_a_frame_in_a_datagram_comes_with_its_preface() -> None:
    speech = framed(ANA, LUIS)
    assert speech.frame(ANA, KEPT) == encoded(KEPT)
    assert speech.frame(LUIS, KEPT) == PREFACE + encoded(KEPT)


@pytest.mark.parametrize(
    ("speech", "peer", "said"),
    [
        (framed(), ANA, b"enchufe: no such \xc3\xb1\n"),
        (framed(ANA), ANA, b'\0\0\0\x14\2\0\0\0\0{"why":"no such \xc3\xb1"}'),
    ],
)
def test_an_error_is_a_line_or_a_frame(speech: Speech, peer: Peer, said: bytes) -> None:
    assert speech.error(peer, "no such ñ") == said


def test_a_stream_is_told_once_that_frames_follow() -> None:
    speech = Speech()
    assert list(speech.frames_for(ANA)) == [Send(ANA, PREFACE)]
    assert list(speech.frames_for(ANA)) == []
    assert list(speech.frames_for(LUIS)) == []  # each of its datagrams says so


def test_who_has_left_is_forgotten() -> None:
    speech = framed(ANA)
    speech.forget(ANA)
    speech.forget(ANA)
    assert speech.text(ANA, b"hola") == b"hola\n"
    assert not speech._framed


def test_what_is_spread_goes_out_once_for_each_way_of_speaking() -> None:
    speech = framed(EVA, LEO)
    rosa = Peer(5, Transport.TCP, "192.0.2.5", 50_005)
    assert speech.spread_text(Spread((ANA, LUIS, EVA, LEO, rosa), b"hola", but=rosa)) == [
        Spread((ANA, rosa), b"hola\n", rosa),
        Spread((LUIS,), b"hola", rosa),
        Spread((EVA,), HOLA, rosa),
        Spread((LEO,), PREFACE + HOLA, rosa),
    ]
    assert speech.spread_frame(SpreadFrame((EVA, LEO), KEPT)) == [
        Spread((EVA,), encoded(KEPT)),
        Spread((LEO,), PREFACE + encoded(KEPT)),
    ]
    assert speech.spread_text(Spread((), b"hola")) == []


def test_an_audience_is_grouped_anew_when_somebody_speaks_otherwise() -> None:
    speech, hola = Speech(), Spread((ANA, EVA), b"hola")
    as_lines = [Spread((ANA, EVA), b"hola\n")]
    assert speech.spread_text(hola) == as_lines
    assert speech._groups(hola.peers) is speech._groups(hola.peers)
    speech.frames_for(EVA)
    assert speech.spread_text(hola) == [Spread((ANA,), b"hola\n"), Spread((EVA,), HOLA)]
    speech.forget(EVA)
    assert speech.spread_text(hola) == as_lines


def test_few_audiences_are_kept() -> None:
    speech = Speech()
    for number in range(5 * GROUPINGS_MAX):
        speech.spread_text(Spread((Peer(number, Transport.TCP), ANA), b"hola"))
        assert len(speech._groupings) <= GROUPINGS_MAX


def test_saying_more_than_a_frame_holds_is_our_own_fault() -> None:
    with pytest.raises(AssertionError):
        framed(ANA).text(ANA, b"x" * (FRAME_PAYLOAD_BYTES_MAX + 1))
