"""A connection without a file: settings, written so that they read as they are meant. Pure.

Owns: which names, keywords and values can be written, and how. Must not know: what they mean; the reader says that,
with the same errors and warnings as for any file.

No value can end its line or begin another setting: one that could is refused, everything that is not plain is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from autod.config.reader import Configuration, load_text
from autod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autod.protocol.releases import Release

__all__ = ["Draft", "parted", "written"]

_KEYWORD: Final = re.compile(r"[a-z][a-z0-9_-]*\Z")
_WORDS: Final = frozenset({"version", "config", "setup", "conn", "include", "also"})
"""Words that begin something else, or take settings from where there are none."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9%@.:,/_+*!;~|-]+\Z")
_LIST: Final = re.compile(r"\{[A-Za-z0-9%@.:,/_+ -]*\}\Z")
_NAME: Final = re.compile(r"[A-Za-z0-9_.@:+/~-][A-Za-z0-9%_.@:+/~-]*\Z")


class Draft(msgspec.Struct, frozen=True):
    """A connection that stands in no file, by its name and its settings: `Draft("a", {"left": "192.0.2.1", ...})`.

    Values are text, numbers, addresses (whatever `str` makes a word of), or booleans.
    """

    name: str
    settings: Mapping[str, object]

    @property
    def text(self) -> str:
        """The connection as a file would have it. UsageError for what cannot be written."""
        return written(self.name, self.settings)

    def read(self, release: Release) -> Configuration:
        """The connection as `release` reads it, with what is wrong with it, as of any file (`autod.config.check`).

        UsageError for what cannot be written; Unsupported as in `autod.config.load`.
        """
        return load_text(self.text, release, path=f"settings of {self.name}")


def parted(words: Iterable[str]) -> dict[str, str]:
    """`KEYWORD=VALUE` words as settings. UsageError for one that is none, or that is given twice."""
    settings: dict[str, str] = {}
    for word in words:
        keyword, equal, value = word.partition("=")
        keyword = keyword.strip().lower()
        if not equal:
            raise UsageError(f"{word!r} is not KEYWORD=VALUE", option="set")
        if keyword in settings:
            raise UsageError(f"{keyword}= is given twice", option="set")
        settings[keyword] = value.strip(" \t")
    return settings


def written(name: str, settings: Mapping[str, object]) -> str:
    """The text of a configuration with this one connection (see `Draft`)."""
    if not _NAME.match(name) or name in _WORDS:
        raise UsageError(f"{name!r} cannot be the name of a connection that is not in a file", name=name)
    lines = [f"conn {name}"]
    for keyword, given in settings.items():
        if not _KEYWORD.match(keyword) or keyword in _WORDS or keyword.startswith(("x-", "x_")):
            raise UsageError(f"{keyword!r} is no keyword of a connection", option="set")
        lines.append(f"\t{keyword}={_value(keyword, given)}")
    return "\n".join(lines) + "\n"


def _value(keyword: str, given: object) -> str:
    text = ("no", "yes")[given] if isinstance(given, bool) else str(given)
    if not text:
        raise UsageError(f"{keyword}= has no value", option="set")
    if _PLAIN.match(text) or _LIST.match(text):
        return text
    wrong = next((character for character in text if character == '"' or ord(character) in _CONTROL), None)
    if wrong is not None:
        raise UsageError(f"{keyword}= cannot have {wrong!r} in its value", option="set")
    return f'"{text}"'


_CONTROL: Final = frozenset((*range(32), 127, 0x85, 0x2028, 0x2029)) - {9}
