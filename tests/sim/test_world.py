"""The world: time passes until something is so, and never for ever."""

from collections.abc import Callable

import pytest

from enchufe.sim.conditions import CALM
from enchufe.sim.world import SimulationError, World


def again_and_again(world: World, every_s: float) -> None:
    """Make something happen for ever."""
    world.network.clock.after(every_s, lambda: again_and_again(world, every_s))


def test_time_passes_until_the_condition_holds_and_no_longer() -> None:
    world, done = World(1), list[int]()
    for second in range(10):
        world.network.clock.after(second, lambda second=second: done.append(second))  # type: ignore[misc]
    world.run_until(lambda: len(done) == 3)
    assert (done, world.elapsed_s) == ([0, 1, 2], 2.0)
    world.run_for(2.5)
    assert (done, world.elapsed_s) == ([0, 1, 2, 3, 4], 4.5)
    world.run_until_quiet()
    assert (len(done), world.elapsed_s) == (10, 9.0)


def test_a_world_in_which_nothing_will_happen_says_so_loudly() -> None:
    world = World(42)
    world.trace.note("somebody", "waits")
    with pytest.raises(SimulationError, match=r"nothing more will happen.*seed 42") as caught:
        world.run_until(lambda: False)
    assert "somebody" in str(caught.value)


@pytest.mark.parametrize(
    "run",
    [World.run_until_quiet, lambda w: w.run_until(lambda: False), lambda w: w.run_for(10.0)],
)
def test_a_world_that_goes_round_in_circles_says_so_loudly(run: Callable[[World], None]) -> None:
    world = World(42, steps_max=100)
    again_and_again(world, 0.0)
    with pytest.raises(SimulationError, match=r"more than 100 steps \(seed 42"):
        run(world)
    assert world.steps == 101


def test_a_world_that_takes_for_ever_says_so_loudly() -> None:
    world = World(42, elapsed_s_max=60.0)
    again_and_again(world, 1.0)
    with pytest.raises(SimulationError, match=r"more than 60 virtual seconds"):
        world.run_until_quiet()
    assert 60.0 < world.elapsed_s <= 61.0


def test_a_machine_is_the_same_each_time_it_is_named() -> None:
    world = World(1)
    assert world.machine("192.0.2.1") is world.machine("192.0.2.1")
    assert world.machine("192.0.2.1") is not world.machine("192.0.2.2")


def test_it_is_calm_until_it_is_made_rough_and_again_once_healed() -> None:
    world = World(7)
    assert world.network.conditions == CALM
    world.roughen()
    assert world.network.conditions != CALM
    world.heal()
    assert world.network.conditions == CALM
