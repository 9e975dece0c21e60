"""The tables of docs/cli.md, made from the parser; see tests/generators/docs.py."""

from __future__ import annotations

import argparse

from autod.cli.parser import WORDS, build_parser, build_word_parser
from autod.operations import ROWS


def operations() -> str:
    """A row an operation."""
    rows = ["| operation | what it does |", "|---|---|"]
    rows += [f"| `{row.usage}` | {_cell(row.help)} |" for row in ROWS if row.flag]
    return "\n".join(rows) + "\n"


def options() -> str:
    """A row an option, by group."""
    flags = {flag for row in ROWS for flag in row.flags}
    rows = ["| option | what it does |", "|---|---|"]
    for group in build_parser()._action_groups:
        rows += [
            _row(action)
            for action in group._group_actions
            if action.option_strings
            and action.help != argparse.SUPPRESS
            and action.option_strings[0] not in flags
        ]
    return "\n".join(rows) + "\n"


def words() -> str:
    """A row a sub-word and each of its options."""
    rows = ["| word | what it does |", "|---|---|"]
    for word, (_, help, _) in WORDS.items():
        rows.append(f"| `autod {word}` | {_cell(help)} |")
        rows += [
            _row(action)
            for action in build_word_parser(word)._actions
            if "--help" not in action.option_strings and action.help != argparse.SUPPRESS
        ]
    return "\n".join(rows) + "\n"


def _row(action: argparse.Action) -> str:
    spelled = ", ".join(action.option_strings)
    value = action.metavar if isinstance(action.metavar, str) else "/".join(map(str, action.choices or ()))
    if action.nargs == 0:
        value = ""
    return f"| `{' '.join(part for part in (spelled, value) if part)}` | {_cell(action.help or '')} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
