"""What is said in frames about a room."""

import pytest

from enchufe.core.errors import ProtocolError
from enchufe.core.frames import Frame, Kind
from enchufe.core.payloads import payload_of
from enchufe.core.room import Joined, Notice, Said, Taken, What, frame_of
from enchufe.core.room_words import RoomWords, notice_text


def test_what_is_sent_is_what_is_understood() -> None:
    joined, taken = Joined("ana", "plaza", 3, 7), Taken(8, 7)
    said, notice = Said(8, 7, 1, "plaza", "ana", "hola", number=4), Notice(What.CAME, "ana")
    assert payload_of(frame_of(joined), Joined) == joined
    assert payload_of(frame_of(taken), Taken) == taken
    assert payload_of(frame_of(said), Said) == said
    assert payload_of(frame_of(notice), Notice) == notice


@pytest.mark.parametrize("number", [-1, 2**31, 2**32, 2**63, 2**80])
def test_a_number_that_no_frame_has_room_for_breaks_the_rules(number: int) -> None:
    said = b'{"name":"ana","room":"plaza","number":%d}' % number
    with pytest.raises(ProtocolError):
        payload_of(Frame(Kind.JOINED, 0, said), Joined)


@pytest.mark.parametrize("line_id", [-1, 2**63, 2**80])
def test_an_id_that_no_history_has_room_for_breaks_the_rules(line_id: int) -> None:
    with pytest.raises(ProtocolError):
        payload_of(Frame(Kind.TAKEN, 1, b'{"id":%d,"previous":0}' % line_id), Taken)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"\xff", b'{"what":3}'])
def test_rubbish_breaks_the_rules(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        payload_of(Frame(Kind.NOTICE, 0, payload), Notice)


def test_a_word_for_something_new_is_shown_as_it_is() -> None:
    notice = payload_of(Frame(Kind.NOTICE, 0, b'{"what":"help","name":"ana"}'), Notice)
    assert notice_text(notice, RoomWords()) == "* help ana"
