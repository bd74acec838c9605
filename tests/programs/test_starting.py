"""How a program is started: what it is given, what it is not, and why it may not start."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from enchufe.core.programs import Unstarted
from enchufe.programs.environment import PATH
from enchufe.programs.starting import Failure, started

PATIENCE_S = 10.0


def output_of(*arguments: str, folder: Path, path: str = PATH) -> str:
    process = started(arguments, {"PATH": path}, folder)
    assert isinstance(process, subprocess.Popen), process
    with process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert not err, err
    return out.decode()


def failure_of(*arguments: str, folder: Path, path: str = PATH) -> Failure:
    failure = started(arguments, {"PATH": path}, folder)
    assert isinstance(failure, Failure)
    return failure


def python(*lines: str) -> Sequence[str]:
    return (sys.executable, "-c", "\n".join(lines))


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


class TestWhatItIsGiven:
    def test_its_arguments_are_read_by_no_shell(self, tmp_path: Path) -> None:
        arguments = ("$HOME", "`id`", "a  b", "*", "", "'", "ñ\udcff")
        code = "import os, sys; sys.stdout.buffer.write(os.fsencode('|'.join(sys.argv[1:])))"
        process = started((*python(code), *arguments), {"PATH": PATH}, tmp_path)
        assert isinstance(process, subprocess.Popen)
        with process:
            out, _err = process.communicate(timeout=PATIENCE_S)
        assert out == os.fsencode("|".join(arguments))

    def test_it_works_in_the_folder(self, tmp_path: Path) -> None:
        assert output_of("pwd", "-P", folder=tmp_path) == f"{tmp_path.resolve()}\n"

    def test_it_is_looked_up_in_its_own_path_not_in_ours(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        executable(tmp_path / "greet-me", "#!/bin/sh\necho hello\n")
        assert output_of("greet-me", folder=tmp_path, path=f"{PATH}:{tmp_path}") == "hello\n"
        monkeypatch.setenv("PATH", f"{PATH}:{tmp_path}")
        assert failure_of("greet-me", folder=tmp_path).why == Unstarted.NOT_FOUND

    def test_its_inputs_and_outputs_are_pipes_that_it_can_open_again(self, tmp_path: Path) -> None:
        code = (
            "import os, stat",
            "print([stat.S_ISFIFO(os.fstat(n).st_mode) for n in (0, 1, 2)])",
            "print(os.get_blocking(0), os.get_blocking(1), flush=True)",
            "open('/dev/stdout', 'w').write('again')",
        )
        said = output_of(*python(*code), folder=tmp_path)
        assert said == "[True, True, True]\nTrue True\nagain"

    def test_it_leads_a_group_and_a_session(self, tmp_path: Path) -> None:
        code = "import os; print(os.getpid() == os.getpgid(0) == os.getsid(0))"
        assert output_of(*python(code), folder=tmp_path) == "True\n"

    def test_nothing_else_that_we_hold_is_open(self, tmp_path: Path) -> None:
        reading, writing = os.pipe()
        os.set_inheritable(writing, True)
        code = f"import os\ntry: os.fstat({writing})\nexcept OSError: print('closed')"
        try:
            assert output_of(*python(code), folder=tmp_path) == "closed\n"
        finally:
            os.close(reading)
            os.close(writing)

    def test_a_broken_pipe_ends_it_as_any_program(self, tmp_path: Path) -> None:
        assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN  # Python's own habit
        process = started(("yes",), {"PATH": PATH}, tmp_path)
        assert isinstance(process, subprocess.Popen)
        with process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.wait(PATIENCE_S) == -signal.SIGPIPE


class TestWhyItMayNotStart:
    def test_there_is_no_such_program(self, tmp_path: Path) -> None:
        missing = Failure(Unstarted.NOT_FOUND, os.strerror(errno.ENOENT))
        assert failure_of("no-such-program", folder=tmp_path) == missing
        assert failure_of(str(tmp_path / "none"), folder=tmp_path) == missing
        assert failure_of("", folder=tmp_path) == missing
        assert failure_of(folder=tmp_path) == missing

    def test_its_place_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        assert failure_of(f"{tmp_path}/file/x", folder=tmp_path).why == Unstarted.NOT_FOUND

    def test_it_is_no_program(self, tmp_path: Path) -> None:
        (tmp_path / "notes").write_text("echo hello\n")
        failure = failure_of(str(tmp_path / "notes"), folder=tmp_path)
        assert failure == Failure(Unstarted.NOT_EXECUTABLE, os.strerror(errno.EACCES))
        assert failure_of("/etc", folder=tmp_path).why == Unstarted.NOT_EXECUTABLE

    def test_no_shell_tries_what_the_system_does_not_know(self, tmp_path: Path) -> None:
        executable(tmp_path / "unknown", "echo a shell was here\n")
        failure = failure_of(str(tmp_path / "unknown"), folder=tmp_path)
        assert failure == Failure(Unstarted.NOT_EXECUTABLE, os.strerror(errno.ENOEXEC))

    def test_the_folder_is_missing_and_that_is_what_is_said(self, tmp_path: Path) -> None:
        nowhere = tmp_path / "nowhere"
        failure = failure_of("true", folder=nowhere)
        assert failure.why == Unstarted.FAILED
        assert failure.detail == f"{nowhere}: {os.strerror(errno.ENOENT)}"

    @pytest.mark.parametrize("argument", ["a\0b", "\ud800"], ids=["NUL", "half a character"])
    def test_an_argument_cannot_be_one(self, argument: str, tmp_path: Path) -> None:
        invalid = Failure(Unstarted.FAILED, os.strerror(errno.EINVAL))
        assert failure_of("echo", argument, folder=tmp_path) == invalid
        assert failure_of(argument, folder=tmp_path) == invalid

    def test_there_are_too_many_arguments(self, tmp_path: Path) -> None:
        failure = failure_of("echo", *["x" * 100_000] * 100, folder=tmp_path)
        assert failure == Failure(Unstarted.FAILED, os.strerror(errno.E2BIG))
