"""Visitor: our end of a room, which stays in it through broken connections.

service -> outbox, uploads, downloads -> words
"""

from enchufe.services.visitor.outbox import OUTBOX_MAX
from enchufe.services.visitor.service import REDIAL_S_MAX, Visitor
from enchufe.services.visitor.words import VisitorWords

__all__ = ["OUTBOX_MAX", "REDIAL_S_MAX", "Visitor", "VisitorWords"]
