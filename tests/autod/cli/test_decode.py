"""`autod decode`: messages that real programs sent, in every spelling a file may have."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.cli import main
from autod.cli.decode import candidates, read_message
from autod.protocol.errors import DecodeError, UsageError
from autod.protocol.releases import ALL
from tests.helpers.captures import capture, captures

if TYPE_CHECKING:
    from pathlib import Path

INITIATE = capture("4.10", "initiate-async-remotehost")
assert INITIATE is not None
MESSAGE = INITIATE.message


@pytest.mark.parametrize(
    "spelling",
    [
        MESSAGE,
        MESSAGE.hex().encode(),
        b"0x" + MESSAGE.hex().upper().encode() + b"\n",
        base64.b64encode(MESSAGE),
        base64.encodebytes(MESSAGE),
    ],
    ids=["raw", "hex", "HEX", "base64", "base64-lines"],
)
def test_a_file_may_be_raw_hexadecimal_or_base64(spelling: bytes) -> None:
    """They cannot be mistaken for each other: a message has zeros in it."""
    assert read_message(spelling) == MESSAGE


def test_the_tree_shows_what_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command, the name, and other strings where they belong."""
    file = tmp_path / "message"
    file.write_bytes(MESSAGE)
    assert main(["decode", "--release", "4.10", str(file)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("whack message of Libreswan 4.10, 1566 bytes\n")
    for line in ("asks: initiate", 'name: "foo"', "whack_async: 1", 'remote_host: "1.2.3.4"'):
        assert f"{line}\n" in shown


def test_the_object_has_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line of JSON, with the keys that docs/cli.md names."""
    file = tmp_path / "message"
    file.write_bytes(MESSAGE)
    assert main(["decode", "--json", str(file)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert set(shown) == {
        "event",
        "release",
        "also",
        "bytes",
        "magic",
        "command",
        "whack_command",
        "name",
        "members",
        "strings",
        "settings",
        "trailing",
    }
    assert (shown["command"], shown["name"], shown["strings"]["remote_host"]) == (
        "initiate",
        "foo",
        "1.2.3.4",
    )
    assert "4.10" in [shown["release"], *shown["also"]]


@pytest.mark.parametrize("release", ALL)
def test_a_capture_is_read_by_its_own_release_unasked(release: str) -> None:
    """The release that wrote it is among those that fit, with each way of packing strings."""
    kinds = ("status", "initiate", "initiate-async-remotehost", "impair", "add-psk", "addconn-rsa")
    for entry in (entry for entry in captures(release) if entry.command in kinds):
        fitting = [str(found) for found, _ in candidates(entry.message, None, None)]
        assert release in fitting, entry.command


@pytest.mark.parametrize("data", [b"", b" \n", b"no message", bytes(3), bytes(5000)])
def test_what_is_no_message_is_one_sentence(
    data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1, no traceback."""
    file = tmp_path / "message"
    file.write_bytes(data)
    assert main(["decode", str(file)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("autod: ")
    assert said.count("\n") == 1


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With the reason of the system."""
    assert main(["decode", "/nonexistent/message"]) == 1
    assert "/nonexistent/message: No such file" in capsys.readouterr().err


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    """Never anything but a value or an error of ours."""
    with contextlib.suppress(DecodeError, UsageError):
        candidates(read_message(data), None, None)
