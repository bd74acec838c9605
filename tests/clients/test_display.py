"""What arrives, as the next program or a person wants it."""

import asyncio
import io
from collections.abc import Sequence

import pytest

from enchufe.clients import display
from enchufe.clients.display import HexDump, Marked, Pass, SafeLines, SafeText


@pytest.mark.parametrize(
    ("messages", "ends_messages", "passed"),
    [
        ([b"one", b"two"], False, b"onetwo"),
        ([b"\xff\0\r\n"], False, b"\xff\0\r\n"),
        ([b"one", b"two\n", b""], True, b"one\ntwo\n\n"),
    ],
)
def test_a_pipe_gets_the_bytes_and_an_end_for_each_datagram(
    messages: Sequence[bytes], ends_messages: bool, passed: bytes
) -> None:
    stream = io.BytesIO()
    shown = Pass(stream, ends_messages=ends_messages)
    for message in messages:
        shown.show(message)
    shown.end()
    assert stream.getvalue() == passed


@pytest.mark.parametrize("size_bytes", [1, 2, 3, 100])
def test_a_stream_is_shown_the_same_whatever_the_cuts(size_bytes: int) -> None:
    data = "cañón\r\n\x1b[31m漢字🔌\r\r\nover\rwritten\n".encode() + b"\xff\xc3"
    stream = io.StringIO()
    shown = SafeText(ends_messages=False, stream=stream)
    for i in range(0, len(data), size_bytes):
        shown.show(data[i : i + size_bytes])
    shown.end()
    assert stream.getvalue() == "cañón\n\\e[31m漢字🔌\\r\nover\\rwritten\n\\xff\\xc3\n"


def test_an_open_line_is_ended_and_an_ended_one_is_not_ended_twice() -> None:
    for data, text in ((b"open", "open\n"), (b"ended\n", "ended\n"), (b"", "")):
        stream = io.StringIO()
        shown = SafeText(ends_messages=False, stream=stream)
        shown.show(data)
        shown.end()
        assert stream.getvalue() == text


def test_each_datagram_is_a_line_of_its_own() -> None:
    stream = io.StringIO()
    shown = SafeText(ends_messages=True, stream=stream)
    for message in (b"one", b"two\n", b"three\r\n", b"", "ñ".encode()[:1]):
        shown.show(message)
    shown.end()
    assert stream.getvalue() == "one\ntwo\nthree\n\n\\xc3\n"


@pytest.mark.parametrize(("wants_none", "mark"), [("", "\x1b[36m<\x1b[0m "), ("1", "< ")])
def test_a_message_is_one_marked_line_whatever_is_in_it(
    monkeypatch: pytest.MonkeyPatch, wants_none: str, mark: str
) -> None:
    monkeypatch.setenv("NO_COLOR", wants_none)
    stream = io.StringIO()
    shown = Marked(stream)
    for message in (b"hola", b"", b"one\n> two\r\x1b[2J", "ñ\t\u202e".encode()):
        shown.show(message)
    shown.end()
    lines = ["hola", "", "one\\n> two\\r\\e[2J", "ñ\t\\u202e"]
    assert stream.getvalue() == "".join(f"{mark}{line}\n" for line in lines)


def test_hexadecimal_goes_on_counting_where_the_last_read_ended() -> None:
    stream = io.StringIO()
    shown = HexDump(stream)
    shown.show(b"abc")
    shown.show(b"")
    shown.show(b"d")
    shown.end()
    offsets = [line[:8] for line in stream.getvalue().splitlines()]
    assert offsets == ["00000000", "00000000", "00000003"]


def test_a_person_typing_sees_whole_lines_and_a_rest_once_it_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(display, "TEXT_QUIET_S", 0.05)

    async def main() -> None:
        shown = SafeLines()
        shown.show(b"one\ntw")
        assert capsys.readouterr().out == "one\n"
        shown.show(b"o\nlogin: ")
        assert capsys.readouterr().out == "two\n"
        await asyncio.sleep(0.2)
        assert capsys.readouterr().out == "login: \n"
        shown.show("bye ñ".encode()[:-1])
        shown.end()
        assert capsys.readouterr().out == "bye \\xc3\n"
        await asyncio.sleep(0.1)
        assert capsys.readouterr().out == ""

    asyncio.run(main())


def test_a_line_that_never_ends_is_not_kept_for_ever(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(display, "LINE_BYTES_MAX", 10)

    async def main() -> None:
        shown = SafeLines()
        shown.show(b"0123456789")
        assert capsys.readouterr().out == "0123456789\n"
        shown.end()
        assert capsys.readouterr().out == ""

    asyncio.run(main())
