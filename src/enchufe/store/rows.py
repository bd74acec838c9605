"""What a history file keeps of what is said: a row for each line.

Short sayings are given to SQLite as values, long ones as one JSON document of them all, which
it takes apart itself: that is faster for many lines, and slower for single ones.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

from enchufe.core.history import Attachment, Line, Saying

KEEP_DOCUMENT = """
    WITH saying AS (
      SELECT
        json_extract(value, '$[0]') AS id,
        json_extract(value, '$[1]') AS at_ns,
        json_extract(value, '$[2]') AS room,
        json_extract(value, '$[3]') AS name,
        json_extract(value, '$[4]') AS texts,
        json_extract(value, '$[5]') AS session,
        json_extract(value, '$[6]') AS number,
        json_extract(value, '$[7]') AS attachment
      FROM json_each(?)
      LIMIT -1  -- all, but each is taken apart once, and not again for each of its lines
    )
    INSERT INTO line
    SELECT saying.id + line.key, at_ns, room, name, line.value, session, number, attachment
    FROM saying, json_each(texts) AS line
"""  # an array of an array for each saying, whose texts are one more array
KEEP_ROW = "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
AND_ANOTHER = ", (?, ?, ?, ?, ?, ?, ?, ?)"
STATEMENT_ROWS_MAX = 256
"""Their values stay within what SQLite takes in one statement (sqlite.org/limits.html, 9)."""

_JSON_NUL = b"\\u0000"
"""Where SQLite ends a text of a JSON document, whatever follows."""

Text: TypeAlias = str | bytes
Row: TypeAlias = tuple[int, int, Text, Text, Text, Text, int, Text | None]

_encode = msgspec.json.Encoder().encode
_decode_attachment = msgspec.json.Decoder(Attachment).decode


def document_of(sayings: Sequence[Saying]) -> str | None:
    """Return ``sayings`` as JSON, or None if SQLite's JSON cannot hold all their characters."""
    rows = [
        (
            said.id,
            said.at_ns,
            said.room,
            said.name,
            said.texts,
            said.session,
            said.number,
            None if said.attachment is None else _encode(said.attachment).decode(),
        )
        for said in sayings
    ]
    try:
        document = _encode(rows)
    except UnicodeEncodeError:  # a lone surrogate
        return None
    return None if _JSON_NUL in document else document.decode()


def rows_of(said: Saying) -> Iterator[Row]:
    """Yield the row of each line of ``said``."""
    room, name, session = storable(said.room), storable(said.name), storable(said.session)
    attachment = None if said.attachment is None else _encode(said.attachment).decode()
    for id_, text in enumerate(said.texts, said.id):
        yield id_, said.at_ns, room, name, storable(text), session, said.number, attachment


def line_of(row: Row) -> Line:
    """Return the line that ``row`` holds."""
    id_, at_ns, room, name, text, session, number, attachment = row
    return Line(
        id=id_,
        at_ns=at_ns,
        room=text_of(room),
        name=text_of(name),
        text=text_of(text),
        session=text_of(session),
        number=number,
        attachment=None if attachment is None else _decode_attachment(attachment),
    )


def storable(text: str) -> Text:
    """Return ``text``, or bytes where it is more than Unicode has words for.

    A lone surrogate stands for a byte that is not UTF-8; SQLite's text cannot hold it.
    """
    if text.isascii():
        return text
    encoded = text.encode("utf-8", "surrogatepass")
    try:
        encoded.decode()
    except UnicodeDecodeError:
        return encoded
    return text


def text_of(stored: Text) -> str:
    """Return what was made storable."""
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogatepass")
