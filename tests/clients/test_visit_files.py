"""Where the files of a room are kept if nobody says where, and what is told of them."""

from pathlib import Path

import pytest
from tests.playbook import ANA

from enchufe.clients.visit_files import VisitFiles, downloads_folder
from enchufe.core.endpoint import parse_endpoint
from enchufe.core.exits import ExitCode
from enchufe.core.files import Objection, Stage, TellFile
from enchufe.core.history import Attachment

HOME = Path("/home/ana")


@pytest.mark.parametrize(
    ("written", "folder"),
    [
        ('XDG_DOWNLOAD_DIR="$HOME/Descargas"\n', "/home/ana/Descargas/enchufe"),
        ('# XDG\nXDG_DESKTOP_DIR="$HOME/x"\nXDG_DOWNLOAD_DIR="/data/in"\n', "/data/in/enchufe"),
        ('XDG_DESKTOP_DIR="$HOME/x"\n', "/home/ana/Downloads/enchufe"),
        ("\udcff", "/home/ana/Downloads/enchufe"),
        (None, "/home/ana/Downloads/enchufe"),
    ],
)
def test_files_go_beside_what_the_person_downloads(
    tmp_path: Path, written: str | None, folder: str
) -> None:
    if written is not None:
        (tmp_path / "user-dirs.dirs").write_bytes(written.encode("utf-8", "surrogateescape"))
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert downloads_folder(environment, HOME) == Path(folder)
    chosen = downloads_folder({**environment, "XDG_DOWNLOAD_DIR": "/chosen"}, HOME)
    assert chosen == Path("/chosen/enchufe")


def visit(told: list[str], folder: Path) -> VisitFiles:
    endpoint = parse_endpoint("tcp://localhost:12345")
    return VisitFiles(endpoint, folder, told.append, interactive=False)


def over(stage: Stage, *, coming: bool = False, objection: Objection | None = None) -> TellFile:
    photo = Attachment("photo\x1b.png", 5)
    return TellFile("f", ANA, photo, coming, stage, name="photo.png", objection=objection)


def test_of_a_file_that_was_sent_its_line_says_enough(tmp_path: Path) -> None:
    told: list[str] = []
    files = visit(told, tmp_path)
    files.perform(over(Stage.KEPT))
    assert (told, files.exit_code) == ([], None)
    files.close()


def test_of_a_file_that_came_it_is_said_where_it_is(tmp_path: Path) -> None:
    told: list[str] = []
    files = visit(told, tmp_path / "into")
    files.perform(over(Stage.KEPT, coming=True))
    (line,) = told
    assert line.startswith(f"* photo\\e.png is here: {tmp_path}/into/photo.png, ")
    assert not (tmp_path / "into").exists(), "no folder is made before it is needed"
    files.close()


def test_the_first_thing_that_went_wrong_is_the_exit_code(tmp_path: Path) -> None:
    told: list[str] = []
    files = visit(told, tmp_path)
    files.perform(over(Stage.NOT_TAKEN, objection=Objection.FULL))
    files.perform(over(Stage.UNREADABLE))
    assert told[0] == "* photo\\e.png not taken: all the place for files there is taken"
    assert files.exit_code is ExitCode.OVER_LIMIT
    files.close()
