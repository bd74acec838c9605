"""The one table of exit codes, which scripts rely on."""

from enchufe.core.exits import ExitCode

TABLE = {
    "DONE": 0,
    "BUG": 1,
    "USAGE": 2,
    "NAME_NOT_FOUND": 3,
    "REFUSED": 4,
    "TIMED_OUT": 5,
    "DENIED": 6,
    "LOST": 7,
    "PROTOCOL": 8,
    "OVER_LIMIT": 9,
    "INTERRUPTED": 130,
    "OUTPUT_CLOSED": 141,
}


def test_no_exit_code_ever_changes_its_meaning() -> None:
    assert {code.name: code.value for code in ExitCode} == TABLE


def test_each_fits_in_the_byte_a_system_keeps() -> None:
    assert all(0 <= code < 256 for code in ExitCode)
    assert len({code.value for code in ExitCode}) == len(TABLE)
