"""Notices, refusals and figures in the words of a person, in the chosen language."""

import shlex

from enchufe.clients.language import _, plural
from enchufe.core.control import Outcome, Verdict
from enchufe.core.errors import N_
from enchufe.core.events import Reason
from enchufe.core.figures import size
from enchufe.core.notices import (
    AnswerLost,
    CertificateUsed,
    ControlAsked,
    ControlEnded,
    DatagramCut,
    DescriptorsExhausted,
    HistoryNotKept,
    ListBroken,
    Listening,
    ListReloaded,
    LoopAvoided,
    Notice,
    NoticesLeftOut,
    PageServed,
    PeerCame,
    PeerLeft,
    PeerRefused,
    ReaderLeftOut,
    Ready,
    RecordingStopped,
    Refusal,
    ScoresNotKept,
    ServerNotRemembered,
    ServerRemembered,
    TlsFailed,
    TlsFault,
)
from enchufe.core.text import safe_text


def duration(seconds: float) -> str:
    """Return a time with a unit a person takes in: ``3 ms``, ``1.2 s``, ``4 min 5 s``."""
    if seconds < 0.9995:  # what would be rounded up to the next unit is shown in it
        return f"{seconds * 1000:.3g} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def refusal_reason(refusal: Refusal) -> str:
    """Return what a refused peer is told."""
    match refusal:
        case Refusal.NOT_ALLOWED:
            return _("your address is not among those allowed here")
        case Refusal.DENIED:
            return _("your address is denied here")
        case Refusal.FULL:
            return _("as many peers are inside as may be; try again later")
        case Refusal.ADDRESS_FULL:
            return _("your address has as many connections here as it may; end one of them first")
        case Refusal.TOO_FAST:
            return _("too many at once from your address; try again in a moment")
        case Refusal.DESCRIPTORS:
            return _("the system gives this server no more sockets; try again later")


def _refused(notice: PeerRefused) -> str:
    """Say it of a stream peer, who is told why, and of a datagram source, who hears nothing."""
    text = _("{who} refused: {why}") if notice.transport.is_stream else _("{who} ignored: {why}")
    who = f"{notice.transport} {safe_text(notice.address)}"
    return text.format(who=who, why=_refusal_cause(notice.refusal))


def _refusal_cause(refusal: Refusal) -> str:
    match refusal:
        case Refusal.NOT_ALLOWED:
            return _("not among the networks allowed")
        case Refusal.DENIED:
            return _("in a network denied")
        case Refusal.FULL:
            return _("as many peers are inside as may be")
        case Refusal.ADDRESS_FULL:
            return _("as many connections from its address as may be (--max-per-address)")
        case Refusal.TOO_FAST:
            return _("too many at once from its address (--rate)")
        case Refusal.DESCRIPTORS:
            return _("the system gives no more sockets")


TLS_FAULTS = {
    TlsFault.NOT_TLS: N_("it does not speak TLS (plain text belongs to tcp://)"),
    TlsFault.SILENT: N_("it did not finish the TLS handshake in time"),
    TlsFault.LEFT: N_("it left before the TLS handshake was over"),
    TlsFault.DISTRUSTED: N_("it does not accept our certificate"),
    TlsFault.CERTIFICATE_WANTED: N_("it demands a certificate of us (--cert, --key)"),
    TlsFault.CERTIFICATE_MISSING: N_("it showed no certificate, and needs one here"),
    TlsFault.CERTIFICATE_BAD: N_("its certificate does not pass"),
    TlsFault.NOTHING_IN_COMMON: N_("there is no version or cipher of TLS that both sides know"),
    TlsFault.NO_GOODBYE: N_("it ended without TLS's goodbye, so something may be missing"),
    TlsFault.BROKEN: N_("the encryption broke"),
}
"""What went wrong with the encryption."""


WHY_OVER = {
    Reason.RESET: N_("the other side broke it off (reset)"),
    Reason.AWAY: N_("its page was closed or reloaded"),
    Reason.REFUSED: N_("nobody listens there"),
    Reason.UNFINISHED: N_("it left in the middle of a message"),
    Reason.PROTOCOL: N_("it broke the rules of the wire"),
    Reason.SLOW: N_("it did not read what it was sent"),
    Reason.TOO_MUCH: N_("it made this server hold too much"),
    Reason.SILENT: N_("silent for too long"),
    Reason.STOPPING: N_("this server stops"),
    Reason.FAILED: N_("the network failed"),
}
"""Why a conversation ended that did not end as it should."""


def why_over(reason: Reason) -> str:
    """Return why a conversation ended, or "" if it ended as it should."""
    return _(WHY_OVER[reason]) if reason in WHY_OVER else ""


def sentence(notice: Notice) -> str:
    """Return ``notice`` as a sentence without its time."""
    match notice:
        case Listening() | PageServed() | Ready():
            return _begun(notice)
        case PeerCame():
            return _("{who} came").format(who=_who(notice))
        case PeerLeft():
            return _left(notice)
        case CertificateUsed() | TlsFailed() | ServerRemembered() | ServerNotRemembered():
            return _about_tls(notice)
        case ControlAsked() | ControlEnded():
            return _about_control(notice)
        case RecordingStopped() | ScoresNotKept() | HistoryNotKept():
            return _not_written(notice)
        case ReaderLeftOut():
            return _left_out(notice)
        case _:
            return _problem(notice)


def _begun(notice: Listening | PageServed | Ready) -> str:
    match notice:
        case Listening():
            where = notice.path or f"{notice.asked}:{notice.port}"
            return _("{service} listens on {transport} {where}").format(
                service=notice.service, transport=notice.transport, where=where
            )
        case PageServed():
            return _("The page is at {url}").format(url=notice.url)
        case Ready():
            return _("Ready.")


def _about_tls(
    notice: CertificateUsed | TlsFailed | ServerRemembered | ServerNotRemembered,
) -> str:
    match notice:
        case CertificateUsed():
            made = _("Certificate, made just now: {fingerprint}")
            text = made if notice.is_new else _("Certificate: {fingerprint}")
            return text.format(fingerprint=notice.fingerprint)
        case TlsFailed():
            detail = f" ({safe_text(notice.detail)})" if notice.detail else ""
            return f"tls {safe_text(notice.address)}: {_(TLS_FAULTS[notice.fault])}{detail}"
        case ServerRemembered():
            return _(
                "{address} is new here: its certificate {fingerprint} is remembered, and checked "
                "from now on"
            ).format(address=notice.address, fingerprint=notice.fingerprint)
        case ServerNotRemembered():
            return _(
                "{address} is new here, and its certificate {fingerprint} cannot be remembered in "
                "{path}: {why}"
            ).format(
                address=notice.address,
                fingerprint=notice.fingerprint,
                path=notice.path,
                why=notice.why,
            )


VERDICTS = {
    Verdict.ALLOWED: N_("allowed"),
    Verdict.NOT_ALLOWED: N_("not allowed"),
    Verdict.BUSY: N_("as many programs run as may"),
    Verdict.NO_PROOF: N_("refused, nothing was proved"),
    Verdict.WRONG_KEY: N_("refused, the key is another"),
}
"""What became of a request."""


def _about_control(notice: ControlAsked | ControlEnded) -> str:
    who = f"control {notice.peer.transport} {safe_text(notice.peer.address)}"
    asked = safe_text(shlex.join(notice.arguments))
    if isinstance(notice, ControlEnded):
        return _("{who}: {asked} ended after {lasted}: {outcome}, {output} of output").format(
            who=who,
            asked=asked,
            lasted=duration(notice.lasted_s),
            outcome=outcome_words(notice.outcome, notice.code),
            output=size(notice.output_bytes),
        )
    proof = f" ({safe_text(notice.proof)})" if notice.proof else ""
    count = f" (x {notice.count})" if notice.count > 1 else ""
    asked = asked or str(notice.action)
    return f"{who}{proof}: {asked}: {_(VERDICTS[notice.verdict])}{count}"


OUTCOMES = {
    Outcome.DONE: N_("the server stops"),
    Outcome.EXITED: N_("exit status {code}"),
    Outcome.SIGNALLED: N_("ended by signal {code}"),
    Outcome.TIMED_OUT: N_("killed, it ran too long"),
    Outcome.TOO_MUCH: N_("killed, it said too much"),
    Outcome.NOT_ALLOWED: N_("not allowed"),
    Outcome.NOT_FOUND: N_("there is no such program"),
    Outcome.NOT_STARTED: N_("it could not be started"),
    Outcome.BUSY: N_("as many programs run as may"),
    Outcome.TOO_LARGE: N_("the answer does not fit into a datagram"),
    Outcome.STOPPING: N_("killed, the server stops"),
}
"""How a request ended."""


def outcome_words(outcome: Outcome, code: int) -> str:
    """Return how a request ended."""
    return _(OUTCOMES[outcome]).format(code=code)


def _problem(
    notice: PeerRefused
    | NoticesLeftOut
    | DatagramCut
    | LoopAvoided
    | AnswerLost
    | DescriptorsExhausted
    | ListReloaded
    | ListBroken,
) -> str:
    match notice:
        case PeerRefused():
            return _refused(notice)
        case NoticesLeftOut():
            return plural(
                "{count} more refusal or failure, left out lest they fill the log",
                "{count} more refusals and failures, left out lest they fill the log",
                notice.count,
            ).format(count=notice.count)
        case DatagramCut():
            return _(
                "a datagram from {address} was longer than the buffer: {kept} kept, "
                "the rest is lost (of a datagram, what one read does not take is gone)"
            ).format(address=safe_text(notice.peer.address), kept=size(notice.kept_bytes))
        case LoopAvoided():
            return _(
                "{address} is not answered: two servers that answer anything would never stop"
            ).format(address=safe_text(notice.address))
        case AnswerLost():
            return _("{size} to {address} could not be sent: {why}").format(
                size=size(notice.size_bytes),
                address=safe_text(notice.address) or "?",
                why=notice.why,
            )
        case DescriptorsExhausted():
            return _(
                "no more sockets: this program may have {most} open files; {inside} peers are "
                "served on, others wait (raise the limit with: ulimit -n)"
            ).format(most=notice.descriptors_max, inside=notice.inside)
        case ListReloaded():
            return plural(
                "{path} changed and was read again: {count} network",
                "{path} changed and was read again: {count} networks",
                notice.networks,
            ).format(path=notice.path, count=notice.networks)
        case ListBroken():
            return _("{path} changed and is not understood, the former list stays: {why}").format(
                path=notice.path, why=_(notice.why).format(**notice.fields)
            )


def _left_out(notice: ReaderLeftOut) -> str:
    who = f"{notice.peer.transport} {safe_text(notice.peer.address)}"
    if not notice.lines:
        return _("{who} does not read, and is left out of what is said until it does").format(
            who=who
        )
    return plural(
        "{who} reads again: {count} line was not sent to it",
        "{who} reads again: {count} lines were not sent to it",
        notice.lines,
    ).format(who=who, count=notice.lines)


def _not_written(notice: RecordingStopped | ScoresNotKept | HistoryNotKept) -> str:
    match notice:
        case HistoryNotKept():
            text = _("nothing more can be said in the room, only read: it cannot be kept ({why})")
            return text.format(why=notice.why)
        case ScoresNotKept():
            text = _("scores end with this run, {path} cannot be used: {why}")
            return text.format(path=notice.path, why=notice.why)
        case RecordingStopped():
            text = (
                _("nothing more is recorded in {path}, the run goes on: {why}")
                if notice.why
                else _("nothing more is recorded in {path}, the run goes on: {size} (--record-max)")
            )
            return text.format(path=notice.path, why=notice.why, size=size(notice.size_bytes))


def _who(notice: PeerCame | PeerLeft) -> str:
    return f"{notice.service} {notice.peer.transport} {safe_text(notice.peer.address)}"


def _left(notice: PeerLeft) -> str:
    text = _("{who} left after {lasted}: {received} received, {sent} sent").format(
        who=_who(notice),
        lasted=duration(notice.lasted_s),
        received=size(notice.received_bytes),
        sent=size(notice.sent_bytes),
    )
    why = why_over(notice.reason)
    return f"{text} ({why})" if why else text
