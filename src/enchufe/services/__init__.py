"""Pure services: one file each. None knows another; the catalogue below knows them all."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from enchufe.core.errors import N_
from enchufe.core.peer import Transport
from enchufe.core.service import Framing, Service
from enchufe.services.chargen import Chargen
from enchufe.services.daytime import Daytime
from enchufe.services.discard import Discard
from enchufe.services.echo import Echo
from enchufe.services.greet import Greet
from enchufe.services.hello import Hello
from enchufe.services.time import Time


class Texts(Struct, frozen=True):
    """The words a service says, in the language of the one who runs it.

    Args:
        hello_answer: what `Hello` answers.
        greet_stream: what `Greet` sends to a stream peer.
        greet_datagram: what `Greet` answers to a datagram.
    """

    hello_answer: str = "hi there"
    greet_stream: str = "Thank you for connecting\n"
    greet_datagram: str = "Here is my answer for {host}."


class ServiceKind(Struct, frozen=True):
    """A service as the catalogue lists it.

    Args:
        name: what a person types.
        summary: what it does, in half a sentence, marked for translation.
        make: builds one; it is told the words to use.
        framing: how it wants the bytes of a stream cut.
        guide_ports: where the guides' own clients look for it.
        speaks_first: whether a stream peer hears from it without having said anything.
    """

    name: str
    summary: str
    make: Callable[[Texts], Service]
    framing: Framing = Framing.RAW
    guide_ports: tuple[tuple[Transport, int], ...] = ()
    speaks_first: bool = False


_TCP, _UDP = Transport.TCP, Transport.UDP

CATALOGUE: Mapping[str, ServiceKind] = {
    kind.name: kind
    for kind in (
        ServiceKind(
            name="echo",
            summary=N_("sends back what it is sent (RFC 862)"),
            make=lambda _texts: Echo(),
            guide_ports=((_UDP, 3500), (_TCP, 3500), (_UDP, 10000), (_TCP, 10000)),
        ),
        ServiceKind(
            name="hello",
            summary=N_("shows who spoke and answers the greeting"),
            make=lambda texts: Hello(texts.hello_answer),
            framing=Framing.FRAMES,
            guide_ports=((_UDP, 12345), (_TCP, 12345)),
        ),
        ServiceKind(
            name="greet",
            summary=N_("TCP: greets and closes; UDP: answers with your address"),
            make=lambda texts: Greet(texts.greet_stream, texts.greet_datagram),
            guide_ports=((_TCP, 9001), (_UDP, 15000)),
            speaks_first=True,
        ),
        ServiceKind(
            name="discard",
            summary=N_("takes everything, answers nothing (RFC 863)"),
            make=lambda _texts: Discard(),
        ),
        ServiceKind(
            name="daytime",
            summary=N_("says the date and time as text (RFC 867)"),
            make=lambda _texts: Daytime(),
            speaks_first=True,
        ),
        ServiceKind(
            name="time",
            summary=N_("says the seconds since 1900 in four bytes (RFC 868)"),
            make=lambda _texts: Time(),
            speaks_first=True,
        ),
        ServiceKind(
            name="chargen",
            summary=N_("sends lines of a turning pattern without end (RFC 864)"),
            make=lambda _texts: Chargen(),
            speaks_first=True,
        ),
    )
}
