"""Names for files that strangers send: never outside the folder, never one that misleads."""

import re
import unicodedata

NAME_BYTES_MAX = 255
"""No common file system takes a longer name (NAME_MAX, limits.h)."""

EXTENSION_BYTES_MAX = 32
"""What is kept whole at the end of a name that is cut; a longer ending is no extension."""

NAMELESS = "file"
"""Where nothing of a name can be kept."""

_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
"""Names that Windows gives to devices, with any ending."""

_FORBIDDEN = re.compile(r'[<>:"|?*]')
"""What Windows forbids in a name, and shells take for something else."""

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe_name(text: str) -> str:
    """Return the name that a file called ``text`` by a stranger gets here.

    It is one component of a path, in NFC (Unicode TR 15), of at most `NAME_BYTES_MAX` bytes
    of UTF-8; it names no device, hides nothing, is no option, and holds no character that a
    person does not see or that changes the order of the others.
    """
    last = next((part for part in reversed(re.split(r"[/\\]", text)) if part.strip(". ")), "")
    visible = "".join(c for c in last if unicodedata.category(c) not in _UNSAFE_CATEGORIES)
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", visible))
    name = " ".join(name.split()).lstrip(".- ").rstrip(". ") or NAMELESS
    if _DEVICES.fullmatch(name.partition(".")[0].rstrip()):
        name = f"_{name}"
    return shortened(name)


def numbered(name: str, number: int) -> str:
    """Return ``photo (2).png`` for ``photo.png`` and 2; the name itself for 1."""
    return name if number == 1 else shortened(name, f" ({number})")


def shortened(name: str, mark: str = "", bytes_max: int = NAME_BYTES_MAX) -> str:
    """Return ``name`` with ``mark`` before its extension, its stem cut to ``bytes_max`` in all."""
    stem, extension = _split(name)
    room = bytes_max - len(extension.encode()) - len(mark.encode())
    cut = stem.encode()[: max(room, 0)].decode("utf-8", "ignore")
    return (stem if cut == stem else cut.rstrip(". ")) + mark + extension


def same_to_a_person(name: str) -> str:
    """Return what two names share that some file systems, or eyes, take for the same."""
    return unicodedata.normalize("NFC", name).casefold()


def _split(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    is_extension = stem and extension and len(extension.encode()) < EXTENSION_BYTES_MAX
    return (stem, dot + extension) if is_extension else (name, "")
