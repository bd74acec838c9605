"""Cachipún on a bad network: nobody sees or changes a choice early, and every match ends.

Whatever is cut, lost, doubled or overtaken, whoever leaves, comes back or says nothing, and
however often the server is killed.
"""

import json
import re
from collections.abc import Sequence

from tests.simulation.people import CLIENT, PATIENCE_AFTER_HEALING_S, SERVER

from enchufe.core import cachipun
from enchufe.core.ayudantia import move_bytes, result_of
from enchufe.core.cachipun import Choice, commitment
from enchufe.core.chance import Chance
from enchufe.core.commands import Close, Command, Send, SendFrame, SetTimer, Stop
from enchufe.core.events import (
    Event,
    MessageReceived,
    PeerClosed,
    PeerOpened,
    TimerFired,
)
from enchufe.core.exits import ExitCode
from enchufe.core.frames import Kind
from enchufe.core.payloads import payload_of
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing
from enchufe.faults.delay import Delay
from enchufe.services.cachipun import Cachipun
from enchufe.services.cachipun.matches import AWAY_S, KEEP_S, REVEAL_S
from enchufe.services.contestant import Contestant, Wish
from enchufe.sim.driver import Driver
from enchufe.sim.scores import Scores
from enchufe.sim.world import World

PORT = 7070
CHOOSE_S = 5.0
MATCH_S_MAX = 3 * 20 * (CHOOSE_S + REVEAL_S) + AWAY_S + KEEP_S + PATIENCE_AFTER_HEALING_S
"""Far longer than any match of three lasts whose players say nothing more, or draw at times."""

CHECK = re.compile(r"printf %s (\d+)/(\d+)/([01])/(\w+)/([0-9a-f]{32}) ")


class Referee:
    """A service of cachipún, every word of which is held to the rules.

    Args:
        seed: of its chance.
        told_over: where the matches are noted of which somebody was told the end.
        choose_s: how long a choice may take.
    """

    def __init__(self, seed: str, told_over: set[tuple[str, int]], choose_s: float) -> None:
        self.service = Cachipun(seed=seed, choose_s=choose_s)
        self.seed = seed
        self.ended: set[int] = set()
        self._digests: dict[tuple[int, int, int], str] = {}
        self._told_over = told_over

    def handle(self, event: Event) -> Sequence[Command]:
        commands = self.service.handle(event)
        for command in commands:
            if isinstance(command, SendFrame):
                self._framed(command)
            elif isinstance(command, Send):
                self._said(command.message)
        return commands

    def _framed(self, command: SendFrame) -> None:
        frame = command.frame
        if frame.kind == Kind.COMMIT:
            told = payload_of(frame, cachipun.Commit)
            key = (told.match, told.round, told.seat)
            assert self._digests.setdefault(key, told.digest) == told.digest, "a mind was changed"
        elif frame.kind == Kind.REVEAL:
            shown = payload_of(frame, cachipun.Reveal)
            self._is_shown(shown.match, shown.round, shown.seat, shown.choice, shown.nonce)
        elif frame.kind == Kind.RESULT:
            result = payload_of(frame, cachipun.Result)
            if result.over:
                self._told_over.add((self.seed, result.match))
            assert sum(result.score) <= result.round
            for seat in (0, 1):
                assert not result.choices[seat] or self._both_committed(result.match, result.round)

    def _said(self, message: bytes) -> None:
        for match, number, seat, choice, nonce in CHECK.findall(message.decode()):
            self._is_shown(int(match), int(number), int(seat), choice, nonce)

    def _is_shown(self, match: int, number: int, seat: int, choice: str, nonce: str) -> None:
        assert self._both_committed(match, number), "a choice was shown early"
        digest = commitment(match, number, seat, choice, nonce)
        known = self._digests.get((match, number, seat), digest)
        assert digest == known, "what was revealed does not fit"

    def _both_committed(self, match: int, number: int) -> bool:
        """Whether the service has both digests; of its own state, as text tells them too."""
        found = self.service._game.matches.get(match)
        if found is None or found.round != number:
            return True  # it is about a round that is over
        return all(seat.digest for seat in found.seats)


class Server:
    """A server that is killed and comes back, and its disk."""

    def __init__(self, world: World, choose_s: float = CHOOSE_S) -> None:
        self._choose_s = choose_s
        self.scores = Scores(world.network, Delay(0.0, world.chance.seconds(0.001, 0.2)))
        self.told_over: set[tuple[str, int]] = set()
        self.runs = 0
        self._world = world
        self._serve()

    def _serve(self) -> None:
        self.runs += 1
        self.referee = Referee(f"run {self.runs}", self.told_over, self._choose_s)
        machine = self._world.machine(SERVER)
        driver = machine.serve("cachipun", self.referee, PORT, Framing.FRAMES)
        driver.scores, self.scores.deliver = self.scores.perform, driver.happened

    def is_killed_and_comes_back(self, after_s: float) -> None:
        self._world.machine(SERVER).kill(PORT)
        self.scores.crash()
        self._world.run_for(after_s)
        self._serve()

    @property
    def is_quiet(self) -> bool:
        """Whether nobody plays any more."""
        return not self.referee.service._game.matches


class Person:
    """Somebody with ncat: chooses when asked, or not; leaves in the end, or on a whim."""

    def __init__(self, chance: Chance, name: str, rounds_max: int) -> None:
        self._chance = chance
        self._name = name
        self._left = rounds_max
        self._peer: Peer | None = None

    def handle(self, event: Event) -> Sequence[Command]:
        if isinstance(event, PeerOpened):
            self._peer = event.peer
            return (Send(event.peer, f"/name {self._name}\n".encode()),)
        if isinstance(event, MessageReceived) and b"rock, paper or scissors?" in event.message:
            return (SetTimer("choose", self._chance.seconds(0.0, CHOOSE_S)),)
        if isinstance(event, MessageReceived) and b"/rematch plays again" in event.message:
            return (Send(event.peer, b"bye\n"), Stop(ExitCode.DONE))
        if isinstance(event, TimerFired) and self._peer is not None:
            return self._chooses(self._peer)
        return (Stop(ExitCode.LOST),) if isinstance(event, PeerClosed) else ()

    def _chooses(self, peer: Peer) -> Sequence[Command]:
        self._left -= 1
        if self._left < 0:
            return (Close(peer), Stop(ExitCode.DONE))
        word = ["rock", "PAPEL", "3", "ti", "✊🏽", "nonsense"][self._chance.between(0, 5)]
        return (Send(peer, f"{word}\n".encode()),)


class CourseWindow:
    """The course's own window: clicks, and clicks again once it has heard the result."""

    def __init__(self, chance: Chance, moves: int) -> None:
        self._chance = chance
        self._left = moves
        self.results = 0
        self._peer: Peer | None = None

    def handle(self, event: Event) -> Sequence[Command]:
        match event:
            case PeerOpened():
                self._peer = event.peer
                return self._clicks()
            case MessageReceived():
                assert result_of(event.message) is not None, json.loads(event.message)
                self.results += 1
                return self._clicks()
            case PeerClosed():
                return (Stop(ExitCode.LOST),)
            case _:
                return ()

    def _clicks(self) -> Sequence[Command]:
        assert self._peer is not None
        if self._left == 0:
            return (Close(self._peer), Stop(ExitCode.DONE))
        self._left -= 1
        choice = list(Choice)[self._chance.between(0, 2)]
        return (Send(self._peer, move_bytes(choice)),) * self._chance.between(1, 2)


def contestant(world: World, number: int, wish: Wish | None = None, lines: int = 40) -> Driver:
    """Call the server with `enchufe play`, fed by a pipe."""
    chance = world.chance
    service = Contestant(
        f"p{number}", f"session {number}", wish, seed=f"seed {number}", is_script=True
    )
    transport = Transport.UDP if chance.happens(0.3) else Transport.TCP
    driver = world.machine(CLIENT).call(transport, (SERVER, PORT), service, Framing.FRAMES)
    typed = [list(Choice)[chance.between(0, 2)].encode() for _ in range(lines)]
    driver.type(typed, every_s=chance.seconds(0.0, 2.0), ends=chance.happens(0.5))
    return driver


def other(world: World, number: int) -> Driver:
    """Call the server by text, or as the course's own window."""
    chance, machine = world.chance, world.machine(CLIENT)
    if chance.happens(0.5):
        person = Person(chance, f"q{number}", chance.between(0, 30))
        return machine.call(Transport.TCP, (SERVER, PORT), person, Framing.TEXT)
    window = CourseWindow(chance, chance.between(1, 10))
    return machine.call(Transport.AYUDANTIA, (SERVER, PORT), window, Framing.FRAMES)


def crowd(world: World) -> list[Driver]:
    """Call the server with all kinds of players."""
    players = [contestant(world, number) for number in range(world.chance.between(2, 5))]
    return players + [other(world, number) for number in range(world.chance.between(0, 4))]


def assert_all_is_counted(server: Server) -> None:
    """Whoever was told the end of a match finds it counted, and once."""
    known = {kept.match for kept in server.scores.kept}
    assert server.runs > 1 or len(known) == len(server.scores.kept), "counted twice"
    rows = server.scores._rows()
    assert sum(row.won for row in rows) == sum(row.lost for row in rows) == len(server.scores.kept)


def test_every_match_ends_whoever_leaves_or_loses_the_line(seed: int) -> None:
    world = World(seed)
    server = Server(world)
    players = crowd(world)
    world.run_for(1.0)
    world.roughen(resets=True)
    world.run_for(world.chance.seconds(5.0, 60.0))
    for player in players:
        if world.chance.happens(0.2):
            player.stop(ExitCode.INTERRUPTED)
    world.heal()
    world.run_for(MATCH_S_MAX)
    assert server.is_quiet
    assert_all_is_counted(server)


def test_two_who_stay_play_to_the_end_and_agree_about_it(seed: int) -> None:
    world = World(seed)
    server = Server(world, choose_s=30.0)
    pair = [contestant(world, 1, Wish(against="p2")), contestant(world, 2, Wish(against="p1"))]
    world.run_until(lambda: all(player.told for player in pair))
    watcher = contestant(world, 3, Wish(watch="p1"), lines=0)
    world.roughen()
    world.run_for(world.chance.seconds(1.0, 30.0))
    world.heal()
    world.run_until(lambda: all(player.exit_code is not None for player in pair))
    world.run_for(PATIENCE_AFTER_HEALING_S)
    won = [_verdicts(player) for player in pair]
    assert won[0] == won[1]
    assert len(won[0]) == 1
    counted = [f"* {kept.winner} wins the match" for kept in server.scores.kept]
    assert counted == won[0] or won[0] == ["* The match is over"]
    world.run_until(lambda: watcher.exit_code is not None)
    assert not any("cheated" in told.text for player in (*pair, watcher) for told in player.told)


def _verdicts(player: Driver) -> list[str]:
    lines = [line for told in player.told for line in told.text.splitlines()]
    return [line.partition(",")[0] for line in lines if "wins" in line and ": " not in line]


def test_a_server_killed_again_and_again_counts_what_it_told_and_nothing_twice(seed: int) -> None:
    world = World(seed)
    server = Server(world)
    players = crowd(world)
    world.roughen(resets=True)
    for _ in range(world.chance.between(1, 3)):
        world.run_for(world.chance.seconds(0.0, 10.0))
        server.is_killed_and_comes_back(world.chance.seconds(0.0, 5.0))
    world.heal()
    world.run_for(MATCH_S_MAX)
    assert server.is_quiet
    assert_all_is_counted(server)
    assert len(players) >= 2


def test_a_window_is_answered_every_move_until_it_leaves(seed: int) -> None:
    world = World(seed)
    Server(world)
    world.roughen()
    window = CourseWindow(world.chance, 6)
    machine = world.machine(CLIENT)
    driver = machine.call(Transport.AYUDANTIA, (SERVER, PORT), window, Framing.FRAMES)
    world.run_for(20.0)
    world.heal()
    world.run_until(lambda: driver.exit_code is not None)
    assert window.results >= 6  # a second click may come too late to be ignored
