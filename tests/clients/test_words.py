"""Notices and figures in a person's words."""

from typing import get_args

import pytest
from msgspec import Struct
from tests.playbook import ANA

from enchufe.clients.words import (
    OUTCOMES,
    TLS_FAULTS,
    VERDICTS,
    duration,
    refusal_reason,
    sentence,
    why_over,
)
from enchufe.core.control import Action, Outcome, Verdict
from enchufe.core.events import Reason
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
from enchufe.core.peer import Peer, Transport


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.0031, "3.1 ms"),
        (0.25, "250 ms"),
        (0.9996, "1.0 s"),
        (1.0, "1.0 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min 0 s"),
        (60.0, "1 min 0 s"),
        (245.2, "4 min 5 s"),
        (3600.0, "60 min 0 s"),
    ],
)
def test_times_have_a_unit_one_takes_in(seconds: float, text: str) -> None:
    assert duration(seconds) == text


PEER = Peer(7, Transport.TCP, "127.0.0.1", 50000)

SENTENCES: list[tuple[Notice, str]] = [
    (
        Listening(0, "echo", Transport.TCP, "localhost", "127.0.0.1", 3500),
        "echo listens on tcp localhost:3500",
    ),
    (
        Listening(0, "echo", Transport.UNIX, "", "", 0, "/tmp/s"),
        "echo listens on unix /tmp/s",
    ),
    (PageServed(0, "http://localhost:7080/abc/"), "The page is at http://localhost:7080/abc/"),
    (Ready(0), "Ready."),
    (
        ControlAsked(0, PEER, Action.RUN, Verdict.ALLOWED, "key ab12", ("ls", "a b")),
        "control tcp 127.0.0.1:50000 (key ab12): ls 'a b': allowed",
    ),
    (
        ControlAsked(0, PEER, Action.STOP, Verdict.NOT_ALLOWED, "uid 5"),
        "control tcp 127.0.0.1:50000 (uid 5): stop: not allowed",
    ),
    (
        ControlAsked(0, PEER, Action.PROVE, Verdict.WRONG_KEY, count=80),
        "control tcp 127.0.0.1:50000: prove: refused, the key is another (x 80)",
    ),
    (
        ControlEnded(0, PEER, ("ls",), Outcome.EXITED, 2, 2048, 1.5),
        "control tcp 127.0.0.1:50000: ls ended after 1.5 s: exit status 2, 2.0 KiB of output",
    ),
    (PeerCame(0, "echo", PEER), "echo tcp 127.0.0.1:50000 came"),
    (
        PeerLeft(0, "echo", PEER, Reason.FINISHED, 5, 2048, 1.5),
        "echo tcp 127.0.0.1:50000 left after 1.5 s: 5 B received, 2.0 KiB sent",
    ),
    (
        PeerLeft(0, "echo", PEER, Reason.RESET, 0, 0, 0.001),
        "echo tcp 127.0.0.1:50000 left after 1 ms: 0 B received, 0 B sent "
        "(the other side broke it off (reset))",
    ),
    (
        PeerRefused(0, Transport.TCP, "10.0.0.1:5", Refusal.DENIED),
        "tcp 10.0.0.1:5 refused: in a network denied",
    ),
    (
        PeerRefused(0, Transport.UDP, "10.0.0.1:5", Refusal.NOT_ALLOWED),
        "udp 10.0.0.1:5 ignored: not among the networks allowed",
    ),
    (
        PeerRefused(0, Transport.TCP, "10.0.0.1:5", Refusal.TOO_FAST),
        "tcp 10.0.0.1:5 refused: too many at once from its address (--rate)",
    ),
    (
        PeerRefused(0, Transport.TCP, "10.0.0.1:5", Refusal.ADDRESS_FULL),
        "tcp 10.0.0.1:5 refused: as many connections from its address as may be "
        "(--max-per-address)",
    ),
    (NoticesLeftOut(0, 1), "1 more refusal or failure, left out lest they fill the log"),
    (NoticesLeftOut(0, 1234), "1234 more refusals and failures, left out lest they fill the log"),
    (
        PeerLeft(0, "echo", PEER, Reason.TOO_MUCH, 0, 0, 0.001),
        "echo tcp 127.0.0.1:50000 left after 1 ms: 0 B received, 0 B sent "
        "(it made this server hold too much)",
    ),
    (
        DatagramCut(0, PEER, 16, 17),
        "a datagram from 127.0.0.1:50000 was longer than the buffer: 16 B kept, the rest is "
        "lost (of a datagram, what one read does not take is gone)",
    ),
    (
        LoopAvoided(0, "127.0.0.1:7"),
        "127.0.0.1:7 is not answered: two servers that answer anything would never stop",
    ),
    (
        AnswerLost(0, "", 65_508, "Message too long"),
        "64.0 KiB to ? could not be sent: Message too long",
    ),
    (
        DescriptorsExhausted(0, 50, 64),
        "no more sockets: this program may have 64 open files; 50 peers are served on, others "
        "wait (raise the limit with: ulimit -n)",
    ),
    (CertificateUsed(0, "sha256:ab", "/tmp/i", is_new=False), "Certificate: sha256:ab"),
    (
        CertificateUsed(0, "sha256:ab", "/tmp/i", is_new=True),
        "Certificate, made just now: sha256:ab",
    ),
    (
        TlsFailed(0, "10.0.0.1:5", TlsFault.SILENT, ""),
        "tls 10.0.0.1:5: it did not finish the TLS handshake in time",
    ),
    (
        TlsFailed(0, "10.0.0.1:5", TlsFault.BROKEN, "bad record mac"),
        "tls 10.0.0.1:5: the encryption broke (bad record mac)",
    ),
    (
        ServerRemembered(0, "localhost:7443", "sha256:ab", "/tmp/known"),
        "localhost:7443 is new here: its certificate sha256:ab is remembered, and checked from "
        "now on",
    ),
    (
        ServerNotRemembered(0, "localhost:7443", "sha256:ab", "/tmp/known", "Disk full"),
        "localhost:7443 is new here, and its certificate sha256:ab cannot be remembered in "
        "/tmp/known: Disk full",
    ),
    (ListReloaded(0, "/tmp/l", 1), "/tmp/l changed and was read again: 1 network"),
    (ListReloaded(0, "/tmp/l", 2), "/tmp/l changed and was read again: 2 networks"),
    (
        ListBroken(0, "/tmp/l", "“{text}” is not a network", {"text": "ten"}),
        "/tmp/l changed and is not understood, the former list stays: “ten” is not a network",
    ),
    (
        RecordingStopped(0, "run.enchufe", 1024, "No space left on device"),
        "nothing more is recorded in run.enchufe, the run goes on: No space left on device",
    ),
    (
        HistoryNotKept(0, "Disk full"),
        "nothing more can be said in the room, only read: it cannot be kept (Disk full)",
    ),
    (
        ReaderLeftOut(0, ANA),
        "tcp 192.0.2.1:50001 does not read, and is left out of what is said until it does",
    ),
    (ReaderLeftOut(0, ANA, 1), "tcp 192.0.2.1:50001 reads again: 1 line was not sent to it"),
    (
        ReaderLeftOut(0, ANA, 5900),
        "tcp 192.0.2.1:50001 reads again: 5900 lines were not sent to it",
    ),
    (
        ScoresNotKept(0, "scores.db", "disk full"),
        "scores end with this run, scores.db cannot be used: disk full",
    ),
    (
        RecordingStopped(0, "run.enchufe", 1536),
        "nothing more is recorded in run.enchufe, the run goes on: 1.5 KiB (--record-max)",
    ),
]


@pytest.mark.parametrize(("notice", "text"), SENTENCES)
def test_each_notice_is_a_sentence(notice: Notice, text: str) -> None:
    assert sentence(notice) == text


def test_no_notice_was_forgotten_above() -> None:
    kinds: set[type[Struct]] = set(get_args(Notice))
    assert {type(notice) for notice, _ in SENTENCES} == kinds


def test_what_a_peer_chose_cannot_act_on_the_screen() -> None:
    peer = Peer(1, Transport.UNIX, path="/tmp/\x1b[31m\n")
    assert "\\e[31m\\n" in sentence(PeerCame(0, "echo", peer))
    assert "\x1b" not in sentence(PeerRefused(0, Transport.UNIX, "\x1b[2J", Refusal.FULL))


def test_every_refusal_and_every_reason_has_its_own_words() -> None:
    refusals = [refusal_reason(refusal) for refusal in Refusal]
    assert len(set(refusals)) == len(Refusal)
    assert all(refusals)
    reasons = {reason: why_over(reason) for reason in Reason}
    silent = {reason for reason, text in reasons.items() if not text}
    assert silent == {Reason.FINISHED, Reason.OURS}
    assert len(set(reasons.values())) == len(Reason) - 1


def test_every_fault_of_encryption_has_its_own_words() -> None:
    assert set(TLS_FAULTS) == set(TlsFault)
    assert len(set(TLS_FAULTS.values())) == len(TlsFault)


def test_every_verdict_and_every_outcome_has_its_own_words() -> None:
    assert VERDICTS.keys() == set(Verdict)
    assert OUTCOMES.keys() == set(Outcome)
    assert len(set(OUTCOMES.values())) == len(Outcome)
