"""What a room needs beside its sockets: its history, and the person who runs it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.net.recording import Driven, on_loop, until
from tests.store.witnesses import everything, saying

from enchufe.clients.rooms import Rooms
from enchufe.clients.standard_streams import OutputGuard
from enchufe.core.commands import Recall, Remember
from enchufe.core.errors import UsageError
from enchufe.core.events import Event, HistoryOpened, PeerOpened, Recalled, Remembered
from enchufe.core.peer import Transport


def stop() -> None:
    raise AssertionError("nobody asked for an end")


async def told(order: Callable[[Rooms], None], path: Path | None = None) -> list[Event]:
    """Return what a room is told of some orders, after that its history is open."""
    driven = Driven()
    rooms = Rooms(path, stop, None)
    rooms.begin(driven.driver)
    order(rooms)
    rooms.close()
    await asyncio.sleep(0)  # what a history says from another thread ...
    await asyncio.sleep(0)  # ... is handed over in two steps
    return driven.service.events


def perform(rooms: Rooms, order: Remember | Recall) -> None:
    assert rooms.equipment.history is not None
    rooms.equipment.history(order)


def test_the_room_knows_its_history_before_anybody_comes_in() -> None:
    async def main() -> list[Event]:
        driven = Driven()
        rooms = Rooms(None, stop, OutputGuard())
        rooms.begin(driven.driver)
        return driven.service.events

    opened, host = on_loop(main())
    assert isinstance(opened, HistoryOpened)
    assert isinstance(host, PeerOpened)
    assert host.peer.transport is Transport.CONSOLE


def test_where_the_screen_does_not_show_the_room_nobody_sits_at_it() -> None:
    (opened,) = on_loop(told(lambda _rooms: None))
    assert isinstance(opened, HistoryOpened)


def test_of_lines_that_become_safe_in_a_row_only_the_last_is_told() -> None:
    def order(rooms: Rooms) -> None:
        for id_ in (1, 2, 3):
            perform(rooms, Remember(saying(id_)))

    _opened, remembered = on_loop(told(order))
    assert isinstance(remembered, Remembered)
    assert remembered.last_id == 3


def test_an_answer_holds_exactly_the_lines_that_were_told_safe_before_it() -> None:
    def order(rooms: Rooms) -> None:
        for id_ in (1, 2):
            perform(rooms, Remember(saying(id_)))
        perform(rooms, everything())
        perform(rooms, Remember(saying(3)))

    _opened, before, recalled, after = on_loop(told(order))
    assert isinstance(before, Remembered)
    assert isinstance(recalled, Recalled)
    assert isinstance(after, Remembered)
    assert [line.id for line in recalled.lines] == [1, 2]
    assert (before.last_id, after.last_id) == (2, 3)


def test_nothing_is_told_in_the_middle_of_an_order() -> None:
    async def main() -> None:
        driven = Driven()
        rooms = Rooms(None, stop, None)
        rooms.begin(driven.driver)
        perform(rooms, Remember(saying(1)))
        assert driven.service.of(Remembered) == []
        await until(lambda: len(driven.service.of(Remembered)) == 1)

    on_loop(main())


def test_what_is_kept_in_a_file_is_known_to_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "plaza.db"

    def order(rooms: Rooms) -> None:
        perform(rooms, Remember(saying(1, session="s", number=7)))

    on_loop(told(order, path))
    opened, *_rest = on_loop(told(lambda _rooms: None, path))
    assert isinstance(opened, HistoryOpened)
    assert opened.last_id == 1
    assert [(told.session, told.number, told.id) for told in opened.told] == [("s", 7, 1)]


def test_a_file_that_cannot_be_used_is_said_before_anybody_comes(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(UsageError):
            Rooms(tmp_path, stop, None)

    on_loop(main())
