"""Names, patterns, files of names, and the file with a password."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.cli.names import expand_files, read_password
from autod.cli.resolve import all_of, match, peers_of
from autod.protocol.errors import UsageError
from autod.protocol.replies import Reply
from autod.status import parse

if TYPE_CHECKING:
    from pathlib import Path

STATE = parse(
    [
        Reply(0, text)
        for text in (
            '"a": 192.1.2.45[@w]...192.1.2.23[@e]; unrouted; eroute owner: #0',
            '"b": 192.1.2.45[@w]...192.1.2.24[@f]; unrouted; eroute owner: #0',
            '"road": 192.1.2.45[@w]...%any; unrouted; eroute owner: #0',
            '"clear": 192.1.2.45...%group; unrouted; eroute owner: #0',
        )
    ]
)


def test_names_come_each_once_in_their_order(tmp_path: Path) -> None:
    """From the command line and from files, comments and empty lines left out."""
    file = tmp_path / "names"
    file.write_bytes(b"# west\nb\n\n  c\xff  \r\na\n")
    assert expand_files(["a", f"@{file}", "a", "d"]) == ["a", "b", "c\udcff", "d"]


def test_names_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """@- is standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"x\ny\n")))
    assert expand_files(["@-"]) == ["x", "y"]


@pytest.mark.parametrize("content", [None, b"", b"# none\n"])
def test_a_file_without_names_is_an_error(content: bytes | None, tmp_path: Path) -> None:
    """As is one that is not there."""
    file = tmp_path / "names"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError):
        expand_files([f"@{file}"])


def test_a_pattern_is_matched_and_a_name_is_not_looked_up() -> None:
    """pluto or addconn say what they think of a name; case counts."""
    assert match(["branch-*", "x"], ["branch-1", "Branch-3", "branch-2"], "here") == [
        "branch-1",
        "branch-2",
        "x",
    ]


def test_a_name_that_reads_like_a_pattern_is_taken_as_it_is() -> None:
    """`road[1]` may be a connection."""
    assert match(["a[1]"], ["a1", "a[1]"], "here") == ["a[1]"]


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    """Never silently nothing."""
    with pytest.raises(UsageError, match="matches no connection of here"):
        match(["z*"], ["a"], "here")


@given(st.lists(st.text(max_size=6)), st.lists(st.text(max_size=6)))
def test_matching_any_words_gives_known_or_given_names(words: list[str], known: list[str]) -> None:
    """And each once."""
    try:
        found = match(words, known, "here")
    except UsageError:
        return
    assert len(found) == len(set(found))
    assert set(found) <= set(words) | set(known)


def test_all_is_what_can_be_initiated() -> None:
    """No template, no group."""
    assert all_of(STATE) == ["a", "b"]
    with pytest.raises(UsageError):
        all_of(parse([]))


def test_peers_are_told_apart_by_address_and_identities() -> None:
    """Who shares an IKE SA takes turns with the others."""
    peers = peers_of(STATE)
    assert peers["a"] != peers["b"]


def test_a_password_is_the_first_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the file, or of standard input."""
    file = tmp_path / "secret"
    file.write_bytes(b"s3cret with blanks \r\nmore\n")
    assert read_password(str(file)) == "s3cret with blanks "
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"other\n")))
    assert read_password("-") == "other"


@pytest.mark.parametrize("content", [None, b"", b"\nx"])
def test_without_a_password_nothing_is_asked(content: bytes | None, tmp_path: Path) -> None:
    """And the sentence does not show what was in the file."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError) as error:
        read_password(str(file))
    assert str(file) in str(error.value)


def test_a_pattern_gives_names_as_people_count() -> None:
    """Whatever order they were loaded in."""
    known = [f"branch-{number}" for number in (10, 9, 1, 100, 2)]
    assert match(["branch-*"], known, "here") == [f"branch-{number}" for number in (1, 2, 9, 10, 100)]
