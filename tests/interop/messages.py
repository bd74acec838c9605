"""Messages without a pattern, and where what came back differs from them."""

import random


def message_of(size_bytes: int) -> bytes:
    """Return bytes among which a piece lost or moved cannot go unseen; the same each time."""
    return random.Random(size_bytes).randbytes(size_bytes)


def first_difference(sent: bytes, received: bytes) -> str:
    """Return in words where two messages differ; "" if they do not."""
    if sent == received:
        return ""
    pairs = zip(sent, received, strict=False)
    shorter = min(len(sent), len(received))
    same = next((i for i, (one, other) in enumerate(pairs) if one != other), shorter)
    return f"{len(sent)} sent, {len(received)} received, different from byte {same} on"
