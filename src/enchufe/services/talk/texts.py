"""What the service says to the person at this end."""

from msgspec import Struct

from enchufe.core.errors import N_


class TalkTexts(Struct, frozen=True):
    """The words the service says, in the language of the person at this end.

    ``{who}`` stands for the other side's address.
    """

    came: str = N_("{who} is here.")
    no_word: str = N_("{who} has left without a word; waiting for somebody else.")
    busy: str = N_("somebody else is talking here; try again later")
    stranger: str = N_("{who} wanted to talk too, and was told that the line is busy.")
    nobody_yet: str = N_("Nobody is here yet: what you type waits until somebody comes.")
    not_your_turn: str = N_("It is the other side's turn: what you type waits for the answer.")
    waiting: str = N_("This waits too (lines and files waiting: {count}).")
    bye_in_turn: str = N_("bye waits too; /bye ends at once.")
    sent_first: str = N_("The first of what waited has been sent (still waiting: {count}).")
    sent_all: str = N_("What waited has been sent.")
    too_long: str = N_("Not sent: a datagram carries at most {most} bytes, and this has more.")
    unknown: str = N_("“{command}” is no command, and was not sent. /help lists them all.")
    help: str = N_(
        "bye ends the talk once what waits has been sent, /bye at once. //text sends /text, "
        "/send FILE a file; /take and /refuse answer who wants to send one."
    )
    said_bye: str = N_("{who} has said bye.")
    says_no_more: str = N_(
        "{who} says no more, and may have left; what you type is still sent. bye or Ctrl-D ends "
        "the talk."
    )
    left: str = N_("{who} has left.")
    lost: str = N_("{who} is not there any more; what was said last may not have arrived.")
    unsent: str = N_("What was still waiting has not been sent (lines and files: {count}).")
    awaiting: str = N_("All is said; waiting for the answer of {who}. Ctrl-C leaves.")
    silence: str = N_("Nothing has come for {seconds:g} s.")
    would_send: str = N_("would like to send")
    no_files: str = N_(
        "{name} not sent: {who} takes no files (is it enchufe talk?). They have been told what "
        "you wanted to send."
    )
    no_stream: str = N_(
        "{name} not sent: files need a stream, and these are datagrams. Talk over tcp://."
    )
    leaving: str = N_("{name} not sent: {who} is leaving.")
    bye_waits: str = N_("A file is still on its way; bye is said after it. /bye ends at once.")
    after_bye: str = N_("Not sent: you have said bye.")
