"""The machine's sockets as a table for a person, or as aligned columns for a pipe.

At a terminal states are coloured and explained below, and the table is made to fit.
In a pipe every row is one line, and nothing is cut or coloured.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from msgspec import Struct
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from enchufe.clients.language import _, plural
from enchufe.core.errors import N_
from enchufe.core.text import safe_text
from enchufe.machine.owners import Ownership
from enchufe.machine.sockets import SocketEntry, is_root

EMPTY = "-"
SUDO = 'sudo "$(command -v enchufe)" ps'
"""What shows everything; root's own path may not lead to a program in a venv."""

EXPLANATIONS = {
    "LISTEN": N_("waits for connections"),
    "SYN_SENT": N_("has asked for a connection; no answer yet"),
    "SYN_RECV": N_("was asked for a connection and has answered"),
    "ESTABLISHED": N_("connected; both sides may send"),
    "FIN_WAIT1": N_("has finished sending; the other side has not confirmed it"),
    "FIN_WAIT2": N_("has finished sending; the other side may still send"),
    "CLOSE_WAIT": N_("the other side has finished; this program has not closed yet"),
    "CLOSING": N_("both sides finished at once; the confirmation is missing"),
    "LAST_ACK": N_("both sides have finished; the last confirmation is missing"),
    "TIME_WAIT": N_("closed; the port is kept a while, so that late packets harm nobody"),
    "CLOSE": N_("has an address; neither listens nor connects"),
}
"""What each state means, in the words of RFC 9293, 3.3.2, made plain."""

PROGRAM_CELLS_MIN = 12
"""Room a terminal must leave for the program; with less, it is asked to wrap plain lines."""

_GAP_CELLS = 2
_STYLES = {"LISTEN": "green", "ESTABLISHED": "cyan", "": ""}
_STYLE_PASSING = "yellow"  # a state that ends by itself, or that should


class _Column(Struct, frozen=True):
    """One column: its header and a cell for every entry."""

    header: str
    cells: list[Text]
    is_number: bool = False

    @property
    def width_cells(self) -> int:
        """The room it would like, headers stacked."""
        texts = (self.header.replace(" ", "\n"), *(cell.plain for cell in self.cells))
        return max(cell_len(line) for text in texts for line in text.split("\n"))


def show(
    entries: Sequence[SocketEntry],
    *,
    output: TextIO | None = None,
    notes: TextIO | None = None,
    others_missing: bool = False,
) -> None:
    """Show ``entries`` in the chosen language.

    Args:
        entries: in the order they are to be shown.
        output: where the table goes; standard output by default.
        notes: where everything else that must be said goes; standard error by default,
            so that a pipe gets nothing but rows.
        others_missing: whether the system left other users' sockets out altogether.
    """
    output, notes = output or sys.stdout, notes or sys.stderr
    if not entries:
        print(_("There are no such sockets."), file=notes)
    elif output.isatty():
        console = Console(file=output, highlight=False)
        _print_fitting(entries, console)
        legend = _legend(entries)
        if legend.row_count:
            console.print(legend)
    else:
        output.writelines(_plain_lines(_columns(entries)))
    for note in _notes(entries, others_missing=others_missing):
        print(note, file=notes)


def _print_fitting(entries: Sequence[SocketEntry], console: Console) -> None:
    """Print the widest layout that fits; plain lines if none does, for they wrap legibly."""
    for columns in (_columns(entries), _columns(entries, narrow=True)):
        *others, program = columns
        taken_cells = sum(column.width_cells + _GAP_CELLS for column in others)
        room_cells = console.width - taken_cells
        if room_cells >= PROGRAM_CELLS_MIN:
            console.print(_table(others, program, min(room_cells, program.width_cells)))
            return
    console.file.writelines(_plain_lines(_columns(entries)))


def _columns(entries: Sequence[SocketEntry], *, narrow: bool = False) -> list[_Column]:
    """Return the columns in which any entry has something to say, the program last.

    Args:
        entries: the rows.
        narrow: put the remote address below the local one, and leave out zeros.
    """
    columns = [
        _Column(_("proto"), [Text(entry.transport) for entry in entries]),
        *(_stacked_addresses(entries) if narrow else _addresses(entries)),
        _Column(_("state"), [_state(entry) for entry in entries]),
        _Column(_("accept queue"), [_accept_queue(entry) for entry in entries], is_number=True),
        _Column(
            _("unread bytes"), [_number(e.receive_queue_bytes) for e in entries], is_number=True
        ),
        _Column(_("unsent bytes"), [_number(e.send_queue_bytes) for e in entries], is_number=True),
        _Column(_("dropped"), [_number(e.drops or None, "red") for e in entries], is_number=True),
        _Column(_("pid"), [_pids(entry) for entry in entries], is_number=True),
        _Column(_("program"), [_program(entry) for entry in entries]),
    ]
    return [
        column
        for column in columns
        if any(cell.plain not in ("", "0" if narrow else "") for cell in column.cells)
    ]


def _addresses(entries: Sequence[SocketEntry]) -> list[_Column]:
    return [
        _Column(_("local address"), [Text(safe_text(e.local)) for e in entries]),
        _Column(_("remote address"), [Text(safe_text(e.remote)) for e in entries]),
    ]


def _stacked_addresses(entries: Sequence[SocketEntry]) -> list[_Column]:
    """Return local and remote addresses in one column, one below the other."""
    cells = []
    for entry in entries:
        remote = f"\n→ {safe_text(entry.remote)}" if entry.remote else ""
        cells.append(Text((safe_text(entry.local) or EMPTY) + remote))
    return [_Column(_("address"), cells)]


def _state(entry: SocketEntry) -> Text:
    return Text(entry.state, style=_STYLES.get(entry.state, _STYLE_PASSING))


def _accept_queue(entry: SocketEntry) -> Text:
    """Return ``waiting/backlog``; red once the listener turns connections away."""
    if entry.accept_queue is None or entry.accept_queue_max is None:
        return Text()
    is_full = entry.accept_queue > entry.accept_queue_max
    return Text(f"{entry.accept_queue}/{entry.accept_queue_max}", style="red" if is_full else "")


def _number(number: int | None, style: str = "") -> Text:
    return Text() if number is None else Text(str(number), style=style)


def _pids(entry: SocketEntry) -> Text:
    """Return the process, and how many others have the socket open: ``4711+2``."""
    sharing = f"+{len(entry.sharing_pids)}" if entry.sharing_pids else ""
    return _number(entry.pid).append(sharing)


def _command(entry: SocketEntry) -> str:
    """Return what was typed to start it; a script's own path would only push the rest out."""
    name, words = entry.program or "", (entry.command_line or ())[1:]
    if words and Path(words[0]).name == name:
        words = words[1:]
    return " ".join((name, *words))


def _program(entry: SocketEntry) -> Text:
    match entry.ownership:
        case Ownership.PROGRAM:
            return Text(safe_text(_command(entry)), no_wrap=True, overflow="ellipsis")
        case Ownership.HIDDEN:
            user = _("(of user {user})").format(user=safe_text(entry.user or "?"))
            return Text(user, style="dim")
        case Ownership.NOT_ACCEPTED:
            return Text(_("(not accepted yet)"), style="yellow")
        case Ownership.ORPHAN:
            return Text(_("(closed by its program)"), style="dim")


def _table(others: Sequence[_Column], program: _Column, program_cells: int) -> Table:
    """Return the table for a terminal: headers stacked, so that numbers take little room."""
    table = Table(box=None, pad_edge=False, padding=(0, _GAP_CELLS, 0, 0), header_style="bold")
    for column in others:
        justify: JustifyMethod = "right" if column.is_number else "left"
        table.add_column(column.header.replace(" ", "\n"), justify=justify, no_wrap=True)
    table.add_column(program.header, width=program_cells)
    for row in zip(*(column.cells for column in (*others, program)), strict=True):
        table.add_row(*(cell or Text(EMPTY, style="dim") for cell in row))
    return table


def _legend(entries: Sequence[SocketEntry]) -> Table:
    """Return what each state in the table means."""
    legend = Table.grid(padding=(0, 2, 0, 0))
    present = {entry.state for entry in entries}
    for state, explanation in EXPLANATIONS.items():
        if state in present:
            legend.add_row(Text(state, style="dim"), Text(_(explanation), style="dim"))
    return legend


def _plain_lines(columns: Sequence[_Column]) -> Iterator[str]:
    """Yield one line for the headers and one for each row, however long."""
    texts = [[column.header, *(cell.plain or EMPTY for cell in column.cells)] for column in columns]
    widths = [max(map(cell_len, column)) for column in texts]
    for row in zip(*texts, strict=True):
        padded = (
            " " * (width - cell_len(text)) + text
            if column.is_number
            else text + " " * (width - cell_len(text))
            for column, text, width in zip(columns, row, widths, strict=True)
        )
        yield "  ".join(padded).rstrip() + "\n"


def _notes(entries: Sequence[SocketEntry], *, others_missing: bool) -> Iterator[str]:
    hidden = sum(entry.ownership is Ownership.HIDDEN for entry in entries)
    if others_missing:
        yield _("Only your own programs' sockets are shown. To see all of them: ") + SUDO
    elif hidden and is_root():
        yield plural(
            "{count} socket is held by the kernel itself or by a program in another container.",
            "{count} sockets are held by the kernel itself or by programs in other containers.",
            hidden,
        ).format(count=hidden)
    elif hidden:
        yield (
            plural(
                "{count} socket belongs to a program that only its user may see. To see it: ",
                "{count} sockets belong to programs that only their users may see. To see them: ",
                hidden,
            ).format(count=hidden)
            + SUDO
        )
