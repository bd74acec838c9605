"""The bar beside the line being typed."""

import time

import pytest
from tests.clients.test_transfers import PHOTO, Clock
from tests.playbook import ANA

from enchufe.clients.status_line import StatusLine
from enchufe.clients.transfers import Transfers
from enchufe.core.files import Stage, TellFile
from enchufe.core.history import Attachment

MIB = 1024 * 1024


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def moving(attachment: Attachment = PHOTO, file: str = "f", offset_bytes: int = 0) -> TellFile:
    return TellFile(file, ANA, attachment, False, Stage.MOVING, offset_bytes)


def test_it_shows_how_much_how_fast_and_how_much_longer(clock: Clock) -> None:
    status = StatusLine()
    bar = status.add(moving())
    assert status.text == "photo.png ────────── 0 %"
    clock.now_s += 2
    status.update(bar, 2 * MIB)
    assert status.text == "photo.png ━━━━━━──── 66 % 1.0 MiB/s 1.0 s left"
    status.remove(bar)
    assert status.text == ""


def test_what_was_there_already_counts_for_the_bar_and_not_for_the_rate(clock: Clock) -> None:
    status = StatusLine()
    bar = status.add(moving(offset_bytes=2 * MIB))
    clock.now_s += 1
    status.update(bar, 2 * MIB + MIB // 2)
    assert status.text == "photo.png ━━━━━━━━── 83 % 512.0 KiB/s 1.0 s left"


def test_a_long_or_wicked_name_stays_short_and_harmless() -> None:
    status = StatusLine()
    status.add(moving(Attachment("\x1b[2J" + "x" * 300, 0)))
    assert status.text == "\\e[2Jxxxxxxxxxxxxxx… ────────── 0 %"


def test_of_several_the_last_is_drawn_and_then_the_one_before() -> None:
    status = StatusLine()
    status.add(moving())
    second = status.add(moving(Attachment("second", 1)))
    assert status.text.startswith("second")
    status.remove(second)
    assert status.text.startswith("photo.png")


@pytest.mark.parametrize("stage", [Stage.KEPT, Stage.BROKEN_OFF])
def test_transfers_draw_it_once_it_takes_a_while_and_take_it_away(
    clock: Clock, stage: Stage
) -> None:
    status = StatusLine()
    drawn: list[str] = []
    status.changed = lambda: drawn.append(status.text)
    transfers = Transfers(lambda _text, _style: None, bars=status)
    transfers.tell(moving())
    transfers.moved("f", MIB)
    assert drawn == []
    clock.now_s += 1
    transfers.moved("f", MIB)
    assert drawn[-1].startswith("photo.png ━━━━━━──── 66 %")
    transfers.tell(TellFile("f", ANA, PHOTO, False, stage))
    assert drawn[-1] == ""
