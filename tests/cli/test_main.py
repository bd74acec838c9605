"""The command itself: help, languages, and what is loaded before anything is asked for."""

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence

import pytest
from tests.cli.programs import environment, run

from enchufe import __version__
from enchufe.cli import main
from enchufe.core.exits import ExitCode

COMMANDS = (
    *("serve", "connect", "talk", "chat", "play", "send", "receive", "run", "stop", "key", "ps"),
    *("replay", "convert"),
)


def test_every_exit_code_is_in_the_help() -> None:
    told = run("--help").out.decode()
    table = told[told.index("exit codes:") :]
    assert [int(code) for code in re.findall(r"^ +(\d+)  \S", table, re.MULTILINE)] == list(
        ExitCode
    )


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS)])
def test_help_ends_with_examples_in_each_language(words: Sequence[str], language: str) -> None:
    ended = run("--lang", language, *words, "--help")
    assert (ended.code, ended.err) == (ExitCode.DONE, "")
    begin = " ".join(["usage:" if language == "en" else "uso:", "enchufe", *words])
    assert ended.out.decode().startswith(f"{begin} [-h]")
    assert len(re.findall(r"^  \S*.*enchufe \w+", ended.out.decode(), re.MULTILINE)) >= 3
    assert ("options:" in ended.out.decode()) is (language == "en")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_example_is_understood(command: str) -> None:
    told = run(command, "--help").out.decode()
    examples = told[told.index("examples:") :]
    found = re.findall(r"^  (?:.*\| )?enchufe (\w+[^<\n]*)", examples, re.MULTILINE)
    assert len(found) >= 3
    parser = main._parser()
    for line in found:
        words = shlex.split(line.split("  ")[0])
        assert parser.parse_args(words).run is not None


def test_help_is_as_wide_as_the_terminal() -> None:
    for columns in (60, 100):
        told = run("connect", "--help", env={"COLUMNS": str(columns)}).out.decode()
        prose = told[: told.index("examples:")]
        assert max(map(len, prose.splitlines())) <= columns


def test_the_version_is_told() -> None:
    assert run("--version").out.decode() == f"enchufe {__version__}\n"


def test_building_the_parser_loads_no_heavy_library() -> None:
    code = (
        "import sys; from enchufe.cli import main; main._parser().format_help();"
        "print([name for name in ('asyncio', 'msgspec', 'rich', 'psutil', 'uvloop',"
        "'prompt_toolkit', 'socket', 'traceback') if name in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert told.stdout == "[]\n"


# Languages


@pytest.mark.parametrize(
    ("env", "options", "language"),
    [
        ({}, [], "en"),
        ({"LC_ALL": "es_CL.UTF-8"}, [], "es"),
        ({"LC_ALL": "es"}, [], "es"),
        ({"LC_ALL": "", "LC_MESSAGES": "es_ES.UTF-8", "LANG": "en_US.UTF-8"}, [], "es"),
        ({"LC_ALL": "", "LANG": "es_AR.UTF-8"}, [], "es"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "es_AR.UTF-8"}, [], "en"),
        ({"LC_ALL": "de_DE.UTF-8"}, [], "en"),
        ({"LC_ALL": "en_US.UTF-8", "LANGUAGE": "es:en"}, [], "es"),
        ({"LC_ALL": "C", "LANGUAGE": "es"}, [], "en"),
        ({"LC_ALL": "es_CL.UTF-8"}, ["--lang", "en"], "en"),
        ({}, ["--lang", "es"], "es"),
        ({}, ["--lang=es"], "es"),
    ],
)
@pytest.mark.parametrize("lang_comes", ["first", "last"])
def test_the_language_is_the_locales_or_the_one_asked_for(
    env: dict[str, str], options: Sequence[str], language: str, lang_comes: str
) -> None:
    words = ["connect", "tcp://localhost:70000"]
    ended = run(*([*options, *words] if lang_comes == "first" else [*words, *options]), env=env)
    assert ended.code == ExitCode.USAGE
    assert ("the port must be" in ended.err) is (language == "en")
    assert ("puerto" in ended.err) is (language == "es")


def test_a_language_we_do_not_speak_is_a_usage_error() -> None:
    ended = run("--lang", "de", "ps")
    assert ended.code == ExitCode.USAGE
    assert "--lang" in ended.err


def test_what_comes_after_a_double_dash_is_not_a_language() -> None:
    assert main._language(["connect", "--", "--lang", "es"]) == main._language([])


@pytest.mark.parametrize("locale", ["C", "POSIX", "es_CL.UTF-8", "no_SUCH.UTF-8"])
def test_any_locale_can_show_what_is_said(locale: str) -> None:
    ended = run("connect", "tcp://localhost:ñandú", env={"LC_ALL": locale})
    assert ended.code == ExitCode.USAGE
    assert "ñandú" in ended.err


# What goes wrong in us


def test_a_bug_is_shown_with_its_place_and_a_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_arguments: argparse.Namespace) -> ExitCode:
        raise RuntimeError("an invariant does not hold")

    monkeypatch.setattr("enchufe.cli.ps.run", broken)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.delenv("LANGUAGE", raising=False)
    assert main.main(["ps"]) == ExitCode.BUG
    told = capsys.readouterr().err
    assert "RuntimeError: an invariant does not hold" in told
    assert "this is a bug in enchufe; please report the lines above" in told


def test_ctrl_c_before_anything_runs_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_arguments: argparse.Namespace) -> ExitCode:
        raise KeyboardInterrupt

    monkeypatch.setattr("enchufe.cli.ps.run", interrupted)
    assert main.main(["ps"]) == ExitCode.INTERRUPTED
