"""The specification of the frames is that of the program: vectors, kinds, limits, payloads."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.cuts import one_by_one
from tests.docs.page import ROOT, blocks, language

from enchufe.core import cachipun, control, room
from enchufe.core.errors import ProtocolError
from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX, Frame, Kind
from enchufe.core.limits import LINE_BYTES_MAX
from enchufe.core.seal import Sealing, Side
from enchufe.wire.either import Change, EitherDecoder, Piece
from enchufe.wire.frames import PREFACE, decoded_datagram, encoded
from enchufe.wire.text import text_of

PAGES = [ROOT / "docs" / code / "frames.md" for code in ("en", "es")]


def written(page: Path, name: str) -> dict[str, Any]:
    """Return what a block of a page holds."""
    (block,) = [b for b in blocks(page.read_text(encoding="utf-8")) if b.name == name]
    found: dict[str, Any] = json.loads("\n".join(block.lines))
    return found


def vectors(page: Path = PAGES[0]) -> dict[str, list[dict[str, Any]]]:
    return written(page, "vectors.json")


def data_of(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["bytes"])


def as_written(piece: Piece) -> object:
    """Return ``piece`` as the page writes it."""
    assert not isinstance(piece, list)
    if isinstance(piece, bytes):
        return {"line": piece.decode()}
    if isinstance(piece, Change):
        return "preface"
    return {"kind": piece.kind, "stream": piece.stream, "payload": piece.payload.hex()}


def meaning_of_stream(pieces: Sequence[bytes]) -> list[object]:
    decoder, found = EitherDecoder(), list[object]()
    try:
        for data in pieces:
            for piece in decoder.feed(data):
                found.append(as_written(piece))
        decoder.finish()
        return [*found, *map(as_written, decoder.flush())]
    except ProtocolError:
        return [*found, "error"]


def meaning_of_datagram(data: bytes) -> list[object]:
    try:
        frame = decoded_datagram(data)
    except ProtocolError:
        return ["error"]
    return [as_written(text_of(data))] if frame is None else ["preface", as_written(frame)]


def encoded_as_written(piece: Any) -> bytes:
    if piece == "preface":
        return PREFACE
    return encoded(Frame(piece["kind"], piece["stream"], bytes.fromhex(piece["payload"])))


@pytest.mark.parametrize("vector", vectors()["streams"], ids=lambda vector: vector["bytes"][:60])
def test_the_bytes_of_a_stream_mean_what_the_page_says(vector: dict[str, Any]) -> None:
    data = data_of(vector)
    for pieces in ([data], one_by_one(data), [data[:20], data[20:]]):
        assert meaning_of_stream(pieces) == vector["means"]


@pytest.mark.parametrize("vector", vectors()["datagrams"], ids=lambda vector: vector["bytes"][:60])
def test_the_bytes_of_a_datagram_mean_what_the_page_says(vector: dict[str, Any]) -> None:
    assert meaning_of_datagram(data_of(vector)) == vector["means"]


def test_what_the_page_says_is_written_in_its_bytes() -> None:
    both_ways = [
        vector
        for kind in ("streams", "datagrams")
        for vector in vectors()[kind]
        if vector["means"][0] == "preface" and "error" not in vector["means"]
    ]
    assert len(both_ways) > 7
    for vector in both_ways:
        assert b"".join(map(encoded_as_written, vector["means"])) == data_of(vector)


def test_both_languages_have_the_same_vectors() -> None:
    assert vectors(PAGES[0]) == vectors(PAGES[1])


def rows(page: Path) -> list[list[str]]:
    lines = page.read_text(encoding="utf-8").split("\n")
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:2] == "| "]


@pytest.mark.parametrize("page", PAGES, ids=language)
def test_every_kind_is_listed_with_its_number(page: Path) -> None:
    listed = {row[0]: int(row[1]) for row in rows(page) if len(row) == 4 and row[1].isdigit()}
    assert listed == {kind.name: kind.value for kind in Kind}


@pytest.mark.parametrize("page", PAGES, ids=language)
def test_the_limits_are_those_of_the_program(page: Path) -> None:
    listed = [
        int(re.sub(r"\D", "", row[1].split("b")[0])) for row in rows(page) if "bytes" in row[1]
    ]
    assert listed[:4] == [
        FRAME_PAYLOAD_BYTES_MAX,
        64 * 1024,
        LINE_BYTES_MAX,
        room.SAID_BYTES_MAX,
    ]
    assert f"| {room.NAME_CHARACTERS_MAX} c" in page.read_text(encoding="utf-8")


PAYLOADS = room._KINDS | control._KINDS | cachipun._KINDS


@pytest.mark.parametrize("page", PAGES, ids=language)
@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.__name__)
def test_the_payloads_have_these_fields(page: Path, payload: type[Any]) -> None:
    name = PAYLOADS[payload].name
    (cell,) = [row[2] for row in rows(page) if row[0] == name and len(row) == 3]
    fields = payload.__struct_fields__
    assert re.findall(r"`(\w+)`", cell) == list(fields)
    optional = re.findall(r"`(\w+)` = ", cell)
    assert optional == list(fields[len(fields) - len(payload.__struct_defaults__) :])


@pytest.mark.parametrize("page", PAGES, ids=language)
def test_every_notice_is_named(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert [what for what in room.What if f"`{what}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=language)
def test_every_word_of_the_game_is_named(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").split())
    words = (*cachipun.What, *cachipun.Why, *cachipun.Choice)
    assert [word for word in words if f"`{word}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=language)
def test_the_digests_of_choices_are_these(page: Path) -> None:
    told: list[dict[str, Any]] = written(page, "digests.json")  # type: ignore[assignment]
    assert len(told) > 2
    for row in told:
        place = row["match"], row["round"], row["seat"]
        assert cachipun.commitment(*place, row["choice"], row["nonce"]) == row["digest"]


@pytest.mark.parametrize("page", PAGES, ids=language)
@pytest.mark.parametrize("side", Side)
def test_what_the_page_seals_is_sealed_so(page: Path, side: Side) -> None:
    told = written(page, "seals.json")
    key, *nonces = (bytes.fromhex(told[name]) for name in ("key", "caller_nonce", "server_nonce"))
    ours, theirs = Sealing(key, side, *nonces), Sealing(key, side.other, *nonces)
    sealed_frames = told[side.value.decode()]
    assert len(sealed_frames) > 1
    for row in sealed_frames:
        frame = Frame(row["kind"], 0, bytes.fromhex(row["payload"]))
        sealed = Frame(Kind.SEALED, 0, bytes.fromhex(row["sealed"]))
        assert ours.seal(frame) == sealed
        assert theirs.opened(sealed) == frame


@pytest.mark.parametrize("page", PAGES, ids=language)
def test_every_outcome_is_named(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert [word for word in control.Outcome if f"`{word}`" not in text] == []
