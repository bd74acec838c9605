"""Control: stop the server, run a program on it; for those who prove who they are.

`permissions` says what the owner permits, `conversation` how each peer proves itself, `runs`
what runs, `answers` how each peer is told of it, `plain` the guides' way, `log` what the
owner is told. The service is `Control`.
"""

from enchufe.services.control.permissions import Permissions, PlainWords
from enchufe.services.control.service import Control
from enchufe.services.control.words import ControlWords

__all__ = ["Control", "ControlWords", "Permissions", "PlainWords"]
