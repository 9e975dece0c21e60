"""The text of --help: one screen about everything, or all about one operation. Pure: a parser in, text out."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from autod.cli.parser import WORDS
from autod.operations import CONFIGURATION, CONNECTIONS, PLUTO, ROWS, SAS, Row

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

__all__ = ["of_all", "of_operation"]

_INDENT = 13
_FOOT = (
    "`autod --up --help` says all about --up. Exit status: 0 done, 1 not, 2 usage, 3 configuration, 20-99 pluto's, "
    "33 no pluto, 124 deadline."
)
_HEADINGS = {CONNECTIONS: "connections", PLUTO: "pluto", SAS: "SAs", CONFIGURATION: "ipsec.conf"}
_MORE = {"--help", "--version"}


def of_all(parser: argparse.ArgumentParser) -> str:
    """Every operation, option and word by name; each has a help of its own."""
    width = _width()
    groups: dict[str, list[str]] = {}
    for row in ROWS:
        if row.flag:
            groups.setdefault(_HEADINGS.get(row.group, row.group), []).append(row.flag)
    operations = {option for row in ROWS for option in row.flags}
    options = [
        action.option_strings[-1]
        for action in parser._actions
        if action.option_strings and action.option_strings[0] not in operations and _is_shown(action)
    ]
    return "\n".join(
        (
            "usage: autod [OPTION ...] --OPERATION [NAME ...]",
            _filled(
                f"autod {' | '.join(WORDS)} [OPTION ...]",
                width,
                first="       ",
                indent=" " * 13,
            ),
            *(_listed(heading, flags, width) for heading, flags in groups.items()),
            _listed("options", [option for option in options if option not in _MORE], width),
            _filled(_FOOT, width),
            "",
        )
    )


def of_operation(parser: argparse.ArgumentParser, row: Row) -> str:
    """The help of one operation: its effect, its arguments, each of its options, and an example."""
    width = _width()
    called = row.flag or row.name
    lines = [f"usage: autod [OPTION ...] {row.usage}", ""]
    lines += [_filled(_sentence(row.help), width), ""] if row.help else []
    if row.steps and row.steps != (row.name,):
        lines += [f"It is made of {', then '.join(f'--{step}' for step in row.steps)}.", ""]
    if row.aliases:
        lines += [f"Also written {', '.join(row.flags[1:])}.", ""]
    lines.append("options:")
    for action in parser._actions:
        if (
            action.option_strings
            and (action.dest in row.options or action.dest == "help")
            and _is_shown(action)
        ):
            lines += _option(action, width)
    if "wait" in row.options:
        lines += _entry("--wait", "with --asynchronous: wait until it is up, after all were taken", width)
    if row.service:
        flags = [a.option_strings[-1] for a in parser._actions if a.dest in row.service and a.option_strings]
        lines += ["", _filled(f"With --service it takes {', '.join(sorted(set(flags)))}.", width)]
    lines += ["", f"example: autod {called} {row.example}".rstrip(), ""]
    return "\n".join(lines)


def _is_shown(action: argparse.Action) -> bool:
    return action.help != "==SUPPRESS=="


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _listed(heading: str, words: Iterable[str], width: int) -> str:
    return _filled(
        " ".join(words),
        width,
        first=f"{heading + ':':<{_INDENT}}",
        indent=" " * _INDENT,
    )


def _option(action: argparse.Action, width: int) -> list[str]:
    value = action.metavar if isinstance(action.metavar, str) else "|".join(map(str, action.choices or ()))
    written = ", ".join(action.option_strings) + (f" {value}" if value and action.nargs != 0 else "")
    return _entry(written, action.help or "", width)


def _entry(written: str, help: str, width: int) -> list[str]:
    """The spelling of an option and its help: side by side if there is room, else one below the other."""
    beside = width >= 60 and len(written) <= 26
    indent = " " * (29 if beside else 6)
    text = _filled(
        help,
        width,
        first=f"  {written:<26} " if beside else indent,
        indent=indent,
    )
    return [text] if beside else [f"  {written}", text]


def _width() -> int:
    """The width of COLUMNS, or of the terminal; from 40 to 100. shutil has a function for it, but loads slowly."""
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() else 0
    if not width:
        try:
            width = os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else 0
        except (OSError, ValueError):
            width = 0
    return max(40, min(width or 80, 100))


def _filled(text: str, width: int, first: str = "", indent: str = "") -> str:
    """The words in lines of this width, the first after `first`, the others after `indent`. textwrap.fill could do it,
    but takes a millisecond to load."""
    lines = [first]
    begun = False
    for word in text.split():
        if begun and len(lines[-1]) + 1 + len(word) > width:
            lines.append(indent)
            begun = False
        lines[-1] += f" {word}" if begun else word
        begun = True
    return "\n".join(lines)
