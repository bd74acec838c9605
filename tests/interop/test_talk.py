"""Talk against the guides' chats and foreign tools, in both roles, with each of their habits."""

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.programs import Program, running
from tests.interop.programs import FOREIGN_READY, SCRIPTS, wait_until
from tests.interop.typists import Typist, typist
from tests.ports import free_port

from enchufe.machine.sockets import SocketSelection, list_sockets

HABITS = pytest.mark.parametrize("habit", ["answers", "waits", "leaves"])


def script(name: str, *words: str | int) -> tuple[str, ...]:
    return (sys.executable, str(SCRIPTS / f"{name}.py"), *map(str, words))


@contextlib.contextmanager
def we_call(endpoint: str, friend: Typist, *words: str) -> Iterator[Program]:
    """Call a friend who waits, once they do."""
    friend.sees.until(FOREIGN_READY)
    with running("talk", endpoint, *words) as us:
        us.err.until("Talking with")
        yield us


@contextlib.contextmanager
def we_wait(endpoint: str, *words: str) -> Iterator[tuple[Program, int]]:
    """Wait to be called; yield our end and its port (0 for a path)."""
    with running("talk", "--listen", endpoint, *words) as us:
        found = us.err.until(r"enchufe talk \w+://\S*?(?::(\d+))?(?: --turns)?$")[1]
        yield us, int(found or 0)


def ends_well(us: Program, friend: Typist) -> None:
    assert (us.wait(), friend.wait()) == (0, 0)


# By turns, as the guides' third step asks


def test_by_turns_we_call_their_server_and_say_bye() -> None:
    port = free_port()
    with (
        typist(*script("udp_turns_chat_server", port)) as friend,
        we_call(f"udp://localhost:{port}", friend, "--turns") as us,
    ):
        us.say(b"hola\n")
        friend.sees.until(r"^hola from \('127\.0\.0\.1', \d+\)")
        us.say(b"too early\n")
        us.err.until("It is the other side's turn")
        friend.types("qué tal")
        us.out.until("^qué tal$")
        friend.sees.until("^too early from")
        friend.types("patience")
        us.out.until("^patience$")
        us.say(b"Bye\n")
        ends_well(us, friend)
        assert "\nbye from" in friend.sees.text.replace("\r", "")


def test_by_turns_we_call_their_server_and_they_say_bye() -> None:
    port = free_port()
    with (
        typist(*script("udp_turns_chat_server", port)) as friend,
        we_call(f"udp://localhost:{port}", friend, "--turns") as us,
    ):
        us.say(b"hola\n")
        friend.sees.until("^hola from")
        friend.types("bye")
        ends_well(us, friend)
        assert us.out.text == "bye\n"


@pytest.mark.parametrize("they_end_it", [True, False])
def test_by_turns_their_client_calls_us(they_end_it: bool) -> None:
    with (
        we_wait("udp://localhost:0", "--turns") as (us, port),
        typist(*script("udp_turns_chat_client", "127.0.0.1", port)) as friend,
    ):
        friend.types("hello")
        us.out.until("^hello$")
        us.say(b"hi there\n")
        friend.sees.until("^hi there")
        friend.types("bye" if they_end_it else "and now?")
        if not they_end_it:
            us.out.until("^and now.$")
            us.say(b"bye\n")
            friend.sees.until("^bye")
        ends_well(us, friend)


# At the same time, as the fourth step asks


@HABITS
@pytest.mark.parametrize("they_end_it", [True, False])
def test_at_the_same_time_we_call_them(habit: str, they_end_it: bool) -> None:
    port = free_port()
    with (
        typist(*script("udp_threads_chat", port, habit)) as friend,
        we_call(f"udp://localhost:{port}", friend) as us,
    ):
        chat_and_end(us, friend, they_end_it=they_end_it)


@HABITS
@pytest.mark.parametrize("they_end_it", [True, False])
def test_at_the_same_time_they_call_us(habit: str, they_end_it: bool) -> None:
    with (
        we_wait("udp://localhost:0") as (us, port),
        typist(*script("udp_threads_chat", "127.0.0.1", port, habit)) as friend,
    ):
        friend.types("here I am")
        us.out.until("^here I am$")
        chat_and_end(us, friend, they_end_it=they_end_it)


@pytest.mark.parametrize("they_end_it", [True, False])
@pytest.mark.parametrize("they_call", [True, False])
def test_over_tcp_without_ends_of_line(they_call: bool, they_end_it: bool) -> None:
    with contextlib.ExitStack() as stack:
        if they_call:
            us, port = stack.enter_context(we_wait("tcp://localhost:0"))
            words = script("tcp_threads_chat", "127.0.0.1", port)
            friend = stack.enter_context(typist(*words))
        else:
            port = free_port()
            friend = stack.enter_context(typist(*script("tcp_threads_chat", port)))
            us = stack.enter_context(we_call(f"tcp://127.0.0.1:{port}", friend))
        friend.types("here I am")
        us.out.until("^here I am$")
        chat_and_end(us, friend, they_end_it=they_end_it)


def chat_and_end(us: Program, friend: Typist, *, they_end_it: bool) -> None:
    """Say some things on both sides, two of them in a row, and let one side say bye."""
    us.say(b"uno\n")
    friend.sees.until("^uno")
    us.say("qué más\n".encode())
    friend.sees.until("^qué más")
    friend.types("ya")
    us.out.until("^ya$")
    friend.types("ya ya")
    us.out.until("^ya ya$")
    if they_end_it:
        friend.types("bye")
    else:
        us.say(b"bye\n")
    ends_well(us, friend)
    if they_end_it:
        assert us.out.text.endswith("\nbye\n")
    else:
        assert re.search("^bye", friend.sees.text, re.MULTILINE) or "\n\r\n" in friend.sees.text


# Foreign tools


def tools(*, they_listen: bool) -> list[tuple[str, list[str]]]:
    """Return, for each tool, the transport and its words; {place} is a port or a path."""
    listen = ["-l"] if they_listen else []
    here = [] if they_listen else ["127.0.0.1"]
    made = []
    for tool in ("ncat", "nc"):
        where = ["127.0.0.1"] if they_listen else here
        made += [
            ("tcp", [tool, *listen, *where, "{place}"]),
            ("udp", [tool, "-u", *listen, *where, "{place}"]),
            ("unix", [tool, "-U", *listen, "{place}"]),
        ]
    return made


@pytest.mark.parametrize(("transport", "words"), tools(they_listen=False))
def test_a_tool_that_calls_us_talks_and_ends_with_bye(
    tmp_path: Path, transport: str, words: list[str]
) -> None:
    path = str(tmp_path / "talk")
    endpoint = f"unix://{path}" if transport == "unix" else f"{transport}://127.0.0.1:0"
    with (
        we_wait(endpoint) as (us, port),
        typist(*(word.format(place=port or path) for word in words)) as friend,
    ):
        friend.types("hola")
        us.out.until("^hola$")
        us.say("¿sí?\n".encode())
        friend.sees.until(r"¿sí\?")
        friend.types("BYE")
        assert us.wait() == 0
        assert us.out.text == "hola\nBYE\n"
        friend.sees.until("bye")


@pytest.mark.parametrize(("transport", "words"), tools(they_listen=True))
def test_a_tool_that_waits_is_called_and_hears_our_bye(
    tmp_path: Path, transport: str, words: list[str]
) -> None:
    path = str(tmp_path / "talk")
    port = free_port()
    place = path if transport == "unix" else str(port)
    endpoint = f"unix://{path}" if transport == "unix" else f"{transport}://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        friend = stack.enter_context(typist(*(word.format(place=place) for word in words)))
        listens = SocketSelection(listening_only=True, pid=friend.process.pid)
        wait_until(lambda: bool(list_sockets(listens)), "that it listens")
        us = stack.enter_context(running("talk", endpoint))
        us.say(b"hola\n")
        friend.sees.until("hola")
        friend.types("adelante")
        us.out.until("^adelante$")
        us.say(b"bye\n")
        assert us.wait() == 0
        friend.sees.until("bye")


# Files


@pytest.mark.parametrize("they_listen", [False, True])
@pytest.mark.parametrize("tool", ["ncat", "nc", "script"])
def test_a_file_for_them_is_one_line_to_read_and_the_talk_goes_on(
    tmp_path: Path, tool: str, they_listen: bool
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"\x89PNG")
    with contextlib.ExitStack() as stack:
        place: list[str | int] = ["127.0.0.1"]
        if they_listen:
            port = free_port()
            place = [] if tool == "script" else ["-l", "127.0.0.1"]
        else:
            us, port = stack.enter_context(we_wait("tcp://127.0.0.1:0"))
        words = (
            script("tcp_threads_chat", *place, port)
            if tool == "script"
            else (tool, *map(str, place), str(port))
        )
        friend = stack.enter_context(typist(*words))
        if they_listen:
            listens = SocketSelection(listening_only=True, pid=friend.process.pid)
            wait_until(lambda: bool(list_sockets(listens)), "that it listens")
            us = stack.enter_context(running("talk", f"tcp://127.0.0.1:{port}"))
            us.err.until("Talking with")
        us.say(b"look\n")
        friend.sees.until("^look")
        us.say(f"/send {photo}\n".encode())
        friend.sees.until(r"^enchufe/1 would like to send photo\.png \(4 bytes\)")
        us.err.until(r"photo\.png not sent: .* takes no files")
        friend.types("what a pity")
        us.out.until("^what a pity$")
        us.say(b"never mind\n")
        friend.sees.until("^never mind")
        us.say(b"bye\n")
        assert us.wait() == 0
        assert "\0" not in friend.sees.text
