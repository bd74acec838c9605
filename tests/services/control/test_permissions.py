"""What fits a pattern, and who needs no key."""

import pytest
from msgspec.structs import replace
from tests.playbook import ANA, EVA

from enchufe.services.control.permissions import Permissions, fits


@pytest.mark.parametrize(
    ("pattern", "arguments", "expected"),
    [
        ("uptime", "uptime", True),
        ("uptime", "uptime -p", False),
        ("uptime", "/tmp/uptime", False),
        ("ls *", "ls /tmp", True),
        ("ls *", "ls", False),
        ("ls *", "ls -l /tmp", False),
        ("ls *", "rm /tmp", False),
        ("ls /tmp/*", "ls /tmp/a", True),
        ("ls /tmp/*", "ls /etc", False),
        ("git log **", "git log", True),
        ("git log **", "git log -1 --stat", True),
        ("git log **", "git push", False),
        ("git log **", "git", False),
        ("tail -n ? *.log", "tail -n 5 web.log", True),
        ("tail -n ? *.log", "tail -n 50 web.log", False),
    ],
)
def test_every_argument_fits_its_word(pattern: str, arguments: str, expected: bool) -> None:
    assert fits(tuple(pattern.split()), tuple(arguments.split())) is expected


def test_an_argument_with_spaces_is_one_argument() -> None:
    assert fits(("ls", "*"), ("ls", "a b; rm c"))
    assert not fits(("ls", "*"), ("ls a", "b"))


def test_capitals_count() -> None:
    assert not fits(("ls", "*"), ("LS", "a"))


def test_nothing_is_permitted_at_first() -> None:
    assert not Permissions().permits(("uptime",))
    assert not Permissions().may_stop
    assert not Permissions().vouches_for(replace(EVA, user="uid 0"))


def test_with_a_shell_the_whole_line_is_matched() -> None:
    permissions = Permissions(programs=(("ls", "*"),), with_shell=True)
    assert permissions.permits(("ls /tmp | wc -l",))
    assert permissions.permits(("ls", "/tmp", "|", "wc", "-l"))
    assert not permissions.permits(("rm -r /tmp",))
    assert permissions.started_as(("ls", "/tmp")) == ("/bin/sh", "-c", "ls /tmp")


def test_without_a_shell_a_program_is_started_as_it_was_asked_for() -> None:
    assert Permissions().started_as(("ls", "a b")) == ("ls", "a b")


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("uid 1000", True),
        ("uid 10000", False),
        ("uid 1", False),
        ("certificate sha256:ab", True),
        ("", False),
    ],
)
def test_whom_the_system_or_a_certificate_vouches_for(user: str, expected: bool) -> None:
    permissions = Permissions(users=frozenset({"uid 1000", "certificate *"}))
    assert permissions.vouches_for(replace(ANA, user=user)) is expected


def test_nobody_is_vouched_for_by_an_empty_word() -> None:
    assert not Permissions(users=frozenset({"*"})).vouches_for(ANA)
