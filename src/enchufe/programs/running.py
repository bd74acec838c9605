"""One program that runs: what is said to it and by it, and how it comes to its end."""

from collections.abc import Callable
from subprocess import Popen
from time import time_ns
from typing import IO

from enchufe.core.programs import (
    ProgramBehind,
    ProgramCaughtUp,
    ProgramEnded,
    ProgramEvent,
    ProgramWrote,
)
from enchufe.programs.family import Mark
from enchufe.programs.input_pipe import InputPipe
from enchufe.programs.output_pipe import OutputPipe
from enchufe.programs.watch import Watch


class RunningProgram:
    """A program and its pipes.

    It is over when nothing of it is left and all it said has been told.

    Args:
        run: the service's handle for it.
        process: the program, just started.
        mark: what its children inherit.
        say: called with what becomes of it, last with `ProgramEnded`.

    Raises:
        RuntimeError: the system has no thread to watch it.
    """

    def __init__(
        self,
        run: str,
        process: Popen[bytes],
        mark: Mark,
        say: Callable[[ProgramEvent], None],
    ) -> None:
        assert process.stdin is not None
        self._run = run
        self._say = say
        self._is_held = False
        self._is_killed = False
        self._is_over = False
        self._code: int | None = None  # once nothing of it is left
        self._watch = Watch(process, mark, self._gone)
        self._input = InputPipe(process.stdin, self._tell_behind)
        self._outputs = (self._output(process.stdout, False), self._output(process.stderr, True))

    def feed(self, data: bytes) -> None:
        """Give it input."""
        self._input.write(data)

    def end_input(self) -> None:
        """Let it see the end of its input, after what it was given."""
        self._input.finish()

    def hold(self, hold: bool) -> None:
        """Take nothing of what it says for now, or take it again."""
        self._is_held = hold
        for output in self._outputs:
            output.hold(hold)
        self._drop_unheard()

    def kill(self) -> None:
        """End it and its children."""
        self._is_killed = True
        self._watch.kill()
        self._drop_unheard()

    def kill_now(self) -> None:
        """End it and its children without asking."""
        self._is_killed = True
        self._watch.kill_now()
        self._drop_unheard()

    def abandon(self) -> None:
        """Let go of its pipes: it cannot be killed, and nobody waits any longer."""
        self._input.close()
        for output in self._outputs:
            output.close()

    def _output(self, pipe: IO[bytes] | None, is_error: bool) -> OutputPipe:
        assert pipe is not None

        def heard(data: bytes) -> None:
            self._say(ProgramWrote(time_ns(), self._run, data, is_error))

        return OutputPipe(pipe, heard, self._end_if_over)

    def _tell_behind(self, behind: bool) -> None:
        event = ProgramBehind if behind else ProgramCaughtUp
        self._say(event(time_ns(), self._run))

    def _gone(self, code: int) -> None:
        """Come to the end: what the pipes hold now is the rest."""
        self._code = code
        self._input.close()
        for output in self._outputs:
            output.finish()
        self._drop_unheard()
        self._end_if_over()

    def _drop_unheard(self) -> None:
        """Drop what a killed program said last, if nobody wants to hear it: it must end."""
        if self._is_held and self._is_killed and self._code is not None:
            for output in self._outputs:
                output.close()

    def _end_if_over(self) -> None:
        if self._code is None or self._is_over:
            return
        if all(output.is_ended for output in self._outputs):
            self._is_over = True
            self._say(ProgramEnded(time_ns(), self._run, self._code))
