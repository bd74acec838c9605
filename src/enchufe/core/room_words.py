"""What happens in a room, in words: those of whoever runs it, or of whoever is told in frames."""

from msgspec import Struct

from enchufe.core.errors import N_
from enchufe.core.figures import size
from enchufe.core.history import Attachment, Saying
from enchufe.core.room import SAID_BYTES_MAX, Notice, Said, What
from enchufe.core.text import safe_text

SHOWN_NAME_CHARACTERS_MAX = 80
"""The name of a file is as long as its sender likes, but not what everybody sees of it."""


class RoomWords(Struct, frozen=True):
    """A room's own words; every line of its own begins with ``* ``, as no name can.

    What stands in braces is filled in.
    """

    guest: str = N_("guest{number}")
    host: str = N_("host")
    room: str = N_("plaza")
    welcome: str = N_("* Welcome to {room}. You are {name}; /name NAME changes that, /help helps.")
    history: str = N_("* Said before you came:")
    history_end: str = N_("* Here you are now.")
    came: str = N_("* {name} came")
    left: str = N_("* {name} left")
    lost: str = N_("* {name} lost the connection")
    slow: str = N_("* {name} left: it did not read")
    missed: str = N_(
        "* You did not read: {count} lines were not sent to you; /history N shows the last"
    )
    slow_bye: str = N_("* You do not read what you are sent, so this ends here.")
    renamed: str = N_("* {name} is now {other}")
    name_taken: str = N_("* {other} is taken; you are {name}")
    name_unfit: str = N_(
        "* A name has 1 to {count} letters or digits of one script, with - _ . between them; "
        "you are {name}"
    )
    nobody: str = N_("* Nobody here is called {other}")
    unheard: str = N_("* Not said: {other} does not read now, or has lost the connection")
    read_only: str = N_("* Not said: nothing more can be kept here ({why}); you can still read")
    too_long: str = N_("* Not said: a line has at most {most} bytes, yours has {count} or more")
    present: str = N_("* Here: {names}")
    rooms: str = N_("* Rooms: {names}")
    stranger: str = N_("* You are not in a room")
    no_file: str = N_("* There is no such file here")
    frames_only: str = N_(
        "* Files travel in frames, over a stream: be here with enchufe chat tcp://… to send and "
        "get them"
    )
    stopping: str = N_("* This server ends now")
    empty: str = N_("* Nothing was said here yet")
    too_fast: str = N_("* {other} is not done: too many orders at once; try again in a moment")
    unknown: str = N_("* There is no {other}; /help lists what there is")
    usage: str = N_("* Write it like: {other}")
    file: str = N_("[{name}, {size}, {media}]")
    file_untyped: str = N_("[{name}, {size}]")
    private: str = N_("({name}, to you alone) {text}")
    private_sent: str = N_("(you, to {to} alone) {text}")
    bye: str = N_("* Bye, {name}")
    host_stays: str = N_("* You run this server, so you stay in its room; Ctrl-C ends it")
    help: str = N_(
        "* What you write is said to everybody in the room. Besides:\n"
        "* /name NAME      be called NAME\n"
        "* /who            who is here\n"
        "* /room NAME      go to another room; /rooms lists them\n"
        "* /history N      the last N lines, 200 at most\n"
        "* /msg NAME TEXT  to one person alone\n"
        "* /bye            leave; a plain bye does too"
    )


_KNOWN = frozenset(What)


def notice_text(notice: Notice, words: RoomWords) -> str:
    """Return ``notice`` as a line of the room; a word we do not know is shown as it is."""
    if notice.what not in _KNOWN:
        return " ".join(filter(None, ("*", notice.what, notice.name, notice.other)))
    template: str = getattr(words, notice.what.replace(" ", "_").replace("-", "_"))
    return template.format(
        name=notice.name,
        other=notice.other,
        names=", ".join(notice.names),
        count=notice.count,
        most=SAID_BYTES_MAX,
        why=notice.why,
    )


def said_text(said: Said, words: RoomWords, own_name: str) -> str:
    """Return what somebody said as a line of the room, for the one called ``own_name``."""
    text = said.text if said.file is None else file_text(said.file, words)
    if not said.to:
        return f"{said.name}: {text}"
    template = words.private_sent if said.name == own_name else words.private
    return template.format(name=said.name, to=said.to, text=text)


def saying_texts(saying: Saying, words: RoomWords) -> list[str]:
    """Return the lines of what somebody says as they are told to those who read text."""
    name, attachment = saying.name, saying.attachment
    if attachment is not None:
        return [f"{name}: {file_text(attachment, words)}"]
    return [f"{name}: {text}" for text in saying.texts]


def file_text(attachment: Attachment, words: RoomWords) -> str:
    """Return what is said of a file; its name is a stranger's and made safe to look at."""
    name = attachment.name
    if len(name) > SHOWN_NAME_CHARACTERS_MAX:
        name = f"{name[: SHOWN_NAME_CHARACTERS_MAX - 1]}…"
    media = safe_text(attachment.media_type)
    template = words.file if media else words.file_untyped
    return template.format(name=safe_text(name), size=size(attachment.size_bytes), media=media)
