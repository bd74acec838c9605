"""A run is recorded, if the person asked for it; without that nothing is spent on it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from enchufe.clients.saying import say
from enchufe.clients.words import sentence
from enchufe.core.limits import RECORDING_BYTES_MAX
from enchufe.core.notices import RecordingStopped
from enchufe.host import Witness, together
from enchufe.net.watched_driver import Tap
from enchufe.record.header import RecordedService
from enchufe.record.recording import Recording


class RecordWish(Struct, frozen=True):
    """What is to be recorded.

    Args:
        path: into which file.
        bytes_max: how large it may grow.
    """

    path: Path
    bytes_max: int = RECORDING_BYTES_MAX


def say_stopped(notice: RecordingStopped) -> None:
    """Say that nothing more is recorded, where no screen shows notices."""
    say(sentence(notice))


class Recorder:
    """Records a run.

    Args:
        wish: what is to be recorded; None for nothing.
        command: what runs: serve, connect, talk or chat.
        services: how each service was set up.
        stopped: told if the recording ends before the run.

    Raises:
        EnchufeError: it cannot be recorded.
    """

    def __init__(
        self,
        wish: RecordWish | None,
        command: str,
        services: Sequence[RecordedService],
        stopped: Callable[[RecordingStopped], None] = say_stopped,
    ) -> None:
        self._recording = (
            None
            if wish is None
            else Recording(wish.path, command, tuple(services), stopped, wish.bytes_max)
        )

    def witness(self, service: str, shown: Witness | None) -> Witness | None:
        """Return what sees the events and commands of a service, and shows them to ``shown``."""
        recorded = None if self._recording is None else self._recording.witness(service)
        return together(recorded, shown)

    def tap(self, service: str) -> Tap | None:
        """Return what sees the reads and writes of a service, or None."""
        return None if self._recording is None else self._recording.tap(service)

    def close(self) -> None:
        """End the recording with the run."""
        if self._recording is not None:
            self._recording.close()
