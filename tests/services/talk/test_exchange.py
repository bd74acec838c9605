"""Files in a talk: an invitation that anybody can read, then frames; text never waits."""

import pytest
from tests.core.transfer.people import PHOTO, got, says, told
from tests.playbook import (
    ANA,
    EVA,
    LUIS,
    NOW_NS,
    Playbook,
    closed,
    drained,
    finished,
    fired,
    input_ended,
    opened,
    received,
    typed,
)

from enchufe.core.commands import (
    AwaitDrained,
    CancelTimer,
    Close,
    Command,
    Finish,
    HoldInput,
    Send,
    SetTimer,
    Show,
    SpeakFrames,
    Stop,
    Tell,
)
from enchufe.core.events import Event, PeerFramed, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.files import (
    AskFile,
    FileChosen,
    FileDecided,
    FileKept,
    FilePrepared,
    FileRead,
    KeepFile,
    LeaveFile,
    Objection,
    PrepareFile,
    ReadFile,
    Stage,
    StartFile,
    WriteFile,
)
from enchufe.core.frames import Kind
from enchufe.core.history import Attachment
from enchufe.core.limits import FILE_PIECE_BYTES, SEND_QUEUE_BYTES_MAX
from enchufe.core.peer import Peer
from enchufe.core.transfer.incoming import Policy
from enchufe.services.talk import Talk, TalkTexts
from enchufe.services.talk.exchange import (
    FRAMES_TIMER,
    FRAMES_WAIT_S,
    INVITATIONS_MAX,
    invitation,
)
from enchufe.services.talk.service import (
    GOODBYE_S,
    GOODBYE_TIMER,
    LATE_INPUT_S,
    LATE_INPUT_TIMER,
)

TEXTS = TalkTexts()
CHOSEN = FileChosen(NOW_NS, "out-1", PHOTO)
NEXT = FileChosen(NOW_NS, "out-2", PHOTO)
LINE = b"enchufe/1 would like to send photo.png (10 bytes)"
WAIT, NO_WAIT = SetTimer(FRAMES_TIMER, FRAMES_WAIT_S), CancelTimer(FRAMES_TIMER)
OFFER = says(Kind.OFFER, name="photo.png", size=10, media="image/png")
OFFERED = got(Kind.OFFER, name="photo.png", size=10, media="image/png")
ACCEPT = says(Kind.ACCEPT, payload=b"{}")
GOODBYE = SetTimer(GOODBYE_TIMER, GOODBYE_S)
BYE_WAITS = Tell(TEXTS.bye_waits)
AFTER_BYE = Tell(TEXTS.after_bye)


def framed(peer: Peer) -> Event:
    return PeerFramed(NOW_NS, peer)


def not_sent(why: str, peer: Peer = ANA, file: str = "out-1") -> tuple[Command, ...]:
    return Tell(why.format(name="photo.png", who=peer.address)), LeaveFile(file)


def calling(*, turns: bool = False, policy: Policy | None = None, peer: Peer = ANA) -> Playbook:
    return Playbook(Talk(calling=True, turns=turns, policy=policy)).when(opened(peer))


def agreed(*, turns: bool = False, policy: Policy | None = None) -> Playbook:
    """Return a talk in which frames are agreed on, as the other side wished."""
    return (
        calling(turns=turns, policy=policy)
        .when(received(ANA, LINE), SpeakFrames(ANA), WAIT)
        .when(framed(ANA), NO_WAIT)
    )


def sending() -> Playbook:
    """Return a talk in which a file of ours is on its way."""
    return (
        agreed()
        .when(CHOSEN, OFFER, told("out-1", Stage.OFFERED))
        .when(
            got(Kind.ACCEPT, offset=0),
            says(Kind.START, offset=0),
            told("out-1", Stage.MOVING),
            ReadFile("out-1", FILE_PIECE_BYTES),
        )
    )


def coming(policy: Policy | None = None) -> Playbook:
    """Return a talk in which a file of theirs is on its way."""
    return (
        agreed(policy=policy)
        .when(OFFERED, PrepareFile("in-1", PHOTO))
        .when(FilePrepared(NOW_NS, "in-1", 0, ""), ACCEPT)
        .when(got(Kind.START, offset=0), StartFile("in-1", 0), told("in-1", Stage.MOVING))
    )


# Agreeing on frames


def test_who_wants_to_send_a_file_says_so_in_a_line_and_sends_it_in_frames() -> None:
    (
        calling()
        .when(typed(b"look"), Send(ANA, b"look"))
        .when(CHOSEN, Send(ANA, LINE), AwaitDrained(ANA))
        .when(drained(ANA), WAIT)
        .when(typed(b"are you there?"), Send(ANA, b"are you there?"))
        .when(framed(ANA), NO_WAIT, OFFER, told("out-1", Stage.OFFERED))
        .when(NEXT)
        .when(
            got(Kind.REFUSE, why="size", limit=5),
            LeaveFile("out-1"),
            told("out-1", Stage.NOT_TAKEN, objection=Objection.SIZE, limit_bytes=5),
            says(Kind.OFFER, 2, name="photo.png", size=10, media="image/png"),
            told("out-2", Stage.OFFERED),
        )
    )


def test_who_speaks_no_frames_reads_what_was_wanted_and_the_talk_goes_on() -> None:
    (
        calling()
        .when(CHOSEN, Send(ANA, LINE), AwaitDrained(ANA))
        .when(drained(ANA), WAIT)
        .when(NEXT, Send(ANA, LINE), AwaitDrained(ANA))
        .when(drained(ANA), WAIT)
        .when(drained(ANA))
        .when(received(ANA, b"what?"), Show(ANA, b"what?"))
        .when(
            fired(FRAMES_TIMER),
            *not_sent(TEXTS.no_files),
            *not_sent(TEXTS.no_files, file="out-2"),
        )
        .when(typed(b"never mind"), Send(ANA, b"never mind"))
        .when(CHOSEN, Send(ANA, LINE), AwaitDrained(ANA))
        .when(drained(ANA), WAIT)
    )


def test_over_datagrams_no_file_is_sent_and_nobody_is_told_of_it() -> None:
    calling(peer=LUIS).when(CHOSEN, *not_sent(TEXTS.no_stream, LUIS))
    calling(peer=LUIS).when(received(LUIS, LINE), Show(LUIS, LINE))
    calling(peer=LUIS).when(framed(LUIS)).when(got(Kind.OFFER, peer=LUIS, name="x", size=1))


def test_a_file_chosen_before_anybody_is_there_waits_in_its_place() -> None:
    (
        Playbook(Talk(calling=False))
        .when(typed(b"look"), Tell(TEXTS.nobody_yet))
        .when(CHOSEN)
        .when(typed(b"done"))
        .when(
            opened(ANA),
            Tell(f"{ANA.address} is here."),
            Send(ANA, b"look"),
            Send(ANA, LINE),
            AwaitDrained(ANA),
            Send(ANA, b"done"),
        )
    )


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        "enchufe/1 quisiera enviar otoño (2).png (0 bytes)".encode(),
        invitation("x", FileChosen(0, "f", Attachment("a\nbye\x1b[2J\udcff", 5))),
    ],
)
def test_an_invitation_is_answered_with_frames_in_whatever_language(line: bytes) -> None:
    calling().when(received(ANA, line), SpeakFrames(ANA), WAIT).when(framed(ANA), NO_WAIT)


@pytest.mark.parametrize(
    "line",
    [
        b"enchufe/1 wants to send x",
        b"enchufe/1 (10 bytes)",
        b"enchufe/1 x (-1 bytes)",
        b"enchufe/1 x (07 bytes)",
        b"enchufe/1 x (1 bytes) and more",
        b"enchufe/1 x\ny (1 bytes)",
        b"enchufe/2 would like to send x (1 bytes)",
        b"> " + LINE,
        LINE.upper(),
    ],
)
def test_any_other_line_is_a_line(line: bytes) -> None:
    calling().when(received(ANA, line), Show(ANA, line))


def test_who_only_said_the_line_is_shown_to_have_said_it() -> None:
    (
        calling()
        .when(received(ANA, LINE), SpeakFrames(ANA), WAIT)
        .when(received(ANA, LINE))
        .when(received(ANA, b"ha"), Show(ANA, b"ha"))
        .when(fired(FRAMES_TIMER), Show(ANA, LINE), Show(ANA, LINE))
        .when(typed(b"hm"), Send(ANA, b"hm"))
        .when(received(ANA, LINE), SpeakFrames(ANA), WAIT)
        .when(
            received(ANA, b"bye"),
            Show(ANA, LINE),
            Show(ANA, b"bye"),
            Send(ANA, b"bye"),
            Tell(f"{ANA.address} has said bye."),
            Close(ANA),
        )
    )


def test_invitations_without_end_do_not_fill_our_memory() -> None:
    playbook = calling().when(received(ANA, LINE), SpeakFrames(ANA), WAIT)
    for _ in range(INVITATIONS_MAX - 1):
        playbook.when(received(ANA, LINE))
    playbook.when(received(ANA, LINE), Show(ANA, LINE))
    playbook.when(fired(FRAMES_TIMER), *[Show(ANA, LINE)] * INVITATIONS_MAX)


def test_who_was_invited_says_no_line_of_its_own() -> None:
    (
        calling()
        .when(received(ANA, LINE), SpeakFrames(ANA), WAIT)
        .when(CHOSEN)
        .when(framed(ANA), NO_WAIT, OFFER, told("out-1", Stage.OFFERED))
    )


def test_two_who_invite_each_other_at_once_agree() -> None:
    (
        calling()
        .when(CHOSEN, Send(ANA, LINE), AwaitDrained(ANA))
        .when(received(ANA, LINE), SpeakFrames(ANA), WAIT)
        .when(NEXT)
        .when(drained(ANA), WAIT)
        .when(framed(ANA), NO_WAIT, OFFER, told("out-1", Stage.OFFERED))
    )


def test_strangers_agree_on_nothing() -> None:
    stranger = got(Kind.OFFER, peer=EVA, name="x", size=1)
    agreed().when(framed(EVA)).when(stranger)


def test_in_frames_the_line_is_text_like_any_other() -> None:
    agreed().when(received(ANA, LINE), Show(ANA, LINE))


def test_a_program_of_ours_that_only_sends_is_heard_too() -> None:
    (
        Playbook(Talk(calling=False))
        .when(opened(ANA), Tell(f"{ANA.address} is here."))
        .when(framed(ANA))
        .when(OFFERED, PrepareFile("in-1", PHOTO))
    )


def test_why_the_other_side_understands_us_no_more_is_shown() -> None:
    agreed().when(got(Kind.ERROR, 0, why="what?"), Show(ANA, b"what?"))


# Turns


def test_by_turns_an_invitation_waits_for_its_turn_and_gives_it_back_to_one_of_us() -> None:
    (
        calling(turns=True)
        .when(CHOSEN, Send(ANA, LINE), AwaitDrained(ANA))
        .when(drained(ANA), WAIT)
        .when(typed(b"look"), Tell(TEXTS.not_your_turn))
        .when(framed(ANA), NO_WAIT, OFFER, told("out-1", Stage.OFFERED), Send(ANA, b"look"))
        .when(typed(b"well?"), Tell(TEXTS.not_your_turn))
        .when(NEXT)
    )


def test_by_turns_an_invitation_was_our_line_to_anybody_else() -> None:
    (
        calling(turns=True)
        .when(CHOSEN, Send(ANA, LINE), AwaitDrained(ANA))
        .when(drained(ANA), WAIT)
        .when(fired(FRAMES_TIMER), *not_sent(TEXTS.no_files))
        .when(typed(b"well?"), Tell(TEXTS.not_your_turn))
        .when(NEXT)
        .when(received(ANA, b"no"), Show(ANA, b"no"), Send(ANA, b"well?"))
        .when(received(ANA, b"so"), Show(ANA, b"so"), Send(ANA, LINE), AwaitDrained(ANA))
    )


def test_by_turns_the_line_said_by_hand_was_their_answer() -> None:
    (
        calling(turns=True)
        .when(typed(b"well?"), Send(ANA, b"well?"))
        .when(typed(b"so?"), Tell(TEXTS.not_your_turn))
        .when(received(ANA, LINE), SpeakFrames(ANA), WAIT)
        .when(fired(FRAMES_TIMER), Show(ANA, LINE), Send(ANA, b"so?"))
    )


# Files and text


def test_text_goes_out_at_once_beside_a_file() -> None:
    (
        sending()
        .when(typed(b"look at that"), Send(ANA, b"look at that"))
        .when(
            FileRead(NOW_NS, "out-1", bytes(10)),
            says(Kind.DATA, payload=bytes(10)),
            AwaitDrained(ANA),
            ReadFile("out-1", FILE_PIECE_BYTES),
        )
        .when(received(ANA, b"hm"), Show(ANA, b"hm"))
        .when(drained(ANA))
        .when(FileRead(NOW_NS, "out-1", b"", "5a"), says(Kind.END, sha256="5a"))
        .when(got(Kind.KEPT), LeaveFile("out-1"), told("out-1", Stage.KEPT))
    )


def test_more_text_than_may_wait_beside_a_file_is_not_read_until_it_has_left() -> None:
    line = bytes(SEND_QUEUE_BYTES_MAX)
    (
        sending()
        .when(typed(line), Send(ANA, line))
        .when(typed(b"."), Send(ANA, b"."), AwaitDrained(ANA), HoldInput(True))
        .when(drained(ANA), HoldInput(False))
        .when(typed(b"."), Send(ANA, b"."))
    )


def test_files_come_while_others_go() -> None:
    (
        sending()
        .when(OFFERED, PrepareFile("in-1", PHOTO))
        .when(FilePrepared(NOW_NS, "in-1", 0, ""), ACCEPT)
        .when(got(Kind.START, offset=0), StartFile("in-1", 0), told("in-1", Stage.MOVING))
        .when(got(Kind.DATA, payload=b"x"), WriteFile("in-1", b"x"))
        .when(FileRead(NOW_NS, "out-1", b"", "5a"), says(Kind.END, sha256="5a"))
    )


def test_the_policy_holds_and_one_may_take_nothing() -> None:
    agreed(policy=Policy(takes=False)).when(
        OFFERED,
        says(Kind.REFUSE, why="unwanted"),
        told("in-1", Stage.NOT_TAKEN, objection=Objection.UNWANTED),
    )
    (
        agreed(policy=Policy(asks=True))
        .when(OFFERED, AskFile("in-1", ANA, PHOTO))
        .when(FileDecided(NOW_NS, "in-1", True), PrepareFile("in-1", PHOTO))
    )


# The end


def test_our_bye_waits_for_the_file_that_goes() -> None:
    (
        sending()
        .when(typed(b"bye"), BYE_WAITS)
        .when(typed(b"not said any more"), AFTER_BYE)
        .when(typed(b"//nor this"), AFTER_BYE)
        .when(typed(b"/help"), Tell(TEXTS.help))
        .when(NEXT, AFTER_BYE, LeaveFile("out-2"))
        .when(FileRead(NOW_NS, "out-1", b"", "5a"), says(Kind.END, sha256="5a"))
        .when(
            got(Kind.KEPT), LeaveFile("out-1"), told("out-1", Stage.KEPT),
            Send(ANA, b"bye"), Finish(ANA), GOODBYE,
        )
    )  # fmt: skip


def test_our_bye_waits_for_the_file_that_comes() -> None:
    (
        coming()
        .when(typed(b"bye"), BYE_WAITS)
        .when(got(Kind.DATA, payload=bytes(10)), WriteFile("in-1", bytes(10)))
        .when(got(Kind.END, sha256="5a"), KeepFile("in-1", "5a"))
        .when(
            FileKept(NOW_NS, "in-1", "photo.png"),
            says(Kind.KEPT), told("in-1", Stage.KEPT, name="photo.png"),
            Send(ANA, b"bye"), Finish(ANA), GOODBYE,
        )
    )  # fmt: skip


def test_our_bye_waits_until_it_is_clear_that_no_file_will_go() -> None:
    (
        calling()
        .when(CHOSEN, Send(ANA, LINE), AwaitDrained(ANA))
        .when(drained(ANA), WAIT)
        .when(typed(b"bye"), BYE_WAITS)
        .when(
            fired(FRAMES_TIMER), *not_sent(TEXTS.no_files),
            Send(ANA, b"bye"), Finish(ANA), GOODBYE,
        )
    )  # fmt: skip


@pytest.mark.parametrize("waits", [False, True])
def test_bye_at_once_waits_for_no_file_and_nothing_of_it_follows(waits: bool) -> None:
    playbook = sending()
    if waits:
        playbook.when(typed(b"bye"), BYE_WAITS)
    (
        playbook.when(typed(b"/bye"), Send(ANA, b"bye"), Finish(ANA), GOODBYE)
        .when(
            FileRead(NOW_NS, "out-1", bytes(10)),
            AwaitDrained(ANA),
            ReadFile("out-1", FILE_PIECE_BYTES),
        )
        .when(OFFERED)
        .when(
            closed(ANA),
            LeaveFile("out-1"), told("out-1", Stage.BROKEN_OFF), Stop(ExitCode.DONE),
        )
    )  # fmt: skip


def test_the_end_of_the_input_waits_for_files_too() -> None:
    (
        sending()
        .when(input_ended())
        .when(FileRead(NOW_NS, "out-1", b"", "5a"), says(Kind.END, sha256="5a"))
        .when(got(Kind.KEPT), LeaveFile("out-1"), told("out-1", Stage.KEPT), Finish(ANA))
        .when(received(ANA, LINE), Show(ANA, LINE))
        .when(OFFERED)
    )


def test_after_our_last_word_an_invitation_is_only_a_line() -> None:
    calling().when(input_ended(), Finish(ANA)).when(received(ANA, LINE), Show(ANA, LINE))


def test_who_has_said_all_is_sent_nothing_more() -> None:
    late = SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S)
    (
        calling()
        .when(CHOSEN, Send(ANA, LINE), AwaitDrained(ANA))
        .when(drained(ANA), WAIT)
        .when(finished(ANA), *not_sent(TEXTS.leaving), late)
        .when(NEXT, *not_sent(TEXTS.leaving, file="out-2"))
    )
    (
        sending()
        .when(finished(ANA), LeaveFile("out-1"), told("out-1", Stage.BROKEN_OFF), late)
        .when(NEXT, *not_sent(TEXTS.leaving, file="out-2"))
    )


def test_who_says_no_more_is_left_once_what_came_is_safe() -> None:
    late = SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S)
    (
        coming()
        .when(got(Kind.DATA, payload=bytes(10)), WriteFile("in-1", bytes(10)))
        .when(got(Kind.END, sha256="5a"), KeepFile("in-1", "5a"))
        .when(finished(ANA), late)
        .when(fired(LATE_INPUT_TIMER), late)
        .when(input_ended())
        .when(
            FileKept(NOW_NS, "in-1", "photo.png"),
            says(Kind.KEPT), told("in-1", Stage.KEPT, name="photo.png"), Close(ANA),
        )
    )  # fmt: skip


def test_who_is_lost_leaves_what_was_on_its_way_in_both_directions() -> None:
    lost = Tell(TEXTS.lost.format(who=ANA.address))
    (
        coming()
        .when(CHOSEN, OFFER, told("out-1", Stage.OFFERED))
        .when(
            closed(ANA, Reason.RESET),
            LeaveFile("out-1"),
            told("out-1", Stage.BROKEN_OFF),
            LeaveFile("in-1"),
            told("in-1", Stage.BROKEN_OFF),
            lost,
            Stop(ExitCode.LOST),
        )
    )


@pytest.mark.parametrize("is_coming", [True, False])
def test_a_file_that_their_end_cut_off_is_a_loss_however_orderly_that_end_was(
    is_coming: bool,
) -> None:
    cut_off = LeaveFile(file := "in-1" if is_coming else "out-1"), told(file, Stage.BROKEN_OFF)
    (
        (coming() if is_coming else sending())
        .when(input_ended())
        .when(finished(ANA), *cut_off, Close(ANA))
        .when(closed(ANA), Tell(TEXTS.lost.format(who=ANA.address)), Stop(ExitCode.LOST))
    )


def test_their_bye_ends_it_whatever_is_on_its_way() -> None:
    (
        sending()
        .when(typed(b"bye"), BYE_WAITS)
        .when(
            received(ANA, b"bye"), Show(ANA, b"bye"), Send(ANA, b"bye"),
            Tell(f"{ANA.address} has said bye."), Close(ANA),
        )
        .when(
            closed(ANA, Reason.OURS),
            LeaveFile("out-1"), told("out-1", Stage.BROKEN_OFF), Stop(ExitCode.DONE),
        )
    )  # fmt: skip
