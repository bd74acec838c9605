"""What the control service needs beside its sockets: programs, and a log of every request."""

import os
from pathlib import Path

from msgspec.structs import replace

from enchufe.clients.control_rules import ControlChoices
from enchufe.clients.language import _
from enchufe.clients.saying import say, say_error
from enchufe.clients.screens import Screen
from enchufe.core.errors import N_, DeniedError
from enchufe.core.notices import ControlAsked, ControlEnded, Notice
from enchufe.core.programs import ProgramEvent
from enchufe.machine.folders import state_folder
from enchufe.net.driver import Driver, Equipment
from enchufe.programs.runner import Programs
from enchufe.record.json_lines import JsonLines


class Controls:
    """Equips the control service.

    Args:
        folder: where programs run.
    """

    def __init__(self, folder: Path) -> None:
        self._driver: Driver | None = None
        self._programs = Programs(self._happened, folder=folder)
        self.equipment = Equipment(programs=self._programs.perform)

    def begin(self, driver: Driver) -> None:
        """Remember whom to tell what programs do."""
        self._driver = driver

    def hurry(self) -> None:
        """End every program at once."""
        self._programs.kill_now()

    async def close(self) -> None:
        """End every program that still runs."""
        self._driver = None
        await self._programs.close()

    def _happened(self, event: ProgramEvent) -> None:
        if self._driver is not None:
            self._driver.happened(event)


def audited(screen: Screen, choices: ControlChoices) -> Screen:
    """Return ``screen``, with every request written down before it is shown.

    The file is never overwritten; each line is a JSON object. Says where it is, and what
    ``--shell`` opens.

    Raises:
        DeniedError: it cannot be written.
    """
    path = choices.audit or state_folder() / "control.jsonl"
    log = _Log(path)
    say(_("Every request to control is written down in {path}").format(path=path))
    if choices.with_shell:
        say(_("--shell: whoever may run one program may run any, as the shell reads the line"))

    def notice(notice: Notice) -> None:
        if isinstance(notice, ControlAsked | ControlEnded):
            log.write(notice)
        screen.notice(notice)

    return replace(screen, notice=notice)


class _Log:
    """A log for its owner's eyes only; it is closed with the process.

    A disk that is full does not stop the server: its owner is told, once until it is well again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_failing = False
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from None
        self._lines = JsonLines(os.fdopen(descriptor, "ab"))

    def write(self, notice: ControlAsked | ControlEnded) -> None:
        """Write one line, whole or, once there is place again, together with the next."""
        try:
            self._lines.write(notice)
        except OSError as error:
            if not self._is_failing:
                say_error(_unwritable(self._path, error))
            self._is_failing = True
        else:
            self._is_failing = False


def _unwritable(path: Path, error: OSError) -> DeniedError:
    return DeniedError(
        N_("cannot write down requests in {path}: {why}"),
        hint=N_("Name another file with --audit"),
        path=path,
        why=error.strerror or error,
    )
