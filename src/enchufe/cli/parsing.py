"""What all commands' parsers share: examples, the language, and values with a meaning."""

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from enchufe.clients.language import LANGUAGES, _
from enchufe.core.text import speakable_text

if TYPE_CHECKING:
    from enchufe.clients.recorder import RecordWish
    from enchufe.net.tls import TlsSettings

Example = tuple[str, str]
"""A command to type, and what it does."""


class Placed(str):
    """What was given to an option whose place among the other words counts.

    It stands there as a word of its own, which is never taken for an option, whatever its
    ``value`` begins with.
    """

    __slots__ = ("value",)

    def __new__(cls, value: str) -> Self:
        """Return a word that stands for ``value``."""
        word = super().__new__(cls, "placed")
        word.value = value
        return word

    value: str


class CommandParser(argparse.ArgumentParser):
    """A parser whose help ends with examples and that knows ``--lang``.

    Args:
        examples: commands to type; they come before the epilog.
        placed: options whose values come among the positional words, as `Placed`, and
            are abbreviated by nobody.
        options: as for `argparse.ArgumentParser`.
    """

    def __init__(
        self, *, examples: Sequence[Example] = (), placed: Sequence[str] = (), **options: Any
    ) -> None:
        self._placed = placed
        options["allow_abbrev"] = not placed
        options["formatter_class"] = argparse.RawDescriptionHelpFormatter
        options["epilog"] = "\n\n".join(filter(None, (_shown(examples), options.get("epilog"))))
        super().__init__(**options)
        self.add_argument(
            "--lang", choices=LANGUAGES, help=_("language of messages (default: the system's)")
        )

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as usual; what is not understood is said with the command's own ``hint``."""
        arguments, unknown = self.parse_known_args(args, namespace)
        if unknown:
            text = _("unrecognized arguments: %s") % " ".join(unknown)
            self.error("\n  ".join(filter(None, (text, getattr(arguments, "hint", "")))))
        return arguments

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as usual, or in any order of options and words where that order counts."""
        if not self._placed or args is None:
            return super().parse_known_args(args, namespace)
        placed, self._placed = self._placed, ()  # what follows comes back here
        usage, self.usage = self.usage, self.usage or self._usage()
        try:
            return self.parse_known_intermixed_args(list(_in_place(args, placed)), namespace)
        finally:
            self._placed, self.usage = placed, usage

    def _usage(self) -> str:
        """Return the usage without the word for it, which argparse takes for an English one."""
        return self.format_usage().partition(": ")[2]

    def format_help(self) -> str:
        """Return the help, its description as wide as the terminal, its examples as they are."""
        from shutil import get_terminal_size
        from textwrap import fill

        self.description = fill(self.description or "", get_terminal_size().columns - 2)
        return super().format_help()


def _in_place(words: Sequence[str], placed: Sequence[str]) -> Iterator[str]:
    """Yield ``words``, each ``placed`` option with its value as one word of its own."""
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if word == "--":
            yield from (word, *rest)
        elif option not in placed:
            yield word
        elif equals:
            yield Placed(value)
        else:
            following = next(rest, None)
            yield word if following is None else Placed(following)


def _shown(examples: Sequence[Example]) -> str:
    if not examples:
        return ""
    rows = [line for command, meaning in examples for line in (f"  {command}", f"      {meaning}")]
    return "\n".join([_("examples:"), *rows])


def add_networks(group: "argparse._ArgumentGroup") -> None:
    """Add the options that say which addresses may come in."""
    group.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar=_("NETWORK"),
        help=_("only these: 10.0.0.0/8, ::1, localhost, or @FILE with one a line"),
    )
    group.add_argument(
        "--deny",
        action="append",
        default=[],
        metavar=_("NETWORK"),
        help=_("all but these; a changed @FILE is read again and drops nobody"),
    )


def add_name(group: "argparse._ActionsContainer") -> None:
    """Add what somebody wants to be called where they go."""
    group.add_argument(
        "--name",
        type=speakable_text,
        default="",
        metavar=_("NAME"),
        help=_("how to be called there"),
    )


def add_recording(group: "argparse._ActionsContainer") -> None:
    """Add what writes the run down: as it goes by, or as a recording (`record_wish`)."""
    group.add_argument(
        "--log", choices=("jsonl",), help=_("write every event as a JSON object, a line each")
    )
    group.add_argument(
        "--record",
        type=Path,
        metavar=_("FILE"),
        help=_("write all that happens and is said into a new file, for enchufe replay"),
    )
    group.add_argument(
        "--record-max",
        type=size_bytes,
        metavar=_("SIZE"),
        help=_("let the recording grow to this size and no further (default: 1G)"),
    )


def record_wish(arguments: argparse.Namespace) -> "RecordWish | None":
    """Return what is to be recorded, as the options of `add_recording` say."""
    from enchufe.clients.recorder import RecordWish
    from enchufe.core.limits import RECORDING_BYTES_MAX

    if arguments.record is None:
        return None
    bytes_max = arguments.record_max or RECORDING_BYTES_MAX
    return RecordWish(arguments.record.expanduser(), bytes_max)


def add_encryption(
    parser: argparse.ArgumentParser, *, serves: bool = False, calls: bool = False
) -> None:
    """Add what tls:// endpoints can be told; `tls_settings` reads it.

    Args:
        parser: the command's.
        serves: whether the command opens such endpoints.
        calls: whether it calls others'.
    """
    group = parser.add_argument_group(_("encryption (tls://)"))
    group.add_argument(
        "--cert",
        metavar=_("FILE"),
        help=_("show this certificate (PEM) instead of our own, made on first use")
        if serves
        else _("show this certificate (PEM) to a server that demands one"),
    )
    group.add_argument(
        "--key", metavar=_("FILE"), help=_("its private key (default: in the file of --cert)")
    )
    if serves:
        group.add_argument(
            "--client-ca",
            metavar=_("FILE"),
            help=_("only clients with a certificate of these authorities (PEM)"),
        )
    if calls:
        group.add_argument(
            "--ca",
            metavar=_("FILE"),
            help=_(
                "only a server whose certificate names it and comes from these authorities (PEM)"
            ),
        )
        group.add_argument(
            "--fingerprint",
            metavar="SHA256",
            help=_("only a server whose certificate has this fingerprint"),
        )


def tls_settings(arguments: argparse.Namespace) -> "TlsSettings":
    """Return what was given of the options of `add_encryption`."""
    from enchufe.net.tls import OPTIONS, TlsSettings

    given = vars(arguments)
    names = {name: option.removeprefix("--").replace("-", "_") for name, option in OPTIONS.items()}
    return TlsSettings(**{name: given.get(attribute) for name, attribute in names.items()})


def seconds(text: str) -> float:
    """Return a time in seconds, more than none.

    Raises:
        ArgumentTypeError: it is not one.
    """
    try:
        value = float(text.removesuffix("s"))
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(
            _("“{text}” is not a number of seconds above 0").format(text=text)
        )
    return value


def count(text: str) -> int:
    """Return a whole number from 1 on.

    Raises:
        ArgumentTypeError: it is not one.
    """
    if not text.isdecimal() or not text.isascii() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            _("“{text}” is not a whole number from 1 on").format(text=text)
        )
    return int(text)


def limit(text: str) -> int:
    """Return a whole number; 0 stands for no limit.

    Raises:
        ArgumentTypeError: it is not one.
    """
    if not text.isdecimal() or not text.isascii():
        raise argparse.ArgumentTypeError(
            _("“{text}” is not a whole number; 0 stands for any number").format(text=text)
        )
    return int(text)


_SIZE = re.compile(r"(\d+)([KMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)


def size_bytes(text: str) -> int:
    """Return a size in bytes: ``100``, ``20K``, ``100M``, ``2GiB``; units are powers of 1024.

    Raises:
        ArgumentTypeError: it is not one.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(
            _("“{text}” is not a size such as 500, 100K, 20M or 2G").format(text=text)
        )
    factor: int = 1024 ** " KMGT".index(match[2].upper() or " ")
    return int(match[1]) * factor


def buffer_bytes(text: str) -> int:
    """Return the size of a read buffer, 1 byte to 16 MiB.

    Raises:
        ArgumentTypeError: it is not one.
    """
    value = count(text)
    if value > BUFFER_BYTES_MAX:
        raise argparse.ArgumentTypeError(
            _("a read buffer has at most {most} bytes, not {value}").format(
                most=BUFFER_BYTES_MAX, value=value
            )
        )
    return value


BUFFER_BYTES_MAX = 16 * 1024 * 1024
