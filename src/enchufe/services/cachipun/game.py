"""What all parts of the service share: who is here, how they are told, time and chance."""

from collections.abc import Sequence

from enchufe.core.cachipun import Players as PlayersTold
from enchufe.core.cachipun import Told, What, frame_of
from enchufe.core.cachipun_words import GameWords
from enchufe.core.commands import Command, SetTimer, SpreadFrame
from enchufe.core.draws import Draws
from enchufe.core.limits import GAME_ANNOUNCED_PLAYERS_MAX
from enchufe.core.names import key_of
from enchufe.services.cachipun.players import Dialect, Player, Players, State, Table
from enchufe.services.cachipun.teller import Teller

ANNOUNCE_S = 0.2
"""Changes that come so close together are told as one."""

ANNOUNCE_TIMER = "players"


class Game:
    """The state of one service.

    Args:
        words: for those who read text.
        draws: where its chance comes from.
        choose_s: how long a choice may take.
    """

    def __init__(self, words: GameWords, draws: Draws, choose_s: float) -> None:
        self.words = words
        self.draws = draws
        self.choose_s = choose_s
        self.now_ns = 0
        self.players = Players()
        self.waiting: list[Player] = []
        self.matches: dict[int, Table] = {}  # those that go on
        self.leaving: list[Player] = []  # to be seen off, once all else is said
        self.tell = Teller(words)
        self._announced = PlayersTold()
        self._is_announcing = False

    def told(
        self, player: Player, what: What, name: str = "", other: str = "", count: int = 0
    ) -> list[Command]:
        """Tell somebody what happened."""
        return self.tell.one(player, Told(what, name, other, count))

    def is_free(self, name: str, player: Player) -> bool:
        """Return whether ``player`` may be called so."""
        taken_by = self.players.named(name)
        return taken_by in (None, player) and key_of(name) != key_of(self.words.house)

    def present(self) -> PlayersTold:
        """Return who waits and who plays; of many, the first."""
        most = GAME_ANNOUNCED_PLAYERS_MAX
        waiting = tuple(player.name for player in self.waiting[:most])
        matches = tuple(match.names for match in list(self.matches.values())[:most])
        return PlayersTold(waiting, matches)

    def changed(self) -> list[Command]:
        """Tell everybody who reads frames, soon, who waits and who plays."""
        if self._is_announcing or len(self.players) > GAME_ANNOUNCED_PLAYERS_MAX:
            return []
        self._is_announcing = True
        return [SetTimer(ANNOUNCE_TIMER, ANNOUNCE_S)]

    def announce(self) -> Sequence[Command]:
        """Tell it now, if it has changed."""
        self._is_announcing = False
        present = self.present()
        if present == self._announced:
            return ()
        self._announced = present
        peers = tuple(
            player.peer
            for player in self.players.all()
            if player.peer is not None
            and player.has_sat
            and player.dialect is Dialect.FRAMES
            and player.state is State.HERE
        )
        return (SpreadFrame(peers, frame_of(present)),) if peers else ()
