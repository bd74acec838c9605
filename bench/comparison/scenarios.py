"""What is compared with what: every scenario, its reference and its aim."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from comparison import servers_compared as servers
from comparison.candidate import Candidate, Figures
from comparison.copying import MEBIBYTE, measure_copy
from comparison.cores import Cores, pinned, unpinned
from comparison.load import AnyLoad, DurableLoad, Load, RoomLoad, measure_load
from comparison.memory import measure_memory
from comparison.startup import measure_startup

TIMES = "\N{MULTIPLICATION SIGN}"
MICRO = "\N{MICRO SIGN}"
RIGHT_ARROW = "\N{RIGHTWARDS ARROW}"

GROUPS = ("tcp", "udp", "memory", "startup", "workers", "broadcast", "durable", "files")
"""What `--only` chooses from."""

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Settings:
    """How long and how often to measure."""

    rounds: int
    seconds: float
    idle_connections: int
    startup_rounds: int
    room_rounds: int
    room_seconds: float
    copy_mebibytes: int
    compiled_python: str | None


@dataclass(frozen=True)
class Column:
    """A figure that the table shows beside the ratio: key, heading, format."""

    key: str
    heading: str
    form: str = ",.0f"


@dataclass(frozen=True)
class Scenario:
    """One comparison.

    `aim` is the ratio ours should reach (or stay under, where lower is better);
    `also_against` names candidates to which ratios are given as well, `ahead_of` those
    of them that ours should surpass.
    """

    key: str
    group: str
    title: str
    measured: str
    better: Better
    reference: Candidate
    candidates: tuple[Candidate, ...]
    columns: tuple[Column, ...]
    rounds: int
    measure: Callable[[Candidate], Figures]
    aim: float | None = None
    also_against: tuple[str, ...] = ()
    ahead_of: tuple[str, ...] = ()

    @property
    def steps(self) -> int:
        """Count how many measurements it takes when all goes well."""
        return self.rounds * (2 * len(self.candidates) + 1)


LOAD_COLUMNS = (
    Column("round_trips_per_second", "round trips/s"),
    Column("latency_p50_us", f"p50 {MICRO}s"),
    Column("latency_p99_us", f"p99 {MICRO}s"),
    Column("lost_percent", "lost %", ".2f"),
    Column("server_busy_percent", "server busy %"),
    Column("load_busy_percent", "load busy %"),
)


SPREAD_COLUMNS = (
    Column("deliveries_per_second", "deliveries/s"),
    *(column for column in LOAD_COLUMNS[1:] if column.key != "lost_percent"),
)

DURABLE_COLUMNS = (
    Column("acknowledgements_per_second", "acknowledged/s"),
    *SPREAD_COLUMNS[1:],
)

ROOM_SIZES = (10, 100, 1000)
BUSY_IN_FLIGHT = 64
BUSY_WITH_HISTORY_IN_FLIGHT = 256
"""More, so that lines go on being said while the disk is waited for."""


def scenarios(settings: Settings) -> list[Scenario]:
    """List all of them, in the order in which they are measured."""
    return [
        *_tcp(settings),
        _memory(settings),
        *_udp(settings),
        _startup(settings),
        *_workers(settings),
        *_rooms(settings),
        *_histories(settings),
        *_acknowledgements(settings),
        _files(settings),
    ]


def _under_load(load: Load, settings: Settings, cores: Cores) -> Callable[[Candidate], Figures]:
    return partial(measure_load, load=load, seconds=settings.seconds, cores=cores)


def _in_a_room(load: AnyLoad, settings: Settings) -> Callable[[Candidate], Figures]:
    return partial(measure_load, load=load, seconds=settings.room_seconds, cores=pinned())


def _tcp(settings: Settings) -> list[Scenario]:
    shapes: list[tuple[int, int, str, float | None]] = [
        (64, 64, "64 B", 0.90),
        (64, 65536, "64 KiB", 0.95),
        (1, 64, "64 B", None),
    ]
    return [
        Scenario(
            key=f"tcp-{connections}-connections-{size_bytes}-bytes",
            group="tcp",
            title=f"TCP echo, {connections} {TIMES} {size}",
            measured=f"connections {TIMES} message, round trips a second",
            better="higher",
            reference=servers.uvloop_protocol(),
            candidates=tuple(servers.tcp_candidates(settings.compiled_python)),
            columns=LOAD_COLUMNS,
            rounds=settings.rounds,
            measure=_under_load(Load("tcp", connections, size_bytes), settings, pinned()),
            aim=aim,
            also_against=(servers.C_EPOLL,),
        )
        for connections, size_bytes, size, aim in shapes
    ]


def _udp(settings: Settings) -> list[Scenario]:
    return [
        Scenario(
            key=f"udp-16-sockets-16-in-flight-{size_bytes}-bytes",
            group="udp",
            title=f"UDP echo, 16 {TIMES} 16 {TIMES} {size_bytes} B",
            measured=f"sockets {TIMES} datagrams in flight {TIMES} size, answers a second",
            better="higher",
            reference=servers.c_recvfrom(),
            candidates=tuple(servers.udp_candidates(settings.compiled_python)),
            columns=LOAD_COLUMNS,
            rounds=settings.rounds,
            measure=_under_load(Load("udp", 16, size_bytes, in_flight=16), settings, pinned()),
            aim=0.80,
        )
        for size_bytes in (64, 1200)
    ]


def _memory(settings: Settings) -> Scenario:
    return Scenario(
        key="memory-per-idle-connection",
        group="memory",
        title=f"Memory, {settings.idle_connections:,} idle TCP connections",
        measured="resident bytes for each connection",
        better="lower",
        reference=servers.uvloop_protocol(),
        candidates=tuple(servers.memory_candidates(settings.compiled_python)),
        columns=(
            Column("each_bytes", "bytes each"),
            Column("before_mib", "MiB before", ".1f"),
            Column("after_mib", "MiB after", ".1f"),
        ),
        rounds=settings.rounds,
        measure=partial(measure_memory, connections=settings.idle_connections, cores=pinned()),
        aim=2.0,
    )


def _startup(settings: Settings) -> Scenario:
    return Scenario(
        key="start-up",
        group="startup",
        title="Start-up",
        measured="wall time of a whole run",
        better="lower",
        reference=servers.python_pass(),
        candidates=tuple(servers.startup_candidates(settings.compiled_python)),
        columns=(Column("took_ms", "ms", ".1f"),),
        rounds=settings.startup_rounds,
        measure=partial(measure_startup, cores=pinned()),
        aim=5.0,
    )


def _workers(settings: Settings) -> list[Scenario]:
    shapes = [
        (f"TCP, 64 {TIMES} 64 B", servers.TCP_ENDPOINT, Load("tcp", 64, 64)),
        (f"UDP, 16 {TIMES} 16 {TIMES} 64 B", servers.UDP_ENDPOINT, Load("udp", 16, 64, 16)),
    ]
    return [
        Scenario(
            key=f"workers-{load.protocol}",
            group="workers",
            title=f"Two workers, {shape}",
            measured="round trips a second, nobody pinned to a core",
            better="higher",
            reference=servers.one_worker(endpoint),
            candidates=(servers.two_workers(endpoint),),
            columns=LOAD_COLUMNS,
            rounds=settings.rounds,
            measure=_under_load(load, settings, unpinned()),
        )
        for shape, endpoint, load in shapes
    ]


def _rooms(settings: Settings) -> list[Scenario]:
    """Busy rooms, to which the aims apply, then calm ones: there it is the delay that counts."""
    rivals = (servers.NATS, servers.NGIRCD)
    moods: list[tuple[str, int, float | None, tuple[str, ...]]] = [
        ("busy", BUSY_IN_FLIGHT, 0.70, rivals),
        ("calm", 1, None, ()),
    ]
    return [
        Scenario(
            key=f"room-{receivers}-receivers-{in_flight}-in-flight",
            group="broadcast",
            title=f"A {mood} room, 1 {RIGHT_ARROW} {receivers:,}",
            measured=f"one sender {RIGHT_ARROW} receivers, lines of 64 B, {in_flight} in flight, "
            "deliveries a second",
            better="higher",
            reference=servers.c_broadcast(),
            candidates=tuple(servers.room_candidates(settings.compiled_python)),
            columns=SPREAD_COLUMNS,
            rounds=settings.room_rounds,
            measure=_in_a_room(RoomLoad(receivers, in_flight), settings),
            aim=aim,
            also_against=rivals,
            ahead_of=ahead_of,
        )
        for mood, in_flight, aim, ahead_of in moods
        for receivers in ROOM_SIZES
    ]


def _histories(settings: Settings) -> list[Scenario]:
    return [
        Scenario(
            key=f"history-{receivers}-receivers",
            group="durable",
            title=f"A busy room with history, 1 {RIGHT_ARROW} {receivers:,}",
            measured=f"one sender {RIGHT_ARROW} receivers, lines of 64 B, "
            f"{BUSY_WITH_HISTORY_IN_FLIGHT} in flight, deliveries a second",
            better="higher",
            reference=servers.room(),
            candidates=(
                *servers.rooms_with_history(settings.compiled_python),
                servers.c_broadcast(),
            ),
            columns=SPREAD_COLUMNS,
            rounds=settings.room_rounds,
            measure=_in_a_room(RoomLoad(receivers, BUSY_WITH_HISTORY_IN_FLIGHT), settings),
            aim=0.80,
            also_against=(servers.C_BROADCAST,),
        )
        for receivers in ROOM_SIZES
    ]


def _acknowledgements(settings: Settings) -> list[Scenario]:
    return [
        Scenario(
            key=f"acknowledged-{in_flight}-in-flight",
            group="durable",
            title=f"Acknowledged once on disk, {in_flight} in flight",
            measured="lines of 64 B, acknowledgements a second",
            better="higher",
            reference=servers.c_durable(),
            candidates=(
                *servers.rooms_with_history(settings.compiled_python),
                servers.again(servers.c_durable()),
            ),
            columns=DURABLE_COLUMNS,
            rounds=settings.rounds,
            measure=_in_a_room(DurableLoad(in_flight), settings),
        )
        for in_flight in (1, 64)
    ]


def _files(settings: Settings) -> Scenario:
    size_bytes = settings.copy_mebibytes * MEBIBYTE
    return Scenario(
        key="files",
        group="files",
        title=f"A file of {settings.copy_mebibytes} MiB",
        measured="from connected until the receiver has all of it",
        better="higher",
        reference=servers.socat_copy(),
        candidates=tuple(servers.copy_candidates(settings.compiled_python)),
        columns=(
            Column("mebibytes_per_second", "MiB/s"),
            Column("copy_ms", "ms"),
            Column("command_ms", "ms with start and end"),
        ),
        rounds=settings.rounds,
        measure=partial(measure_copy, size_bytes=size_bytes, cores=pinned()),
        aim=0.80,
    )
