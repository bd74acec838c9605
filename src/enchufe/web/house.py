"""What whoever runs a server gives its page: where it stands, and what it shows.

Light, so that a run which nobody looks at loads no web server.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from enchufe.core.errors import N_, EnchufeError


class GuardWords(Struct, frozen=True):
    """What those who are refused are told."""

    token: str = N_("Open the address that enchufe serve printed: it ends in a token.")
    host: str = N_("This page is here for localhost only.")
    origin: str = N_("Another page has no business here.")


class House(Struct, frozen=True):
    """Where the page is, as far as its guard cares.

    Args:
        token: what whoever was given the address shows.
        is_on_loopback: whether nobody but this machine can reach it.
        name: by which the person has it reached, beside localhost and its address; "" for none.
        words: what those who are refused are told.
    """

    token: str
    is_on_loopback: bool
    name: str = ""
    words: GuardWords = GuardWords()


class CallWords(Struct, frozen=True):
    """How the page's conversations are explained to a person.

    Args:
        explain: says what went wrong and what to do next, in a language.
        not_allowed: says that the token is needed for this, in a language.
    """

    explain: Callable[[EnchufeError, str], str]
    not_allowed: Callable[[str], str]


class Listed(Struct, frozen=True):
    """An endpoint that listens, and what to type to reach it."""

    service: str
    transport: str
    url: str
    ours: str
    theirs: str


class Furniture(Struct, frozen=True):
    """What the page shows that is not its own.

    Args:
        version: of this program.
        listed: returns which endpoints listen.
        words: returns the page's words in a language.
        languages: which there are; the first is the run's own.
        is_public: whether anybody on this machine may reach a service anyway, by another way.
        call: how conversations with any endpoint are explained.
        pcapng: makes a capture file of a recording, or says why it cannot.
    """

    version: str
    listed: Callable[[], Sequence[Listed]]
    words: Callable[[str], bytes]
    languages: Sequence[str]
    is_public: Callable[[str], bool]
    call: CallWords
    pcapng: Callable[[bytes], bytes]
