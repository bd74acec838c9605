"""The door: which addresses may come in, and files of them that change."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from enchufe.core.errors import UsageError
from enchufe.core.notices import ListBroken, ListReloaded, Notice, Refusal
from enchufe.net.door import Door, networks_of


def ignored(_notice: Notice) -> None: ...


@pytest.mark.parametrize(
    ("allow", "deny", "host", "refusal"),
    [
        ([], [], "203.0.113.9", None),
        (["10.0.0.0/8"], [], "10.255.255.255", None),
        (["10.0.0.0/8"], [], "11.0.0.0", Refusal.NOT_ALLOWED),
        (["10.0.0.0/8"], [], "::1", Refusal.NOT_ALLOWED),
        (["10.0.0.0/8", "fe80::/10"], [], "fe80::1%eth0", None),
        (["192.168.1.7"], [], "192.168.1.7", None),
        (["192.168.1.7"], [], "192.168.1.8", Refusal.NOT_ALLOWED),
        (["192.168.1.7/24"], [], "192.168.1.8", None),
        (["[::1]"], [], "::1", None),
        (["localhost"], [], "127.0.0.1", None),
        (["LocalHost"], [], "127.8.9.10", None),
        (["localhost"], [], "::1", None),
        (["localhost"], [], "::2", Refusal.NOT_ALLOWED),
        ([], ["localhost"], "::1", Refusal.DENIED),
        ([], ["localhost"], "10.0.0.1", None),
        (["10.0.0.0/8"], ["10.1.0.0/16"], "10.1.2.3", Refusal.DENIED),
        (["10.0.0.0/8"], ["10.1.0.0/16"], "10.2.2.3", None),
        (["10.0.0.0/8"], [], "::ffff:10.0.0.1", None),
        (["10.0.0.0/8"], [], "::ffff:11.0.0.1", Refusal.NOT_ALLOWED),
        ([], ["10.0.0.0/8"], "::ffff:10.0.0.1", Refusal.DENIED),
        (["10.0.0.0/8"], ["::/0"], "::ffff:10.0.0.1", None),
        (["10.0.0.0/8"], [], "", None),  # a Unix peer has no address
    ],
)
def test_an_address_may_come_in_or_not(
    allow: Sequence[str], deny: Sequence[str], host: str, refusal: Refusal | None
) -> None:
    assert Door(allow, deny, ignored).refusal(host) is refusal


@pytest.mark.parametrize(
    "wrong", ["", "10.0.0.0/33", "10.0.0", "::g", "example.org", "10.0.0.0/-1"]
)
def test_what_is_no_network_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(UsageError, match="is not a network") as caught:
        networks_of(wrong)
    assert caught.value.fields["text"] == wrong


@pytest.mark.parametrize("content", [b"\xff\n", b"10.0.0.0/8\nnobody\n"])
def test_a_broken_file_is_refused_at_the_start(content: bytes, tmp_path: Path) -> None:
    names = tmp_path / "list"
    names.write_bytes(content)
    with pytest.raises(UsageError):
        Door([f"@{names}"], [], ignored)


def test_a_missing_file_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        Door([], [f"@{tmp_path}/none"], ignored)


def test_an_empty_list_allows_nobody_and_denies_nobody(tmp_path: Path) -> None:
    names = tmp_path / "list"
    names.write_text("# nobody yet\n\n", encoding="utf-8")
    assert Door([f"@{names}"], [], ignored).refusal("10.0.0.1") is Refusal.NOT_ALLOWED
    assert Door([], [f"@{names}"], ignored).refusal("10.0.0.1") is None


def test_a_changed_file_is_read_again_once(tmp_path: Path) -> None:
    notices: list[Notice] = []
    names = tmp_path / "list"
    names.write_text("10.0.0.1\n", encoding="utf-8")
    door = Door([f"@{names}"], [], notices.append)
    assert door.refusal("10.0.0.2") is Refusal.NOT_ALLOWED
    assert notices == []
    names.write_text("10.0.0.2 # moved\n::1\n", encoding="utf-8")
    for _ in range(2):
        assert door.refusal("10.0.0.2") is None
        assert door.refusal("10.0.0.1") is Refusal.NOT_ALLOWED
    (notice,) = notices
    assert isinstance(notice, ListReloaded)
    assert (notice.path, notice.networks) == (str(names), 2)


def test_a_file_put_in_the_place_of_the_old_one_is_noticed(tmp_path: Path) -> None:
    names, new = tmp_path / "list", tmp_path / "new"
    names.write_text("10.0.0.1\n", encoding="utf-8")
    before = names.stat()
    door = Door([f"@{names}"], [], ignored)
    new.write_text("10.0.0.2\n", encoding="utf-8")
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(names)  # the same size and time: as an editor may leave it
    assert door.refusal("10.0.0.2") is None


@pytest.mark.parametrize("removed", [True, False])
def test_a_file_that_breaks_leaves_the_former_list_until_it_is_mended(
    removed: bool, tmp_path: Path
) -> None:
    notices: list[Notice] = []
    names = tmp_path / "list"
    names.write_text("10.0.0.1\n", encoding="utf-8")
    door = Door([f"@{names}"], [], notices.append)
    if removed:
        names.unlink()
    else:
        names.write_text("10.0.0.2\nten\n", encoding="utf-8")
    for _ in range(3):
        assert door.refusal("10.0.0.1") is None
        assert door.refusal("10.0.0.2") is Refusal.NOT_ALLOWED
    names.write_text("10.0.0.2\n", encoding="utf-8")
    assert door.refusal("10.0.0.2") is None
    broken, mended = notices
    assert isinstance(broken, ListBroken)
    assert isinstance(mended, ListReloaded)
    assert ("No such file" if removed else "“ten” is not a network") in broken.why.format(
        **broken.fields
    )
