"""What the tests of both sides say: frames of a transfer, and what came of file orders."""

from typing import Any

import msgspec
from tests.playbook import ANA, NOW_NS

from enchufe.core.commands import SendFrame
from enchufe.core.events import Event, FrameReceived
from enchufe.core.files import Stage, TellFile
from enchufe.core.frames import Frame, Kind
from enchufe.core.history import Attachment
from enchufe.core.peer import Peer

PHOTO = Attachment("photo.png", 10, "image/png")


def frame(kind: Kind, stream: int = 1, payload: bytes = b"", **fields: object) -> Frame:
    return Frame(kind, stream, msgspec.json.encode(fields) if fields else payload)


def got(
    kind: Kind, stream: int = 1, payload: bytes = b"", peer: Peer = ANA, **fields: object
) -> Event:
    return FrameReceived(NOW_NS, peer, frame(kind, stream, payload, **fields))


def says(
    kind: Kind, stream: int = 1, payload: bytes = b"", peer: Peer = ANA, **fields: object
) -> SendFrame:
    return SendFrame(peer, frame(kind, stream, payload, **fields))


def told(
    file: str, stage: Stage, attachment: Attachment = PHOTO, peer: Peer = ANA, **more: Any
) -> TellFile:
    is_coming = file.startswith("in")
    return TellFile(file, peer, attachment, is_coming, stage, **more)
