"""Log lines: the journal's native protocol, JSON, and lines for people."""

from __future__ import annotations

import io
import json
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from autod.service import journal
from autod.service.journal import JournalRenderer, configure, encode_entry, under_systemd


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def decode_entry(data: bytes) -> dict[str, str]:
    """The other side of the native protocol, as systemd documents it."""
    fields = {}
    while data:
        line, _, rest = data.partition(b"\n")
        if b"=" in line:
            name, _, value = line.partition(b"=")
        else:
            size = int.from_bytes(rest[:8], "little")
            name, value, rest = line, rest[8 : 8 + size], rest[8 + size + 1 :]
        fields[name.decode()] = value.decode()
        data = rest
    return fields


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True), st.text()))
def test_an_entry_reads_as_it_was_written(fields: dict[str, str]) -> None:
    fields = {k: v.encode("utf-8", "replace").decode() for k, v in fields.items()}
    assert decode_entry(encode_entry(fields)) == fields


def test_events_go_to_the_journal_with_their_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SOCKET", str(tmp_path / "journal"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "journal"))
        monkeypatch.setattr(
            journal.JournalRenderer,
            "__init__",
            _with_path(journal.JournalRenderer.__init__, str(tmp_path / "journal")),
        )
        configure("journal", "info")
        log = structlog.get_logger()
        log.debug("not worth a line")
        log.warning("state", connection="a", ike_sa=3, child_sa=4, code=36, after="waiting")
        fields = decode_entry(server.recv(100_000))
    structlog.get_config()["processors"][-1].close()
    assert fields["MESSAGE"] == "state connection=a ike_sa=3 child_sa=4 code=36 after=waiting"
    assert fields["PRIORITY"] == "4"
    assert fields["SYSLOG_IDENTIFIER"] == "autod"
    promised = {"AUTOD_CONNECTION": "a", "AUTOD_IKE_SA": "3", "AUTOD_CHILD_SA": "4", "AUTOD_CODE": "36"}
    assert promised.items() <= fields.items()


def _with_path(original: object, path: str) -> object:
    def init(self: JournalRenderer) -> None:
        original(self, "autod", path)  # type: ignore[operator]

    return init


def test_a_journal_that_takes_nothing_costs_a_count_and_no_more(tmp_path: Path) -> None:
    renderer = JournalRenderer(path=str(tmp_path / "nobody"))
    with pytest.raises(structlog.DropEvent):
        renderer(None, "info", {"event": "x"})
    assert renderer.lost == 1
    renderer.close()


def test_json_lines_are_json() -> None:
    out = io.StringIO()
    configure("json", "info", stream=out)
    structlog.get_logger().info("state", connection="a", after="up", odd={1, 2})
    line = json.loads(out.getvalue())
    assert (line["event"], line["connection"], line["level"]) == ("state", "a", "info")


def test_what_is_no_utf8_is_still_a_line() -> None:
    out = io.StringIO()
    configure("json", "info", stream=out)
    structlog.get_logger().info("state", connection="caf\udce9")
    assert json.loads(out.getvalue())["connection"] == "caf\udce9"


def test_lines_for_people_hold_no_locals() -> None:
    out = io.StringIO()
    configure("console", "info", stream=out)
    secret = "hunter2"
    try:
        raise ValueError("a bug")
    except ValueError:
        structlog.get_logger().exception("act failed", connection="a")
    assert "ValueError: a bug" in out.getvalue()
    assert secret not in out.getvalue()


def test_lines_for_people_move_no_cursor() -> None:
    out = io.StringIO()
    configure("console", "info", stream=out)
    structlog.get_logger().info("state\x9b", connection="a\x1b[31mred\x07", detail="one\ntwo")
    assert not {"\x1b", "\x07", "\x9b"} & set(out.getvalue())
    assert "a�[31mred�" in out.getvalue()


def test_the_journal_is_known_by_its_stream(tmp_path: Path) -> None:
    with (tmp_path / "x").open("w") as file:
        status = (tmp_path / "x").stat()
        assert under_systemd({"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}, file)
        assert not under_systemd({"JOURNAL_STREAM": "1:2"}, file)
        assert not under_systemd({}, sys.stderr)


def test_people_read_a_clock_time_and_machines_the_seconds() -> None:
    out, then = io.StringIO(), time.time() + 3
    clock = time.strftime("%H:%M:%S", time.localtime(then))
    configure("console", "info", stream=out)
    structlog.get_logger().warning("state", next_try=then)
    assert clock in out.getvalue()
    assert str(then) not in out.getvalue()
    renderer = JournalRenderer(path="/nonexistent")
    fields = renderer.fields("warning", {"event": "state", "next_try": then})
    renderer.close()
    assert clock in fields["MESSAGE"]
    assert fields["AUTOD_NEXT_TRY"] == str(then)
    configure("json", "info", stream=(lines := io.StringIO()))
    structlog.get_logger().warning("state", next_try=then)
    assert json.loads(lines.getvalue())["next_try"] == then
