"""Who has been silent too long goes, and nobody else."""

import pytest
from tests.net.recording import Driven, on_loop

from enchufe.core.events import Reason
from enchufe.core.limits import DATAGRAM_PEER_IDLE_S_MAX
from enchufe.core.peer import Peer, Transport
from enchufe.net.driver import Link
from enchufe.net.idle import SWEEPS_PER_IDLE, IdleSweep


class StillLink:
    """A link in which nothing moves unless the test says so."""

    def __init__(self, driven: Driven, number: int, transport: Transport) -> None:
        self.peer = Peer(number, transport, is_stream=transport.is_stream)
        self.opened_ns = self.received_bytes = self.sent_bytes = self.moved = 0
        self.aborted: list[Reason] = []
        self._driven = driven

    def send(self, message: bytes) -> None: ...
    def finish(self) -> None: ...
    def rest(self) -> None: ...

    def read_on(self) -> None: ...

    def close(self, reason: Reason = Reason.OURS) -> None: ...
    def await_drained(self) -> None: ...

    def abort(self, reason: Reason) -> None:
        self.aborted.append(reason)
        self._driven.driver.closed(self, reason)

    def queued_bytes(self) -> int:
        return 0

    def activity(self) -> int:
        return self.moved


def links(driven: Driven, *transports: Transport) -> list[StillLink]:
    made = [StillLink(driven, i, transport) for i, transport in enumerate(transports)]
    for link in made:
        as_link: Link = link
        driven.driver.opened(as_link)
    return made


def test_a_peer_in_which_nothing_moves_goes_after_the_allowed_silence_and_not_before() -> None:
    async def main() -> None:
        driven = Driven()
        still, busy = links(driven, Transport.TCP, Transport.TCP)
        sweep = IdleSweep(driven.driver, 10.0)
        assert sweep.every_s * SWEEPS_PER_IDLE == pytest.approx(10.0)
        for i in range(SWEEPS_PER_IDLE):
            busy.moved = i
            sweep.sweep()
            assert still.aborted == []
        busy.moved += 1
        sweep.sweep()
        assert (still.aborted, busy.aborted) == ([Reason.SILENT], [])

    on_loop(main())


def test_any_movement_begins_the_silence_anew() -> None:
    async def main() -> None:
        driven = Driven()
        (link,) = links(driven, Transport.TCP)
        sweep = IdleSweep(driven.driver, 1.0)
        for _ in range(5):
            link.moved += 1
            for _ in range(SWEEPS_PER_IDLE):
                sweep.sweep()
        assert link.aborted == []
        sweep.sweep()
        assert link.aborted == [Reason.SILENT]

    on_loop(main())


def test_without_a_limit_streams_stay_and_datagram_peers_go_in_the_end() -> None:
    async def main() -> None:
        driven = Driven()
        stream, datagram = links(driven, Transport.TCP, Transport.UDP)
        sweep = IdleSweep(driven.driver, None)
        assert sweep.every_s * SWEEPS_PER_IDLE == DATAGRAM_PEER_IDLE_S_MAX
        for _ in range(SWEEPS_PER_IDLE + 1):
            sweep.sweep()
        assert (stream.aborted, datagram.aborted) == ([], [Reason.SILENT])

    on_loop(main())
