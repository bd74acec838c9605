"""Transfers as a person follows them: a bar while a file travels, a line when it is over."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from enchufe.clients.language import _, plural
from enchufe.clients.words import duration
from enchufe.core.figures import size
from enchufe.core.files import Objection, Stage, TellFile
from enchufe.core.text import safe_text

BAR_AFTER_S = 0.3
"""A file that takes no longer is over before anybody has looked at its bar."""

REFRESHES_PER_S = 5

NAME_COLUMNS_MAX = 32

_PROBLEMS = (Stage.NOT_TAKEN, Stage.BROKEN_OFF, Stage.UNREADABLE)

Say = Callable[[str, str], None]
"""Shows a line, in a style."""

Kept = Callable[[TellFile, str], str]
"""Returns what is said of a file that was kept, given how long it took; "" for nothing."""


class _Moving:
    """A file that travels."""

    def __init__(self, told: TellFile) -> None:
        self.told = told
        self.since_s = time.monotonic()
        self.moved_bytes = 0
        self.bar: TaskID | None = None

    @property
    def lasted_s(self) -> float:
        return time.monotonic() - self.since_s

    @property
    def there_bytes(self) -> int:
        return self.told.offset_bytes + self.moved_bytes

    @property
    def was_there(self) -> bool:
        """Whether nothing of it had to travel."""
        return 0 < self.told.attachment.size_bytes == self.told.offset_bytes


class Drawing(Protocol):
    """Draws a bar for each file that travels."""

    def add(self, told: TellFile) -> TaskID:
        """Draw a bar for a file that began to move ``told``."""
        ...

    def update(self, bar: TaskID, there_bytes: int) -> None:
        """Draw how much is there."""

    def remove(self, bar: TaskID | None) -> None:
        """Take a bar away."""

    def open(self) -> None:
        """Draw the bars, if there are any."""

    def close(self) -> None:
        """Take all bars away."""


class Transfers:
    """Shows how far files are.

    Args:
        say: shows a line.
        console: where bars are drawn below the lines; None where there is no terminal.
        bars: draws them in another way.
        kept: says that a file was kept in other words.
    """

    def __init__(
        self,
        say: Say,
        console: Console | None = None,
        *,
        bars: Drawing | None = None,
        kept: Kept | None = None,
    ) -> None:
        self._say = say
        self._kept_text = kept or _kept_text
        self._bars = bars if console is None else Bars(console)
        self._moving: dict[str, _Moving] = {}
        self._began_s: float | None = None
        self._travelled = 0  # so many files, as far as they are kept
        self._were_there = 0
        self._moved_bytes = 0

    def tell(self, told: TellFile) -> None:
        """Show how far a file has come."""
        if told.stage is Stage.OFFERED:
            return
        if told.stage is Stage.AWAITED:
            self._say(_awaited(told), "")
            return
        if told.stage is Stage.MOVING:
            self._began_s = self._began_s or time.monotonic()
            self._tell_again(told)
            self._moving[told.file] = _Moving(told)
            return
        moving = self._moving.pop(told.file, None) or _Moving(told)
        if self._bars is not None:
            self._bars.remove(moving.bar)
        self._count(told, moving)
        text = self._sentence(told, moving)
        if text:
            self._say(text, "yellow" if told.stage in _PROBLEMS else "bold")

    def _tell_again(self, told: TellFile) -> None:
        """Say why a file comes from its beginning, if another peer began it and has not left."""
        for moving in self._moving.values():
            is_same = moving.told.is_coming and moving.told.attachment == told.attachment
            if told.is_coming and not told.offset_bytes and is_same:
                text = _(
                    "{name} comes from {address} from its beginning: "
                    "what {other} has sent of it is not over yet"
                )
                address, other = told.peer.address, moving.told.peer.address
                name = safe_text(told.attachment.name)
                self._say(
                    text.format(name=name, address=safe_text(address), other=safe_text(other)), ""
                )
                return

    def _count(self, told: TellFile, moving: _Moving) -> None:
        if told.stage is Stage.KEPT and moving.was_there:
            self._were_there += 1
        elif told.stage is Stage.KEPT:
            self._travelled += 1

    def _sentence(self, told: TellFile, moving: _Moving) -> str:
        """Return what came of a file."""
        match told.stage:
            case Stage.NOT_TAKEN:
                text = _("{name} not taken: {why}")
                return text.format(name=_named(told), why=_objection(told))
            case Stage.UNREADABLE:
                text = _("{name} could not be read: {why}")
                return text.format(name=_named(told), why=_(told.why))
            case Stage.BROKEN_OFF:
                return _broken_off(told, moving)
            case _:
                return self._kept_text(told, _moved(moving))

    def moved(self, file: str, count_bytes: int) -> None:
        """Count bytes of a file that have been read or written."""
        moving = self._moving.get(file)
        if moving is None:
            return
        moving.moved_bytes += count_bytes
        self._moved_bytes += count_bytes
        if self._bars is None:
            return
        if moving.bar is None and moving.lasted_s > BAR_AFTER_S:
            moving.bar = self._bars.add(moving.told)
        if moving.bar is not None:
            self._bars.update(moving.bar, moving.there_bytes)

    def summary(self) -> str:
        """Return how much was kept in all, or "" if it was not more than one file."""
        if self._travelled + self._were_there < 2 or self._began_s is None:
            return ""
        if not self._travelled:
            return _("all {count} files were there already").format(count=self._were_there)
        figures = _figures(self._moved_bytes, time.monotonic() - self._began_s)
        text = plural("{count} file: {figures}", "{count} files: {figures}", self._travelled)
        said = text.format(count=self._travelled, figures=figures)
        if not self._were_there:
            return said
        there = plural("{count} was there already", "{count} were there already", self._were_there)
        return f"{said}; {there.format(count=self._were_there)}"

    @contextmanager
    def out_of_sight(self) -> Iterator[None]:
        """Take the bars away while the block draws something of its own."""
        if self._bars is not None:
            self._bars.close()
        yield
        if self._bars is not None:
            self._bars.open()

    def close(self) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.close()


class Bars:
    """Bars below the lines of a screen, as long as anything moves.

    Args:
        console: the screen.
    """

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False, table_column=_WHOLE_OR_CUT),
            BarColumn(bar_width=BAR_CHARACTERS),
            _Figures(table_column=_WHOLE),
            console=console,
            transient=True,
            refresh_per_second=REFRESHES_PER_S,
        )

    def add(self, told: TellFile) -> TaskID:
        """Draw a bar for a file that began to move ``told``."""
        name = Text(safe_text(told.attachment.name))
        name.truncate(NAME_COLUMNS_MAX, overflow="ellipsis")
        task = self._progress.add_task(name.plain, total=told.attachment.size_bytes)
        self.update(task, told.offset_bytes)
        self.open()
        return task

    def update(self, bar: TaskID, there_bytes: int) -> None:
        """Draw how much is there."""
        self._progress.update(bar, completed=there_bytes)

    def remove(self, bar: TaskID | None) -> None:
        """Take a bar away."""
        if bar is None:
            return
        self._progress.remove_task(bar)
        if not self._progress.task_ids:
            self._progress.stop()

    def open(self) -> None:
        """Draw the bars, if there are any."""
        if self._progress.task_ids:
            self._progress.start()

    def close(self) -> None:
        """Take all bars away."""
        self._progress.stop()


BAR_CHARACTERS = 24
"""Leaves room beside it for a name and the figures on a line of eighty characters or a few more."""

_WHOLE = Column(no_wrap=True)
_WHOLE_OR_CUT = Column(no_wrap=True, overflow="ellipsis", max_width=40)


class _Figures(ProgressColumn):
    """How much of how much, how fast, and how much longer."""

    def render(self, task: Task) -> Text:
        """Return the figures of one bar."""
        parts = [f"{size(int(task.completed))} / {size(int(task.total or 0))}"]
        if task.speed:
            parts.append(f"{size(int(task.speed))}/s")
        if task.time_remaining is not None:
            parts.append(_("{duration} left").format(duration=duration(task.time_remaining)))
        return Text("  ".join(parts))


def _named(told: TellFile) -> str:
    """Return what a file is called, and who sends it if that is another."""
    name = safe_text(told.attachment.name)
    if not told.is_coming:
        return name
    return _("{name} from {address}").format(name=name, address=safe_text(told.peer.address))


def _awaited(told: TellFile) -> str:
    return _("{name} ({size}) is offered to {address}, which has not answered yet").format(
        name=safe_text(told.attachment.name),
        size=size(told.attachment.size_bytes),
        address=safe_text(told.peer.address),
    )


def _broken_off(told: TellFile, moving: _Moving) -> str:
    name = _named(told)
    if moving.there_bytes == 0:
        return _("{name} broken off").format(name=name)
    text = _("{name} broken off at {there} of {whole}; sent again, it goes on where it was")
    whole = size(told.attachment.size_bytes)
    return text.format(name=name, there=size(moving.there_bytes), whole=whole)


def _moved(moving: _Moving) -> str:
    """Return how much of a file that is kept had to travel, and how fast it did."""
    if moving.was_there:
        return _("was there already")
    figures = _figures(moving.moved_bytes, moving.lasted_s)
    if not moving.told.offset_bytes:
        return figures
    there = size(moving.told.offset_bytes)
    return _("{figures}, after {there} that were there").format(figures=figures, there=there)


def _kept_text(told: TellFile, figures: str) -> str:
    name = safe_text(told.attachment.name)
    if not told.is_coming:
        return _("{name}: {figures}").format(name=name, figures=figures)
    text = (
        _("{name} from {address}: {figures}")
        if told.name == told.attachment.name
        else _("{name} from {address}: {figures}, kept as {kept}")
    )
    address = safe_text(told.peer.address)
    return text.format(name=name, address=address, figures=figures, kept=safe_text(told.name))


def _figures(moved_bytes: int, lasted_s: float) -> str:
    return _("{size} in {duration} ({rate}/s)").format(
        size=size(moved_bytes),
        duration=duration(lasted_s),
        rate=size(round(moved_bytes / max(lasted_s, 1e-6))),
    )


def _objection(told: TellFile) -> str:
    match told.objection:
        case Objection.SIZE:
            text = _("it has {size}, and at most {limit} are taken")
            whole, limit = size(told.attachment.size_bytes), size(told.limit_bytes)
            return text.format(size=whole, limit=limit)
        case Objection.NAME:
            return _("no file can be called so")
        case Objection.SPACE:
            return _("the disk has no room for it")
        case Objection.FULL:
            return _("all the place for files there is taken")
        case Objection.BUSY:
            return _("as many files as may be are on their way; try again later")
        case Objection.UNWANTED:
            return _("it is not wanted")
        case Objection.DIGEST:
            return _("it did not arrive as it was sent; try again")
        case Objection.FAILED | None:
            return _(told.why) or _("something went wrong at the other side")
