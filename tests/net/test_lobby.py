"""The lobby: how many are inside and how many more are served."""

from enchufe.core.limits import ADDRESS_PEERS_MAX
from enchufe.core.notices import Notice, Refusal
from enchufe.net.door import Door
from enchufe.net.lobby import Lobby


def lobby(
    *, peers_max: int | None = None, serve_max: int | None = None, deny: str | None = None
) -> tuple[Lobby, list[str]]:
    calls: list[str] = []

    def ignored(_notice: Notice) -> None: ...

    door = Door([], [deny] if deny else [], ignored)
    made = Lobby(
        door,
        peers_max=peers_max,
        serve_max=serve_max,
        reason=str,
        notify=ignored,
        served_all=lambda: calls.append("all"),
    )
    return made, calls


def test_nobody_is_refused_where_there_is_no_limit() -> None:
    made, _ = lobby()
    for _ in range(1000):
        assert made.refusal("127.0.0.1") is None
        made.enter("127.0.0.1")
    assert made.serves_left is None


def test_an_address_that_is_everywhere_already_is_refused_last() -> None:
    made, _ = lobby(peers_max=ADDRESS_PEERS_MAX + 1, deny="10.0.0.2")
    for _ in range(ADDRESS_PEERS_MAX):
        made.enter("10.0.0.1")
    assert made.refusal("10.0.0.1") is Refusal.ADDRESS_FULL
    assert made.refusal("10.0.0.1", is_stream=False) is None
    assert made.refusal("10.0.0.2") is Refusal.DENIED
    made.enter("10.0.0.3")
    assert made.refusal("10.0.0.1") is Refusal.FULL
    made.leave("10.0.0.3")
    made.leave("10.0.0.1")
    assert made.refusal("10.0.0.1") is None


def test_as_many_as_may_be_inside_come_in_and_one_more_for_each_that_leaves() -> None:
    made, _ = lobby(peers_max=2)
    made.enter()
    assert made.refusal("10.0.0.1") is None
    made.enter()
    assert made.refusal("10.0.0.1") is Refusal.FULL
    made.leave()
    assert made.refusal("10.0.0.1") is None


def test_a_denied_address_is_told_so_also_when_it_is_full() -> None:
    made, _ = lobby(peers_max=1, deny="10.0.0.1")
    made.enter()
    assert made.refusal("10.0.0.1") is Refusal.DENIED
    assert made.refusal("10.0.0.2") is Refusal.FULL


def test_it_is_empty_when_the_last_has_left() -> None:
    made, _ = lobby()
    assert made.empty.is_set()
    made.enter()
    made.enter()
    made.leave()
    assert not made.empty.is_set()
    made.leave()
    assert made.empty.is_set()


def test_the_last_to_be_served_is_announced() -> None:
    made, calls = lobby(serve_max=3)
    made.serve(2)
    assert (made.serves_left, calls) == (1, [])
    made.serve()
    assert (made.serves_left, calls) == (0, ["all"])
