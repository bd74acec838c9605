"""What all peers together make us hold is bounded, and those who hold most go first."""

import pytest
from tests.net.recording import Driven, on_loop

from enchufe.core.events import Reason
from enchufe.core.limits import HELD_SWEEP_S
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing
from enchufe.host import TOO_MUCH_HELD
from enchufe.net.driver import Link
from enchufe.net.held import HeldSweep
from enchufe.wire.frames import PREFACE


class HoldingLink:
    """A link in whose queue waits what the test says."""

    def __init__(self, driven: Driven, number: int) -> None:
        self.peer = Peer(number, Transport.TCP, "192.0.2.7", number)
        self.opened_ns = self.received_bytes = self.sent_bytes = 0
        self.queued = 0
        self.sent = b""
        self.ended_for: Reason | None = None
        self._driven = driven

    def send(self, message: bytes) -> None:
        self.sent += message

    def finish(self) -> None: ...
    def rest(self) -> None: ...
    def read_on(self) -> None: ...
    def await_drained(self) -> None: ...

    def close(self, reason: Reason = Reason.OURS) -> None:
        self.abort(reason)

    def abort(self, reason: Reason) -> None:
        self.ended_for = reason
        self._driven.driver.closed(self, reason)

    def queued_bytes(self) -> int:
        return self.queued

    def activity(self) -> int:
        return 0


def scene(count: int) -> tuple[Driven, list[HoldingLink]]:
    driven = Driven(framing=Framing.FRAMES)
    links = [HoldingLink(driven, number) for number in range(1, count + 1)]
    for link in links:
        as_link: Link = link
        driven.driver.opened(as_link)
    return driven, links


def ended(links: list[HoldingLink]) -> list[Reason | None]:
    return [link.ended_for for link in links]


def test_nobody_goes_while_all_together_hold_no_more_than_they_may() -> None:
    async def main() -> None:
        driven, links = scene(4)
        for link in links:
            link.queued = 20
            driven.driver.received(link, b"12345")
        sweep = HeldSweep([driven.driver], 100)
        sweep.sweep()
        assert ended(links) == [None] * 4
        driven.driver.received(links[2], b"6")
        sweep.sweep()
        assert ended(links) == [None, None, Reason.TOO_MUCH, None]

    on_loop(main())


def test_those_who_hold_most_go_first_and_no_more_than_need_be() -> None:
    async def main() -> None:
        driven, links = scene(5)
        for link, queued in zip(links, (10, 500, 30, 400, 20), strict=True):
            link.queued = queued
        HeldSweep([driven.driver], 100).sweep()
        assert ended(links) == [None, Reason.TOO_MUCH, None, Reason.TOO_MUCH, None]

    on_loop(main())


def test_one_sweep_is_for_all_services_of_a_run() -> None:
    async def main() -> None:
        one, (small,) = scene(1)
        other, (large,) = scene(1)
        small.queued, large.queued = 60, 61
        HeldSweep([one.driver, other.driver], 100).sweep()
        assert ended([small, large]) == [None, Reason.TOO_MUCH]

    on_loop(main())


@pytest.mark.parametrize(
    ("beginning", "words"),
    [
        (b"a line that never", b"enchufe: " + TOO_MUCH_HELD.encode() + b"\n"),
        (PREFACE + b"\0\x10\0\0\x01\0\0\0\0half", TOO_MUCH_HELD.encode()),
    ],
)
def test_who_may_still_read_is_told_why_and_nothing_of_it_is_held_any_more(
    beginning: bytes, words: bytes
) -> None:
    async def main() -> None:
        driven, (link,) = scene(1)
        driven.driver.received(link, beginning)
        assert driven.driver.held_bytes(link)[0] > 0
        HeldSweep([driven.driver], 1).sweep()
        assert words in link.sent
        assert ended([link]) == [Reason.TOO_MUCH]
        assert not driven.driver._host._turns

    on_loop(main())


def test_looking_takes_a_small_share_of_the_time_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweep = HeldSweep([])
    times_s = iter([5.0, 5.0001, 6.0, 7.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(times_s))
    sweep.sweep()
    assert sweep.pause_s == HELD_SWEEP_S
    sweep.sweep()
    assert sweep.pause_s == pytest.approx(50.0)
