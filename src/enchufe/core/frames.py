"""Frames: what two programs of ours say to each other when text is not enough.

What each kind carries and how a frame is laid out in bytes is written down, for
strangers too, in ``docs/en/frames.md``. The bytes are `enchufe.wire.frames`' business;
here is what services talk about.
"""

from enum import IntEnum

from msgspec import Struct

FRAME_PAYLOAD_BYTES_MAX = 1024 * 1024
"""A longer frame is a fault of whoever announces it: nobody can make us hold 4 GiB."""


class Kind(IntEnum):
    """What a frame is. Kinds a receiver does not know are skipped."""

    TEXT = 1  # UTF-8: what a person says
    ERROR = 2  # JSON: why the conversation ends now; the last frame of its sender

    OFFER = 16  # JSON: a file that could be sent
    ACCEPT = 17  # JSON: send it, from this offset on
    REFUSE = 18  # JSON: do not send it, or: it did not arrive as it should
    START = 19  # JSON: the bytes that follow begin at this offset
    DATA = 20  # bytes of the file
    END = 21  # JSON: all bytes are sent; their digest
    KEPT = 22  # no payload: it arrived whole, and is kept
    CANCEL = 23  # no payload: whoever offered it gives up

    JOIN = 32  # JSON: let me into a room
    JOINED = 33  # JSON: you are in
    SAY = 34  # UTF-8: say this in my room; the stream is the sender's number for it
    TAKEN = 35  # JSON: what you said with that number is kept, under this id
    SAID = 36  # JSON: somebody said this
    NOTICE = 37  # JSON: what happened in the room
    SINCE = 38  # JSON: tell me what was said after this id
    FETCH = 39  # JSON: send me the file that was said with this id
    SHARE = 40  # JSON: say this file, which I sent you, in my room; the stream as for SAY

    ASK = 48  # JSON: I shall ask for something and prove who I am; my nonce
    CHALLENGE = 49  # JSON: prove it for this nonce
    DENIED = 50  # JSON: you have not proved who you are
    SEALED = 51  # a seal, and one of the frames below: it comes from whoever proved it, unchanged
    RUN = 52  # JSON: run this program
    STOP = 53  # JSON: end in good order
    INPUT = 54  # bytes for the program to read
    INPUT_END = 55  # no payload: no more for it to read
    OUTPUT = 56  # bytes the program wrote on standard output
    ERRORS = 57  # bytes it wrote on standard error
    STATUS = 58  # JSON: how the request ended

    SIT = 64  # JSON: let me play cachipún
    SEATED = 65  # JSON: you are in, and called so
    CALL = 66  # JSON: I want to play
    MATCH = 67  # JSON: a match begins, is resumed, or is watched
    ROUND = 68  # JSON: choose now
    COMMIT = 69  # JSON: a choice is made; its digest
    REVEAL = 70  # JSON: what it was
    RESULT = 71  # JSON: how a round, and perhaps its match, ended
    SCORES = 72  # JSON: the score table, or a question for it
    TOLD = 73  # JSON: what happened, to others or to you
    WATCH = 74  # JSON: let me watch somebody's match
    PLAYERS = 75  # JSON: who waits and who plays, or a question for it


class Frame(Struct, frozen=True):
    """One frame.

    Args:
        kind: one of `Kind`, or a number we do not know.
        stream: which file or message of its sender it belongs to; 0 for none.
        payload: at most `FRAME_PAYLOAD_BYTES_MAX` bytes.
    """

    kind: int
    stream: int = 0
    payload: bytes = b""
