"""What the owner permits a control service to do, from what was typed."""

import os
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path
from shlex import split

from msgspec import Struct

from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import N_, UsageError
from enchufe.core.limits import PROGRAM_OUTPUT_BYTES_MAX, PROGRAM_S_MAX, PROGRAMS_MAX
from enchufe.core.peer import Transport
from enchufe.services.control import Permissions, PlainWords
from enchufe.services.control.permissions import (
    ANY_MORE,
    Pattern,
)
from enchufe.store.keys import key_at

CONTROL = "control"
"""What the service is called."""

BY_CERTIFICATE = "certificate *"
"""Every peer whose certificate was checked against `--client-ca`."""


class ControlChoices(Struct, frozen=True):
    """What the person asked for.

    Args:
        may_stop: whether peers may stop the server.
        programs: patterns of the programs they may run.
        key_file: where the key is; None for the usual place, if one is there.
        users: further users of this machine who need no key on a Unix socket.
        run_s_max: how long a program may run.
        output_bytes_max: how much it may say.
        runs_max: how many may run at once.
        folder: where programs run; None for where the server was started.
        with_shell: whether a program is a line for the shell.
        plain: the words by which peers without proof stop the server and run programs.
        audit: where every request is written down; None for the usual place.
    """

    may_stop: bool = False
    programs: Sequence[str] = ()
    key_file: Path | None = None
    users: Sequence[str] = ()
    run_s_max: float = PROGRAM_S_MAX
    output_bytes_max: int = PROGRAM_OUTPUT_BYTES_MAX
    runs_max: int = PROGRAMS_MAX
    folder: Path | None = None
    with_shell: bool = False
    plain: tuple[str, str] | None = None
    audit: Path | None = None


def permissions_of(
    choices: ControlChoices, endpoints: Sequence[Endpoint], *, checks_certificates: bool
) -> Permissions:
    """Return what was permitted, having checked that it makes sense.

    Args:
        choices: what was asked for.
        endpoints: where the service is offered; none if it is not.
        checks_certificates: whether clients of encrypted endpoints must show one.

    Raises:
        UsageError: it does not make sense, or would let in whoever comes.
        DeniedError: the key is not kept well enough.
    """
    if not endpoints:
        _check_unused(choices)
        return Permissions()
    _check_any_use(choices)
    plain = _plain_words(choices, endpoints)
    key = key_at(choices.key_file)
    if key is None and plain is None:
        _check_vouched(endpoints, checks_certificates)
    users = {f"uid {_user_id(name)}" for name in choices.users}
    users |= {f"uid {os.getuid()}", "uid 0"} if hasattr(os, "getuid") else set()
    return Permissions(
        key=key,
        users=frozenset(users | ({BY_CERTIFICATE} if checks_certificates else set())),
        may_stop=choices.may_stop,
        programs=tuple(map(_pattern, choices.programs)),
        with_shell=choices.with_shell,
        run_s_max=choices.run_s_max,
        output_bytes_max=choices.output_bytes_max,
        runs_max=choices.runs_max,
        plain=plain,
    )


def _check_unused(choices: ControlChoices) -> None:
    asked = {
        "--allow-stop": choices.may_stop,
        "--allow-run": choices.programs,
        "--allow-user": choices.users,
        "--key-file": choices.key_file,
        "--plain-control": choices.plain,
        "--shell": choices.with_shell,
        "--run-folder": choices.folder,
        "--audit": choices.audit,
    }
    for option, value in asked.items():
        if value:
            raise UsageError(
                N_("{option} does nothing without the service control"),
                hint=N_("Add it: control@tcp://:3501"),
                option=option,
            )


def _check_any_use(choices: ControlChoices) -> None:
    if not (choices.may_stop or choices.programs):
        raise UsageError(
            N_("nothing may be asked of control: all of it is off until it is switched on"),
            hint=N_("Say what may: --allow-stop, --allow-run 'uptime', --allow-run 'ls *'"),
        )
    if choices.with_shell and not choices.programs:
        raise UsageError(
            N_("--shell does nothing without --allow-run"), hint=N_("Say what may run")
        )


def _pattern(text: str) -> Pattern:
    try:
        words = tuple(split(text))
    except ValueError:
        words = ()
    if not words or words[0] == ANY_MORE or ANY_MORE in words[:-1]:
        raise UsageError(
            N_("“{text}” is not a program and its arguments"),
            hint=N_(
                "Write them as in a shell; * stands for any one argument, ** at the end for any "
                "number of them: 'ls *', 'git log **'"
            ),
            text=text,
        )
    return words


def _check_vouched(endpoints: Iterable[Endpoint], checks_certificates: bool) -> None:
    for endpoint in endpoints:
        by_system = endpoint.transport is Transport.UNIX
        by_certificate = endpoint.transport is Transport.TLS and checks_certificates
        if not by_system and not by_certificate:
            raise UsageError(
                N_("control at {endpoint} needs a key: anybody who comes there could ask"),
                hint=N_("Make one with enchufe key new, and name it with --key-file if need be"),
                endpoint=endpoint,
            )


def _plain_words(choices: ControlChoices, endpoints: Iterable[Endpoint]) -> PlainWords | None:
    if choices.plain is None:
        return None
    for endpoint in endpoints:
        if endpoint.transport.is_internet and not is_loopback(endpoint.host):
            raise UsageError(
                N_("--plain-control is not for {endpoint}: whoever reaches it could run programs"),
                hint=N_("Offer it on loopback or a Unix socket, or use a key and enchufe run"),
                endpoint=endpoint,
            )
    stop, run = (os.fsencode(word.strip()) for word in choices.plain)
    if not stop or not run or stop == run or b" " in run:
        raise UsageError(
            N_("--plain-control wants two different words, such as 'STOP' 'RUN'"),
            hint=N_("The first line ends the server, the second word begins a line that runs"),
        )
    return PlainWords(stop, run)


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches that host; of names we know but one."""
    if host in ("", "localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _user_id(name: str) -> int:
    if name.isdecimal() and name.isascii():
        return int(name)
    import pwd

    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise UsageError(
            N_("there is no user “{name}” on this machine"),
            hint=N_("Write the name or the number of one"),
            name=name,
        ) from None
