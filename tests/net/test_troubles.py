"""A flood of refusals fills no log."""

import asyncio

import pytest
from tests.net.recording import on_loop, until

from enchufe.core.limits import REFUSALS_TOLD_BURST_S, REFUSALS_TOLD_PER_S_MAX
from enchufe.core.notices import Notice, NoticesLeftOut, PeerRefused, Refusal
from enchufe.core.pace import NS_PER_S
from enchufe.core.peer import Transport
from enchufe.net import troubles
from enchufe.net.troubles import Troubles

AT_ONCE = int(REFUSALS_TOLD_PER_S_MAX * REFUSALS_TOLD_BURST_S)
LATER_NS = 2**62  # long after whatever time it is


def refused(at_ns: int = LATER_NS) -> PeerRefused:
    return PeerRefused(at_ns, Transport.TCP, "192.0.2.7:5", Refusal.TOO_FAST)


def test_a_few_are_told_whole_and_of_a_flood_only_how_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(troubles, "SUMMARY_S", 0.01)

    async def main() -> None:
        told: list[Notice] = []
        made = Troubles(told.append)
        for _ in range(AT_ONCE + 1234):
            made.tell(refused())
        assert told == [refused()] * AT_ONCE
        await until(lambda: len(told) > AT_ONCE)
        last = told.pop()
        assert isinstance(last, NoticesLeftOut)
        assert last.count == 1234
        await asyncio.sleep(0.05)
        assert len(told) == AT_ONCE, "the count is told once"
        later = refused(LATER_NS + NS_PER_S)
        made.tell(later)
        assert told[-1] == later

    on_loop(main())


def test_at_the_end_of_a_run_the_rest_is_told_too() -> None:
    async def main() -> None:
        told: list[Notice] = []
        made = Troubles(told.append)
        for _ in range(AT_ONCE + 1):
            made.tell(refused())
        made.close()
        assert isinstance(told[-1], NoticesLeftOut)
        assert told[-1].count == 1
        made.close()
        assert len(told) == AT_ONCE + 1

    on_loop(main())
