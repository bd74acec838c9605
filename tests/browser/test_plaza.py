"""The room in a browser: everybody in it hears everybody else, and no text becomes markup."""

import base64
import signal
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect
from tests.browser.windows import Window, plain, port_of, serving_page
from tests.cli.programs import running, serving
from tests.ports import free_port

Open = Callable[..., Window]


def speak(window: Window, text: str) -> None:
    window.page.get_by_label("Say something").press_sequentially(text)
    window.page.keyboard.press("Enter")


def be_called(window: Window, name: str) -> None:
    """Change the name of somebody who is in; before that it would be the name they come with."""
    expect(window.find("#plaza .name")).not_to_have_value("")
    window.find("#plaza .name").fill(name)
    window.page.keyboard.press("Enter")
    window.find("#plaza .people").get_by_text(name).wait_for()


def png(width: int, height: int) -> bytes:
    """Return a picture in one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x20\x80\x60" * width for _ in range(height))
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks)


def test_a_browser_our_client_and_ncat_talk_in_one_room(open_window: Open, home: Path) -> None:
    with serving_page("chat@tcp://:0") as (server, url):
        port = port_of(server, "chat")
        window = open_window(url)
        be_called(window, "eva")
        with (
            running("chat", f"tcp://:{port}", "--name", "ana") as ana,
            plain(port) as luis,
        ):
            window.says("ana came")
            luis.say("/name luis\n")
            window.says("is now luis")
            speak(window, "hola desde el navegador")
            luis.until("eva: hola desde el navegador")
            ana.out.until("eva: hola desde el navegador")
            luis.say("hola de ncat\n")
            ana.say(b"hola de ana\n")
            window.says("hola de ncat")
            window.says("hola de ana")
            people = window.find("#plaza .people")
            expect(people).to_contain_text("eva")
            expect(people).to_contain_text("browser")
            expect(people).to_contain_text("luis")


def test_a_picture_dropped_in_one_window_appears_in_the_other(
    open_window: Open, home: Path
) -> None:
    with serving_page("chat@tcp://:0") as (_server, url):
        ana, luis = open_window(url), open_window(url)
        be_called(ana, "ana")
        be_called(luis, "luis")
        ana.page.evaluate(
            """(base64) => {
                const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
                const dropped = new DataTransfer();
                dropped.items.add(new File([bytes], "sea <b>.png", { type: "image/png" }));
                const event = new DragEvent("drop", { dataTransfer: dropped, bubbles: true });
                document.querySelector("#plaza").dispatchEvent(event);
            }""",
            base64.b64encode(png(640, 480)).decode(),
        )
        image = luis.find("#plaza .log img")
        image.wait_for()
        assert image.evaluate("(img) => [img.naturalWidth, img.naturalHeight]") == [640, 480]
        luis.says("sea <b>.png")
        expect(ana.find("#plaza .line.pending")).to_have_count(0)
        expect(ana.find("#plaza progress")).to_have_count(0)


def test_a_file_is_saved_byte_for_byte(open_window: Open, home: Path) -> None:
    data = bytes(range(256)) * 4096
    with serving_page("chat@tcp://:0") as (_server, url):
        ana, luis = open_window(url), open_window(url)
        be_called(luis, "luis")
        ana.find("#plaza input[type=file]").set_input_files(
            {"name": "notes.pdf", "mimeType": "application/pdf", "buffer": data}
        )
        luis.says("notes.pdf")
        with luis.page.expect_download() as download:
            luis.page.get_by_role("button", name="Get it").click()
        assert download.value.suggested_filename == "notes.pdf"
        assert Path(download.value.path()).read_bytes() == data


def test_a_file_that_is_too_large_is_refused_and_the_limit_is_said(
    open_window: Open, home: Path
) -> None:
    with serving_page("chat@tcp://:0", "--max-file", "10K") as (_server, url):
        window = open_window(url)
        be_called(window, "ana")
        window.find("#plaza input[type=file]").set_input_files(
            {"name": "big.bin", "mimeType": "application/octet-stream", "buffer": bytes(20_000)}
        )
        window.says("Not taken: the room takes files of up to 10 KiB")


def test_what_calls_itself_a_picture_and_is_none_is_not_shown(
    open_window: Open, home: Path
) -> None:
    page = b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.harm=1'></svg>"
    with serving_page("chat@tcp://:0") as (_server, url):
        ana, luis = open_window(url), open_window(url)
        be_called(luis, "luis")
        ana.find("#plaza input[type=file]").set_input_files(
            {"name": "cat.png", "mimeType": "image/png", "buffer": page}
        )
        luis.says("This is no picture, whatever it is called")
        assert luis.find("#plaza .log img").count() == 0
        assert luis.page.evaluate("window.harm") is None


TEXTS = (
    "<script>window.harm = 1</script>",
    "<img src=x onerror='window.harm = 1'>",
    "</p></li><svg onload=window.harm=1>",
    "javascript:window.harm=1",
    "{name} {text} ${window.harm = 1}",
)


def test_what_a_peer_writes_never_becomes_markup(open_window: Open, home: Path) -> None:
    with serving_page("chat@tcp://:0") as (server, url):
        window = open_window(url)
        be_called(window, "ana")
        with plain(port_of(server, "chat")) as luis:
            for text in TEXTS:
                luis.say(f"{text}\n/name {text}\n/msg ana {text}\n")
                window.says(text)
            luis.say(f"/name {'x' * 24}\n")
            window.says("x" * 24)
            window.page.goto(url + "#wire")
            for text in TEXTS:
                window.find("#wire .search").fill(text)
                shown = window.find("#wire .rows .row:not([hidden])")
                expect(shown.filter(has_not_text=text)).to_have_count(0)
                shown.first.click()
                window.find("#wire .detail").wait_for()
        assert window.page.evaluate("window.harm") is None
        assert window.find("#plaza script, #wire script, #plaza .log img").count() == 0


def test_controls_and_turned_text_are_shown_and_do_nothing(open_window: Open, home: Path) -> None:
    with serving_page("chat@tcp://:0") as (server, url):
        window = open_window(url)
        be_called(window, "ana")
        with plain(port_of(server, "chat")) as luis:
            luis.say("a\x1b[31mred \u202egnp.exe\n")
            window.says("red")
            shown = window.find("#plaza .line p").last.inner_text()
            assert "\x1b" not in shown
            assert "\u202e" not in shown


def test_what_is_written_while_the_server_is_away_is_said_once_when_it_is_back(
    open_window: Open, home: Path
) -> None:
    history, port, room = str(home / "plaza.db"), free_port(), free_port()
    words = (f"chat@tcp://:{room}", "--history", history, "--web", f":{port}")
    with serving(*words) as server:
        window = open_window(f"http://localhost:{port}/")
        be_called(window, "ana")
        speak(window, "before")
        expect(window.find("#plaza .line.pending")).to_have_count(0)
        server.signal(signal.SIGKILL)
        server.process.wait()
        window.says("The connection is lost")
        speak(window, "meanwhile")
        expect(window.find("#plaza .line.pending")).to_have_count(1)
    with serving(*words), plain(room) as luis:
        expect(window.find("#plaza .line.pending")).to_have_count(0)
        luis.say("/history 10\n")
        heard = luis.until("* Here you are now")
        heard += luis.until("meanwhile") if "meanwhile" not in heard else ""
        luis.say("after\n")
        window.says("after")
        assert [heard.count(word) for word in ("ana: before", "ana: meanwhile")] in ([1, 1], [2, 2])


def test_a_room_that_has_forgotten_all_is_heard_when_it_is_back(
    open_window: Open, home: Path
) -> None:
    port, room = free_port(), free_port()
    words = (f"chat@tcp://:{room}", "--web", f":{port}")
    with serving(*words) as server:
        window = open_window(f"http://localhost:{port}/")
        be_called(window, "ana")
        for text in ("one", "two", "three"):
            speak(window, text)
        expect(window.find("#plaza .line.pending")).to_have_count(0)
        server.signal(signal.SIGKILL)
        server.process.wait()
        window.says("The connection is lost")
    with serving(*words), plain(room) as luis:
        luis.say("said meanwhile\n")
        window.says("said meanwhile")
        luis.say("and after\n")
        window.says("and after")
        assert window.find("#plaza .log").get_by_text("said meanwhile").count() == 1


def test_a_page_that_is_loaded_anew_is_the_same_person(open_window: Open, home: Path) -> None:
    with serving_page("chat@tcp://:0") as (server, url), plain(port_of(server, "chat")) as luis:
        window = open_window(url)
        be_called(window, "ana")
        luis.until("is now ana")
        window.page.reload()
        window.find("#plaza .people").get_by_text("ana").wait_for()
        speak(window, "here again")
        assert luis.until("ana: here again").splitlines() == ["ana: here again"]


def test_consecutive_lines_of_one_person_are_joined_and_colour_says_who(
    open_window: Open, home: Path
) -> None:
    with serving_page("chat@tcp://:0") as (server, url), plain(port_of(server, "chat")) as luis:
        window = open_window(url)
        be_called(window, "ana")
        luis.say("/name luis\none\ntwo\n")
        window.says("two")
        assert window.find("#plaza .log .who").count() == 1
        person = window.find("#plaza .people b").get_by_text("luis", exact=True)
        colour = "(element) => getComputedStyle(element).color"
        expect(window.find("#plaza .log .who.hued")).to_have_count(1)
        hue = window.find("#plaza .log .who").evaluate(colour)
        assert hue == person.evaluate(colour)
        others = window.find("#plaza .people b").get_by_text("ana", exact=True)
        assert hue != others.evaluate(colour)


def test_who_is_alone_is_told_how_others_come(open_window: Open, home: Path) -> None:
    with serving_page("chat@tcp://:0") as (server, url):
        window = open_window(url)
        window.says("Open a terminal and type")
        expect(window.find("#plaza .teach code")).to_have_text(
            f"ncat localhost {port_of(server, 'chat')}"
        )
        with plain(port_of(server, "chat")) as luis:
            luis.say("hola\n")
            window.says("hola")
            expect(window.find("#plaza .teach")).to_be_hidden()
