"""``enchufe connect``: talk with any server, at a terminal or in a pipe."""

import argparse
import sys
from typing import TYPE_CHECKING

from enchufe.cli.parsing import add_encryption, add_recording, buffer_bytes, record_wish, seconds
from enchufe.cli.reaching import add_reaching, dialling_of
from enchufe.clients.keyboard import is_typed_at, kept_for_the_prompt
from enchufe.clients.language import _
from enchufe.core.exits import ExitCode

if TYPE_CHECKING:  # these rooms load heavy libraries; `enchufe --help` must stay quick
    from enchufe.clients.display import Display
    from enchufe.core.peer import Transport
    from enchufe.host import Witness


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "connect",
        help=_("talk with a server"),
        description=_(
            "Talks with any server. At a terminal you type and read; in a pipe, standard input "
            "goes to the server and its answer to standard output. At the end of the input a "
            "stream is half-closed and its answer awaited to the last byte."
        ),
        examples=(
            ("enchufe connect tcp://localhost:3500", _("type, and read what comes back")),
            ("enchufe connect udp://localhost:12345 --send hello", _("one datagram")),
            (
                r"printf 'HEAD / HTTP/1.0\r\n\r\n' | enchufe connect tcp://localhost:8000",
                _("ask a web server"),
            ),
            ("enchufe connect tcp://[::1]:10000 < big.bin > same.bin", _("every byte comes back")),
            ("enchufe connect tls://localhost:7443", _("encrypted")),
            ("enchufe connect unix://./chat.sock", _("a Unix socket")),
        ),
    )
    parser.add_argument(
        "endpoint",
        nargs="+",
        metavar=_("ENDPOINT"),
        help=_(
            "tcp://HOST:PORT, tls://…, udp://…, unix://PATH, unixgram://PATH, or HOST PORT (TCP)"
        ),
    )
    _add_speaking(parser)
    add_reaching(parser)
    add_encryption(parser, calls=True)
    _add_showing(parser)
    parser.set_defaults(run=run)


def _add_speaking(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("what is said"))
    group.add_argument(
        "--send",
        action="append",
        metavar=_("TEXT"),
        help=_("say this instead of standard input; over UDP each --send is one datagram"),
    )
    group.add_argument("--crlf", action="store_true", help=_("end lines with CR LF"))
    group.add_argument(
        "--hex", action="store_true", help=_("say and show bytes in hexadecimal: de ad be ef")
    )
    group.add_argument(
        "--no-half-close",
        dest="half_close",
        action="store_false",
        help=_("at the end of the input keep our side open, for servers that leave at its end"),
    )
    group.add_argument(
        "--wait",
        type=seconds,
        metavar=_("SECONDS"),
        help=_(
            "once all is said, leave after this much silence "
            "(default: TCP until the server closes, UDP 2 s)"
        ),
    )


def _add_showing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("what is shown"))
    group.add_argument(
        "--buffer",
        type=buffer_bytes,
        metavar=_("BYTES"),
        help=_("read this many bytes at a time, and show each read as the guides do"),
    )
    group.add_argument("--quiet", action="store_true", help=_("no figures at the end"))
    add_recording(group)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Talk, and return how it ended."""
    from enchufe.net.loop import run as run_loop

    return run_loop(_call(arguments))


async def _call(arguments: argparse.Namespace) -> ExitCode:
    from enchufe.clients.call import Call
    from enchufe.clients.language import current
    from enchufe.clients.speech import Manner
    from enchufe.clients.transcript import CallerTranscript, print_line
    from enchufe.record.json_lines import JsonLines

    dialling = dialling_of(arguments, " ".join(arguments.endpoint), arguments.buffer)
    endpoint = dialling.endpoint
    manner = Manner(
        messages=arguments.send,
        interactive=is_typed_at() and arguments.send is None,
        crlf=arguments.crlf,
        hexadecimal=arguments.hex,
    )
    witness: Witness | None = None
    if arguments.log:
        witness = JsonLines(sys.stdout.buffer).write
    elif arguments.buffer:
        transcript = CallerTranscript(current(), print_line)
        transcript.connecting(endpoint.path or endpoint.shown_host, endpoint.port)
        witness = transcript.witness
    display = _display(arguments, endpoint.transport, typing=manner.interactive)
    call = Call(
        dialling,
        manner,
        display,
        witness,
        wait_s=arguments.wait,
        half_close=arguments.half_close,
        figures=not (arguments.quiet or arguments.log or arguments.buffer),
        record=record_wish(arguments),
    )
    with kept_for_the_prompt(wanted=manner.interactive):
        return await call.run()


def _display(arguments: argparse.Namespace, transport: "Transport", *, typing: bool) -> "Display":
    from enchufe.clients.display import HexDump, Hide, Pass, SafeLines, SafeText

    if arguments.log or arguments.buffer:
        return Hide()
    if arguments.hex:
        return HexDump()
    if typing and transport.is_stream:
        return SafeLines()
    if sys.stdout.isatty():
        return SafeText(ends_messages=not transport.is_stream)
    return Pass(sys.stdout.buffer, ends_messages=not transport.is_stream)
