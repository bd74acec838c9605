"""The language a person reads: English in the source, Spanish from the catalogue.

The standard library's own parser asks `gettext` for its words too, so choosing a
language means pointing the whole process at our catalogue.
"""

import gettext
import locale
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from enchufe.core.errors import EnchufeError

if TYPE_CHECKING:  # `enchufe --help` must stay quick
    from msgspec import Struct

Words = TypeVar("Words", bound="Struct")

DOMAIN = "enchufe"
LANGUAGES = ("en", "es")
LOCALE_FOLDER = Path(__file__).resolve().parent.parent / "locale"


def language_of(environment: dict[str, str]) -> str:
    """Return ``"es"`` if the environment's locale is Spanish, else ``"en"``.

    The order is POSIX's (XBD 8.2): ``LC_ALL``, ``LC_MESSAGES``, ``LANG``; GNU's
    ``LANGUAGE`` list comes first, but only where a locale other than C is set.
    """
    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next((environment[name] for name in variables if environment.get(name)), "C")
    if chosen not in ("C", "POSIX") and environment.get("LANGUAGE"):
        chosen = environment["LANGUAGE"].split(":")[0]
    return "es" if chosen.lower().startswith("es") else "en"


def choose(language: str) -> None:
    """Make ``language`` (one of `LANGUAGES`) the one every message is shown in."""
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(DOMAIN, str(LOCALE_FOLDER))
    gettext.textdomain(DOMAIN)
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8" if os.name == "posix" else "C")


def current() -> str:
    """Return the chosen language."""
    return os.environ.get("LANGUAGE", "en")


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language: looked for once, and not for each message."""
    return gettext.translation(DOMAIN, LOCALE_FOLDER, [language], fallback=True)


def _(message: str) -> str:
    """Return ``message`` in the chosen language."""
    return _catalogue(current()).gettext(message) if message else ""


def plural(one: str, many: str, count: int) -> str:
    """Return ``one`` or ``many`` as ``count`` asks, in the chosen language."""
    return _catalogue(current()).ngettext(one, many, count)


def explain(error: EnchufeError, language: str = "") -> str:
    """Return the error's message without its hint, in the chosen language or another."""
    return said_in(language, error.template).format(**error.fields)


def advise(error: EnchufeError, language: str = "") -> str:
    """Return the error's hint, or "", in the chosen language or another."""
    return said_in(language, error.hint).format(**error.fields)


def said_in(language: str, message: str) -> str:
    """Return ``message`` in a language; "" for the chosen one."""
    return _catalogue(language or current()).gettext(message) if message else ""


def translated(words: Words, language: str = "") -> Words:
    """Return ``words``, whose fields are texts, in the chosen language or another."""
    fields = words.__struct_fields__
    return type(words)(**{name: said_in(language, getattr(words, name)) for name in fields})
