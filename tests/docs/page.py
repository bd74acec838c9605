"""A page of the documents: its fenced blocks, and which of them are to be run.

The convention, for whoever writes a page:

* A block marked ``console`` is what a terminal showed. A line that begins with ``$ `` is
  typed, ``^C`` is Ctrl-C, every other line is what was printed. Commands run one after
  another and each must end.
* ``console server`` (any word) is a second terminal, of that name. Its last command may
  go on running; a later block of the same name without a ``$ `` shows what it printed in
  the meantime.
  In such a terminal a line that begins with ``> `` is typed into the program that runs there;
  it stays on the screen as it was typed, or gives way to what the program makes of it.
* ``python hello.py`` (or any language and a file name) is a file in the folder the page
  is played in.
* ``sh`` holds commands that no test can run; `tests.docs.test_pages` names each of them,
  with the reason.
* ``text`` is a drawing or a fragment: nothing in it is run.
* In what is printed, ``…`` stands for anything on that line, and alone on a line for any
  number of lines. Times of day, ephemeral ports, process numbers, durations and rates may
  differ without a mark.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

FENCE = "```"
PROMPT = "$ "
SAID = "> "
"""Begins a line that a person types into the program that runs in a named terminal."""
INTERRUPT = "^C"
KINDS = ("console", "sh", "text")
"""Kinds of block without a file; any other must name one."""


class Block(Struct, frozen=True):
    """A fenced block.

    Args:
        kind: the first word after the fence.
        name: the second: a terminal or a file; "" if there is none.
        first: index of its first line in the page.
        lines: what is between the fences.
    """

    kind: str
    name: str
    first: int
    lines: tuple[str, ...]


class Step(Struct, frozen=True):
    """Something done in a terminal, and what it showed then.

    Args:
        typed: a command, what is said to the one that runs (with `SAID` before it),
            `INTERRUPT`, or "" for looking at the terminal again.
        first: index in the page of the first line shown.
        shown: what was printed.
    """

    typed: str
    first: int
    shown: tuple[str, ...]


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        if not lines[index].startswith(FENCE):
            index += 1
            continue
        kind, _, name = lines[index].removeprefix(FENCE).strip().partition(" ")
        end = lines.index(FENCE, index + 1)
        yield Block(kind, name.strip(), index + 1, tuple(lines[index + 1 : end]))
        index = end + 1


def steps(block: Block) -> Iterator[Step]:
    """Yield what is done in a ``console`` block, in order; what is shown before comes first."""
    typed, first, shown = "", block.first, list[str]()
    for index, line in enumerate(block.lines, block.first):
        if typed.endswith("\\") and not shown:
            typed += "\n" + line
            first = index + 1
        elif line.startswith(PROMPT) or line == INTERRUPT:
            if typed or shown or line == INTERRUPT:
                yield Step(typed, first, tuple(shown))
            typed, first, shown = line.removeprefix(PROMPT), index + 1, []
        elif block.name and line.startswith(SAID):
            if typed or shown:
                yield Step(typed, first, tuple(shown))
            typed, first, shown = line, index, [line]
        else:
            shown.append(line)
    yield Step(typed, first, tuple(shown))


_EPHEMERAL = range(32_768, 61_000)  # ip_local_port_range of Linux, and macOS's within it
_VOLATILE = (
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "hh:mm:ss"),
    (re.compile(r"\b(after|a los) [\d.]+ (?:ms|s)\b"), r"\1 TIME"),
    (re.compile(r"\b(in|en) [\d.]+ (?:ms|s) \([\d.]+ \w+/s\)"), r"\1 TIME (RATE)"),
    (re.compile(r"\(pid \d+\)"), "(pid PID)"),
    (re.compile(r'"((?:at|opened)_ns)":\d+'), r'"\1":NS'),
    (re.compile(r'"lasted_s":[\d.e-]+'), '"lasted_s":S'),
    (re.compile(r"(?<=\s)\d+(?=\s+(?:enchufe|python3?|ncat|nc|socat)\b)"), "PID"),
)
_PORT = re.compile(r"""(?<=:)\d{5}\b|(?<=', )\d{5}(?=[,)])|(?<="port":)\d{5}\b""")
_TABLE = re.compile(r"(?:proto|tcp|udp|unix|unixgram)\s|\s+local\s")
_ROW = re.compile(r"(?:tcp|udp|unix|unixgram) ")
_MORE_OF_ROW = re.compile(r" +\S")
_INSTALLED = re.compile(r"\b(enchufe|python[0-9.]*) /\S*(?:/bin/|…).*$", re.MULTILINE)


_BARE_PROMPT = re.compile(r"\S{0,20}>")


def plain(rows: Sequence[str]) -> list[str]:
    """Return the rows a terminal shows, without a prompt that waits and without blanks."""
    lines = [_INSTALLED.sub(r"\1 …", row.rstrip()) for row in rows]
    while lines and (not lines[-1] or _BARE_PROMPT.fullmatch(lines[-1])):
        lines.pop()
    return lines


def steady(line: str) -> str:
    """Return ``line`` with whatever differs from run to run replaced by a word."""
    for pattern, word in _VOLATILE:
        line = pattern.sub(word, line)
    line = _PORT.sub(lambda m: "PORT" if int(m[0]) in _EPHEMERAL else m[0], line)
    return " ".join(line.split()) if _TABLE.match(line) else line


def matches(expected: tuple[str, ...], actual: list[str]) -> bool:
    """Return whether the page tells the truth."""
    pattern = "".join(_pattern(line) for line in in_order(expected))
    shown = "".join(line + "\n" for line in in_order(actual))
    return re.fullmatch(pattern, shown) is not None


def in_order(lines: Sequence[str]) -> list[str]:
    """Return the lines made steady, table rows sorted: theirs hangs on ephemeral ports."""
    ordered: list[str] = []
    rows: list[str] = []
    for line in map(steady, lines):
        if _ROW.match(line):
            rows.append(line)
        elif rows and _MORE_OF_ROW.match(line):
            rows[-1] += "\n" + " ".join(line.split())
        else:
            ordered += [*sorted(rows), line]
            rows = []
    return "\n".join([*ordered, *sorted(rows)]).split("\n") if ordered or rows else []


def _pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*?"
    return ".*?".join(re.escape(part) for part in line.rstrip().split("…")) + r"\n"


ROOT = Path(__file__).resolve().parent.parent.parent


def pages() -> list[Path]:
    """Return every page whose commands are run."""
    guides = [path for path in ROOT.glob("docs/??/**/*.md") if path.is_file()]
    return sorted([ROOT / "README.md", ROOT / "README.es.md", *guides])


def language(path: Path) -> str:
    """Return the language a page is written in."""
    return "es" if path.name.endswith(".es.md") or "es" in path.relative_to(ROOT).parts else "en"
