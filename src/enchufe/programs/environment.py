"""What a program finds in its environment: the little of ours that tells nothing, and its mark.

The mark is how its children are known wherever they go: they inherit it, and nobody else
can guess it.
"""

from collections.abc import Mapping

MARK = "ENCHUFE_PROGRAM"
"""The variable that holds the mark; of a program inside a program, the marks of both."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are looked up, wherever our own may be."""

_BETWEEN = ":"
_PASSED_ON = frozenset({"HOME", "USER", "LOGNAME", "LANG", "TZ"})


def clean(own: Mapping[str, str]) -> dict[str, str]:
    """Return what of our ``own`` environment a program may see, and where programs are."""
    passed_on = {
        name: value for name, value in own.items() if name in _PASSED_ON or name.startswith("LC_")
    }
    return {"PATH": PATH} | passed_on


def marked(environment: Mapping[str, str], token: str, own: Mapping[str, str]) -> dict[str, str]:
    """Return ``environment`` with the mark ``token``, beside the one that we may carry ourselves.

    So whoever runs us as its program also finds our programs, should we be killed.
    """
    marks = [own[MARK], token] if MARK in own else [token]
    return {**environment, MARK: _BETWEEN.join(marks)}


def carries(environment: Mapping[str, str], token: str) -> bool:
    """Return whether whoever has this ``environment`` carries the mark ``token``."""
    return token in environment.get(MARK, "").split(_BETWEEN)
