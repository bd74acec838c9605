"""What a stranger may send: rubbish, and what is nearly right, which goes further in."""

import struct

from hypothesis import strategies as st

from enchufe.core import cachipun, control, room
from enchufe.core.ayudantia import move_bytes, result_bytes
from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX, Frame, Kind
from enchufe.core.limits import LINE_BYTES_MAX
from enchufe.core.payloads import encoded_payload
from enchufe.core.transfer import payloads
from enchufe.wire.frames import PREFACE, encoded
from enchufe.wire.lengths import prefixed

NUMBERS = st.sampled_from([-(2**63), -2, -1, 0, 1, 2, 3, 100, 2**31 - 1, 2**31, 2**63, 2**64 - 1])
WORDS = st.sampled_from(["", "ana", "eva", "plaza", "s", "../x", "\x01", "ﷺ" * 30, "x" * 5000])
DIGESTS = st.sampled_from(["", "0" * 64, "f" * 64, "../../x", "\0"])

NONCES = st.sampled_from(["", "0" * 32, "1" * 64, "f" * 64, "G" * 64])

SMALL = st.sampled_from([0, 1, 2, 3]) | NUMBERS
HANDS = st.sampled_from(cachipun.Choice) | WORDS
NAMES = st.tuples(WORDS, WORDS)
SCORES = st.tuples(NUMBERS, NUMBERS)

MEANT = st.one_of(
    st.builds(room.Join, WORDS, WORDS, WORDS, NUMBERS),
    st.builds(room.Since, NUMBERS),
    st.builds(room.Fetch, NUMBERS),
    st.builds(room.Share, DIGESTS),
    st.builds(room.Joined, WORDS, WORDS, NUMBERS, NUMBERS),
    st.builds(room.Taken, NUMBERS, NUMBERS),
    st.builds(room.Said, NUMBERS, NUMBERS, NUMBERS, WORDS, WORDS, WORDS, NUMBERS),
    st.builds(room.Notice, st.sampled_from(room.What) | WORDS, WORDS, WORDS),
    st.builds(payloads.Offer, WORDS, NUMBERS, WORDS, NUMBERS),
    st.builds(payloads.Accept, NUMBERS, DIGESTS),
    st.builds(payloads.Refuse, WORDS, NUMBERS),
    st.builds(payloads.Start, NUMBERS),
    st.builds(payloads.End, DIGESTS),
    st.builds(payloads.Fault, WORDS),
    st.builds(control.Ask, NONCES),
    st.builds(control.Challenge, NONCES),
    st.builds(control.Denied, WORDS),
    st.builds(control.Run, NONCES, st.tuples(WORDS, WORDS) | st.just(("cat",)), st.booleans()),
    st.builds(control.StopServer, NONCES),
    st.builds(cachipun.Sit, WORDS, WORDS),
    st.builds(cachipun.Seated, WORDS),
    st.builds(cachipun.Call, WORDS, NUMBERS, st.booleans()),
    st.builds(cachipun.Match, SMALL, NUMBERS, NAMES, SCORES, st.sampled_from([-1, 0, 1, 2])),
    st.builds(cachipun.Round, SMALL, SMALL, st.sampled_from([-1.0, 0.0, 30.0, 1e300])),
    st.builds(cachipun.Commit, SMALL, SMALL, DIGESTS, st.sampled_from([-1, 0, 1, 2])),
    st.builds(cachipun.Reveal, SMALL, SMALL, HANDS, NONCES, st.sampled_from([-1, 0, 1, 2])),
    st.builds(
        cachipun.Result,
        SMALL,
        SMALL,
        st.tuples(HANDS, HANDS),
        st.sampled_from([-1, 0, 1, 2]),
        SCORES,
        st.booleans(),
        st.sampled_from(cachipun.Why) | WORDS,
    ),
    st.builds(cachipun.Scores, st.just((cachipun.Score("x" * 5000, -1, 2**70),))),
    st.builds(cachipun.Told, st.sampled_from(cachipun.What) | WORDS, WORDS, WORDS, NUMBERS),
    st.builds(cachipun.Watch, WORDS),
    st.builds(cachipun.Players, st.tuples(WORDS), st.tuples(NAMES)),
    st.builds(control.Status, st.sampled_from(control.Outcome) | WORDS, NUMBERS, WORDS),
)
"""Payloads whose fields are of the right kind, whatever they say."""

DEEP = 50_000
"""Brackets that no reader can follow to the end."""

JSON_TEXTS = st.one_of(
    MEANT.map(encoded_payload),
    MEANT.map(encoded_payload).map(lambda data: data[:-1]),
    st.sampled_from(
        [
            b"{}",
            b"[]",
            b"null",
            b"[" * DEEP,
            b'{"x":' * DEEP,
            b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
            b'{"after":' + b"9" * 5000 + b"}",
            b'{"size":1e400,"name":"x"}',
            b'{"name":"\\ud800"}',
            b'{"name":"\xff"}',
            b'{"name":1,"name":"x"}',
        ]
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ).map(lambda value: repr(value).replace("'", '"').encode("utf-8", "replace")),
)

FRAMES = st.builds(
    Frame,
    kind=st.sampled_from(Kind) | st.integers(0, 255),
    stream=st.sampled_from([0, 1, 2, 3, 2**31, 2**32 - 1]),
    payload=st.binary(max_size=40) | JSON_TEXTS,
)

LINES = st.sampled_from(
    [
        b"hola\n",
        b"/name eva\r\n",
        b"/room patio\n",
        b"/who\n",
        b"/history 200\n",
        b"/msg ana psst\n",
        b"/msg\n",
        b"/\n",
        b"//x\n",
        b"bye\n",
        b"\n",
        b"\0\n",
        b"\xff\xfe\n",
        b"rock\n",
        b"p\n",
        b"/house\n",
        b"/play ana\n",
        b"/best 99\n",
        b"/watch eva\n",
        b"/back bakabakaba\n",
        b"/rematch\n",
        b"/scores\n",
        b"enchufe/1 would send x (1 bytes)\n",
        b"half a line",
    ]
)

_HEADER = struct.Struct(">IBI")
LIES = st.builds(
    _HEADER.pack,
    st.sampled_from([0, 1, 9, FRAME_PAYLOAD_BYTES_MAX, FRAME_PAYLOAD_BYTES_MAX + 1, 2**32 - 1]),
    st.integers(0, 255),
    st.integers(0, 2**32 - 1),
)
"""The beginnings of frames whose rest does not come, or is something else."""

LONG = st.sampled_from(
    [
        b"x" * (LINE_BYTES_MAX + 1),
        b"/name " + b"\x01" * LINE_BYTES_MAX,
        encoded(Frame(Kind.TEXT, 0, b"/msg ana " + b"\x01" * (FRAME_PAYLOAD_BYTES_MAX - 9))),
        encoded(Frame(Kind.JOIN, 0, b'{"name":"' + b"x" * 500_000 + b'"}')),
        encoded(Frame(Kind.DATA, 1, b"x" * FRAME_PAYLOAD_BYTES_MAX))[:-1],
        b"\n" * 2000,
        encoded(Frame(200)) * 500,
    ]
)

BEGINNINGS = st.sampled_from([b"", PREFACE, PREFACE + encoded(Frame(Kind.JOIN, 0, b"{}"))])
"""Most rubbish that is not understood at once ends a conversation; these go further in."""

STREAMS = st.tuples(
    BEGINNINGS,
    st.lists(st.one_of(FRAMES.map(encoded), LINES, LIES, st.binary(max_size=20), LONG), max_size=8),
).map(lambda parts: parts[0] + b"".join(parts[1]))
"""Bytes of a stream."""

MOVES = st.lists(
    st.one_of(
        st.sampled_from(cachipun.Choice).map(move_bytes),
        st.sampled_from(cachipun.Choice).map(lambda choice: result_bytes(choice, choice)),
        JSON_TEXTS.map(lambda data: data[:60_000]),
        st.binary(max_size=20),
    ).map(prefixed)
    | st.binary(max_size=6),
    max_size=8,
).map(b"".join)
"""Bytes of a stream of the course's own cachipún, or nearly."""

DATAGRAMS = st.one_of(
    FRAMES.map(lambda frame: PREFACE + encoded(frame)),
    STREAMS.map(lambda data: data[:60_000]),
    LINES,
    st.binary(max_size=40),
)
