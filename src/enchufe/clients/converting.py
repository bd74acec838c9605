"""A recording becomes a file that other programs open."""

import sys
from collections.abc import Sequence
from io import BufferedWriter, BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

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
    sent = _sent(source)
    run = RecordedRun(source)  # from its first line again
    try:
        count = _write_file(run, sent, target)
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


def captured(recording: bytes) -> bytes:
    """Return the packets of a recording that is at hand, as the bytes of a pcapng file.

    Raises:
        UsageError: it is no recording.
    """
    with TemporaryDirectory(prefix="enchufe-") as folder:
        source = Path(folder) / "page.enchufe"
        source.write_bytes(recording)
        sent, made = _sent(source), BytesIO()
        run = RecordedRun(source)
        try:
            _write(run, sent, made)
        finally:
            run.close()
        return made.getvalue()


def _sent(source: Path) -> SentBytes:
    """Return how much really left for each peer; for that the whole recording is read."""
    run = RecordedRun(source)
    try:
        return sent_bytes(run.entries())
    finally:
        run.close()


def _write_file(run: RecordedRun, sent: SentBytes, target: Path) -> int:
    try:
        with BufferedWriter(new_file(target)) as file:
            return _write(run, sent, file)
    except OSError as error:
        raise DeniedError(
            N_("cannot write {path}: {why}"), path=target, why=error.strerror or error
        ) from None


def _write(run: RecordedRun, sent: SentBytes, file: BinaryIO) -> int:
    """Write the packets of ``run`` to ``file``; return how many there are."""
    words = translated(CaptureWords())
    capture = Capture(run.header, sent, words)
    about = words.file.format(version=run.header.enchufe, command=run.header.command)
    file.write(pcapng.section(about, f"enchufe {__version__}", run.header.platform))
    file.write(pcapng.interface("enchufe", words.interface))
    count = 0
    for numbered in run.entries():
        for packet in _packets(capture, numbered, run):
            file.write(pcapng.packet(packet))
            count += 1
    return count


def _packets(capture: Capture, numbered: Numbered, run: RecordedRun) -> Sequence[Packet]:
    try:
        return list(capture.feed(numbered))
    except ValueError as error:
        raise run.wrong(error) from None
