"""The page of a run: where it is, who may see it, and what it is told."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import ip_address

import msgspec
from msgspec import Struct

from enchufe import __version__
from enchufe.clients.console import host_for_others, try_commands, url_of
from enchufe.clients.converting import captured
from enchufe.clients.language import LANGUAGES, advise, current, explain, said_in, translated
from enchufe.core.cachipun_words import GameWords
from enchufe.core.endpoint import EVERYWHERE, Endpoint
from enchufe.core.errors import N_, DeniedError, EnchufeError, UnreachableError, UsageError
from enchufe.core.notices import Listening, Notice
from enchufe.core.peer import Transport
from enchufe.core.room_words import RoomWords
from enchufe.net.listen import BoundSocket, listen
from enchufe.record.header import RecordedService
from enchufe.record.recording import header_now
from enchufe.web.house import CallWords, Furniture, GuardWords, House, Listed
from enchufe.web.live import LiveWire
from enchufe.web.page import Page
from enchufe.web.words import EVENTS, REASONS, PageWords

PORT = 7080
"""Where the page is if that port is free and nobody says otherwise; else it is at any free one."""

TOKEN_BYTES = 12
"""Nobody guesses 96 bits, and the address can still be read out."""


class PageWish(Struct, frozen=True):
    """Whether a page is wanted, and where.

    Args:
        endpoint: where; None for the usual place.
        is_wanted: whether there is to be one at all.
    """

    endpoint: Endpoint | None = None
    is_wanted: bool = True


class NoticeBoard:
    """Keeps which endpoints listen, and hands on what befalls the run to whoever looks.

    Args:
        show: the person's own screen.
    """

    def __init__(self, show: Callable[[Notice], None]) -> None:
        self.listening: list[Listening] = []
        self.looking: Callable[[Notice], None] | None = None
        self._show = show

    def notice(self, notice: Notice) -> None:
        """Take note of a notice, and hand it on."""
        if isinstance(notice, Listening):
            self.listening.append(notice)
        if self.looking is not None:
            self.looking(notice)
        self._show(notice)


async def opened_page(
    wish: PageWish,
    services: Sequence[RecordedService],
    board: NoticeBoard,
    *,
    family: int = 0,
    checks_certificates: bool = False,
) -> Page | None:
    """Return the page of a run, its sockets open; None where none is wanted, or possible.

    Args:
        wish: whether it is wanted, and where.
        services: how each service of the run is set up.
        board: where notices come by.
        family: ``AF_INET`` or ``AF_INET6`` to listen in that one only; 0 for both.
        checks_certificates: whether clients prove at encrypted endpoints who they are.

    Raises:
        EnchufeError: there is no listening where the person wants it.
    """
    if not wish.is_wanted:
        return None
    bound = await _bound(wish.endpoint, family)
    if not bound:
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    live = LiveWire(partial(header_now, "serve", tuple(services)))
    board.looking = live.notice
    name = bound[0].endpoint.host
    house = House(token, _is_on_loopback(bound), name, translated(GuardWords()))
    furniture = _furniture(board, checks_certificates=checks_certificates)
    return Page(bound, house, furniture, live, _url(bound, token))


async def _bound(endpoint: Endpoint | None, family: int) -> list[BoundSocket]:
    """Open the sockets: where the person says, or else at the usual port or any free one."""
    if endpoint is not None and endpoint.transport is not Transport.TCP:
        raise UsageError(
            N_("a page is reached over TCP, not over {transport}"),
            hint=N_("Write it like --web :7080 or --web '*:7080'"),
            transport=endpoint.transport,
        )
    if endpoint is not None:
        return await listen(endpoint, family=family)
    for port in (PORT, 0):
        with suppress(UnreachableError, DeniedError):
            return await listen(Endpoint(Transport.TCP, port=port), family=family)
    return []


def _is_on_loopback(bound: Sequence[BoundSocket]) -> bool:
    return all(ip_address(each.sock.getsockname()[0]).is_loopback for each in bound)


def _url(bound: Sequence[BoundSocket], token: str) -> str:
    endpoint, (address, port, *_) = bound[0].endpoint, bound[0].sock.getsockname()
    host = host_for_others(address) if endpoint.host == EVERYWHERE else endpoint.shown_host
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/{token}/"


def _furniture(board: NoticeBoard, *, checks_certificates: bool) -> Furniture:
    own = current()

    def is_public(service: str) -> bool:
        return any(
            notice.service == service
            and notice.transport.is_internet
            and not (notice.transport is Transport.TLS and checks_certificates)
            for notice in board.listening
        )

    return Furniture(
        version=__version__,
        listed=lambda: listed(board.listening),
        words=words_in,
        is_public=is_public,
        languages=(own, *(language for language in LANGUAGES if language != own)),
        call=CallWords(explain=_explained, not_allowed=partial(said_in, message=NOT_ALLOWED)),
        pcapng=captured,
    )


NOT_ALLOWED = N_(
    "Only whoever opened the address that enchufe serve printed may call other endpoints: it ends "
    "in a token"
)


def _explained(error: EnchufeError, language: str) -> str:
    """Return what went wrong, and what to do next."""
    language = language if language in LANGUAGES else ""
    return " ".join(filter(None, (f"{explain(error, language)}.", advise(error, language))))


def listed(listening: Sequence[Listening]) -> list[Listed]:
    """Return each endpoint once, with what to type to reach it."""
    rows: dict[tuple[str, str], Listed] = {}
    for notice in listening:
        url, (ours, theirs) = url_of(notice, from_here=True), try_commands(notice)
        told = map(_as_json_holds, (url, ours, theirs))
        rows.setdefault((url, notice.service), Listed(notice.service, notice.transport, *told))
    return list(rows.values())


def _as_json_holds(text: str) -> str:
    """Return a text without what a path may have and JSON cannot hold: it need not be UTF-8."""
    return text.encode(errors="backslashreplace").decode()


def words_in(language: str) -> bytes:
    """Return all that the page says, in a language, as JSON."""
    books = {"page": PageWords(), "room": RoomWords(), "game": GameWords()}
    told = {name: translated(book, language) for name, book in books.items()}
    events = {name: said_in(language, text) for name, text in EVENTS.items()}
    reasons = {name: said_in(language, text) for name, text in REASONS.items()}
    return msgspec.json.encode({**told, "events": events, "reasons": reasons})
