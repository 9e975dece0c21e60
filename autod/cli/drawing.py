"""The console that pictures are drawn on: rich's, in ASCII where the locale has no more.

Names and pluto's text pass unchanged there too, as everywhere: only what autod draws has another sign.
"""

from __future__ import annotations

import locale
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["Plain", "open_console"]

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("━", "="),
        **dict.fromkeys("─", "-"),
        **dict.fromkeys("╸╺", " "),
        **dict.fromkeys("│┃", "|"),
        **dict.fromkeys("┏┳┓┡╇┩┗┻┛┌┬┐├┼┤└┴┘", "+"),
        "…": "~",
        "▲": "^",
        "▼": "v",
    }
)
"""Bars and frames, what was cut, the column that is sorted."""


class Plain:
    """A stream of text whose drawn signs are ASCII."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(text.translate(_SIGNS))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def open_console() -> Console:
    """A console on standard output."""
    if locale.getencoding().upper().replace("-", "") == "UTF8":
        return Console()
    return Console(file=Plain(sys.stdout))  # type: ignore[arg-type]
