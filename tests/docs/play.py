"""Play a page: run its commands, and say where it does not tell the truth.

``python -m tests.docs.play README.md`` plays it; with ``--refresh`` what was printed is
written into the page (lines that are true already stay as they are).
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.docs import sandbox
from tests.docs.page import (
    INTERRUPT,
    KINDS,
    ROOT,
    SAID,
    Block,
    Step,
    blocks,
    language,
    matches,
    steps,
)
from tests.docs.terminal import Terminal

PATIENCE_S = 20.0
STARTING_S = 1.5
QUIET_S = 0.15
"""How long a server must have printed nothing before its block is taken as complete."""


class Player:
    """Plays one page.

    Args:
        page: the file.
        folder: where its commands run.
        refresh: whether the page does not know yet what is printed.
    """

    def __init__(self, page: Path, folder: Path, *, refresh: bool = False) -> None:
        self._refresh = refresh
        self._text = page.read_text(encoding="utf-8")
        self._page = page
        self._folder = folder
        self._environment = environment(language(page), folder)
        self._terminals: dict[str, Terminal] = {}
        self.faults: list[str] = []
        self._truth: dict[int, tuple[int, list[str]]] = {}

    def play(self) -> None:
        """Run the whole page."""
        try:
            for block in blocks(self._text):
                self._play_block(block)
        finally:
            for terminal in self._terminals.values():
                terminal.close()

    def _play_block(self, block: Block) -> None:
        if block.kind == "console":
            todo = list(steps(block))
            for step, following in zip(todo, [*todo[1:], None], strict=True):
                self._play_step(block, step, following)
        elif block.kind not in KINDS:
            (self._folder / block.name).write_text("\n".join(block.lines) + "\n", encoding="utf-8")

    def _play_step(self, block: Block, step: Step, following: Step | None) -> None:
        terminal = self._terminals.setdefault(block.name, Terminal(self._folder, self._environment))
        if step.typed == INTERRUPT:
            terminal.interrupt()
        elif block.name and step.typed.startswith(SAID):
            terminal.say(step.typed.removeprefix(SAID))
        elif step.typed:
            terminal.type(step.typed)
        may_go_on = bool(block.name) and step.typed != INTERRUPT
        if may_go_on and (following is None or _goes_into_it(following)):
            self._await_shown(terminal, step)
        elif not terminal.wait(PATIENCE_S):
            self._fault(step, ["(did not end)", *terminal.shown()])
            terminal.close()
            return
        shown = terminal.shown()
        if not _is_true(step, shown):
            self._fault(step, shown)
        terminal.looked()

    def _await_shown(self, terminal: Terminal, step: Step) -> None:
        """Wait until the terminal shows what the page says, and nothing more follows."""
        end = time.monotonic() + (PATIENCE_S / 4 if self._refresh else PATIENCE_S)
        if self._refresh and step.typed and not step.shown:
            terminal.settle(STARTING_S, STARTING_S)
        while terminal.is_busy and time.monotonic() < end and not _is_true(step, terminal.shown()):
            time.sleep(0.02)
        terminal.settle(QUIET_S, PATIENCE_S / 4)
        if not terminal.is_busy:
            terminal.wait(1.0)

    def _fault(self, step: Step, shown: list[str]) -> None:
        where = f"{self._page.relative_to(ROOT)}:{step.first}: $ {step.typed or '(goes on)'}"
        says = [f"    page:  {line}" for line in step.shown] or ["    page:  (nothing)"]
        does = [f"    shown: {line}" for line in shown] or ["    shown: (nothing)"]
        self.faults.append("\n".join([where, *says, *does]))
        said = step.typed.startswith(SAID) and step.typed not in shown
        self._truth[step.first] = (len(step.shown), [step.typed, *shown] if said else shown)

    def refreshed(self) -> str:
        """Return the page with what was really printed."""
        lines = self._text.split("\n")
        for first, (count, shown) in sorted(self._truth.items(), reverse=True):
            lines[first : first + count] = shown
        return "\n".join(lines)


def _is_true(step: Step, shown: list[str]) -> bool:
    """Return whether the page tells the truth; what is said may be shown otherwise later."""
    if matches(step.shown, shown):
        return True
    return step.typed.startswith(SAID) and matches(step.shown[1:], shown)


def _goes_into_it(step: Step) -> bool:
    """Return whether a step needs the command before it to run on."""
    return step.typed == INTERRUPT or step.typed.startswith(SAID)


def environment(language_code: str, folder: Path) -> dict[str, str]:
    """Return what a reader of that language has, with the programs under test first."""
    here = Path(sys.executable).parent
    keep = {name: os.environ[name] for name in ("PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    return keep | {
        "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "TERM": "xterm",
        "LANG": "es_ES.UTF-8" if language_code == "es" else "C.UTF-8",
        "PYTHONUTF8": "1",
    }


def play(page: Path, *, refresh: bool) -> list[str]:
    """Play ``page`` in a folder of its own; return where it does not tell the truth."""
    with tempfile.TemporaryDirectory(prefix="enchufe-page-") as folder:
        player = Player(page, Path(folder), refresh=refresh)
        player.play()
        if refresh:
            page.write_text(player.refreshed(), encoding="utf-8")
        return player.faults


def main() -> int:
    """Play the pages named on the command line, each in a network of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--refresh", action="store_true")
    arguments = parser.parse_args()
    sandbox.raise_loopback()
    faults = [
        fault
        for page in arguments.pages
        for fault in play(page.resolve(), refresh=arguments.refresh)
    ]
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
