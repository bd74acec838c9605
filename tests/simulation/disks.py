"""Disks of the simulated world: what the orders about files come to, in its own time."""

import hashlib
from collections.abc import Callable
from functools import partial

import msgspec

from enchufe.core.events import Event
from enchufe.core.files import (
    CheckFile,
    ChooseAgain,
    FileChecked,
    FileChosen,
    FileFailed,
    FileKept,
    FileOrder,
    FilePrepared,
    FileRead,
    FileWritten,
    KeepFile,
    LeaveFile,
    Objection,
    OpenFile,
    PrepareFile,
    ReadFile,
    StartFile,
    TellFile,
    WriteFile,
)
from enchufe.core.history import Attachment
from enchufe.sim.driver import Driver
from enchufe.sim.world import World

MODIFIED_NS = 1_700_000_000_000_000_000


def sha256(data: bytes | bytearray) -> str:
    return hashlib.sha256(data).hexdigest()


class Disk:
    """A machine's disk: each order takes up to ``order_s_max``, as the world's chance has it.

    What a program had open is not found again after it, only what it had written.

    Args:
        world: its time and its chance.
        is_shelf: whether what is kept is called by its digest, as a room's files are.
    """

    def __init__(self, world: World, *, is_shelf: bool = False) -> None:
        self.is_shelf = is_shelf
        self.shelf: dict[str, bytes] = {}
        self.kept: list[tuple[str, bytes]] = []
        self.parts: dict[tuple[str, int], bytearray] = {}
        self.order_s_max = 0.01
        self._world = world

    def open(self, driver: Driver, sources: dict[str, bytes] | None = None) -> "Desk":
        """Let a program use the disk.

        Args:
            driver: told what comes of its orders.
            sources: the files it may read, by their handles.
        """
        desk = Desk(self, self._world, driver, {} if sources is None else sources)
        driver.files = desk.perform
        return desk


class Desk:
    """One program at the disk."""

    def __init__(self, disk: Disk, world: World, driver: Driver, sources: dict[str, bytes]) -> None:
        self.told: list[TellFile] = []
        self.media_type = ""  # of what is chosen again
        self.unwritten_bytes = 0
        self.unwritten_bytes_peak = 0
        self._disk = disk
        self._world = world
        self._driver = driver
        self._sources = sources
        self._positions: dict[str, int] = {}
        self._coming: dict[str, tuple[tuple[str, int], bytearray]] = {}
        self._last_ns = 0

    def perform(self, order: FileOrder) -> None:
        """Do what a service orders."""
        match order:
            case TellFile():
                self.told.append(order)
            case ChooseAgain():
                self._later(partial(self._chosen_again, order))
            case OpenFile():
                kept = self._disk.shelf.get(order.sha256)
                if kept is not None:
                    self._sources[order.file] = kept
            case CheckFile() | ReadFile():
                self._later(partial(self._sent, order))
            case PrepareFile() | StartFile() | WriteFile() | KeepFile() | LeaveFile():
                if isinstance(order, WriteFile):
                    self.unwritten_bytes += len(order.data)
                    self.unwritten_bytes_peak = max(self.unwritten_bytes_peak, self.unwritten_bytes)
                self._later(partial(self._received, order))
            case _:
                raise AssertionError(order)

    def _later(self, job: Callable[[], Event | None]) -> None:
        """Do ``job`` after those before it, and tell the program what came of it."""
        clock = self._world.network.clock
        at_ns = max(
            self._last_ns,
            clock.now_ns + round(self._world.chance.seconds(0, self._disk.order_s_max) * 1e9),
        )
        self._last_ns = at_ns
        clock.after((at_ns - clock.now_ns) / 1e9, partial(self._do, job))

    def _do(self, job: Callable[[], Event | None]) -> None:
        event = job()
        if event is not None:
            self._driver.happened(event)

    def _chosen_again(self, order: ChooseAgain) -> Event:
        data = self._sources.pop(order.file)
        name, _, number = order.file.partition("#")
        file = f"{name}#{int(number or 1) + 1}"
        self._sources[file] = data
        again = chosen(file, name, data, self.media_type)
        return msgspec.structs.replace(again, instead_of=order.file)

    def _sent(self, order: CheckFile | ReadFile) -> Event:
        now_ns, data = self._world.network.clock.now_ns, self._sources.get(order.file)
        if data is None:
            return FileFailed(now_ns, order.file, Objection.FAILED, "No such file or directory")
        if isinstance(order, CheckFile):
            is_ours = sha256(data[: order.offset_bytes]) == order.sha256
            self._positions[order.file] = order.offset_bytes if is_ours else 0
            return FileChecked(now_ns, order.file, self._positions[order.file])
        start = self._positions.get(order.file, 0)
        piece = data[start : start + order.size_bytes]
        self._positions[order.file] = start + len(piece)
        return FileRead(now_ns, order.file, piece, "" if piece else sha256(data))

    def _received(
        self, order: PrepareFile | StartFile | WriteFile | KeepFile | LeaveFile
    ) -> Event | None:
        now_ns = self._world.network.clock.now_ns
        if isinstance(order, PrepareFile):
            key = (order.attachment.name, order.modified_ns)
            held = self._disk.parts.pop(key, bytearray())
            self._coming[order.file] = (key, held)
            return FilePrepared(now_ns, order.file, len(held), sha256(held) if held else "")
        if order.file not in self._coming:
            return None
        key, held = self._coming[order.file]
        match order:
            case StartFile():
                del held[order.offset_bytes :]
            case WriteFile():
                self.unwritten_bytes -= len(order.data)
                held += order.data
                return FileWritten(now_ns, order.file, len(order.data))
            case KeepFile():
                del self._coming[order.file]
                if sha256(held) != order.sha256:
                    return FileFailed(now_ns, order.file, Objection.DIGEST, "")
                self._disk.kept.append((key[0], bytes(held)))
                self._disk.shelf[order.sha256] = bytes(held)
                name = order.sha256 if self._disk.is_shelf else key[0]
                return FileKept(now_ns, order.file, name)
            case LeaveFile():
                del self._coming[order.file]
                self._disk.parts[key] = held
        return None


def chosen(file: str, name: str, data: bytes, media_type: str = "") -> FileChosen:
    """Return a file as a person chooses it."""
    return FileChosen(0, file, Attachment(name, len(data), media_type), MODIFIED_NS)
