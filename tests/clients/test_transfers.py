"""Transfers as a person reads of them."""

import time
from typing import Any

import pytest
from tests.playbook import ANA, EVA

from enchufe.clients.transfers import Transfers
from enchufe.core.files import Objection, Stage, TellFile
from enchufe.core.history import Attachment
from enchufe.core.peer import Peer

PHOTO = Attachment("photo.png", 3 * 1024 * 1024, "image/png")


class Clock:
    """Seconds, as the test says."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


class Screen:
    """What was said, and in which style."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.transfers = Transfers(lambda text, style: self.lines.append((text, style)))

    def tell(
        self,
        stage: Stage,
        attachment: Attachment = PHOTO,
        *,
        coming: bool = False,
        file: str = "f",
        peer: Peer = ANA,
        **more: Any,
    ) -> None:
        told = TellFile(file, peer, attachment, coming, stage, **more)
        self.transfers.tell(told)

    @property
    def text(self) -> str:
        (line,) = self.lines
        return line[0]


@pytest.mark.parametrize(
    ("coming", "line"),
    [
        (False, "photo.png: 3.0 MiB in 2.0 s (1.5 MiB/s)"),
        (True, "photo.png from 192.0.2.1:50001: 3.0 MiB in 2.0 s (1.5 MiB/s)"),
    ],
)
def test_a_file_that_is_kept_is_one_line_with_size_time_and_rate(
    clock: Clock, coming: bool, line: str
) -> None:
    screen = Screen()
    screen.tell(Stage.OFFERED, coming=coming)
    screen.tell(Stage.MOVING, coming=coming)
    screen.transfers.moved("f", 3 * 1024 * 1024)
    clock.now_s += 2
    screen.tell(Stage.KEPT, coming=coming, name="photo.png")
    assert screen.lines == [(line, "bold")]


def test_a_file_that_is_kept_under_another_name_says_so(clock: Clock) -> None:
    screen = Screen()
    screen.tell(Stage.MOVING, coming=True)
    screen.tell(Stage.KEPT, coming=True, name="photo (2).png")
    assert screen.text.endswith(", kept as photo (2).png")


def test_a_file_that_went_on_says_how_much_was_there(clock: Clock) -> None:
    screen = Screen()
    screen.tell(Stage.MOVING, offset_bytes=2 * 1024 * 1024)
    screen.transfers.moved("f", 1024 * 1024)
    clock.now_s += 1
    screen.tell(Stage.KEPT)
    assert screen.text == ("photo.png: 1.0 MiB in 1.0 s (1.0 MiB/s), after 2.0 MiB that were there")


def test_a_file_whose_answer_is_awaited_says_so_and_goes_on() -> None:
    screen = Screen()
    screen.tell(Stage.OFFERED)
    screen.tell(Stage.AWAITED)
    assert screen.text == (
        "photo.png (3.0 MiB) is offered to 192.0.2.1:50001, which has not answered yet"
    )


def test_a_file_that_was_there_says_so(clock: Clock) -> None:
    screen = Screen()
    screen.tell(Stage.MOVING, offset_bytes=PHOTO.size_bytes)
    screen.tell(Stage.KEPT)
    assert screen.text == "photo.png: was there already"


def test_an_empty_file_has_a_line_too(clock: Clock) -> None:
    screen = Screen()
    empty = Attachment("empty", 0)
    screen.tell(Stage.MOVING, empty)
    screen.tell(Stage.KEPT, empty)
    assert screen.text == "empty: 0 B in 0 ms (0 B/s)"


@pytest.mark.parametrize(
    ("stage", "more", "line"),
    [
        (
            Stage.NOT_TAKEN,
            {"objection": Objection.SIZE, "limit_bytes": 1024},
            "photo.png not taken: it has 3.0 MiB, and at most 1.0 KiB are taken",
        ),
        (
            Stage.NOT_TAKEN,
            {"objection": Objection.FAILED, "why": "Input/output error"},
            "photo.png not taken: Input/output error",
        ),
        (Stage.UNREADABLE, {"why": "gone"}, "photo.png could not be read: gone"),
        (Stage.BROKEN_OFF, {}, "photo.png broken off"),
    ],
)
def test_what_went_wrong_is_said_with_figures(
    stage: Stage, more: dict[str, Any], line: str
) -> None:
    screen = Screen()
    screen.tell(stage, **more)
    assert screen.lines == [(line, "yellow")]


def test_a_file_that_broke_off_in_the_middle_says_where(clock: Clock) -> None:
    screen = Screen()
    screen.tell(Stage.MOVING, offset_bytes=1024 * 1024)
    screen.transfers.moved("f", 1024)
    screen.tell(Stage.BROKEN_OFF)
    assert screen.text == (
        "photo.png broken off at 1.0 MiB of 3.0 MiB; sent again, it goes on where it was"
    )


@pytest.mark.parametrize(
    ("stage", "more", "line"),
    [
        (Stage.BROKEN_OFF, {}, "photo.png from 192.0.2.1:50001 broken off"),
        (
            Stage.NOT_TAKEN,
            {"objection": Objection.UNWANTED},
            "photo.png from 192.0.2.1:50001 not taken: it is not wanted",
        ),
    ],
)
def test_what_went_wrong_with_a_file_that_comes_says_whose_it_is(
    stage: Stage, more: dict[str, Any], line: str
) -> None:
    screen = Screen()
    screen.tell(stage, coming=True, **more)
    assert screen.text == line


def test_a_file_that_comes_once_more_from_its_beginning_says_why() -> None:
    screen = Screen()
    screen.tell(Stage.MOVING, coming=True)
    screen.tell(Stage.MOVING, Attachment("other.png", 1), coming=True, file="g", peer=EVA)
    screen.tell(Stage.MOVING, coming=True, file="h", peer=EVA, offset_bytes=1)
    screen.tell(Stage.MOVING, file="i", peer=EVA)
    assert screen.lines == []
    screen.tell(Stage.MOVING, coming=True, file="j", peer=EVA)
    assert screen.text == (
        f"photo.png comes from {EVA.address} from its beginning: "
        f"what {ANA.address} has sent of it is not over yet"
    )


@pytest.mark.parametrize("objection", Objection)
def test_every_objection_is_a_sentence(objection: Objection) -> None:
    screen = Screen()
    screen.tell(Stage.NOT_TAKEN, objection=objection)
    assert screen.text.startswith("photo.png not taken: ")


def test_a_name_is_shown_and_not_obeyed() -> None:
    screen = Screen()
    screen.tell(Stage.BROKEN_OFF, Attachment("a\x1b[2Jb\u202e", 1))
    assert screen.text == "a\\e[2Jb\\u202e broken off"


def test_several_files_have_a_summary(clock: Clock) -> None:
    screen = Screen()
    for _ in range(2):
        assert screen.transfers.summary() == ""
        screen.tell(Stage.MOVING)
        screen.transfers.moved("f", PHOTO.size_bytes)
        clock.now_s += 1
        screen.tell(Stage.KEPT)
    assert screen.transfers.summary() == "2 files: 6.0 MiB in 2.0 s (3.0 MiB/s)"


@pytest.mark.parametrize(
    ("there", "moved", "summary"),
    [
        (1, 0, ""),
        (2, 0, "all 2 files were there already"),
        (1, 1, "1 file: 3.0 MiB in 1.0 s (3.0 MiB/s); 1 was there already"),
        (2, 2, "2 files: 6.0 MiB in 2.0 s (3.0 MiB/s); 2 were there already"),
    ],
)
def test_a_summary_counts_what_was_there_already_apart(
    clock: Clock, there: int, moved: int, summary: str
) -> None:
    screen = Screen()
    for _ in range(there):
        screen.tell(Stage.MOVING, offset_bytes=PHOTO.size_bytes)
        screen.tell(Stage.KEPT)
    for _ in range(moved):
        screen.tell(Stage.MOVING)
        screen.transfers.moved("f", PHOTO.size_bytes)
        clock.now_s += 1
        screen.tell(Stage.KEPT)
    assert screen.transfers.summary() == summary
