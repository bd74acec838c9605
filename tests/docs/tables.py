"""Tables of the reference that the program itself knows: options, exit codes, services.

In a page they stand between ``<!-- table: NAME -->`` and ``<!-- end -->``;
``python -m tests.docs.tables PAGE`` brings them up to date. The language is the page's.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.docs.page import ROOT, language

REGION = re.compile(r"(?<=<!-- table: )([\w ]+)( -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)
HEADERS = {
    "en": {
        "options": ("option", "meaning"),
        "exit codes": ("code", "meaning"),
        "services": ("service", "what it does", "ports of `enchufe serve`"),
    },
    "es": {
        "options": ("opción", "significado"),
        "exit codes": ("código", "significado"),
        "services": ("servicio", "qué hace", "puertos de `enchufe serve`"),
    },
}


def tables(language_code: str) -> dict[str, str]:
    """Return every table in a language; another process makes it, whose language it sets."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.docs.tables", f"--tables={language_code}"],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    found: dict[str, str] = json.loads(made.stdout)
    return found


def with_tables(text: str, language_code: str) -> str:
    """Return a page with its tables as the program says."""
    made = tables(language_code)
    return REGION.sub(lambda match: match[1] + match[2] + made[match[1]], text)


def _make(language_code: str) -> dict[str, str]:
    from enchufe.cli import main
    from enchufe.clients.language import choose

    choose(language_code)
    headers = HEADERS[language_code]
    parser = main._parser()
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    made = {
        f"options {name}": _table(headers["options"], _options(command))
        for name, command in commands.choices.items()
    }
    codes = [tuple(line.split(maxsplit=1)) for line in main._exit_codes().splitlines()[1:]]
    made["exit codes"] = _table(headers["exit codes"], codes)
    made["services"] = _table(headers["services"], _services())
    return made


def _options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, ...]]:
    for group in parser._action_groups:
        for action in group._group_actions:
            if action.dest != "help":
                yield _spelt(action), (action.help or "").replace("|", r"\|")


def _spelt(action: argparse.Action) -> str:
    names = ", ".join(action.option_strings)
    values = action.metavar or (
        "{" + ",".join(map(str, action.choices)) + "}" if action.choices else ""
    )
    words = (values,) if isinstance(values, str) else values
    return f"`{' '.join(filter(None, (names, *(words if action.nargs != 0 else ()))))}`"


def _services() -> Iterator[tuple[str, ...]]:
    from enchufe.clients.language import _
    from enchufe.services import CATALOGUE

    for kind in CATALOGUE.values():
        ports = ", ".join(f"{transport} {port}" for transport, port in kind.guide_ports)
        yield f"`{kind.name}`", _(kind.summary), ports or ""


def _table(header: tuple[str, ...], rows: object) -> str:
    assert hasattr(rows, "__iter__")
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def main() -> int:
    """Write the tables into the pages named, or print them for one language."""
    for word in sys.argv[1:]:
        if word.startswith("--tables="):
            sys.stdout.write(json.dumps(_make(word.removeprefix("--tables="))))
        else:
            page = Path(word).resolve()
            text = page.read_text(encoding="utf-8")
            page.write_text(with_tables(text, language(page)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
