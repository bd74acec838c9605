"""Programs as a service sees them: its orders, and what comes of them."""

import asyncio
import contextlib
import errno
import gc
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.net.recording import until
from tests.programs.conftest import Play
from tests.programs.stage import DAEMON, ONE, Stage, left_of, linux

from enchufe.core.programs import (
    ProgramBehind,
    ProgramCaughtUp,
    ProgramEnded,
    ProgramStarted,
    ProgramWrote,
    Unstarted,
)
from enchufe.programs import family, runner, watch
from enchufe.programs.environment import MARK, PATH
from enchufe.programs.output_pipe import PIECE_BYTES_MAX
from enchufe.programs.watch import Watch

MEBIBYTE = 1024 * 1024
MANY = 50

BOTH = """
import sys
for _ in range(64):
    sys.stdout.buffer.write(b"o" * 16384)
    sys.stderr.buffer.write(b"e" * 16384)
"""

STUBBORN = "trap '' TERM; echo $$; while true; do sleep 1000; done"


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is asked to end has not a whole second, so that the test need not wait for it."""
    monkeypatch.setattr(watch, "PROGRAM_KILL_S", 0.2)


def open_descriptors() -> int:
    """Return how many are open, but for those that nobody holds any more."""
    gc.collect()
    return psutil.Process().num_fds()


@contextlib.contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Let nobody in this process open anything."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def lives(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


async def turns() -> None:
    """Let the event loop do whatever it has to do, several times."""
    for _ in range(20):
        await asyncio.sleep(0.005)


class TestWhatIsTold:
    def test_start_output_and_end_in_this_order(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("echo", "hello")
                assert stage.events == []  # never in the middle of an order
                assert await stage.ended() == 0
                kinds = [type(event) for event in stage.events]
                assert kinds == [ProgramStarted, ProgramWrote, ProgramEnded]
                assert stage.said() == b"hello\n"

        play(main())

    def test_both_outputs_whole_and_apart(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run(sys.executable, "-c", BOTH)
                assert await stage.ended() == 0
                assert stage.said() == b"o" * MEBIBYTE
                assert stage.said(is_error=True) == b"e" * MEBIBYTE
                sizes = [len(event.data) for event in stage.of(ProgramWrote)]
                assert max(sizes) <= PIECE_BYTES_MAX

        play(main())

    @pytest.mark.parametrize(
        ("script", "code"),
        [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -9 $$", -signal.SIGKILL)],
    )
    def test_how_it_ended(self, script: str, code: int, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("sh", "-c", script)
                assert await stage.ended() == code

        play(main())

    def test_that_it_did_not_start(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("no-such-program")
                assert stage.events == []  # never in the middle of an order
                stage.feed(b"nobody hears")
                stage.kill()
                failure = await stage.failed()
                assert failure.why == Unstarted.NOT_FOUND
                assert failure.detail
                await turns()
                assert stage.events == [failure]

        play(main())

    def test_an_argument_that_cannot_be_one(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("echo", "a\0b")
                assert (await stage.failed()).why == Unstarted.FAILED

        play(main())

    def test_that_there_is_no_thread_to_watch_it(
        self, tmp_path: Path, play: Play, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_thread: threading.Thread) -> None:
            raise RuntimeError

        async def main() -> None:
            async with Stage(tmp_path) as stage:
                with monkeypatch.context() as patch:
                    patch.setattr(threading.Thread, "start", refuse)
                    stage.run("sleep", "1000")
                assert (await stage.failed()).why == Unstarted.FAILED
                assert stage.processes() == []
                stage.run("echo", "again")
                await until(lambda: bool(stage.of(ProgramEnded)))

        play(main())

    def test_that_no_descriptor_is_left_for_it(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                with no_descriptor_left():
                    stage.run("true")
                failure = await stage.failed()
                assert failure.why == Unstarted.FAILED
                assert failure.detail == os.strerror(errno.EMFILE)

        play(main())

    def test_its_environment_holds_nothing_of_ours(
        self, tmp_path: Path, play: Play, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("API_KEY", "secret")
        monkeypatch.setenv("TZ", "Europe/Madrid")

        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("env")
                assert await stage.ended() == 0
                said = dict(line.split("=", 1) for line in stage.said().decode().splitlines())
                assert (said["PATH"], said["TZ"]) == (PATH, "Europe/Madrid")
                assert said.keys() <= {
                    *("PATH", "HOME", "USER", "LOGNAME", "TZ", "LANG", MARK),
                    *(name for name in os.environ if name.startswith("LC_")),
                }

        play(main())

    def test_its_environment_is_the_one_that_was_chosen(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path, {"COURSE": "redes"}) as stage:
                stage.run("env")
                assert await stage.ended() == 0
                names = {line.partition("=")[0] for line in stage.said().decode().splitlines()}
                assert names == {"COURSE", "PATH", MARK}

        play(main())


class TestItsInput:
    def test_it_reads_what_it_is_given_and_then_the_end(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("cat")
                stage.feed(b"one ")
                await stage.hears(b"one ")
                stage.feed(b"two")
                stage.end_input()
                stage.feed(b"too late")
                assert await stage.ended() == 0
                assert stage.said() == b"one two"

        play(main())

    def test_it_is_behind_and_catches_up(self, tmp_path: Path, play: Play) -> None:
        data = os.urandom(5 * MEBIBYTE)

        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("cat")
                for at in range(0, len(data), MEBIBYTE):
                    stage.feed(data[at : at + MEBIBYTE])
                assert stage.events == []  # never in the middle of an order
                stage.end_input()
                assert await stage.ended() == 0
                assert stage.said() == data
                told = [type(event) for event in stage.events if type(event) is not ProgramWrote]
                assert told == [ProgramStarted, ProgramBehind, ProgramCaughtUp, ProgramEnded]

        play(main())

    def test_what_it_does_not_want_is_dropped(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("sh", "-c", "read line; exec 0<&-; echo closed; exec sleep 1000")
                stage.feed(b"line\n" + bytes(2 * MEBIBYTE))
                await until(lambda: bool(stage.of(ProgramCaughtUp)))
                stage.feed(bytes(2 * MEBIBYTE))
                stage.end_input()
                stage.kill()
                assert await stage.ended() == -signal.SIGTERM
                assert len(stage.of(ProgramBehind)) == 1

        play(main())


class TestHolding:
    def test_a_held_program_waits(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("yes")
                await stage.hears(b"y\n")
                stage.hold(True)
                await asyncio.sleep(0)  # what had been read
                said_bytes = len(stage.said())
                await turns()
                assert len(stage.said()) == said_bytes
                stage.hold(False)
                await until(lambda: len(stage.said()) > said_bytes + MEBIBYTE)

        play(main())

    def test_one_that_ends_while_it_is_held_is_heard_later(
        self, tmp_path: Path, play: Play
    ) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("sh", "-c", "echo out; echo err >&2")
                stage.hold(True)
                await turns()
                assert stage.of(ProgramWrote) == []
                assert stage.of(ProgramEnded) == []
                stage.hold(False)
                assert await stage.ended() == 0
                assert (stage.said(), stage.said(is_error=True)) == (b"out\n", b"err\n")

        play(main())

    def test_one_that_is_killed_while_it_is_held_ends(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("yes")
                await stage.hears(b"y\n")
                stage.hold(True)
                stage.kill()
                assert await stage.ended() == -signal.SIGTERM

        play(main())

    def test_one_that_has_ended_while_it_is_held_is_let_go_by_killing_it(
        self, tmp_path: Path, play: Play
    ) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("echo", "hello")
                stage.hold(True)
                await until(lambda: stage.processes() == [])
                await turns()
                stage.kill()
                assert await stage.ended() == 0
                await turns()
                assert len(stage.of(ProgramEnded)) == 1

        play(main())


class TestKilling:
    def test_it_may_end_as_it_likes_if_it_is_quick(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("sh", "-c", "trap 'echo bye; exit 7' TERM; echo $$; sleep 1000 & wait")
                await stage.hears_numbers(1)
                stage.kill()
                assert await stage.ended() == 7
                assert stage.said().endswith(b"bye\n")

        play(main())

    def test_so_may_its_children_when_it_ends_before_them(self, tmp_path: Path, play: Play) -> None:
        child = "trap 'sleep 0.1; echo bye; exit' TERM; echo $$; sleep 1000 & wait"

        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("sh", "-c", 'sh -c "$0" & exec sleep 1000', child)
                await stage.hears_numbers(1)
                stage.kill()
                assert await stage.ended() == -signal.SIGTERM
                assert stage.said().endswith(b"bye\n")

        play(main())

    @pytest.mark.usefixtures("_impatient")
    def test_one_that_does_not_care_is_killed(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("sh", "-c", STUBBORN)
                processes = await stage.hears_numbers(1)
                stage.kill()
                stage.kill()
                assert await stage.ended() == -signal.SIGKILL
                assert left_of(processes) == []

        play(main())

    def test_it_ends_even_if_there_is_no_descriptor_to_look_for_it_with(
        self, tmp_path: Path, play: Play, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(watch, "PROGRAM_KILL_S", 0.2)
        monkeypatch.setattr(family, "PROGRAM_KILL_S", 0.2)

        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("sh", "-c", "sleep 1000 & echo $!; wait")
                processes = await stage.hears_numbers(1)
                with no_descriptor_left():
                    stage.kill()
                    assert await stage.ended() == -signal.SIGKILL
                await until(lambda: not any(map(lives, processes)))

        play(main())

    def test_its_children_go_with_it(self, tmp_path: Path, play: Play) -> None:
        script = "sleep 1000 & echo $!; (sleep 1000; true) & echo $!; echo $$; wait"

        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("sh", "-c", script)
                processes = await stage.hears_numbers(3)
                processes += [process.pid for process in stage.processes()]
                stage.kill()
                await stage.ended()
                assert left_of(processes) == []

        play(main())

    @linux
    def test_so_do_children_in_sessions_of_their_own(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("sh", "-c", "setsid sh -c 'echo $$; exec sleep 1000' & wait")
                processes = await stage.hears_numbers(1)
                stage.kill()
                await stage.ended()
                assert left_of(processes) == []

        play(main())

    @linux
    def test_so_do_daemons(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run(sys.executable, "-c", f"{DAEMON}\ntime.sleep(1000)")
                processes = await stage.hears_numbers(1)
                stage.kill()
                await stage.ended()
                assert left_of(processes) == []

        play(main())

    def test_another_program_goes_on(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("cat", run="other")
                stage.run("cat")
                stage.kill()
                await stage.ended()
                stage.feed(b"still here", "other")
                await stage.hears(b"still here", "other")

        play(main())

    def test_one_that_is_over_or_unknown_is_left_alone(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("true")
                await stage.ended()
                told = len(stage.events)
                for run in (ONE, "unknown"):
                    stage.feed(b"hello", run)
                    stage.end_input(run)
                    stage.hold(True, run)
                    stage.kill(run)
                await turns()
                assert len(stage.events) == told

        play(main())


class TestWhatIsLeft:
    def test_a_child_left_behind_is_killed_and_nobody_waits_for_it(
        self, tmp_path: Path, play: Play
    ) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("sh", "-c", "sleep 1000 & echo $!; exit 3")
                assert await stage.ended() == 3
                assert left_of(await stage.hears_numbers(1)) == []

        play(main())

    @linux
    def test_so_is_a_daemon(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run(sys.executable, "-c", DAEMON)
                assert await stage.ended() == 0
                assert left_of(await stage.hears_numbers(1)) == []

        play(main())

    @linux
    def test_an_output_that_somebody_else_holds_open_is_not_waited_for(
        self, tmp_path: Path, play: Play
    ) -> None:
        async def main() -> None:
            async with Stage(tmp_path) as stage:
                stage.run("sh", "-c", "echo $$; read line; exit 3")
                (process,) = await stage.hears_numbers(1)
                held = os.open(f"/proc/{process}/fd/1", os.O_WRONLY)
                stage.end_input()
                assert await stage.ended() == 3
                os.close(held)

        play(main())

    def test_many_at_once_leave_nothing(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            before = open_descriptors()
            async with Stage(tmp_path) as stage:
                runs = [str(number) for number in range(MANY)]
                for run in runs:
                    stage.run("sh", "-c", f"cat; exit {run}", run=run)
                for run in runs:
                    stage.feed(run.encode(), run)
                    stage.end_input(run)
                for run in runs:
                    assert await stage.ended(run) == int(run)
                    assert stage.said(run) == run.encode()
            assert stage.processes() == []
            assert open_descriptors() == before

        play(main())


class TestClosing:
    @pytest.mark.usefixtures("_impatient")
    def test_all_are_killed_and_told_of(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            stage = Stage(tmp_path)
            stage.run("true", run="before")
            await stage.ended("before")
            for run in ("one", "two", "three"):
                stage.run("sleep", "1000", run=run)
            stage.run("sh", "-c", STUBBORN, run="stubborn")
            stage.run("yes", run="held")
            await stage.hears(b"\n", "stubborn")
            stage.hold(True, "held")
            await stage.programs.close()
            codes = {event.run: event.code for event in stage.events if type(event) is ProgramEnded}
            asked = dict.fromkeys(("one", "two", "three", "held"), -signal.SIGTERM)
            assert codes == asked | {"stubborn": -signal.SIGKILL, "before": 0}
            assert stage.processes() == []

        play(main())

    def test_nothing_starts_any_more(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            stage = Stage(tmp_path)
            await stage.programs.close()
            stage.run("echo", "hello")
            failure = await stage.failed()
            assert failure.why == Unstarted.FAILED

        play(main())

    def test_one_that_ended_while_it_was_held_is_told_of(self, tmp_path: Path, play: Play) -> None:
        async def main() -> None:
            stage = Stage(tmp_path)
            stage.run("echo", "hello")
            stage.hold(True)
            await until(lambda: stage.processes() == [])
            await turns()
            await stage.programs.close()
            assert [type(event) for event in stage.events] == [ProgramStarted, ProgramEnded]

        play(main())

    def test_one_that_cannot_be_killed_is_given_up(
        self, tmp_path: Path, play: Play, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner, "CLOSE_S_MAX", 0.1)
        monkeypatch.setattr(Watch, "kill", lambda _watch: None)

        async def main() -> None:
            before = open_descriptors()
            stage = Stage(tmp_path)
            stage.run("sleep", "1000")
            await stage.programs.close()
            assert open_descriptors() <= before  # an earlier loop may just have let go of some
            for process in stage.processes():
                process.kill()

        play(main())
