"""Bring the Spanish catalogue up to date with the source: ``make catalogue``.

Every message the source marks is in the catalogue and nothing else is; translations
are kept. No line numbers, dates or guesses (fuzzy entries) are written, so that a diff
shows what changed in the messages and only that.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).resolve().parent.parent / "src" / "enchufe"
CATALOGUE = SOURCE / "locale" / "es" / "LC_MESSAGES" / "enchufe.po"
LINE_CHARACTERS = 96

KEYWORDS = {"_": None, "N_": None, "plural": (1, 2)}
"""The source's own marks: now, later, and one or many."""

ARGPARSE: tuple[str | tuple[str, str], ...] = (
    "usage: ",
    "positional arguments",
    "options",
    "show this help message and exit",
    "show program's version number and exit",
    "%(prog)s: error: %(message)s\n",
    "argument %(argument_name)s: %(message)s",
    "the following arguments are required: %s",
    "one of the arguments %s is required",
    "not allowed with argument %s",
    "unrecognized arguments: %s",
    "expected one argument",
    "expected at most one argument",
    "expected at least one argument",
    ("expected %s argument", "expected %s arguments"),
    "ignored explicit argument %r",
    "ambiguous option: %(option)s could match %(matches)s",
    "unexpected option string: %s",
    "unknown parser %(parser_name)r (choices: %(choices)s)",
    "invalid %(type)s value: %(value)r",
    "invalid choice: %(value)r (choose from %(choices)s)",
    "invalid choice: %(value)r, maybe you meant %(suggestion)r? (choose from %(choices)s)",
)
"""What Python's own parser says to whoever types (3.11 to 3.14); it asks gettext too.

A fixed list: reading it out of the Python at hand would make the catalogue depend on
who last ran this. What that parser says to programmers is left out.
"""


def template() -> Catalog:
    """Return an untranslated catalogue of every message there is.

    It has no language, so that it has one and many: the forms of our header, whatever babel
    thinks of Spanish (from 2.19 on it counts millions apart).
    """
    catalogue = Catalog(domain="enchufe", project="enchufe", fuzzy=False, charset="utf-8")
    for message in _marked():
        catalogue.add(message)
    for message in ARGPARSE:
        catalogue.add(message)
    return catalogue


def _marked() -> Iterator[str | tuple[str, ...]]:
    found = extract_from_dir(SOURCE, [("**.py", "python")], keywords=KEYWORDS)
    for _path, _line, message, _comments, _context in found:
        yield message


def read(path: Path = CATALOGUE) -> Catalog:
    """Return the catalogue as it is; an empty one if there is none yet."""
    if not path.exists():
        return Catalog()
    with path.open("rb") as source:
        return read_po(source)


def brought_up_to_date(kept: Catalog) -> Catalog:
    """Return a catalogue of today's messages with the translations that ``kept`` has."""
    catalogue = template()
    for message in messages(catalogue):
        known = kept.get(message.id)
        if known is not None and not known.fuzzy and known.id == message.id:
            message.string = known.string
    return catalogue


def messages(catalogue: Catalog) -> Iterator[Message]:
    """Yield the messages of ``catalogue`` without its header."""
    return (message for message in catalogue if message.id)


def is_translated(message: Message) -> bool:
    """Return whether every form of ``message`` has a translation."""
    forms = message.string if isinstance(message.string, list | tuple) else [message.string]
    return all(forms)


def write(catalogue: Catalog, path: Path = CATALOGUE) -> None:
    """Write ``catalogue``, sorted, with a header that never changes by itself."""
    body = Path(path)
    body.parent.mkdir(parents=True, exist_ok=True)
    with body.open("wb") as target:
        target.write(_HEADER.encode())
        write_po(
            target,
            catalogue,
            width=LINE_CHARACTERS,
            no_location=True,
            omit_header=True,
            sort_output=True,
            ignore_obsolete=True,
        )


_HEADER = """\
# Spanish messages of enchufe. Written by hand; `make catalogue` adds and removes messages.
msgid ""
msgstr ""
"Project-Id-Version: enchufe\\n"
"Language: es\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


def main() -> int:
    """Update the catalogue; return 1 while a translation is missing."""
    catalogue = brought_up_to_date(read())
    write(catalogue)
    missing = [message.id for message in messages(catalogue) if not is_translated(message)]
    total = sum(1 for _ in messages(catalogue))
    sys.stdout.write(f"{CATALOGUE}: {total} messages, {len(missing)} to translate\n")
    for message in missing:
        sys.stdout.write(f"  {message!r}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
