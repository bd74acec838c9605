"""Files at our end of a room: sent whole, said in their place, fetched when wanted."""

from collections.abc import Sequence

import msgspec
import pytest
from tests.core.transfer.people import got, says
from tests.playbook import ANA, LUIS, NOW_NS, closed, drained, input_ended, opened, typed

from enchufe.core.commands import Close, Command, SendFrame, Stop, Tell
from enchufe.core.events import Event, FrameReceived, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.files import (
    ChooseAgain,
    FileChosen,
    FileFailed,
    FileKept,
    FilePrepared,
    FileRead,
    LeaveFile,
    Objection,
    PrepareFile,
    ReadFile,
    Stage,
    TellFile,
)
from enchufe.core.frames import Frame, Kind
from enchufe.core.history import Attachment
from enchufe.core.peer import Peer, Transport
from enchufe.core.room import Fetch, Joined, Notice, Said, Share, Taken, What, frame_of
from enchufe.services.visitor import Visitor, VisitorWords

AGAIN = Peer(4, Transport.TCP, "192.0.2.1", 50_001)
DIGEST = "0" * 64
PHOTO = Attachment("photo.png", 5, "image/png")
KEPT_PHOTO = Attachment("photo.png", 5, "image/png", DIGEST)
CHOSEN = FileChosen(NOW_NS, "out-1", PHOTO)
ASKED_FOR = "[photo.png, 5 B, image/png]"


class Visit:
    """A visitor that is in, and what it answered last."""

    def __init__(self, peer: Peer = ANA, auto_fetch_bytes: int = 0) -> None:
        self.service = Visitor("ana", "s", auto_fetch_bytes=auto_fetch_bytes)
        self.answer: Sequence[Command] = ()
        self.comes_in(peer)

    def when(self, *events: Event) -> list[Command]:
        """Return what it answers to ``events``, one after the other."""
        answered: list[Command] = []
        for event in events:
            answered += self.service.handle(event)
        return answered

    def comes_in(self, peer: Peer, number: int = 0) -> list[Command]:
        joined = frame_of(Joined("ana", "plaza", number))
        return self.when(opened(peer), FrameReceived(NOW_NS, peer, joined))

    def uploads(self, peer: Peer = ANA, stream: int = 1, file: str = "out-1") -> list[Command]:
        """Let a file that was offered be sent, and kept."""
        return self.when(
            got(Kind.ACCEPT, stream, b"{}", peer),
            FileRead(NOW_NS, file, b"12345"),
            drained(peer),
            FileRead(NOW_NS, file, b"", DIGEST),
            got(Kind.KEPT, stream, peer=peer),
        )


def said(line_id: int = 1, file: Attachment = KEPT_PHOTO, *, again: bool = False) -> Event:
    line = Said(line_id, line_id - 1, 0, "plaza", "luis", "", file=file, again=again)
    return FrameReceived(NOW_NS, ANA, frame_of(line))


def taken(number: int, line_id: int, peer: Peer = ANA) -> Event:
    return FrameReceived(NOW_NS, peer, frame_of(Taken(line_id, line_id - 1), number))


def no_file(peer: Peer = ANA, *, number: int = 0, count: int = 0) -> Event:
    notice = Notice(What.NO_FILE, number=number, count=count)
    return FrameReceived(NOW_NS, peer, frame_of(notice))


def share(number: int, peer: Peer = ANA) -> SendFrame:
    return SendFrame(peer, frame_of(Share(DIGEST), number))


def say(number: int, text: str, peer: Peer = ANA) -> SendFrame:
    return SendFrame(peer, Frame(Kind.SAY, number, text.encode()))


def fetch(line_id: int, peer: Peer = ANA) -> SendFrame:
    return SendFrame(peer, frame_of(Fetch(line_id)))


def offer(stream: int = 1, name: str = "photo.png", size: int = 5, peer: Peer = ANA) -> Event:
    return got(Kind.OFFER, stream, peer=peer, name=name, size=size)


def kinds(commands: Sequence[Command]) -> list[Kind]:
    return [Kind(c.frame.kind) for c in commands if isinstance(c, SendFrame)]


def test_a_file_is_offered_sent_said_and_told_in_its_place() -> None:
    visit = Visit()
    assert kinds(visit.when(CHOSEN)) == [Kind.OFFER]
    answered = visit.uploads()
    assert kinds(answered) == [Kind.START, Kind.DATA, Kind.END, Kind.SHARE]
    assert answered[-1] == share(1)
    assert LeaveFile("out-1") not in answered
    assert visit.when(taken(1, 1)) == [LeaveFile("out-1"), Tell(ASKED_FOR, "ana")]


def test_texts_overtake_a_file_while_it_is_sent_and_wait_while_it_is_said() -> None:
    visit = Visit()
    visit.when(CHOSEN, got(Kind.ACCEPT, 1, b"{}"))
    assert visit.when(typed(b"one")) == [say(1, "one")]
    visit.when(FileRead(NOW_NS, "out-1", b"", DIGEST), got(Kind.KEPT))
    assert visit.when(typed(b"two")) == []  # its answer decides which number the file has
    assert visit.when(taken(1, 1), taken(2, 2))[-1] == say(3, "two")


def test_what_waits_behind_a_file_goes_on_when_the_connection_is_back() -> None:
    visit = Visit()
    visit.when(CHOSEN)
    visit.uploads()
    visit.when(typed(b"one"), typed(b"two"), closed(ANA, Reason.RESET))
    answered = visit.comes_in(AGAIN)
    assert [c for c in answered if isinstance(c, SendFrame)][1:] == [share(1, AGAIN)]
    answered = visit.when(taken(1, 1, AGAIN))
    assert answered[-2:] == [say(2, "one", AGAIN), say(3, "two", AGAIN)]


def test_a_file_whose_line_is_heard_after_the_connection_broke_is_let_go() -> None:
    visit = Visit()
    visit.when(CHOSEN)
    visit.uploads()
    visit.when(closed(ANA, Reason.RESET))
    answered = visit.comes_in(AGAIN, number=1)
    assert LeaveFile("out-1") in answered
    assert Kind.SHARE not in kinds(answered)
    own = Said(1, 0, 0, "plaza", "ana", "", number=1, file=KEPT_PHOTO)
    told = visit.when(FrameReceived(NOW_NS, AGAIN, frame_of(own)))
    assert told == [Tell(ASKED_FOR, "ana")]


def test_what_broke_off_is_chosen_and_offered_again() -> None:
    visit = Visit()
    visit.when(CHOSEN, got(Kind.ACCEPT, 1, b"{}"))
    assert ChooseAgain("out-1") in visit.when(closed(ANA, Reason.RESET))
    anew = msgspec.structs.replace(CHOSEN, file="out-2", instead_of="out-1")
    assert visit.when(anew) == []
    assert visit.when(FileRead(NOW_NS, "out-1", b"12345")) == []  # of the lost connection
    assert Kind.OFFER in kinds(visit.comes_in(AGAIN))
    assert visit.uploads(AGAIN, file="out-2")[-1] == share(1, AGAIN)


def test_what_is_not_there_any_more_is_told() -> None:
    visit = Visit()
    visit.when(CHOSEN, closed(ANA, Reason.RESET), input_ended())
    answered = visit.when(FileFailed(NOW_NS, "out-1", Objection.FAILED, "gone"))
    (told,) = answered
    assert isinstance(told, TellFile)
    assert (told.stage, told.why) == (Stage.UNREADABLE, "gone")
    assert visit.comes_in(AGAIN)[-1] == Close(AGAIN)


def test_a_file_that_another_run_of_the_server_had_is_sent_again() -> None:
    visit = Visit()
    visit.when(CHOSEN)
    visit.uploads()
    visit.when(closed(ANA, Reason.RESET))
    visit.comes_in(AGAIN)
    visit.when(typed(b"meanwhile"))
    answered = visit.when(no_file(AGAIN, number=1))
    assert answered == [ChooseAgain("out-1"), say(2, "meanwhile", AGAIN)]
    anew = msgspec.structs.replace(CHOSEN, file="out-2", instead_of="out-1")
    assert kinds(visit.when(anew)) == [Kind.OFFER]
    assert visit.uploads(AGAIN, file="out-2") != []


def test_a_server_that_does_not_find_what_it_just_kept_is_not_asked_for_ever() -> None:
    visit = Visit()
    visit.when(CHOSEN)
    visit.uploads()
    assert visit.when(no_file(number=1)) == [
        Tell(VisitorWords().not_said.format(name="photo.png")),
        LeaveFile("out-1"),
    ]


def test_a_file_that_is_refused_is_told_and_let_go() -> None:
    visit = Visit()
    visit.when(CHOSEN)
    answered = visit.when(got(Kind.REFUSE, 1, why="size", limit=3))
    assert answered[0] == LeaveFile("out-1")
    told = answered[1]
    assert isinstance(told, TellFile)
    assert (told.objection, told.limit_bytes) == (Objection.SIZE, 3)


def test_leaving_waits_for_what_is_sent_and_said_and_fetched() -> None:
    visit = Visit()
    visit.when(CHOSEN, typed(b"/get 7"))
    assert visit.when(typed(b"/bye")) == []
    visit.uploads()
    assert Close(ANA) not in visit.when(taken(1, 1))
    visit.when(offer(), FilePrepared(NOW_NS, "in-1", 0, ""), got(Kind.START, 1, offset=0))
    visit.when(got(Kind.DATA, 1, b"12345"), got(Kind.END, 1, sha256=DIGEST))
    answered = visit.when(FileKept(NOW_NS, "in-1", "photo.png"))
    assert answered[-1] == Close(ANA)
    assert visit.when(closed(ANA)) == [Stop(ExitCode.DONE)]


def test_over_datagrams_files_are_refused_with_the_reason() -> None:
    visit = Visit(LUIS)
    left, told = visit.when(CHOSEN)
    assert left == LeaveFile("out-1")
    assert isinstance(told, Tell)
    assert "stream" in told.text
    assert visit.when(typed(b"/get")) == [told]


# Fetching


@pytest.mark.parametrize(("line", "line_id"), [(b"/get 7", 7), (b"/GET", 0), (b"/get 0", 0)])
def test_a_file_is_fetched_by_its_line(line: bytes, line_id: int) -> None:
    visit = Visit()
    assert visit.when(typed(line)) == [fetch(line_id)]
    answered = visit.when(offer())
    assert [c for c in answered if isinstance(c, PrepareFile)] != []


@pytest.mark.parametrize("line", ["/get x", "/get -1", "/get ²", f"/get {10**19}"])
def test_what_is_no_line_is_not_asked_for(line: str) -> None:
    assert Visit().when(typed(line.encode())) == [Tell("* Write it like: /get 12")]


def test_nothing_is_taken_that_nobody_asked_for() -> None:
    visit = Visit()
    assert visit.when(offer()) == [says(Kind.REFUSE, 1, why="unwanted"), LeaveFile("in-1")]
    visit.when(said(1), typed(b"/get 1"))


def test_a_line_with_a_file_says_how_to_get_it() -> None:
    assert Visit().when(said(1)) == [Tell(f"{ASKED_FOR} /get 1", "luis")]


def test_a_small_picture_is_fetched_unasked() -> None:
    visit = Visit(auto_fetch_bytes=5)
    assert visit.when(said(1)) == [Tell(ASKED_FOR, "luis"), fetch(1)]
    assert visit.when(offer(name="other.png"))[0] == says(Kind.REFUSE, 1, why="unwanted")
    assert visit.when(offer(size=6))[0] == says(Kind.REFUSE, 1, why="unwanted")
    assert isinstance(visit.when(offer())[0], PrepareFile)


@pytest.mark.parametrize(
    "event",
    [
        said(1, again=True),
        said(1, Attachment("photo.png", 6, "image/png", DIGEST)),
        said(1, Attachment("photo.png", 5, "application/pdf", DIGEST)),
    ],
    ids=["of the history", "too large", "no picture"],
)
def test_what_is_not_wanted_unasked_is_left(event: Event) -> None:
    (told,) = Visit(auto_fetch_bytes=5).when(event)
    assert isinstance(told, Tell)
    assert told.text.endswith("/get 1")


def test_what_did_not_come_is_asked_for_again() -> None:
    visit = Visit()
    visit.when(typed(b"/get 7"), offer(), FilePrepared(NOW_NS, "in-1", 0, ""))
    answered = visit.when(closed(ANA, Reason.RESET))
    assert LeaveFile("in-1") in answered
    assert [c for c in answered if isinstance(c, TellFile)] == []
    assert fetch(7, AGAIN) in visit.comes_in(AGAIN)
    assert isinstance(visit.when(offer(peer=AGAIN))[0], PrepareFile)


def test_what_is_typed_while_nobody_is_there_is_asked_for_later() -> None:
    visit = Visit()
    visit.when(closed(ANA, Reason.RESET))
    assert visit.when(typed(b"/get 7")) == []
    assert fetch(7, AGAIN) in visit.comes_in(AGAIN)


def test_a_file_that_the_room_does_not_have_is_told_and_not_waited_for() -> None:
    visit = Visit()
    visit.when(typed(b"/get 7"), input_ended())
    assert visit.when(no_file(count=7)) == [Tell("* There is no such file here"), Close(ANA)]


def test_a_file_that_is_too_large_for_us_is_not_waited_for() -> None:
    visit = Visit()
    visit.when(typed(b"/get 7"), input_ended())
    assert visit.when(offer(size=2**40))[-1] == Close(ANA)


def test_nothing_is_read_before_it_is_accepted() -> None:
    visit = Visit()
    assert [c for c in visit.when(CHOSEN) if isinstance(c, ReadFile)] == []
