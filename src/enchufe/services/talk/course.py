"""Course: how far a talk has come, as far as that decides what may follow, and how it ends."""

from enchufe.core.events import PeerClosed, Reason
from enchufe.core.exits import ExitCode

_ENDED_WELL = frozenset({Reason.FINISHED, Reason.OURS, Reason.STOPPING})
_GONE_ALREADY = frozenset({Reason.REFUSED, Reason.RESET})


class Course:
    """What has been said and done between the two."""

    def __init__(self) -> None:
        self.heard = self.sent = 0
        self.has_begun = False  # either side has said something
        self.input_ended = False  # nothing more will be typed
        self.partner_finished = False  # the other side's half of the stream has ended
        self.finished = False  # ours has
        self.said_bye = self.heard_bye = False
        self.refused_with: ExitCode | None = None
        self.has_left_out = False  # a line that was too long
        self.is_over = False

    def begin_anew(self) -> None:
        """Forget a partner who has not said a word."""
        self.partner_finished = self.finished = False

    @property
    def is_ending(self) -> bool:
        """Whether a goodbye has been said, or nobody is there any more."""
        return self.said_bye or self.heard_bye or self.is_over

    @property
    def has_said_all(self) -> bool:
        """Whether nothing can follow what we have sent."""
        return self.said_bye or self.heard_bye or self.finished

    def exit_code(self, event: PeerClosed, *, is_whole: bool) -> ExitCode:
        """Return how it ended: with a `bye` well, whoever was gone already when it came.

        Args:
            event: the end of the connection.
            is_whole: whether all that was to be sent has been.
        """
        if self.refused_with is not None:
            return self.refused_with
        if event.reason is Reason.PROTOCOL:
            return ExitCode.PROTOCOL
        if event.reason is Reason.REFUSED and self.heard == 0:
            return ExitCode.REFUSED
        if self.heard_bye or (self.said_bye and event.reason in _GONE_ALREADY):
            return ExitCode.DONE
        is_well = is_whole and event.unsent_bytes == 0 and event.reason in _ENDED_WELL
        return ExitCode.DONE if is_well else ExitCode.LOST

    def told_exit_code(self, exit_code: ExitCode) -> ExitCode:
        """Return ``exit_code``, or that something was left out where all else went well."""
        is_short = self.has_left_out and exit_code is ExitCode.DONE
        return ExitCode.OVER_LIMIT if is_short else exit_code
