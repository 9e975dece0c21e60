"""From sections to connections: `conn %default`, also=, duplicates.

Owns: the order in which sections count, and the treatment of a setting that is there twice, as in the release.
Must not know: tokens, or the meaning of settings except also= and connalias=.

A value of %default may be replaced without a complaint; a second value of the connection's own may not. 4.x reads a
section first and then the sections of also=, breadth first. 5.x puts a section in the place of its also=.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from autod.config import advice
from autod.config.model import ConfiguredConnection, Diagnostic, Setting, Severity
from autod.config.nearest import Hints
from autod.config.values import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autod.config.collect import Document
    from autod.config.model import Section
    from autod.protocol.connection.rules import Rules

__all__ = ["connections"]

_ALSO_LIMIT: Final = 32
"""Sections of one connection's also= (ALSO_LIMIT of 4.8 to 4.15)."""

_VISITS: Final = 16
_MORE_VISITS: Final = 10_000
"""Sections that also= may lead to in all: _VISITS for each section of the file, and _MORE_VISITS in addition. A chain
of 20,000 would lead to 200 million."""

_COMPLAINTS: Final = 50
"""Complaints that are kept of one connection."""

_ALL_COMPLAINTS: Final = 10_000
"""Complaints that are kept of all connections."""

_DEFAULT: Final = "%default"

_NAMES: Final = re.compile(r"[^ \t\n\v\f\r]+")

_SPECIAL: Final = frozenset({"obsolete", "append", "loose", "key"})
"""Kinds of keywords whose settings are more than put in their place."""

Slots = dict[str, Setting]


class _Merge:
    """The settings of one connection while its sections are put together."""

    def __init__(self, name: str, rules: Rules, slots: Slots, hints: Hints, *, default: bool) -> None:
        self.name = name
        self.slots = slots
        self.hints = hints
        self.failed = False
        self.also: list[Setting] = []
        self.diagnostics: list[Diagnostic] = []
        self._rules = rules
        self._old = rules.old
        self._default = default
        self._own: set[str] = set()

    def complain(self, severity: Severity, sentence: str, setting: Setting, hint: str | None = None) -> None:
        if len(self.diagnostics) < _COMPLAINTS:
            self.diagnostics.append(Diagnostic(severity, sentence, setting.place, hint, self.name))

    def put(self, setting: Setting) -> None:
        """Take one setting, by the rule of its kind."""
        key = setting.key
        kind, slot = key.keyword.kind, key.slot
        if kind == "obsolete":
            hint = advice.for_keyword(key.spelled)
            self.complain(Severity.WARNING, f"{key.spelled}= is obsolete and ignored", setting, hint)
            return
        if self._old and not key.keyword.conn:
            self.complain(
                Severity.WARNING, f"{key.spelled}= belongs in 'config setup' and is ignored", setting
            )
            return
        if kind == "append":
            self._append(slot, setting)
            return
        before = self.slots.get(slot)
        if slot in self._own:
            assert before is not None
            if self._clash(kind, before, setting):
                self.failed = True
                self.complain(
                    Severity.ERROR,
                    f"{key.spelled}= is given twice for this connection",
                    setting,
                    f"the first is in {before.place}",
                )
                return
            self.complain(Severity.WARNING, f"{key.spelled}= is given twice", setting)
        if kind == "string" and setting.text is None:
            self.failed = True
            self.complain(
                Severity.ERROR,
                f"{key.spelled}= needs a string, and digits alone are not a string",
                setting,
                "quote it",
            )
            return
        if kind in ("loose", "key") and setting.number != OTHER and before is not None:
            # If a word replaces a string, the string stays, and is sent.
            setting = msgspec.structs.replace(setting, text=before.text)
        self.slots[slot] = setting
        if not self._default:
            self._own.add(slot)

    def put_all(self, settings: Iterable[Setting]) -> None:
        """Settings of a section of the connection, one after the other."""
        slots, own = self.slots, self._own
        for setting in settings:
            key = setting.key
            keyword, slot = key.keyword, key.slot
            if (
                slot in own
                or not keyword.conn
                or keyword.kind in _SPECIAL
                or (setting.text is None and keyword.kind == "string")
            ):
                self.put(setting)
            else:
                slots[slot] = setting
                own.add(slot)

    def _append(self, slot: str, setting: Setting) -> None:
        if setting.key.keyword.name == "also":
            self.also.append(setting)
        before = self.slots.get(slot)
        if before is not None and before.text is not None:
            if setting.text is None:
                setting = before
            else:
                setting = msgspec.structs.replace(setting, text=f"{before.text} {setting.text}")
        self.slots[slot] = setting

    def _clash(self, kind: str, before: Setting, after: Setting) -> bool:
        """Whether a second value stops the connection."""
        if kind == "string":
            return self._rules.strings_clash or before.text != after.text
        if kind in ("loose", "key"):
            return (
                self._rules.words_clash
                or before.number != OTHER
                or after.number != OTHER
                or before.text != after.text
            )
        if self._old:
            return before.number != _int(after.number)
        return before.number != after.number


def _int(number: int | None) -> int:
    # addconn compares an int: two equal large numbers clash.
    return (((number or 0) + 2**31) & (2**32 - 1)) - 2**31


def connections(document: Document, rules: Rules) -> tuple[list[ConfiguredConnection], list[Diagnostic]]:
    """The connections of a file in order, and further complaints.

    A file that is refused has no connections.
    """
    if document.refusal is not None:
        return [], []
    by_name: dict[str, Section] = {}
    for section in document.sections:
        by_name.setdefault(section.name, section)
    diagnostics: list[Diagnostic] = []
    hints = Hints()
    layers: list[Slots] = []
    base: Slots = {}
    for section in document.sections:
        if section.name == _DEFAULT:
            merge = _Merge(_DEFAULT, rules, dict(base), hints, default=True)
            for setting in section.settings:
                merge.put(setting)
            base = merge.slots
            layers.append(base)
            diagnostics += merge.diagnostics
            if rules.old and "also" in base:
                diagnostics.append(
                    Diagnostic(Severity.WARNING, "also= has no place in conn %default", base["also"].place)
                )
            if merge.failed or (rules.old and "also" in base):
                break
    alias = base.get("connalias")
    if rules.aborts_over_alias and alias is not None and any(s.name != _DEFAULT for s in document.sections):
        sentence = "connalias= in conn %default makes addconn abort"
        diagnostics.append(Diagnostic(Severity.FATAL, sentence, alias.place, status=-6))
    if rules.aborts_over_family:
        diagnostics += _aborting(document)
    expand = _breadth_first if rules.old else _in_place
    budget = _Budget(_VISITS * len(document.sections) + _MORE_VISITS)
    result = []
    for section in document.sections:
        if section.name != _DEFAULT:
            merge = _Merge(section.name, rules, dict(base), hints, default=False)
            partial = expand(merge, section, by_name, budget)
            result.append(
                ConfiguredConnection(
                    section.name,
                    section.place,
                    (*layers, merge.slots),
                    merge.failed,
                    partial,
                    tuple(merge.diagnostics),
                )
            )
            if merge.diagnostics:
                diagnostics += merge.diagnostics[: max(_ALL_COMPLAINTS - len(diagnostics), 0)]
            if budget.left < 0:
                sentence = (
                    f"also= leads to more than {budget.all} sections in all: a chain of them is too long"
                )
                diagnostics.append(Diagnostic(Severity.FATAL, sentence, section.place, status=3))
                return [], diagnostics
    return result, diagnostics


class _Budget:
    """The number of sections that also= may still lead to, in the whole file."""

    def __init__(self, most: int) -> None:
        self.all = self.left = most

    def spend(self) -> bool:
        """Count one more section. False if there are too many."""
        self.left -= 1
        return self.left >= 0


_FAMILIES: Final = frozenset({0, 2, 10})
"""AF_UNSPEC, AF_INET and AF_INET6 of Linux."""


def _aborting(document: Document) -> list[Diagnostic]:
    """The settings over which addconn aborts up to 4.6: an unknown family of addresses."""
    return [
        Diagnostic(
            Severity.FATAL,
            f"{setting.key.spelled}={setting.number} makes addconn abort",
            setting.place,
            status=-6,
        )
        for section in document.sections
        for setting in section.settings
        if setting.key.slot == "hostaddrfamily" and setting.number not in _FAMILIES
    ]


def _missing(merge: _Merge, name: str, setting: Setting, by_name: dict[str, Section]) -> None:
    merge.failed = True
    merge.complain(
        Severity.ERROR,
        f"there is no conn {name!r}, which also= names",
        setting,
        merge.hints.nearest(name, by_name),
    )


def _breadth_first(merge: _Merge, section: Section, by_name: dict[str, Section], budget: _Budget) -> bool:
    """4.x: the whole section, then the sections of its also=, then those of theirs. True if addconn gives up before."""
    merge.put_all(section.settings)
    if merge.failed:
        return True
    also = merge.slots.get("also")
    if also is None or also.text is None:
        return False
    queue = [(name, also) for name in _NAMES.findall(also.text)]
    included = {section.name} if by_name.get(section.name) is section else set()
    for name, setting in queue:
        if len(queue) >= _ALSO_LIMIT:
            merge.failed = True
            merge.complain(Severity.ERROR, f"also= leads to {_ALSO_LIMIT} sections or more", setting)
            return True
        other_section = by_name.get(name)
        if other_section is None:
            _missing(merge, name, setting, by_name)
            continue
        if name in included:
            continue
        if not budget.spend():
            return True
        included.add(name)
        merge.slots.pop("also", None)
        for other_setting in other_section.settings:
            merge.put(other_setting)
        more = merge.slots.get("also")
        if more is not None and more.text is not None:
            queue += [(word, more) for word in _NAMES.findall(more.text)]
    return False


def _in_place(merge: _Merge, section: Section, by_name: dict[str, Section], budget: _Budget) -> bool:
    """5.x: each section once, in the place of its also=. True if a fault makes addconn stop there."""
    included = {id(section)}
    stack = [iter(section.settings)]
    while stack:
        for setting in stack[-1]:
            if setting.key.keyword.kind != "also":
                merge.put(setting)
                continue
            name = setting.text or ""
            other_section = by_name.get(name)
            if other_section is None:
                _missing(merge, name, setting, by_name)
            elif id(other_section) not in included:
                if not budget.spend():
                    return True
                included.add(id(other_section))
                stack.append(iter(other_section.settings))
                break
        else:
            stack.pop()
    return merge.failed
