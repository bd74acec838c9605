"""``python -m enchufe`` is the command ``enchufe``."""

import sys

from enchufe.cli.main import main

sys.exit(main())
