"""The catalogue of services."""

import pytest
from tests.playbook import ANA, LUIS, Playbook, finished, opened, received

from enchufe.core.commands import Close, Send
from enchufe.core.service import Framing
from enchufe.services import CATALOGUE, Wishes


def test_it_lists_the_services_by_the_names_people_type() -> None:
    names = [
        "cachipun",
        "chargen",
        "chat",
        "control",
        "daytime",
        "discard",
        "echo",
        "greet",
        "hello",
    ]
    names.append("time")
    assert sorted(CATALOGUE) == names
    assert all(kind.name == name for name, kind in CATALOGUE.items())


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_each_makes_a_fresh_service_that_answers_events(name: str) -> None:
    kind = CATALOGUE[name]
    one, other = kind.make(Wishes()), kind.make(Wishes())
    assert one is not other
    assert not any(isinstance(command, Send) for command in one.handle(opened(LUIS)))
    assert kind.summary
    assert all(0 < port < 65_536 for _transport, port in kind.guide_ports)


def test_no_two_services_are_usually_at_the_same_place() -> None:
    usual = [kind for kind in CATALOGUE.values() if kind.is_usual]
    places = [place for kind in usual for place in kind.guide_ports]
    assert len(places) == len(set(places)) == 10


def test_who_wants_messages_takes_them_as_lines_or_as_frames() -> None:
    framed = [name for name, kind in CATALOGUE.items() if kind.framing is Framing.FRAMES]
    raw = [name for name, kind in CATALOGUE.items() if kind.framing is Framing.RAW]
    assert sorted(framed) == ["cachipun", "chat", "control", "hello"]
    assert sorted(framed + raw) == sorted(CATALOGUE)


def test_the_texts_are_the_ones_the_service_says() -> None:
    wishes = Wishes(hello_answer="hola", greet_stream="gracias\n", greet_datagram="{port}")
    greet = CATALOGUE["greet"].make(wishes)
    Playbook(greet).when(opened(ANA), Send(ANA, b"gracias\n"), Close(ANA))
    Playbook(greet).when(received(LUIS, b"x"), Send(LUIS, b"50002"))
    hello = CATALOGUE["hello"].make(wishes)
    assert Send(ANA, b"hola") in hello.handle(received(ANA, b"x"))


@pytest.mark.parametrize("name", sorted(set(CATALOGUE) - {"chargen"}))
def test_a_peer_that_has_said_all_is_left_sooner_or_later(name: str) -> None:
    service = CATALOGUE[name].make(Wishes())
    answers = [*service.handle(opened(ANA)), *service.handle(finished(ANA))]
    assert Close(ANA) in answers
