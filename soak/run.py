"""Soak a server: ``make soak SECONDS=600``.

Honest and hostile peers at one server, over all transports. It fails when an honest one was
not served, when something acknowledged was lost, or when memory or descriptors grow.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec

from enchufe.core.commands import Recall
from enchufe.store.file import HistoryFile
from soak.honest import Honest
from soak.places import Places, free_places
from soak.report import plot, progress, table
from soak.samples import Outcome, Sample, objections
from soak.served import Served

RESULTS = Path(__file__).parent / "results"
SAMPLES_EVERY_S = 2.0
SETTLE_S = 3.0
"""After everybody has left: the longest that a goodbye, a handshake or a look-up may linger."""

ROOM = "plaza"


class Attackers:
    """The hostile peers, in a process of their own.

    Args:
        places: what they attack.
        seed: decides what they do.
    """

    def __init__(self, places: Places, seed: int) -> None:
        self.count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soak.hostile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode((seed, places)) + b"\n")
        self._process.stdin.close()
        threading.Thread(target=self._count_attacks, daemon=True).start()

    def _count_attacks(self) -> None:
        assert self._process.stdout is not None
        for _name in self._process.stdout:
            self.count += 1

    @property
    def have_ended(self) -> bool:
        """Whether they are no more, which they should not be of themselves."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """End them."""
        self._process.kill()
        self._process.wait()


class Soak:
    """One run.

    Args:
        places: where the server listens.
        served: the server.
        seconds: how long it lasts.
        seed: decides what the attackers do.
    """

    def __init__(self, places: Places, served: Served, seconds: float, seed: int) -> None:
        self._places = places
        self._served = served
        self._seconds = seconds
        self._seed = seed
        self._honest = Honest(places)
        self._began_s = time.monotonic()
        self._attacks = 0

    async def run(self) -> Outcome:
        """Let everybody at it, and look on."""
        await self._served.ready()
        first = self._sample()
        honest = asyncio.create_task(self._honest.run())  # noqa: TID251 -- ends with the run
        attackers = Attackers(self._places, self._seed)
        try:
            samples = await self._look_on(attackers)
            has_attacked = not attackers.have_ended
        finally:
            attackers.stop()
            honest.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await honest
        failures = [*self._honest.failures]
        if not has_attacked:
            failures.append("the attackers ended before their time")
        await asyncio.sleep(SETTLE_S)
        last = self._sample()
        exit_code = await asyncio.to_thread(self._served.stop)
        return Outcome(samples, first, last, failures, self._lost(), exit_code)

    async def _look_on(self, attackers: Attackers) -> list[Sample]:
        samples = []
        end_s = time.monotonic() + self._seconds
        while time.monotonic() < end_s and not self._served.has_ended:
            await asyncio.sleep(min(SAMPLES_EVERY_S, self._seconds / 8))
            self._attacks = attackers.count
            samples.append(self._sample())
            print(f"\r\033[K{progress(samples[-1], self._seconds)}", end="", flush=True)
        print()
        return samples

    def _sample(self) -> Sample:
        gone = self._served.has_ended
        return Sample(
            at_s=time.monotonic() - self._began_s,
            memory_bytes=0 if gone else self._served.memory_bytes,
            descriptors=0 if gone else self._served.descriptors,
            served=self._honest.served,
            latencies_s=self._honest.taken_latencies_s(),
            attacks=self._attacks,
        )

    def _lost(self) -> list[str]:
        """Return what was acknowledged and is not kept."""
        history = HistoryFile(self._places.history)
        with contextlib.closing(history):
            kept = {line.text for line in history.found(Recall("", ROOM, 0, 10**9, oldest=True))}
        return [text for text in self._honest.acknowledged if text not in kept]


def soak(seconds: float, seed: int, results: Path) -> list[str]:
    """Soak a server for so long; return what speaks against it.

    Args:
        seconds: how long.
        seed: decides what the attackers do.
        results: the folder that the table, the plot and the server's output go to.
    """
    results.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="enchufe-soak-") as folder,
        (results / "server.txt").open("wb") as output,
    ):
        places = free_places(folder)
        served = Served(places, output)
        try:
            outcome = asyncio.run(Soak(places, served, seconds, seed).run())
        finally:
            served.stop()
    (results / "latest.md").write_text(table(outcome), encoding="utf-8")
    with contextlib.suppress(ImportError):  # without matplotlib there is no plot
        plot(outcome.samples, results / "latest.svg")
    print(table(outcome))
    return objections(outcome)


def main() -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    found = soak(words.seconds, words.seed, RESULTS)
    for objection in found[:20]:
        print(objection, file=sys.stderr)
    print("all well" if not found else f"{len(found)} objections", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
