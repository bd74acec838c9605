"""A browser as a peer: what it says, what it does not read, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from tests.net.recording import Driven, on_loop, until
from tests.web.browser import Browser

from enchufe.core.commands import AwaitDrained, Close, Command, Finish, Rest, Send
from enchufe.core.events import (
    Event,
    MessageReceived,
    PeerBehind,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerOpened,
    Reason,
)
from enchufe.core.limits import PEER_QUEUE_BYTES_MAX, SEND_QUEUE_BYTES_MAX
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing
from enchufe.web.link import MESSAGE_BYTES, WebLink

PEER = Peer(1, Transport.WEBSOCKET, "127.0.0.1", 50_000)
MUCH = SEND_QUEUE_BYTES_MAX + 1


def conversation(
    play: Callable[[Browser, WebLink, Driven], Awaitable[None]],
    rule: Callable[[Event], Sequence[Command]] = lambda _event: (),
    framing: Framing = Framing.RAW,
) -> tuple[Browser, Driven]:
    """Let a browser talk with a service until the conversation is over, on either event loop."""

    async def main() -> tuple[Browser, Driven]:
        browser, driven = Browser(), Driven(rule, framing)
        link = WebLink(driven.driver, PEER, await browser.accepted())
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            tasks.create_task(link.run())
            await until(lambda: bool(driven.driver.links) or bool(driven.service.of(PeerClosed)))
            await play(browser, link, driven)
        assert driven.driver.links == {}
        return browser, driven

    on_loop(main(), plain=True)
    return on_loop(main())


async def turns() -> None:
    """Let everybody have their turn, several times."""
    for _turn in range(20):
        await asyncio.sleep(0)


def closed(driven: Driven) -> PeerClosed:
    (event,) = driven.service.of(PeerClosed)
    assert isinstance(event, PeerClosed)
    return event


def messages(driven: Driven) -> list[bytes]:
    return [event.message for event in driven.service.events if isinstance(event, MessageReceived)]


def answer(event: Event) -> Sequence[Command]:
    return (Send(event.peer, event.message),) if isinstance(event, MessageReceived) else ()


@pytest.mark.parametrize(
    ("said", "came"),
    [(b"hola", b"hola"), ("hola", b"hola\n"), ("hola\n", b"hola\n"), (b"", b""), ("", b"\n")],
)
def test_what_a_browser_says_comes_as_bytes_and_text_as_a_line(
    said: bytes | str, came: bytes
) -> None:
    async def play(browser: Browser, _link: WebLink, driven: Driven) -> None:
        browser.say(said)
        await until(lambda: bool(driven.service.of(MessageReceived)))
        browser.leave(1000)

    _browser, driven = conversation(play)
    assert messages(driven) == [came]


def test_what_is_said_to_it_comes_whole_and_in_order_however_it_is_cut() -> None:
    said = [bytes([number]) * 100_000 for number in range(20)]

    async def play(browser: Browser, link: WebLink, _driven: Driven) -> None:
        for message in said:
            link.send(message)
        await until(lambda: sum(map(len, browser.heard)) == 2_000_000)
        browser.leave(1000)

    browser, _driven = conversation(play)
    assert b"".join(browser.heard) == b"".join(said)
    assert max(map(len, browser.heard)) <= MESSAGE_BYTES


@pytest.mark.parametrize(
    ("code", "reason", "finishes"),
    [
        (1000, Reason.FINISHED, True),
        (1005, Reason.FINISHED, True),  # closed without saying why, as programs do
        (1001, Reason.AWAY, False),  # the tab was reloaded
        (1006, Reason.RESET, False),  # the connection broke
        (1012, Reason.RESET, False),
    ],
)
def test_only_who_leaves_on_purpose_has_finished(code: int, reason: Reason, finishes: bool) -> None:
    async def play(browser: Browser, _link: WebLink, _driven: Driven) -> None:
        browser.leave(code)

    browser, driven = conversation(play)
    assert closed(driven).reason is reason
    assert bool(driven.service.of(PeerFinished)) is finishes
    assert not browser.is_aborted


def test_what_came_before_the_end_is_heard() -> None:
    async def play(browser: Browser, _link: WebLink, _driven: Driven) -> None:
        for number in range(50):
            browser.say(b"%d" % number)
        browser.leave(1000)

    _browser, driven = conversation(play)
    assert messages(driven) == [b"%d" % number for number in range(50)]
    assert closed(driven).reason is Reason.FINISHED


def test_a_browser_that_does_not_read_is_behind_and_not_read_until_it_has_caught_up() -> None:
    async def play(browser: Browser, link: WebLink, driven: Driven) -> None:
        browser.reads.clear()
        link.send(bytes(MUCH))
        await until(lambda: bool(driven.service.of(PeerBehind)))
        browser.say(b"first")  # one may be under way already
        browser.say(b"second")
        link.read_on()  # a service's word does not help it
        await turns()
        assert browser.unread >= 1
        assert link.queued_bytes() == MUCH
        browser.reads.set()
        await until(lambda: messages(driven) == [b"first", b"second"])
        assert link.queued_bytes() == 0
        browser.leave(1000)

    conversation(play)


def test_a_browser_that_leaves_eight_mebibytes_unread_is_cut_off() -> None:
    async def play(browser: Browser, link: WebLink, driven: Driven) -> None:
        browser.reads.clear()
        for _piece in range(PEER_QUEUE_BYTES_MAX // MUCH + 2):
            link.send(bytes(MUCH))
            await asyncio.sleep(0)

    browser, driven = conversation(play)
    assert browser.is_aborted
    assert closed(driven).reason is Reason.SLOW
    assert PEER_QUEUE_BYTES_MAX < closed(driven).unsent_bytes <= PEER_QUEUE_BYTES_MAX + 2 * MUCH


def test_drained_is_told_once_all_has_left() -> None:
    def rule(event: Event) -> Sequence[Command]:
        match event:
            case MessageReceived(peer=peer):
                return (Send(peer, b"some"), AwaitDrained(peer))
            case _:
                return ()

    async def play(browser: Browser, _link: WebLink, driven: Driven) -> None:
        browser.reads.clear()
        browser.say(b"go")
        await until(lambda: bool(driven.service.of(MessageReceived)))
        await turns()
        assert driven.service.of(PeerDrained) == []
        browser.reads.set()
        await until(lambda: bool(driven.service.of(PeerDrained)))
        assert browser.heard == [b"some"]
        browser.leave(1000)

    conversation(play, rule)


def test_a_service_without_end_lets_others_have_their_turn() -> None:
    """A browser that takes all at once never makes the writer wait: it must give way itself."""

    def rule(event: Event) -> Sequence[Command]:
        match event:
            case PeerOpened(peer=peer) | PeerDrained(peer=peer):
                return (Send(peer, b"more"), AwaitDrained(peer))
            case _:
                return ()

    async def play(browser: Browser, _link: WebLink, driven: Driven) -> None:
        before = len(browser.heard)
        await asyncio.sleep(0)
        assert len(browser.heard) - before < 5
        browser.leave(1000)

    conversation(play, rule)


def test_many_messages_at_once_let_others_have_their_turn() -> None:
    async def play(browser: Browser, _link: WebLink, driven: Driven) -> None:
        for _message in range(1000):
            browser.say(b"x")
        await turns()
        assert 0 < len(messages(driven)) < 100
        browser.leave(1000)
        await until(lambda: len(messages(driven)) == 1000)

    conversation(play)


def test_a_service_that_rests_reads_no_more_until_it_goes_on() -> None:
    def rule(event: Event) -> Sequence[Command]:
        return (Rest(event.peer),) if isinstance(event, MessageReceived) else ()

    async def play(browser: Browser, link: WebLink, driven: Driven) -> None:
        browser.say(b"one")
        await until(lambda: messages(driven) == [b"one"])
        browser.say(b"two")
        browser.say(b"three")
        await turns()
        assert messages(driven) == [b"one"]
        link.read_on()
        await until(lambda: messages(driven) == [b"one", b"two"])
        browser.vanish()
        link.read_on()
        link.read_on()
        await until(lambda: len(messages(driven)) == 3)
        link.read_on()

    conversation(play, rule)


def test_close_says_all_that_is_queued_and_then_goodbye() -> None:
    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, PeerOpened):
            return (Send(event.peer, b"one"), Send(event.peer, b"two"), Close(event.peer))
        return ()

    async def play(_browser: Browser, _link: WebLink, _driven: Driven) -> None:
        return

    browser, driven = conversation(play, rule)
    assert (b"".join(browser.heard), browser.code) == (b"onetwo", 1000)
    assert closed(driven).reason is Reason.OURS
    assert closed(driven).unsent_bytes == 0
    assert not browser.is_aborted


def test_close_waits_for_a_browser_that_reads_later_and_hears_nothing_more_of_it() -> None:
    async def play(browser: Browser, link: WebLink, driven: Driven) -> None:
        browser.reads.clear()
        link.send(b"last words")
        link.close(Reason.PROTOCOL)
        link.close(Reason.OURS)  # the first reason stays
        link.send(b"too late")
        browser.say(b"too late, too")
        await turns()
        assert driven.service.of(PeerClosed) == []
        browser.reads.set()

    browser, driven = conversation(play)
    assert (browser.heard, browser.code) == ([b"last words"], 1000)
    assert closed(driven).reason is Reason.PROTOCOL
    assert messages(driven) == []


def test_a_browser_that_takes_nothing_of_its_last_words_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("enchufe.web.link.SEND_STALL_S_MAX", 0.01)

    async def play(browser: Browser, link: WebLink, _driven: Driven) -> None:
        browser.reads.clear()
        link.send(b"last words")
        link.close()

    browser, driven = conversation(play)
    assert browser.is_aborted
    assert (closed(driven).reason, closed(driven).unsent_bytes) == (Reason.SILENT, 10)


@pytest.mark.parametrize("reads", [True, False])
def test_abort_waits_for_nobody(reads: bool) -> None:
    async def play(browser: Browser, link: WebLink, _driven: Driven) -> None:
        if not reads:
            browser.reads.clear()
            link.send(b"never read")
            await turns()
        link.abort(Reason.STOPPING)

    browser, driven = conversation(play)
    assert closed(driven).reason is Reason.STOPPING
    assert (browser.code, browser.is_aborted) == ((1000, False) if reads else (None, True))


def test_abort_ends_a_goodbye_that_does_not_leave() -> None:
    async def play(browser: Browser, link: WebLink, _driven: Driven) -> None:
        browser.reads.clear()
        link.close()
        await turns()
        link.abort(Reason.STOPPING)

    browser, driven = conversation(play)
    assert browser.is_aborted
    assert closed(driven).reason is Reason.STOPPING


def test_a_browser_that_vanishes_while_it_is_told_something_is_gone() -> None:
    async def play(browser: Browser, link: WebLink, _driven: Driven) -> None:
        browser.reads.clear()
        link.rest()  # so that only the writer can notice
        link.send(b"hello?")
        await turns()
        browser.vanish()

    _browser, driven = conversation(play)
    assert closed(driven).reason is Reason.RESET


def test_a_goodbye_counts_even_if_the_writer_finds_out_first() -> None:
    async def play(browser: Browser, link: WebLink, _driven: Driven) -> None:
        browser.reads.clear()
        link.rest()
        link.send(b"hello?")
        await turns()
        browser.lost.set()
        browser.leave(1000)
        browser.reads.set()

    _browser, driven = conversation(play)
    assert closed(driven).reason is Reason.FINISHED


def test_finish_leaves_the_conversation_open_as_a_websocket_cannot_half_close() -> None:
    async def play(browser: Browser, link: WebLink, driven: Driven) -> None:
        link.finish()
        browser.say(b"still here")
        await until(lambda: messages(driven) == [b"still here"])
        browser.leave(1000)

    conversation(play, lambda event: (Finish(event.peer),) if isinstance(event, PeerOpened) else ())


def test_a_fault_of_the_service_is_loud_and_leaves_nobody_behind() -> None:
    def rule(event: Event) -> Sequence[Command]:
        match event:
            case MessageReceived():
                raise LookupError("our fault")
            case _:
                return ()

    async def main() -> None:
        browser, driven = Browser(), Driven(rule)
        link = WebLink(driven.driver, PEER, await browser.accepted())
        browser.say(b"x")
        with pytest.raises(ExceptionGroup) as caught:
            await link.run()
        assert caught.group_contains(LookupError, match="our fault")
        assert driven.driver.links == {}
        assert closed(driven).reason is Reason.FAILED

    on_loop(main())


def test_figures_count_what_moved() -> None:
    async def play(browser: Browser, link: WebLink, driven: Driven) -> None:
        browser.say(b"12345")
        await until(lambda: browser.heard == [b"12345"])
        assert (link.received_bytes, link.sent_bytes, link.activity()) == (5, 5, 10)
        assert link.local_address() == ("127.0.0.1", 7080)
        browser.reads.clear()
        link.send(b"123")
        assert (link.queued_bytes(), link.activity()) == (3, 10)
        browser.leave(1000)

    conversation(play, answer)


def test_a_service_of_lines_hears_a_line_in_pieces_or_many_in_one() -> None:
    async def play(browser: Browser, _link: WebLink, driven: Driven) -> None:
        for piece in (b"ho", b"la\nuno\ndos", "tres"):
            browser.say(piece)
        await until(lambda: len(messages(driven)) == 3)
        browser.leave(1000)

    _browser, driven = conversation(play, framing=Framing.TEXT)
    assert messages(driven) == [b"hola", b"uno", b"dostres"]
