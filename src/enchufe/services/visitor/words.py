"""What a visitor tells the person of its own accord."""

from msgspec import Struct

from enchufe.core.errors import N_


class VisitorWords(Struct, frozen=True):
    """What is told to the person about the connection and files; braces are filled in."""

    joined: str = N_("* You are {name} in {room}. /help lists what you can do, /bye leaves.")
    lost: str = N_("* The connection is lost; calling again. What you write is kept.")
    back: str = N_("* Back in {room}.")
    not_reached: str = N_("* {why}; trying again.")
    no_room: str = N_("There is no room at the other side: it did not answer in frames.")
    given_up: str = N_("Given up: nobody was there for {seconds:g} s; {count} lines were not said.")
    not_done: str = N_("* {order} was not done: the connection is lost; try again once it is back")
    get: str = N_("{file} /get {id}")
    not_said: str = N_("* {name} was not said: the room does not find it")
    files_help: str = N_(
        "* /send FILE      show everybody a picture, or give them a file\n"
        "* /get N          save the file of a line; without N the last one"
    )
