"""The simulated history."""

from enchufe.core.commands import Command, Recall, Remember
from enchufe.core.events import (
    Event,
    HistoryOpened,
    NotRemembered,
    Recalled,
    Remembered,
)
from enchufe.core.history import Line, Saying, Told
from enchufe.faults.delay import Delay
from enchufe.sim.clock import NS_PER_S, START_NS
from enchufe.sim.history import History
from enchufe.sim.world import World

ALL = Recall("all", "plaza", 0, 1000)


def said(id_: int) -> Line:
    (line,) = saying(id_).lines()
    return line


def saying(id_: int) -> Saying:
    return Saying(id_, id_, "plaza", "ana", (f"line {id_}",), "s", id_)


def history(seed: int = 1, delay: Delay | None = None) -> tuple[World, History, list[Event]]:
    world, told = World(seed), list[Event]()
    kept = History(world.network, delay or Delay(0.5, 0.5))
    kept.deliver = told.append
    return world, kept, told


def at_ns(seconds: float) -> int:
    return START_NS + round(seconds * NS_PER_S)


def test_what_comes_while_a_group_is_written_makes_up_the_next() -> None:
    world, kept, told = history()
    for id_ in range(1, 6):
        kept.perform(Remember(saying(id_)))
    kept.perform(ALL)
    world.run_until_quiet()
    assert told == [
        Remembered(at_ns(0.5), 1),
        Remembered(at_ns(1.0), 5),
        Recalled(at_ns(1.0), "all", tuple(said(id_) for id_ in range(1, 6))),
    ]


def test_nothing_is_told_while_it_is_being_ordered() -> None:
    world, kept, told = history(delay=Delay())
    kept.perform(Remember(saying(1)))
    assert told == []
    world.run_until_quiet()
    assert told == [Remembered(at_ns(0.0), 1)]


def test_the_disk_takes_its_time_by_chance() -> None:
    took_ns = set[int]()
    for seed in range(5):
        world, kept, told = history(seed, Delay(0.1, 0.9))
        kept.perform(Remember(saying(1)))
        world.run_until_quiet()
        took_ns.add(told[0].at_ns - START_NS)
    assert len(took_ns) == 5
    assert all(NS_PER_S // 10 <= took <= NS_PER_S for took in took_ns)


def test_what_is_ordered_by_what_is_told_comes_later() -> None:
    world, kept, told = history()

    def answer(event: Event) -> None:
        told.append(event)
        if isinstance(event, Remembered) and event.last_id < 3:
            kept.perform(Remember(saying(event.last_id + 1)))

    kept.deliver = answer
    kept.perform(Remember(saying(1)))
    kept.perform(ALL)
    world.run_until_quiet()
    assert [event.last_id for event in told if isinstance(event, Remembered)] == [1, 2, 3]
    assert Recalled(at_ns(1.0), "all", (said(1), said(2))) in told


def test_a_crash_keeps_what_was_remembered_and_loses_what_waits() -> None:
    both = set[int]()
    for seed in range(20):
        world, kept, told = history(seed)
        kept.perform(Remember(saying(1)))
        world.run_until_quiet()
        kept.perform(Remember(saying(2)))
        kept.perform(Remember(saying(3)))
        kept.perform(ALL)
        kept.crash()
        assert kept.deliver is None
        world.run_until_quiet()
        assert told == [Remembered(at_ns(0.5), 1)]
        last_id = len(kept.lines)
        both.add(last_id)
        assert kept.lines == [said(id_) for id_ in range(1, last_id + 1)]
        assert kept.opened() == HistoryOpened(
            world.network.clock.now_ns, last_id, (Told("s", last_id, last_id),)
        )
    assert both == {1, 2}  # what was being written is there, or is not; what waited never is


def test_a_history_goes_on_after_a_crash() -> None:
    world, kept, told = history()
    for id_ in range(1, 4):
        kept.perform(Remember(saying(id_)))
    kept.crash()
    kept.deliver = told.append
    next_id = kept.opened().last_id + 1
    kept.perform(Remember(saying(next_id)))
    world.run_until_quiet()
    assert told == [Remembered(at_ns(0.5), next_id)]
    assert kept.lines == [said(id_) for id_ in range(1, next_id + 1)]


def test_after_a_failure_nothing_is_kept_and_looking_up_goes_on() -> None:
    world, kept, told = history()
    kept.perform(Remember(saying(1)))
    world.run_until_quiet()
    kept.perform(Remember(saying(2)))
    kept.fail("no space left")
    kept.perform(Remember(saying(3)))
    kept.perform(ALL)
    world.run_until_quiet()
    assert told[1:] == [
        NotRemembered(at_ns(1.0), 2, "no space left"),
        NotRemembered(at_ns(1.5), 3, "no space left"),
        Recalled(at_ns(1.5), "all", (said(1),)),
    ]


def test_a_crash_after_a_failure_keeps_nothing_more() -> None:
    for seed in range(10):
        _world, kept, _told = history(seed)
        kept.fail("no space left")
        kept.perform(Remember(saying(1)))
        kept.crash()
        assert kept.lines == []


class Rememberer:
    """Remembers one line when it begins."""

    def __init__(self) -> None:
        self.told: list[Event] = []

    def handle(self, event: Event) -> list[Command]:
        self.told.append(event)
        if isinstance(event, HistoryOpened):
            return [Remember(saying(event.last_id + 1))]
        return []


def test_a_served_service_is_told_what_is_remembered_and_may_remember() -> None:
    world, service, again = World(1), Rememberer(), Rememberer()
    kept = History(world.network)
    machine = world.machine("192.0.2.1")
    machine.serve("room", service, 3500, history=kept)
    world.run_until_quiet()
    assert [type(event) for event in service.told] == [HistoryOpened, Remembered]
    machine.kill(3500)
    kept.crash()
    machine.serve("room", again, 3500, history=kept)
    world.run_until_quiet()
    assert [type(event) for event in service.told] == [HistoryOpened, Remembered]
    assert isinstance(again.told[0], HistoryOpened)
    assert again.told[0].last_id == 1
    assert kept.lines == [said(1), said(2)]
