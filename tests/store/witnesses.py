"""What tests of a history need: lines to keep, and somebody who is told what came of them."""

from queue import Queue

from hypothesis import strategies as st

from enchufe.core.commands import Recall
from enchufe.core.events import Event
from enchufe.core.history import Attachment, Saying

PATIENCE_S = 10.0
ROOM = "plaza"


class Told(Queue[Event]):
    """Is told events by any thread, and hands them over in order."""

    def next(self) -> Event:
        return self.get(timeout=PATIENCE_S)

    def all(self) -> list[Event]:
        return [self.get_nowait() for _ in range(self.qsize())]


def saying(id_: int, *texts: str, session: str = "", number: int = 0) -> Saying:
    return Saying(id_, id_ * 10, ROOM, "ana", texts or (f"line {id_}",), session, number)


def everything(room: str = ROOM) -> Recall:
    return Recall("all", room, 0, 1_000_000)


ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Any Unicode, with lone surrogates and zero bytes."""

SIZES = st.integers(0, 2**63 - 1)
ATTACHMENTS = st.builds(
    Attachment, ANY_TEXT.map(lambda text: text.encode(errors="replace").decode()), SIZES
)
