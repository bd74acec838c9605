"""The page's own words, in the language of the source; the catalogue has the others.

What stands in braces is filled in by the page.
"""

from msgspec import Struct

from enchufe.core.errors import N_


class PageWords(Struct, frozen=True):
    """What the page says."""

    title: str = N_("enchufe")
