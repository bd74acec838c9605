"""A person runs services: from what was asked for to a running server and its screen."""

import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from msgspec import Struct, field

from enchufe.clients.console import PROBLEMS, ServerConsole
from enchufe.clients.language import _, advise, current, explain
from enchufe.clients.standard_streams import OutputGuard
from enchufe.clients.transcript import ServerTranscript, is_traffic, print_line
from enchufe.clients.words import refusal_reason
from enchufe.core.endpoint import Endpoint, parse_served
from enchufe.core.errors import N_, EnchufeError, EndpointError, UnreachableError, UsageError
from enchufe.core.exits import ExitCode
from enchufe.core.notices import Listening, Notice, Ready
from enchufe.core.peer import Peer, Transport
from enchufe.host import Host, Witness
from enchufe.machine.descriptors import raise_limit
from enchufe.net.door import Door
from enchufe.net.listen import BACKLOG_DEFAULT, BoundSocket, listen
from enchufe.net.loop import run
from enchufe.net.server import Rules, Server, Serving
from enchufe.net.workers import serve_in_processes
from enchufe.record.json_lines import JsonLines
from enchufe.services import CATALOGUE, ServiceKind, Texts


class Choices(Struct, frozen=True):
    """What the person asked for; units and meanings as in `enchufe.net.server.Rules`.

    Args:
        services: ``service@endpoint`` each; empty for the guides' services and ports.
        text: what greet and hello say instead of their own words.
        log: "jsonl" to write events for programs.
        quiet: whether only problems are shown.
        workers: how many processes share the endpoints.
    """

    services: Sequence[str] = ()
    family: int = 0
    buffer_bytes: int | None = None
    text: str | None = None
    log: str | None = None
    quiet: bool = False
    workers: int = 1
    allow: Sequence[str] = ()
    deny: Sequence[str] = ()
    peers_max: int | None = None
    backlog: int = BACKLOG_DEFAULT
    idle_s: float | None = None
    listen_for_s: float | None = None
    serve_max: int | None = None


class Screen(Struct, frozen=True):
    """Where a server's facts are shown.

    Args:
        notice: shows what befalls the run.
        witness: shows every event and command; None where nobody looks.
        show: shows what a peer said.
        output: ends the run when none of them can show any more.
    """

    notice: Callable[[Notice], None]
    witness: Witness | None
    show: Callable[[Peer, bytes], None]
    output: OutputGuard = field(default_factory=OutputGuard)


Plan = dict[str, list[Endpoint]]
"""Services by name, and where each is to listen."""


def serve(choices: Choices) -> ExitCode:
    """Run the services until they are stopped; return how it ended.

    Raises:
        EnchufeError: what was asked for cannot be done.
    """
    raise_limit()
    plan = planned(choices.services)
    _check_workers(choices, plan)
    screen = _guarded(screen_for(choices))
    rules = Rules(
        door=Door(choices.allow, choices.deny, screen.notice),
        reason=refusal_reason,
        buffer_bytes=choices.buffer_bytes,
        peers_max=choices.peers_max,
        idle_s=choices.idle_s,
        listen_for_s=choices.listen_for_s,
        serve_max=choices.serve_max,
    )
    if choices.workers == 1:
        return run(_serve_here(choices, plan, screen, rules))
    shares = run(_open_shares(choices, plan))
    screens = [screen, *(_without_announcements(screen) for _ in shares[1:])]
    return serve_in_processes(
        [
            _start_share(choices, screen, rules, share)
            for screen, share in zip(screens, shares, strict=True)
        ],
        [[bound.sock for sockets in share.values() for bound in sockets] for share in shares],
    )


def planned(services: Sequence[str]) -> Plan:
    """Return which service is to listen where.

    Raises:
        UsageError: a service or an endpoint is not understood.
    """
    plan: Plan = {}
    for text in services or [kind.name for kind in CATALOGUE.values() if kind.guide_ports]:
        name, endpoint = parse_served(text)
        kind = _kind(text, name)
        plan.setdefault(name, []).extend(_usual(kind) if endpoint is None else [endpoint])
    return plan


def _kind(text: str, name: str) -> ServiceKind:
    kind = CATALOGUE.get(name)
    if kind is not None:
        return kind
    near = get_close_matches(name, CATALOGUE, n=1)
    missing = not near and ":" in name
    raise EndpointError(
        N_("there is no service “{name}”; there are: {known}"),
        text=text,
        start=0,
        end=len(name),
        hint=N_("Did you mean {near}?") if near else _EXAMPLE if missing else "",
        name=name,
        known=", ".join(CATALOGUE),
        near=near[0] if near else "",
    )


_EXAMPLE = N_("Write the service before the endpoint: echo@tcp://localhost:3500")


def _usual(kind: ServiceKind) -> list[Endpoint]:
    """Return the guides' ports for a service, or any free one where they name none."""
    ports = kind.guide_ports or ((Transport.TCP, 0), (Transport.UDP, 0))
    return [Endpoint(transport, port=port) for transport, port in ports]


def _check_workers(choices: Choices, plan: Plan) -> None:
    if choices.workers == 1:
        return
    if not all(endpoint.transport.is_internet for ends in plan.values() for endpoint in ends):
        raise UsageError(
            N_("--workers does not go with a Unix socket"),
            hint=N_("A path belongs to one process; use tcp:// or udp://"),
        )
    if choices.serve_max or choices.peers_max:
        raise UsageError(
            N_("--workers does not go with --stop-after or --max-peers"),
            hint=N_("Each process would count for itself; leave one of them out"),
        )


def screen_for(choices: Choices) -> Screen:
    """Return where the facts go: JSON Lines, a transcript, problems only, or the console."""
    if choices.log is not None:
        lines = JsonLines(sys.stdout.buffer)
        return Screen(lines.write, lines.write, lambda _peer, _message: None)
    if choices.buffer_bytes is not None and not choices.quiet:
        return _transcript_screen()
    if choices.quiet:
        problems = ServerConsole(sys.stderr)
        return Screen(
            _only_problems(problems.notice), None, lambda _peer, _message: None, OutputGuard()
        )
    console = ServerConsole()
    return Screen(console.notice, None, console.show)


def _guarded(screen: Screen) -> Screen:
    """Return ``screen`` so that the run ends in good order when nobody reads it any more."""
    guard = screen.output.guard
    witness = None if screen.witness is None else guard(screen.witness)
    return Screen(guard(screen.notice), witness, guard(screen.show), screen.output)


def _transcript_screen() -> Screen:
    """Show a transcript on standard output, and on standard error what it has no line for."""
    transcript = ServerTranscript(current(), print_line)
    problems = ServerConsole(sys.stderr)

    def notice(notice: Notice) -> None:
        if is_traffic(notice):
            transcript.notice(notice)
        else:
            problems.notice(notice)

    return Screen(notice, transcript.witness, lambda _peer, _message: None)


def _without_announcements(screen: Screen) -> Screen:
    """Return ``screen`` for a further worker: the first one has said where they all listen."""

    def notice(notice: Notice) -> None:
        if not isinstance(notice, Listening | Ready):
            screen.notice(notice)

    return Screen(notice, screen.witness, screen.show, screen.output)


def _only_problems(show: Callable[[Notice], None]) -> Callable[[Notice], None]:
    return lambda notice: show(notice) if isinstance(notice, PROBLEMS) else None


async def _serve_here(choices: Choices, plan: Plan, screen: Screen, rules: Rules) -> ExitCode:
    sockets = await _open(choices, plan, sharing=False)
    return await _run(choices, screen, rules, sockets)


async def _run(
    choices: Choices, screen: Screen, rules: Rules, sockets: dict[str, list[BoundSocket]]
) -> ExitCode:
    texts = _texts(choices.text)
    services = [
        Serving(
            name,
            Host(CATALOGUE[name].make(texts), CATALOGUE[name].framing, screen.witness),
            bound,
            screen.show,
        )
        for name, bound in sockets.items()
    ]
    server = Server(rules, screen.notice)
    screen.output.end_run = lambda: server.stop(ExitCode.OUTPUT_CLOSED)
    return await server.run(services)


def _texts(text: str | None) -> Texts:
    if text is None:
        return Texts(
            hello_answer=_("hi there"),
            greet_stream=_("Thank you for connecting") + "\n",
            greet_datagram=_("Here is my answer for {host}."),
        )
    return Texts(hello_answer=text, greet_stream=text + "\n", greet_datagram=text)


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
                _show_failure(error)
            else:
                sockets.setdefault(name, []).extend(bound)
    if not sockets:
        raise failures[0] if failures else UnreachableError(N_("there is nowhere to listen"))
    return sockets


def _show_failure(error: EnchufeError) -> None:
    sys.stderr.write(f"enchufe: {explain(error)}\n")
    if advise(error):
        sys.stderr.write(f"  {advise(error)}\n")
    sys.stderr.flush()


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
    choices: Choices, screen: Screen, rules: Rules, share: dict[str, list[BoundSocket]]
) -> Callable[[], ExitCode]:
    return lambda: run(_run(choices, screen, rules, share))
