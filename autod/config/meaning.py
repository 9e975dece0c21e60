"""The values of a connection's settings, whether the release keeps them as numbers or as text.

Owns: one answer (a word, yes or no, a number, a duration) for settings that 4.x keeps as numbers, 5.2 as numbers and
text, and 5.3 and 5.4 pass to pluto unchanged. Must not know: what pluto shows of a setting, or defaults.

`Unsure` is raised for a value that cannot be read with certainty. The caller then leaves the setting out.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from autod.config.values import read_5
from autod.protocol.connection.keywords import table
from autod.protocol.connection.numbers import MICROSECONDS, Malformed, decimal_scaled
from autod.protocol.connection.rules import rules as rules_of_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.config.model import Setting

__all__ = ["NEVER", "Meaning", "Unsure", "version_of"]

_YES: Final = frozenset({"yes", "true", "1", "on", "y"})
_NO: Final = frozenset({"no", "false", "0", "off", "n"})

_DURATIONS: Final = frozenset({"dpddelay", "ikev1-dpdtimeout", "dpdtimeout"})
"""Durations that 5.x keeps as text."""


NEVER: Final = frozenset({"pass", "passthrough", "drop", "reject"})
"""type= of a connection that never negotiates."""


class Unsure(ValueError):
    """A value that only pluto can read."""


@functools.cache
def version_of(rules: str) -> tuple[int, ...]:
    """The release whose rules these are, as numbers that can be compared."""
    return tuple(int(number) for number in rules.partition("-")[0].split("."))


class Meaning:
    """The settings of one connection by slot, for releases that follow `rules`."""

    def __init__(self, settings: Mapping[str, Setting], rules: str) -> None:
        self.settings = settings
        self.rules = rules
        self.version = version_of(rules)
        self.old = rules_of_name(rules).old
        self.learned = rules_of_name(rules).wide
        """Whether the words that the release shows were tried one by one (4.8 on)."""
        self._per_second = rules_of_name(rules).per_second

    def given(self, slot: str) -> bool:
        return slot in self.settings

    def text(self, slot: str, default: str = "") -> str:
        """The text as it stands in the file; for a word that is kept as a number, the word."""
        setting = self.settings.get(slot)
        if setting is None:
            return default
        if setting.text is not None:
            return setting.text
        number = setting.number
        return next(
            (word for word, value in setting.key.keyword.values.items() if value == number), str(number)
        )

    def word(self, slot: str, default: str = "") -> str:
        """The word in lower case."""
        return self.text(slot, default).lower()

    def flag(self, slot: str, *, default: bool = False) -> bool:
        """Yes or no."""
        setting = self.settings.get(slot)
        if setting is None:
            return default
        if setting.key.keyword.kind == "bool" and setting.number is not None:
            return bool(setting.number)
        word = self.word(slot)
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise Unsure(slot)

    def number(self, slot: str, default: int) -> int:
        """A number, a percentage, or a multiple."""
        setting = self.settings.get(slot)
        if setting is None:
            return default
        if setting.number is not None and setting.key.keyword.kind != "string":
            return setting.number
        return self._read(setting)

    def microseconds(self, slot: str, default: int) -> int:
        """A duration."""
        setting = self.settings.get(slot)
        if setting is None:
            return default
        if setting.number is not None and setting.key.keyword.kind != "string":
            return setting.number * 1_000_000 // self._per_second
        if setting.key.keyword.name in _DURATIONS:
            try:
                return decimal_scaled(setting.text or "", MICROSECONDS, "s")
            except Malformed as reason:
                raise Unsure(slot) from reason
        return self._read(setting)

    def seconds(self, slot: str, default: int) -> int:
        """A duration in whole seconds, as pluto prints it."""
        return self.microseconds(slot, default * 1_000_000) // 1_000_000

    def _read(self, setting: Setting) -> int:
        """A text that 5.3 and 5.4 pass to pluto: it is read as 5.2 reads it."""
        keys = table("5.2").conn
        key = keys.get(setting.key.spelled) or keys.get(setting.key.keyword.name)
        if key is None or setting.text is None:
            raise Unsure(setting.key.slot)
        try:
            number = read_5(key.keyword, setting.text).number
        except Malformed as reason:
            raise Unsure(setting.key.slot) from reason
        if number is None:
            raise Unsure(setting.key.slot)
        return number
