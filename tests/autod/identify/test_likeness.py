"""What was seen of a build is kept for that very binary, and read only where nobody else may write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from autod.identify.likeness import Binary, keep, like

if TYPE_CHECKING:
    from pathlib import Path

BINARY = Binary("/usr/libexec/ipsec/pluto", 12345, 1_700_000_000_000_000_001, "v5.4-99-gfedcba9876-main")


def test_what_was_kept_is_found_until_it_is_taken_back(tmp_path: Path) -> None:
    assert like(BINARY, tmp_path / "none") == ""
    keep(BINARY, "5.4", tmp_path)
    assert like(BINARY, tmp_path) == "5.4"
    keep(BINARY, "", tmp_path)
    assert like(BINARY, tmp_path) == ""
    keep(BINARY, "", tmp_path)


@pytest.mark.parametrize("change", [{"size": 1}, {"mtime_ns": 2}, {"path": "/opt/pluto"}, {"version": "5.5"}])
def test_another_binary_has_nothing(change: dict[str, object], tmp_path: Path) -> None:
    keep(BINARY, "5.4", tmp_path)
    other = msgspec.structs.replace(BINARY, **change)  # type: ignore[arg-type]
    assert like(other, tmp_path) == ""
    BINARY.file("like", tmp_path).rename(other.file("like", tmp_path))
    assert (like(other, tmp_path) == "") is ("path" not in change)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"release": 5}'])
def test_a_damaged_file_is_as_none(content: bytes, tmp_path: Path) -> None:
    keep(BINARY, "5.4", tmp_path)
    BINARY.file("like", tmp_path).write_bytes(content)
    assert like(BINARY, tmp_path) == ""


@pytest.mark.parametrize("target", ["file", "folder"])
def test_a_file_that_others_may_write_is_not_read(target: str, tmp_path: Path) -> None:
    keep(BINARY, "5.4", tmp_path)
    (tmp_path if target == "folder" else BINARY.file("like", tmp_path)).chmod(0o777)
    assert like(BINARY, tmp_path) == ""
