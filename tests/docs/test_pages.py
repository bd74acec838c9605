"""The documents are true: every command in them is run, and printed what they say.

How a page is written is explained in `tests.docs.page`; after a change of the program,
``python -m tests.docs.play --refresh PAGE`` brings what was printed up to date.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs import sandbox
from tests.docs.drawing import drawn
from tests.docs.page import INTERRUPT, KINDS, ROOT, blocks, matches, pages, plain, steps

PAGES = pages()
ALSO = [ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md"]  # without commands
PAGE_S_MAX = 100

NOT_RUN = {
    "make run": "test_make_run runs it, on the packages that are installed already",
    "make test": "it is what runs this test",
    "make bench": "takes minutes and measures; the figures have a page of their own",
    ". .venv/bin/activate": "changes the shell it is typed in",
}
"""Commands in ``sh`` blocks, which no test runs, and why."""

MARKS = [
    pytest.mark.skipif(sys.platform != "linux", reason="the pages show what Linux prints"),
    *([] if sandbox.prefix() else [pytest.mark.xdist_group("the ports of the guides")]),
]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", [pytest.param(p, marks=MARKS, id=name(p)) for p in PAGES])
def test_a_page_shows_what_its_commands_print(page: Path) -> None:
    played = subprocess.run(
        [*sandbox.prefix(), sys.executable, "-m", "tests.docs.play", str(page)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PAGE_S_MAX,
        check=False,
    )
    assert played.returncode == 0, f"\n{played.stdout}{played.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_is_of_a_kind_that_is_run_or_says_why_not(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.kind == "sh":
            commands = [line.partition("  #")[0].strip() for line in block.lines]
            assert [line for line in commands if line and line not in NOT_RUN] == []
        else:
            assert block.kind in KINDS or block.name, f"line {block.first}: {block.kind}"


def other_language(page: Path) -> Path:
    if page.parent == ROOT:
        return ROOT / ("README.es.md" if page.name == "README.md" else "README.md")
    parts = page.relative_to(ROOT).parts
    return ROOT.joinpath(parts[0], "es" if parts[1] == "en" else "en", *parts[2:])


def shape(page: Path) -> list[tuple[str, ...]]:
    """Return what both languages of a page share: its headings' depths and its blocks."""
    found = [
        ("heading", heading)
        for heading in re.findall(r"^(#+) ", _without_blocks(page), re.MULTILINE)
    ]
    return found + [
        (block.kind, block.name, str(sum(bool(step.typed) for step in steps(block))))
        if block.kind == "console"
        else (block.kind,)
        for block in blocks(page.read_text(encoding="utf-8"))
    ]


def _without_blocks(page: Path) -> str:
    return re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_has_its_twin_in_the_other_language(page: Path) -> None:
    assert shape(page) == shape(other_language(page))


@pytest.mark.parametrize("page", [*PAGES, *ALSO], ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", _without_blocks(page)):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in _anchors(linked), target


def _anchors(page: Path) -> set[str]:
    """Return the anchors GitHub makes of headings."""
    headings = re.findall(r"^#+ (.+)$", _without_blocks(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md"], ids=name
)
def test_no_page_names_a_place_of_the_machine_it_was_written_on(page: Path) -> None:
    assert not re.findall(r"/work/|/root/|/tmp/|\.venv/lib", page.read_text(encoding="utf-8"))


def test_make_run_starts_the_server() -> None:
    """`make run` installs first; here what it would install is taken as up to date."""
    code = (
        "import signal, subprocess, sys; from tests.docs import sandbox; sandbox.raise_loopback();"
        "run = subprocess.Popen(['make', '-s', '-o', '.venv/.done/run', 'run'],"
        " stdout=subprocess.PIPE, text=True, start_new_session=True);"
        "lines = [next(run.stdout) for _ in range(22)]; import os;"
        "os.killpg(run.pid, signal.SIGINT); print(''.join(lines)); run.wait()"
    )
    played = subprocess.run(
        [*sandbox.prefix(), sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PAGE_S_MAX,
        check=False,
    )
    assert "enchufe connect udp://:3500 --send hello" in played.stdout, played.stderr
    assert "ncat localhost 9001" in played.stdout


class TestTheConvention:
    """A player that lets everything pass would be worse than none."""

    @pytest.mark.parametrize(
        ("page", "shown", "is_true"),
        [
            ("hello", "hello", True),
            ("hello", "hell", False),
            ("hello", "hello\r\nagain", False),
            ("hel…", "hello", True),
            ("…", "", True),
            ("…", "one\r\ntwo", True),
            ("one\n…\nfour", "one\r\ntwo\r\nthree\r\nfour", True),
            ("one\n…\nfour", "one\r\ntwo\r\nthree", False),
            ("12:00:00 a 127.0.0.1:40000", "23:59:59 a 127.0.0.1:50000", True),
            ("a 127.0.0.1:3500", "a 127.0.0.1:50000", False),
            ("sent 50000 bytes", "sent 50001 bytes", False),
            ("('127.0.0.1', 52186)", "('127.0.0.1', 33000)", True),
            ("two  spaces", "two spaces", False),
            ("tcp  :1  12  enchufe", "tcp   :1   13456  enchufe", True),
            ("left after 1.3 s: 5 B", "left after 27 ms: 5 B", True),
            ("hello", "\x1b[1mhello\x1b[0m   \r\n", True),
            ("hello", "> hal\r\x1b[Khello\r\n> ", True),
            ("> hal\nhello", "> hal\r\x1b[Khello\r\n> ", False),
        ],
    )
    def test_what_counts_as_true(self, page: str, shown: str, is_true: bool) -> None:
        assert matches(tuple(page.split("\n")), plain(drawn(shown.encode()))) is is_true

    def test_a_block_is_read_step_by_step(self) -> None:
        text = "text\n```console server\n$ one \\\n  two\nshown\n^C\n```\n```python x.py\n1\n```\n"
        console, script = blocks(text)
        assert [(s.typed, s.first, s.shown) for s in steps(console)] == [
            ("one \\\n  two", 4, ("shown",)),
            (INTERRUPT, 6, ()),
        ]
        (interrupted,) = blocks("```console server\n^C\nbye\n```\n")
        assert [(s.typed, s.first, s.shown) for s in steps(interrupted)] == [
            ("", 1, ()),
            (INTERRUPT, 2, ("bye",)),
        ]
        (talk,) = blocks("```console ana\n$ talk\nready\n> hola\nadiós\n> bye\n```\n")
        assert [(s.typed, s.first, s.shown) for s in steps(talk)] == [
            ("talk", 2, ("ready",)),
            ("> hola", 3, ("> hola", "adiós")),
            ("> bye", 5, ("> bye",)),
        ]
        assert (console.name, script.name, script.lines) == ("server", "x.py", ("1",))

    def test_a_false_page_is_found_out_and_refreshed(self, tmp_path: Path) -> None:
        page = ROOT / "docs" / f"false-{tmp_path.name}.md"
        page.write_text("```console\n$ echo one; echo two\none\n$ exit 3\n$ echo $?\n0\n```\n")
        command = [sys.executable, "-m", "tests.docs.play", str(page)]
        try:
            found = subprocess.run(
                [*command, "--refresh"], capture_output=True, text=True, cwd=ROOT, check=False
            )
            again = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
            refreshed = page.read_text()
        finally:
            page.unlink()
        assert (found.returncode, again.returncode) == (1, 0)
        assert found.stdout.count("page:") == 2
        assert "one\ntwo\n" in refreshed
        assert "$ echo $?\n3\n" in refreshed
