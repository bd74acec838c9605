"""Chat: a room for everybody, over every transport, in which nothing said is lost.

service -> orders -> arrivals | files -> sayings | memories -> room -> members, kept, teller
"""

from enchufe.services.chat.room import Slow
from enchufe.services.chat.service import Chat

__all__ = ["Chat", "Slow"]
