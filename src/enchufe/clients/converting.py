"""A recording becomes a file that other programs open."""

import sys
from collections.abc import Sequence
from io import BufferedWriter
from pathlib import Path

from enchufe import __version__
from enchufe.clients.language import plural, translated
from enchufe.clients.replaying import say_ending
from enchufe.core.errors import N_, DeniedError, UsageError
from enchufe.core.exits import ExitCode
from enchufe.core.text import safe_text
from enchufe.record import pcapng
from enchufe.record.capture import Capture, CaptureWords, SentBytes, sent_bytes
from enchufe.record.new_file import new_file
from enchufe.record.pcapng import Packet
from enchufe.record.reading import Numbered, RecordedRun

SUFFIX = ".pcapng"


def convert(source: Path, target: Path) -> ExitCode:
    """Write the packets of a recording into a new file; return how it ended.

    Raises:
        EnchufeError: it cannot be read or written.
    """
    if target.suffix.lower() != SUFFIX:
        raise UsageError(
            N_("{path} is not the name of a pcapng file, the one kind that is written"),
            hint=N_("Let its name end in .pcapng"),
            path=target,
        )
    run = RecordedRun(source)
    try:
        sent = sent_bytes(run.entries())
    finally:
        run.close()
    run = RecordedRun(source)  # from its first line again
    try:
        count = _write(run, sent, target)
    finally:
        run.close()
    say_ending(run)
    text = plural(
        "{path}: {count} packet, written from a recording and not captured",
        "{path}: {count} packets, written from a recording and not captured",
        count,
    )
    sys.stdout.write(text.format(path=safe_text(str(target)), count=count) + "\n")
    return ExitCode.DONE


def _write(run: RecordedRun, sent: SentBytes, target: Path) -> int:
    words = translated(CaptureWords())
    capture = Capture(run.header, sent, words)
    about = words.file.format(version=run.header.enchufe, command=run.header.command)
    count = 0
    try:
        with BufferedWriter(new_file(target)) as file:
            file.write(pcapng.section(about, f"enchufe {__version__}", run.header.platform))
            file.write(pcapng.interface("enchufe", words.interface))
            for numbered in run.entries():
                for packet in _packets(capture, numbered, run):
                    file.write(pcapng.packet(packet))
                    count += 1
    except OSError as error:
        raise DeniedError(
            N_("cannot write {path}: {why}"), path=target, why=error.strerror or error
        ) from None
    return count


def _packets(capture: Capture, numbered: Numbered, run: RecordedRun) -> Sequence[Packet]:
    try:
        return list(capture.feed(numbered))
    except ValueError as error:
        raise run.wrong(error) from None
