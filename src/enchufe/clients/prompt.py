"""The line a person types, with editing and history; what arrives never breaks it."""

import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO, cast

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.application.current import get_app_session
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import Output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.patch_stdout import StdoutProxy
from prompt_toolkit.shortcuts import CompleteStyle

from enchufe.clients.standard_streams import OutputGuard
from enchufe.clients.status_line import StatusLine

SCREEN_PAUSE_S = 0.02
"""How long what arrives is gathered before the line being typed makes room for it: short,
so that a flood cannot pile up in front of Ctrl-C; long enough to draw that line seldom."""

STATUS_PAUSE_S = 0.2
"""How often at most a bar beside the line is drawn: nobody reads faster."""


def history_path(environment: dict[str, str]) -> Path:
    """Return where typed lines are remembered (XDG Base Directory: state)."""
    state = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "enchufe" / "history"


def _history() -> History:
    path = history_path(dict(os.environ))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    except OSError:  # a home that cannot be written to: remember for this run only
        return InMemoryHistory()
    return FileHistory(str(path))


class _Terminal:
    """What the line is drawn on; once the terminal is closed, what is drawn goes nowhere.

    It is the end of the input, or a signal, that tells of a closed terminal: where a line
    is drawn, and taken away again, nobody could do anything about it.

    Args:
        stream: the terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        guard = OutputGuard().guard
        self.encoding = stream.encoding
        self.fileno = stream.fileno
        self.isatty = stream.isatty
        self.write = guard(self._write)
        self.flush = guard(stream.flush)
        self._stream = stream

    def _write(self, text: str) -> None:
        self._stream.buffer.write(text.encode(self.encoding, "replace"))


def _output() -> Output:
    """Return the terminal, never asked where its cursor is: a line needs no menu's room.

    Terminals that cannot answer would make prompt_toolkit print a warning. It is the one
    output of the session, so that what arrives is written to it too.
    """
    output = get_app_session().output
    if isinstance(output, Vt100_Output) and not isinstance(output.stdout, _Terminal):
        output.enable_cpr = False
        output.stdout = cast("TextIO", _Terminal(output.stdout))
    return output


def _erase_empty_line(session: PromptSession[str], *, keeps: bool) -> None:
    """Leave no bare prompt on the screen when the conversation ends under it.

    What was typed stays, and so does a line that was sent if the screen ``keeps`` it.
    """
    buffer, accept = session.default_buffer, session.default_buffer.accept_handler

    def changed(buffer: Buffer) -> None:
        session.app.erase_when_done = not buffer.text

    def sent(buffer: Buffer) -> bool:
        session.app.erase_when_done = not keeps
        return accept is None or accept(buffer)

    buffer.on_text_changed += changed
    buffer.accept_handler = sent


class _PathsAfter(Completer):
    """Completes the name of a file after a word."""

    def __init__(self, word: str) -> None:
        self._before = f"{word} "
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        """Yield what may follow."""
        typed = document.text_before_cursor
        if typed.startswith(self._before):
            path = Document(typed.removeprefix(self._before).lstrip())
            yield from self._paths.get_completions(path, event)


def _drawn_beside(session: PromptSession[str], status: StatusLine) -> Callable[[], str]:
    """Return what draws ``status`` beside the line while it is typed, and not once it is sent."""
    app = session.app
    app.min_redraw_interval = STATUS_PAUSE_S
    status.changed = app.invalidate
    return lambda: "" if app.is_done else status.text


def _bindings(at_once: str) -> KeyBindings:
    """Return our own keys: those ``at_once`` are sent as a line, unless something is typed already.

    We never ask for the mouse. What looks like its report is part of a text that was pasted,
    a colour for example, and prompt_toolkit's own handler fails at that.
    """
    bindings = KeyBindings()
    bindings.add(Keys.Vt100MouseEvent)(_do_nothing)
    is_empty = Condition(lambda: not get_app().current_buffer.text)
    for key in at_once:
        bindings.add(key, filter=is_empty)(_send_key)
    return bindings


def _do_nothing(_event: KeyPressEvent) -> None:
    pass


def _send_key(event: KeyPressEvent) -> None:
    event.current_buffer.text = event.data
    event.current_buffer.validate_and_handle()


async def lines(
    prompt: str,
    *,
    keeps: bool = True,
    status: StatusLine | None = None,
    paths_after: str = "",
    at_once: str = "",
) -> AsyncIterator[str]:
    """Yield each line typed, until Ctrl-D; several that were pasted one after the other.

    Args:
        prompt: shown before the line.
        keeps: whether a line stays on the screen when it is sent, or whoever takes it
            shows it in a place of its own.
        status: drawn beside the line, as far as there is room.
        paths_after: the Tab key completes the names of files after this word.
        at_once: keys that are a line by themselves where nothing else is typed yet.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    session: PromptSession[str] = PromptSession(
        history=_history(),
        output=_output(),
        completer=_PathsAfter(paths_after) if paths_after else None,
        complete_while_typing=False,
        complete_style=CompleteStyle.READLINE_LIKE,  # a menu would need room below the line
        key_bindings=_bindings(at_once),
    )
    if status is not None:
        session.rprompt = _drawn_beside(session, status)
    _erase_empty_line(session, keeps=keeps)
    proxy = StdoutProxy(raw=True, sleep_between_writes=SCREEN_PAUSE_S)
    stream = cast("TextIO", proxy)  # as prompt_toolkit's own patch_stdout does
    raw = session.input.raw_mode()  # also between two lines: what is typed then is not lost
    with raw, proxy, redirect_stdout(stream), redirect_stderr(stream):
        while True:
            session.app.erase_when_done = True
            try:
                entered = await session.prompt_async(prompt, handle_sigint=False)
            except EOFError:
                return
            for line in entered.removesuffix("\n").split("\n"):
                yield line
