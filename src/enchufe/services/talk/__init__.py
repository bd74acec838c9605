"""Talk: a conversation of two people, with files between them if both ends are ours.

service -> exchange, waiting, strangers -> texts
        -> course, bye
"""

from enchufe.services.talk.service import Talk
from enchufe.services.talk.texts import TalkTexts

__all__ = ["Talk", "TalkTexts"]
