"""The signals that end a run in good order."""

import signal
from collections.abc import Sequence


def ending_signals() -> Sequence[signal.Signals]:
    """Return the signals that end this run.

    A closed terminal (SIGHUP) is one, unless whoever started us wants it ignored, as
    nohup(1) does.
    """
    asked = (signal.SIGINT, signal.SIGTERM)
    is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return asked if is_ignored else (*asked, signal.SIGHUP)
