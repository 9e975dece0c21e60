"""What callers give, looked at before anything is sent.

Owns: the sentences that refuse an argument which no type checker saw. Must not know: what the arguments are for.
Each raises UsageError with the argument's name in `option`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from autod.protocol.commands import Command
from autod.protocol.encode import check_string
from autod.protocol.errors import UsageError

__all__ = [
    "check_choice",
    "check_command",
    "check_count",
    "check_flag",
    "check_name",
    "check_opening",
    "check_seconds",
    "names_of",
]


def check_opening(path: Any, release: Any, known: Any, timeout: Any) -> str:
    """What every client of a pluto is made of; gives the path."""
    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"the path of pluto's socket must be a path; it was given {path!r}", option="path")
    if release is not None and not isinstance(release, str):
        raise UsageError(f'release must be text, such as "5.2"; it was given {release!r}', option="release")
    if known is not None and not callable(getattr(known, "recall", None)):
        raise UsageError(
            f"known must be an autod.identify.cache.Known; it was given {known!r}", option="known"
        )
    check_seconds(timeout, "timeout")
    socket_path: str = os.fspath(path)
    return socket_path


def check_command(value: Any) -> None:
    """A command is one of autod.protocol.commands, made: `Status()`."""
    if isinstance(value, Command):
        return
    if isinstance(value, type) and issubclass(value, Command):
        raise UsageError(
            f"{value.__name__} is the class of a command: give {value.__name__}(...)", option="command"
        )
    raise UsageError(
        f"a command must be one of autod.protocol.commands; it was given {value!r}", option="command"
    )


def check_flag(value: Any, option: str) -> None:
    """True or False, and nothing that counts as such."""
    if not isinstance(value, bool):
        raise UsageError(f"{option} must be True or False; it was given {value!r}", option=option)


def check_name(value: Any, option: str = "name") -> None:
    """A name is text. What a text may hold is looked at where the message is made."""
    if not isinstance(value, str):
        raise UsageError(f"{option} must be text; it was given {value!r}", option=option)


def names_of(values: Iterable[str], option: str = "names") -> list[str]:
    """The names, once each. A text alone would be taken for its letters, so it is refused.

    BadString for a name that no whack message can carry: among many, it is found before the first is sent.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise UsageError(f"{option} must be a list of names; it was given {values!r}", option=option)
    names = list(dict.fromkeys(values))
    for name in names:
        check_name(name, option)
        check_string(name, "The name")
    return names


def check_seconds(value: Any, option: str, *, zero: bool = True) -> None:
    """A time is a number of seconds, not negative, or None. `zero`: whether it may be 0."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{option} must be a number of seconds; it was given {value!r}", option=option)
    if not (value >= 0 if zero else value > 0):
        least = "0 or more" if zero else "more than 0"
        raise UsageError(
            f"{option} must be {least} seconds; it was given {value}", option=option, seconds=value
        )


def check_count(value: Any, option: str, *, least: int = 1) -> None:
    """A count is a whole number, not below `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(
            f"{option} must be a whole number, {least} or more; it was given {value!r}", option=option
        )


def check_choice(value: str, choices: Iterable[str], option: str) -> None:
    """One word of several."""
    words = tuple(choices)
    if value not in words:
        raise UsageError(f"{option} must be one of {', '.join(words)}; it was given {value!r}", option=option)
