"""A person runs services: from what was asked for to a running server and its screen."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from secrets import token_bytes, token_hex

from msgspec import Struct
from msgspec.structs import replace

from enchufe.clients.control_rules import CONTROL, ControlChoices, permissions_of
from enchufe.clients.controls import Controls, audited
from enchufe.clients.keyboard import is_typed_at, kept_for_the_prompt
from enchufe.clients.language import _, translated
from enchufe.clients.page import NoticeBoard, PageWish, opened_page
from enchufe.clients.plan import Plan, planned
from enchufe.clients.recorder import Recorder, RecordWish
from enchufe.clients.rooms import Rooms
from enchufe.clients.saying import say_error
from enchufe.clients.scoring import Scoring, scores_path
from enchufe.clients.screens import Screen, screen_for, without_announcements
from enchufe.clients.words import refusal_reason
from enchufe.core.cachipun_words import GameWords
from enchufe.core.control import NONCE_BYTES
from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import N_, EnchufeError, UnreachableError, UsageError
from enchufe.core.exits import ExitCode
from enchufe.core.limits import GAME_CHOOSE_S, HELD_BYTES_MAX, ROOM_FILE_BYTES_MAX
from enchufe.core.room_words import RoomWords
from enchufe.host import Host
from enchufe.machine.descriptors import raise_limit
from enchufe.net.crowd import AddressLimits
from enchufe.net.door import Door
from enchufe.net.listen import BACKLOG_DEFAULT, BoundSocket, listen
from enchufe.net.loop import run
from enchufe.net.server import Rules, Server, Serving
from enchufe.net.tls import TlsSettings, check_needed, serving_tls
from enchufe.net.workers import serve_in_processes
from enchufe.record.header import served
from enchufe.services import CATALOGUE, Wishes
from enchufe.services.chat import Slow
from enchufe.services.control import ControlWords, Permissions

GAME_SEED_BYTES = 32
"""As many as a digest of the lots drawn with it has: fewer would be easier to guess."""


class Choices(Struct, frozen=True):
    """What the person asked for; units and meanings as in `enchufe.net.server.Rules`.

    Args:
        services: ``service@endpoint`` each; empty for the guides' services and ports.
        text: what greet and hello say instead of their own words.
        log: "jsonl" to write events for programs.
        quiet: whether only problems are shown.
        workers: how many processes share the endpoints.
        history: the file in which a room keeps what was said; None to forget it at the end.
        slow: what a room does with those who do not read.
        file_bytes_max: the largest file that a room takes; with 0 it takes none.
        tls: who we are at encrypted endpoints, and which clients may come.
        control: what the control service may do, and for whom.
        record: what is to be recorded; None for nothing.
        page: whether browsers find a page, and where.
        scores: the file in which a game keeps who won; None for the usual one.
        choose_s: how long a choice in a game may take.
    """

    services: Sequence[str] = ()
    family: int = 0
    buffer_bytes: int | None = None
    text: str | None = None
    log: str | None = None
    quiet: bool = False
    workers: int = 1
    history: Path | None = None
    slow: Slow = Slow.DROP
    file_bytes_max: int = ROOM_FILE_BYTES_MAX
    allow: Sequence[str] = ()
    deny: Sequence[str] = ()
    peers_max: int | None = None
    address_limits: AddressLimits = AddressLimits()
    held_bytes_max: int = HELD_BYTES_MAX
    backlog: int = BACKLOG_DEFAULT
    idle_s: float | None = None
    listen_for_s: float | None = None
    serve_max: int | None = None
    tls: TlsSettings = TlsSettings()
    control: ControlChoices = ControlChoices()
    record: RecordWish | None = None
    page: PageWish = PageWish()
    scores: Path | None = None
    choose_s: float = GAME_CHOOSE_S


def serve(choices: Choices) -> ExitCode:
    """Run the services until they are stopped; return how it ended.

    Raises:
        EnchufeError: what was asked for cannot be done.
    """
    raise_limit()
    plan = planned(choices.services)
    _check_workers(choices, plan)
    permissions = permissions_of(
        choices.control,
        plan.get(CONTROL, []),
        checks_certificates=choices.tls.client_authorities is not None,
    )
    is_encrypted = check_needed(choices.tls, [end for ends in plan.values() for end in ends])
    screen = screen_for(
        as_json_lines=choices.log is not None,
        as_transcript=choices.buffer_bytes is not None,
        only_problems=choices.quiet,
    )
    if CONTROL in plan:
        screen = audited(screen, choices.control)
    wishes = _wishes(choices, permissions)
    rules = Rules(
        door=Door(choices.allow, choices.deny, screen.notice),
        reason=refusal_reason,
        buffer_bytes=choices.buffer_bytes,
        peers_max=choices.peers_max,
        address_limits=choices.address_limits,
        held_bytes_max=choices.held_bytes_max // choices.workers,
        idle_s=choices.idle_s,
        listen_for_s=choices.listen_for_s,
        serve_max=choices.serve_max,
        tls=serving_tls(choices.tls) if is_encrypted else None,
    )
    if choices.workers == 1:
        return run(_serve_here(choices, plan, wishes, screen, rules))
    shares = run(_open_shares(choices, plan))
    choices = replace(choices, page=PageWish(is_wanted=False))
    screens = [screen, *(without_announcements(screen) for _ in shares[1:])]
    return serve_in_processes(
        [
            _start_share(choices, wishes, screen, rules, share)
            for screen, share in zip(screens, shares, strict=True)
        ],
        [[bound.sock for sockets in share.values() for bound in sockets] for share in shares],
    )


def _check_workers(choices: Choices, plan: Plan) -> None:
    if choices.workers == 1:
        return
    if not all(endpoint.transport.is_internet for ends in plan.values() for endpoint in ends):
        raise UsageError(
            N_("--workers does not go with a Unix socket"),
            hint=N_("A path belongs to one process; use tcp:// or udp://"),
        )
    if any(CATALOGUE[name].remembers for name in plan):
        raise UsageError(
            N_("--workers does not go with a room"),
            hint=N_("Its members would be in different processes, and not hear each other"),
        )
    if any(CATALOGUE[name].scores for name in plan):
        raise UsageError(
            N_("--workers does not go with a game"),
            hint=N_("Its players would be in different processes, and not meet"),
        )
    if CONTROL in plan:
        raise UsageError(
            N_("--workers does not go with control"),
            hint=N_("One process would be stopped, and the others would go on"),
        )
    if choices.record is not None:
        raise UsageError(
            N_("--workers does not go with --record"),
            hint=N_("Each process would have a part of it"),
        )
    if choices.page.endpoint is not None:
        raise UsageError(
            N_("--workers does not go with --web"),
            hint=N_("Browsers would see one process, and not the others"),
        )
    limits = choices.address_limits
    if any((choices.serve_max, choices.peers_max, limits.peers_max, limits.peers_per_s_max)):
        raise UsageError(
            N_("--workers does not go with --stop-after, --max-peers, --max-per-address or --rate"),
            hint=N_("Each process would count for itself; leave one of them out"),
        )


async def _serve_here(
    choices: Choices, plan: Plan, wishes: Wishes, screen: Screen, rules: Rules
) -> ExitCode:
    sockets = await _open(choices, plan, sharing=False)
    return await _run(choices, wishes, screen, rules, sockets)


async def _run(
    choices: Choices,
    wishes: Wishes,
    screen: Screen,
    rules: Rules,
    sockets: dict[str, list[BoundSocket]],
) -> ExitCode:
    board = NoticeBoard(screen.notice)
    server = Server(rules, board.notice)
    screen.output.end_run = lambda: server.stop(ExitCode.OUTPUT_CLOSED)
    rooms = Rooms(choices.history, server.stop, screen.output if screen.shows_room else None)
    controls = Controls(choices.control.folder or Path.cwd()) if CONTROL in sockets else None
    scoring = Scoring(scores_path(choices.scores), board.notice)
    recorded = [served(name, wishes) for name in sockets]
    recorder = Recorder(choices.record, "serve", recorded, board.notice)
    services = [
        _equipped(_serving(name, bound, wishes, screen, recorder), rooms, controls, scoring)
        for name, bound in sockets.items()
    ]
    checks_certificates = choices.tls.client_authorities is not None
    page = await opened_page(
        choices.page,
        recorded,
        board,
        family=choices.family,
        checks_certificates=checks_certificates,
    )
    has_room = any(CATALOGUE[name].remembers for name in sockets)
    try:
        with kept_for_the_prompt(wanted=has_room and screen.shows_room and is_typed_at()):
            return await server.run(services, page)
    finally:
        recorder.close()
        if controls is not None:
            await controls.close()
        scoring.close()
        rooms.close()


def _serving(
    name: str,
    bound: Sequence[BoundSocket],
    wishes: Wishes,
    screen: Screen,
    recorder: Recorder,
) -> Serving:
    kind = CATALOGUE[name]
    host = Host(kind.make(wishes), kind.framing, recorder.witness(name, screen.witness))
    return Serving(name, host, bound, screen.show, tap=recorder.tap(name))


def _equipped(
    serving: Serving, rooms: Rooms, controls: Controls | None, scoring: Scoring
) -> Serving:
    """Return a service with what it needs beside sockets."""
    if CATALOGUE[serving.name].remembers:
        equipment, begin, speak = rooms.equipment, rooms.begin, rooms.speak
        return replace(serving, equipment=equipment, begin=begin, speak=speak)
    if CATALOGUE[serving.name].scores:
        return replace(serving, equipment=scoring.equipment, begin=scoring.begin)
    if serving.name == CONTROL and controls is not None:
        equipment, begin, hurry = controls.equipment, controls.begin, controls.hurry
        return replace(serving, equipment=equipment, begin=begin, hurry=hurry)
    return serving


def _wishes(choices: Choices, permissions: Permissions) -> Wishes:
    """Return what the services are told, in the person's language."""
    text = choices.text
    return Wishes(
        hello_answer=_("hi there") if text is None else text,
        greet_stream=(_("Thank you for connecting") if text is None else text) + "\n",
        greet_datagram=_("Here is my answer for {host}.") if text is None else text,
        room_words=translated(RoomWords()),
        slow=choices.slow,
        room_file_bytes_max=choices.file_bytes_max,
        permissions=permissions,
        control_words=translated(ControlWords()),
        new_nonce=partial(token_bytes, NONCE_BYTES),
        game_words=translated(GameWords()),
        game_seed=token_hex(GAME_SEED_BYTES),
        choose_s=choices.choose_s,
    )


async def _open(choices: Choices, plan: Plan, *, sharing: bool) -> dict[str, list[BoundSocket]]:
    """Open every endpoint; where the guides' ports were meant, do without a taken one."""
    sockets: dict[str, list[BoundSocket]] = {}
    failures: list[EnchufeError] = []
    for name, endpoints in plan.items():
        for endpoint in endpoints:
            try:
                bound = await listen(
                    endpoint, family=choices.family, backlog=choices.backlog, sharing=sharing
                )
            except EnchufeError as error:
                if choices.services:
                    raise
                failures.append(error)
                say_error(error)
            else:
                sockets.setdefault(name, []).extend(bound)
    if not sockets:
        raise failures[0] if failures else UnreachableError(N_("there is nowhere to listen"))
    return sockets


async def _open_shares(choices: Choices, plan: Plan) -> list[dict[str, list[BoundSocket]]]:
    """Open every endpoint once for each worker; the first decides a port asked for as 0."""
    first = await _open(choices, plan, sharing=True)
    same = {
        name: list(dict.fromkeys(_with_real_port(bound) for bound in sockets))
        for name, sockets in first.items()
    }
    others = [await _open(choices, same, sharing=True) for _ in range(choices.workers - 1)]
    return [first, *others]


def _with_real_port(bound: BoundSocket) -> Endpoint:
    endpoint = bound.endpoint
    return Endpoint(endpoint.transport, endpoint.host, bound.sock.getsockname()[1])


def _start_share(
    choices: Choices,
    wishes: Wishes,
    screen: Screen,
    rules: Rules,
    share: dict[str, list[BoundSocket]],
) -> Callable[[], ExitCode]:
    return lambda: run(_run(choices, wishes, screen, rules, share))
