"""What was learned is kept for exactly one binary, and read from nobody else's hand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from autod.identify.likeness import Binary, cache_folder
from autod.learn.infer import Learned, Template
from autod.learn.store import UnsafeCache, load, save

if TYPE_CHECKING:
    from pathlib import Path

LEARNED = Learned(
    "6.0",
    True,
    {"listen": Template(b"\0\xff"), "initiate": Template(b"a" * 24, b"z", named=True, slot=8)},
    {"showstates": "this whack does not know the request"},
)
BINARY = Binary("/usr/libexec/ipsec/pluto", 12345, 1_700_000_000_000_000_001, "6.0")


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    """Bytes included."""
    save(BINARY, LEARNED, tmp_path / "autod")
    assert load(BINARY, tmp_path / "autod") == LEARNED


@pytest.mark.parametrize(
    "change", [{"path": "/other"}, {"size": 1}, {"mtime_ns": 2}, {"version": "6.0.1"}], ids=str
)
def test_another_binary_has_nothing(change: dict[str, object], tmp_path: Path) -> None:
    """An update of the package makes what was learned void."""
    save(BINARY, LEARNED, tmp_path)
    assert load(msgspec.structs.replace(BINARY, **change), tmp_path) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\0\0"])
def test_a_damaged_file_is_as_none(content: bytes, tmp_path: Path) -> None:
    """Then the release is unknown again, and says so."""
    path = save(BINARY, LEARNED, tmp_path)
    path.write_bytes(content)
    assert load(BINARY, tmp_path) is None


def test_without_a_folder_there_is_nothing(tmp_path: Path) -> None:
    """No error: nothing was learned yet."""
    assert load(BINARY, tmp_path / "none") is None


@pytest.mark.parametrize("target", ["file", "folder"])
def test_a_file_that_others_may_write_is_not_read(target: str, tmp_path: Path) -> None:
    """Its bytes would go to pluto."""
    folder = tmp_path / "autod"
    path = save(BINARY, LEARNED, folder)
    os.chmod(path if target == "file" else folder, 0o722)
    with pytest.raises(UnsafeCache):
        load(BINARY, folder)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """And no temporary file is left."""
    folder = tmp_path / "autod"
    path = save(BINARY, LEARNED, folder)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(folder.iterdir()) == [path]


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CACHE_HOME goes before the user's own folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/tmp/xdg")
    assert str(cache_folder()) == "/tmp/xdg/autod"
