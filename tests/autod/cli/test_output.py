"""Output: never in the way of who writes, nothing lost without a word."""

from __future__ import annotations

import io
import os
import re
import threading
from pathlib import Path

import pytest

from autod.cli import main
from autod.cli.output import Output, _write_all, say, standard_streams


def test_lines_arrive_in_order_before_it_is_left() -> None:
    """Leaving waits for the thread; surrogate escapes are the bytes they came from."""
    written: list[bytes] = []
    with Output(written.append) as output:
        output.line("one")
        output.line("two \udcff")
    assert b"".join(written) == b"one\ntwo \xff\n"


def test_a_reader_that_does_not_read_holds_nobody_back_and_the_loss_is_told() -> None:
    """line() returns at once; what did not fit is counted, and what must be kept is kept."""
    opened = threading.Event()
    written: list[bytes] = []

    def stuck(data: bytes) -> None:
        opened.wait(10)
        written.append(data)

    with Output(stuck, bound=100) as output:
        for _ in range(50):
            output.line("0123456789")
        output.line("the outcome", keep=True)
        opened.set()
    text = b"".join(written).decode()
    assert 9 <= text.count("0123456789\n") <= 10
    assert "lines were left out" in text
    assert text.endswith("the outcome\n")


def test_a_closed_pipe_is_told_to_who_writes() -> None:
    """As BrokenPipeError, from line() or from leaving."""

    def closed(data: bytes) -> None:
        raise BrokenPipeError

    def write() -> None:
        with Output(closed) as output:
            output.line("x")

    with pytest.raises(BrokenPipeError):
        write()


def test_an_error_of_the_body_is_not_covered() -> None:
    """The caller's own exception comes through."""

    def fail() -> None:
        with Output(lambda data: None):
            raise KeyError

    with pytest.raises(KeyError):
        fail()


def test_a_non_blocking_descriptor_is_waited_for() -> None:
    """All bytes arrive through a full pipe."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    data = bytes(300_000)
    got = bytearray()

    def drain() -> None:
        while chunk := os.read(reading, 65536):
            got.extend(chunk)

    thread = threading.Thread(target=drain)
    thread.start()
    _write_all(writing, data)
    os.close(writing)
    thread.join(10)
    os.close(reading)
    assert bytes(got) == data


def test_lines_of_both_streams_keep_their_order_where_they_are_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on a terminal, and with 2>&1."""
    file = tmp_path / "both"
    with file.open("w") as both, os.fdopen(os.dup(both.fileno()), "w") as again:
        monkeypatch.setattr("sys.stdout", both)
        monkeypatch.setattr("sys.stderr", again)
        with standard_streams() as (out, err):
            for number in range(100):
                (err if number % 3 else out).line(str(number))
    assert file.read_text().split() == [str(number) for number in range(100)]


def test_each_stream_gets_its_own_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as first, (tmp_path / "err").open("w") as second:
        monkeypatch.setattr("sys.stdout", first)
        monkeypatch.setattr("sys.stderr", second)
        with standard_streams() as (out, err):
            out.line("done")
            err.line("failed")
    assert [(tmp_path / name).read_text() for name in ("out", "err")] == ["done\n", "failed\n"]


class Screen(io.StringIO):
    """A terminal, as far as a line is concerned."""

    def isatty(self) -> bool:
        return True


def test_a_line_moves_no_cursor_and_a_pipe_gets_it_as_it_is() -> None:
    line = "a\x1b[31mred\x07\tb\udcff \x9bx\x85 é"
    screen, pipe = Screen(), io.StringIO()
    say(line, file=screen)
    say(line, file=pipe)
    assert screen.getvalue() == "a�[31mred�\tb\udcff �x� é\n"
    assert pipe.getvalue() == f"{line}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--showonly", "--up", "a\x1b[31mred"),
        ("--check", "a\x1b[31mred", "--config", "/dev/null", "--release", "4.10"),
        ("--up", "a", "--\x1b[31mred"),
        ("--up", "a\x1b[31mred", "--ctlsocket", "/nowhere\x1b[31m"),
    ],
)
def test_no_name_moves_the_cursor(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setattr("sys.stderr", screen)
    main(arguments)
    assert "\x1b" not in screen.getvalue()
    assert "[31m" in screen.getvalue()


def test_only_these_print_without_a_look_at_the_line() -> None:
    """What they print holds no name and nothing of pluto's, or is for a program, or is clean already."""
    folder = Path(__file__).resolve().parents[3] / "autod" / "cli"
    found = {file.name for file in folder.glob("*.py") if re.search(r"(?<![\w.])print\(", file.read_text())}
    assert found == {"asked.py", "complete.py", "output.py", "program.py", "version.py"}
