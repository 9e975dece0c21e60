"""Bytes of a terminal to keys."""

from __future__ import annotations

import os
import pty
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.cli.top.keys import Unbuffered, keys


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"q", ["q"]),
        (b"nn", ["n", "n"]),
        (b"\x1b[A\x1b[B\x1bOA", ["up", "down", "up"]),
        (b"\x1b[5~x\x1b[6~", ["page_up", "x", "page_down"]),
        (b"\x1b[H\x1b[1~", ["home", "home"]),
        (b"/b\x7f\r", ["/", "b", "backspace", "enter"]),
        (b"\x1b", ["escape"]),
        (b"\x1bq", ["escape", "q"]),
        (b"\x1b[1;5Cq", ["q"]),
        ("é€😀".encode(), ["é", "€", "😀"]),
        (b"\xff\x00\x01a", ["a"]),
        (b"", []),
    ],
)
def test_keys(data: bytes, expected: list[str]) -> None:
    assert list(keys(data)) == expected


@given(st.binary(max_size=50))
def test_any_bytes_give_keys(data: bytes) -> None:
    assert all(key.isprintable() for key in keys(data))


def test_the_terminal_is_left_as_it_was() -> None:
    """However often it is taken and given back, as Ctrl-Z and `fg` do."""
    master, slave = pty.openpty()
    try:
        before = termios.tcgetattr(slave)
        terminal = Unbuffered(slave)
        for _ in range(2):
            terminal.take()
            terminal.take()
            assert not termios.tcgetattr(slave)[3] & (termios.ICANON | termios.ECHO)
            terminal.restore()
            terminal.restore()
            assert termios.tcgetattr(slave) == before
    finally:
        os.close(master)
        os.close(slave)
