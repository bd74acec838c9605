"""The word that ends a talk, as in the course's chats; no other language's word would."""

BYE = b"bye"


def is_bye(message: bytes) -> bool:
    """Return whether a message is that word, however it was typed."""
    return message.strip().lower() == BYE
