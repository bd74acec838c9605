"""Every service behind its host: nothing a stranger says makes it fail, or hold much."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.cuts import cut_at
from tests.fuzz.strangers import DATAGRAMS, MOVES, STREAMS
from tests.fuzz.world import PEERS, World
from tests.services.control.people import EVERYTHING, KEY, LS, nonces
from tests.services.control.test_plain import PLAIN

from enchufe.core.commands import Command
from enchufe.core.events import Event
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing, Service
from enchufe.core.transfer.incoming import Policy
from enchufe.services import CATALOGUE, Wishes
from enchufe.services.contestant import Contestant, Window, Wish
from enchufe.services.control import Control
from enchufe.services.receiver import Receiver
from enchufe.services.requester import Requester
from enchufe.services.sender import Sender
from enchufe.services.talk import Talk
from enchufe.services.visitor import Visitor

Make = Callable[[], Service]

FOR_ALL = replace(EVERYTHING, users=frozenset({"uid 1"}))


class Trusting:
    """A service whose every peer somebody vouches for."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: dict[int, Peer] = {}

    def handle(self, event: Event) -> Sequence[Command]:
        peer: Peer | None = getattr(event, "peer", None)
        if peer is None:
            return self._service.handle(event)
        known = self._known.setdefault(peer.id, replace(peer, user="uid 1"))
        return self._service.handle(replace(event, peer=known))


SERVED: dict[str, tuple[Make, Framing]] = {
    name: (partial(kind.make, Wishes()), kind.framing) for name, kind in CATALOGUE.items()
}
OURS: dict[str, tuple[Make, Framing]] = {
    "receive": (Receiver, Framing.FRAMES),
    "receive and ask": (lambda: Receiver(Policy(asks=True)), Framing.FRAMES),
    "talk": (lambda: Talk(calling=False), Framing.FRAMES),
    "talk by turns": (lambda: Talk(calling=True, turns=True), Framing.FRAMES),
    "visit": (lambda: Visitor("ana", "session", auto_fetch_bytes=10**9), Framing.FRAMES),
    "play": (lambda: Contestant("ana", "s", Wish(watch="eva")), Framing.FRAMES),
    "play a script": (lambda: Contestant("ana", "s", is_script=True), Framing.FRAMES),
    "play as a window": (Window, Framing.FRAMES),
    "send": (lambda: Sender(("hola",)), Framing.FRAMES),
    "control with a key": (lambda: Control(EVERYTHING, nonces()), Framing.FRAMES),
    "control in plain text": (lambda: Control(PLAIN, nonces()), Framing.FRAMES),
    "control for all": (lambda: Trusting(Control(FOR_ALL, nonces())), Framing.FRAMES),
    "ask with a key": (lambda: Requester(LS, KEY, nonces()), Framing.FRAMES),
    "ask without a key": (lambda: Requester(LS, None, nonces()), Framing.FRAMES),
}
SERVICES = SERVED | OURS
SPEAK_AYUDANTIA = {"cachipun", "play as a window"}

DEEDS = st.lists(
    st.tuples(
        st.sampled_from(PEERS),
        st.sampled_from(["says", "says", "says", "half-closes", "leaves", "is behind", "time"]),
    ),
    max_size=10,
)


def says(world: World, peer: Peer, choices: st.DataObject) -> None:
    if not peer.is_stream:
        world.receives(peer, choices.draw(DATAGRAMS, label="datagram"))
        return
    is_ayudantia = peer.transport is Transport.AYUDANTIA
    data = choices.draw(MOVES if is_ayudantia else STREAMS, label="stream")
    places = choices.draw(st.lists(st.integers(0, len(data)), max_size=6), label="cuts")
    for piece in cut_at(data, places):
        world.receives(peer, piece)


def does(world: World, peer: Peer, deed: str, choices: st.DataObject) -> None:
    match deed:
        case "says":
            says(world, peer, choices)
        case "half-closes":
            world.half_closes(peer)
        case "leaves":
            world.leaves(peer)
        case "is behind":
            world.is_behind(peer)
        case _:
            world.time_passes()


@pytest.mark.parametrize("name", SERVICES)
@given(deeds=DEEDS, choices=st.data())
def test_nothing_a_stranger_does_makes_a_service_fail(
    name: str, deeds: list[tuple[Peer, str]], choices: st.DataObject
) -> None:
    make, framing = SERVICES[name]
    world = World(make(), framing)
    for peer, deed in deeds:
        if peer.transport is Transport.AYUDANTIA and name not in SPEAK_AYUDANTIA:
            continue  # no command of ours brings them together
        does(world, peer, deed, choices)
    for peer in PEERS:
        world.leaves(peer)
    assert not world._host._turns
    assert not world._host._framed_sources
    assert not world._host._finished
