"""What a stranger can make the service hold has a limit, and who is beyond it hears so."""

from tests.services.cachipun.hall import Hall, Person, pair_of_programs

from enchufe.core.commands import Close, Send
from enchufe.core.events import PeerBehind, PeerOpened, Reason
from enchufe.core.limits import GAME_DATAGRAM_PEERS_MAX, GAME_PLAYERS_MAX
from enchufe.core.peer import Peer, Transport
from enchufe.core.refusals import refusal_exit_code


def test_no_more_players_than_may_be() -> None:
    hall = Hall()
    for number in range(1, GAME_PLAYERS_MAX + 1):
        hall.service.handle(PeerOpened(hall.now_ns, Peer(number, Transport.TCP)))
    one_more = Peer(GAME_PLAYERS_MAX + 1, Transport.TCP)
    said, closed = hall.service.handle(PeerOpened(hall.now_ns, one_more))
    assert isinstance(said, Send)
    assert refusal_exit_code(said.message) is not None
    assert closed == Close(one_more)


def test_the_longest_silent_of_many_datagram_peers_is_let_go() -> None:
    hall = Hall()
    first = Person(hall, "/name ana", transport=Transport.UDP)
    second = Person(hall, "/name luis", transport=Transport.UDP)
    for _ in range(GAME_DATAGRAM_PEERS_MAX - 2):
        Person(hall, transport=Transport.UDP)
    first.says("/who")
    Person(hall, transport=Transport.UDP)
    assert second.is_closed
    assert not first.is_closed


def test_who_does_not_read_is_let_go_and_may_come_back() -> None:
    hall = Hall()
    ana, luis, _matches = pair_of_programs(hall)
    (closed,) = hall.service.handle(PeerBehind(hall.now_ns, luis.peer))
    assert closed == Close(luis.peer, Reason.SLOW)
    luis.is_lost(Reason.SLOW)
    assert len(hall.service._game.matches) == 1
    assert ana.told
