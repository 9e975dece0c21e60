"""What is remembered of a pluto: for exactly that socket's file, and for nobody else to have written."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from autod.exchange.peer import SocketFile
from autod.identify.cache import Entry, Known, default_folder

PATH = "/run/pluto/pluto.ctl"
FILE = SocketFile(1, 2, 3)
ENTRY = Entry(
    device=1,
    inode=2,
    changed_ns=3,
    text="5.4",
    seccomp=False,
    labeled=True,
    fetching=True,
    pid=7,
    start=8,
    bound=PATH,
)


@pytest.fixture
def known(tmp_path: Path) -> Known:
    known = Known(tmp_path / "known")
    known.remember(PATH, ENTRY)
    assert known.recall(PATH, FILE) == ENTRY
    return known


@pytest.fixture
def place(known: Known, tmp_path: Path) -> Path:
    (place,) = (tmp_path / "known").iterdir()
    return place


def test_the_folders_on_the_way_are_made(tmp_path: Path) -> None:
    known = Known(tmp_path / "a" / "b" / "known")
    known.remember(PATH, ENTRY)
    assert known.recall(PATH, FILE) == ENTRY


@pytest.mark.parametrize("file", [SocketFile(0, 2, 3), SocketFile(1, 0, 3), SocketFile(1, 2, 0)])
def test_another_file_of_the_socket_is_another_pluto(known: Known, file: SocketFile) -> None:
    assert known.recall(PATH, file) is None


def test_another_socket_has_an_entry_of_its_own(known: Known, tmp_path: Path) -> None:
    other = "/run/other/pluto.ctl"
    assert known.recall(other, FILE) is None
    known.remember(other, msgspec.structs.replace(ENTRY, text="4.10"))
    assert known.recall(PATH, FILE) == ENTRY
    assert len(os.listdir(tmp_path / "known")) == 2


def test_a_relative_path_is_the_same_socket(
    known: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    known.remember("x.ctl", ENTRY)
    assert known.recall(str(tmp_path / "x.ctl"), FILE) == ENTRY


def test_the_last_word_counts(known: Known, tmp_path: Path) -> None:
    later = msgspec.structs.replace(ENTRY, text="5.3.2")
    known.remember(PATH, later)
    assert known.recall(PATH, FILE) == later
    assert len(os.listdir(tmp_path / "known")) == 1


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o660, 0o606, 0o622])
def test_what_others_may_write_is_not_read(known: Known, place: Path, mode: int) -> None:
    place.chmod(mode)
    assert known.recall(PATH, FILE) is None


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o444])
def test_what_others_may_only_read_is_read(known: Known, place: Path, mode: int) -> None:
    place.chmod(mode)
    assert known.recall(PATH, FILE) == ENTRY


def test_what_is_somebody_elses_is_not_read(known: Known, place: Path) -> None:
    os.chown(place, 65534, -1)
    assert known.recall(PATH, FILE) is None


def test_what_is_no_plain_file_is_not_read(known: Known, place: Path) -> None:
    content = place.read_bytes()
    place.rename(place.with_name("real"))
    place.symlink_to("real")
    assert known.recall(PATH, FILE) is None
    place.unlink()
    place.mkdir()
    assert known.recall(PATH, FILE) is None
    place.rmdir()
    os.mkfifo(place)
    assert known.recall(PATH, FILE) is None
    place.unlink()
    place.write_bytes(content)
    assert known.recall(PATH, FILE) == ENTRY


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"device": 1}', b'{"text": 5}', b"\xff"])
def test_what_is_no_entry_is_not_taken_for_one(known: Known, place: Path, content: bytes) -> None:
    place.write_bytes(content)
    assert known.recall(PATH, FILE) is None


def test_an_entry_of_an_earlier_version_of_autod_is_read(known: Known, place: Path) -> None:
    place.write_bytes(b'{"device":1,"inode":2,"changed_ns":3,"text":"4.10"}')
    assert known.recall(PATH, FILE) == Entry(device=1, inode=2, changed_ns=3, text="4.10")


def test_what_is_kept_is_private_and_nothing_is_left_beside_it(known: Known, place: Path) -> None:
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert os.listdir(place.parent) == [place.name]


def test_a_link_laid_where_it_is_drafted_is_not_written_through(known: Known, place: Path) -> None:
    precious = place.parent.parent / "precious"
    precious.write_text("as it was")
    place.with_name(f"{place.name}.{os.getpid()}").symlink_to(precious)
    known.remember(PATH, msgspec.structs.replace(ENTRY, text="4.10"))
    assert precious.read_text() == "as it was"
    assert known.recall(PATH, FILE) == ENTRY


@pytest.mark.parametrize(
    ("user", "runtime", "folder"),
    [
        (0, "/run/user/0", "/run/autod"),
        (1000, "/run/user/1000", "/run/user/1000/autod"),
        (1000, "", None),
        (1000, "relative", None),
    ],
)
def test_each_user_has_a_folder(
    monkeypatch: pytest.MonkeyPatch, user: int, runtime: str, folder: str | None
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    assert default_folder() == (None if folder is None else Path(folder))
