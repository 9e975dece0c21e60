"""The file of the settings: reading, errors, and the last good settings.

Owns the errors, each of which names file, line and key, and the copy of the last good settings: a file that is broken
when the supervisor starts must not be the end of supervision. Declares no setting (see `settings`).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from autod.errors import ConfigurationError
from autod.supervisor.addresses import Address
from autod.supervisor.kept import replace_file
from autod.supervisor.settings import SIDE, Seconds, Settings
from autod.supervisor.states import Policy

__all__ = ["LastGood", "Read", "load", "parse", "read", "start"]


@dataclass(frozen=True, slots=True)
class Read:
    """Settings, their text, and an error for each table of `SIDE` that could not be used."""

    settings: Settings
    text: str = ""
    problems: tuple[ConfigurationError, ...] = ()


def load(path: str | Path, *, missing_ok: bool = False) -> Read:
    """The settings of the file at `path`; with `missing_ok`, the defaults if there is no file.

    Raises ConfigurationError, with file, line and key.
    """
    text = _text(path, missing_ok=missing_ok)
    return Read(parse(text, str(path)), text)


def start(path: str, last_good: LastGood, *, missing_ok: bool = False) -> Read:
    """The settings for the start: as much of the file at `path` as can be used, and the last good ones for the rest.

    Raises ConfigurationError if the file cannot be used and there are no last good settings.
    """
    before = last_good.recall(path)
    good: Settings | None
    try:
        good = None if before is None else parse(before, path)
    except ConfigurationError:
        # They were good for an earlier autod.
        good = None
    try:
        return read(_text(path, missing_ok=missing_ok), path, good or Settings())
    except ConfigurationError as problem:
        if good is None:
            raise
        return Read(good, before or "", (problem,))


def parse(text: str, where: str = "autod.toml") -> Settings:
    """The settings in `text`. Raises ConfigurationError as `load` does."""
    loaded = read(text, where, Settings())
    if loaded.problems:
        raise loaded.problems[0]
    return loaded.settings


def read(text: str, where: str, good: Settings) -> Read:
    """The settings in `text`; a table of `SIDE` that cannot be used is taken from `good`.

    Raises ConfigurationError for every other error.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        sentence = str(problem)
        match = re.search(r"\(at line (\d+), column (\d+)\)", sentence)
        place = f"{where}:{match[1]}:{match[2]}" if match else f"{where}:{text.count(chr(10)) + 1}"
        reason = re.sub(r"\s*\(at .*\)$", "", sentence)
        raise ConfigurationError(f"this is not TOML: {reason}", where=place) from None
    settings = _settings({k: v for k, v in raw.items() if k not in SIDE}, text, where)
    _check(settings, text, where)
    problems = []
    for name in SIDE:
        if name not in raw:
            continue
        try:
            part = _settings({name: raw[name]}, text, where)
            _check_side(part, text, where)
        except ConfigurationError as problem:
            problems.append(problem)
            part = good
        settings = msgspec.structs.replace(settings, **{name: getattr(part, name)})
    return Read(settings, text, tuple(problems))


class LastGood:
    """The text of the last good settings, in `folder`; None: it is not kept."""

    def __init__(self, folder: str | None) -> None:
        self._file = None if folder is None else Path(folder, "last-good.toml")

    def recall(self, path: str) -> str | None:
        """The last good text of the file at `path`; None if there is none."""
        if self._file is None:
            return None
        try:
            first, _, text = self._file.read_text("utf-8").partition("\n")
        except (OSError, UnicodeDecodeError):
            return None
        return text if first == _first_line(path) else None

    def keep(self, path: str, text: str) -> None:
        """Keep `text`, whole or not at all, also if the power fails. Raises OSError."""
        if self._file is None or self.recall(path) == text:
            return
        replace_file(str(self._file), f"{_first_line(path)}\n{text}")


def _first_line(path: str) -> str:
    return f"# The last settings that were taken from {path!r}. autod writes this file."


def _text(path: str | Path, *, missing_ok: bool) -> str:
    try:
        return Path(path).read_text("utf-8")
    except FileNotFoundError:
        if missing_ok:
            return ""
        raise ConfigurationError("there is no such file", where=str(path)) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigurationError(f"it cannot be read: {problem}", where=str(path)) from None


def _settings(raw: dict[str, Any], text: str, where: str) -> Settings:
    try:
        return msgspec.convert(raw, Settings, dec_hook=_convert)
    except msgspec.ValidationError as problem:
        raise _explain(str(problem), text, where) from None


def _convert(kind: type[Any], value: object) -> object:
    if kind is Seconds:
        return Seconds.read(value)
    raise NotImplementedError(kind)


def _check(settings: Settings, text: str, where: str) -> None:
    """Raise the errors that concern several keys."""
    everyone = [("policy", settings.policy), *((f"group[{i}]", g) for i, g in enumerate(settings.group))]
    for place, part in everyone:
        policy = part.over(settings.policy.over(Policy()))
        if policy.backoff_min > policy.backoff_max:
            raise _at(f"{place}.backoff_min", "it exceeds backoff_max", text, where)
        if policy.deadline <= 0:
            raise _at(f"{place}.deadline", "a try needs some time", text, where)
    names = [group.name for group in settings.group]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise _at(f"group[{index}].name", f"there are two groups {name!r}", text, where)
    if settings.supervise.poll_min > settings.supervise.poll_max or settings.supervise.poll_min <= 0:
        raise _at("supervise.poll_min", "it must lie above 0 and not above poll_max", text, where)


def _check_side(settings: Settings, text: str, where: str) -> None:
    """Raise the errors of side tables that their types do not tell."""
    for key, listen in (("metrics.listen", settings.metrics.listen), ("page.listen", settings.page.listen)):
        if not listen:
            continue
        try:
            address = Address.parse(listen)
        except ValueError as problem:
            raise _at(key, str(problem), text, where) from None
        if key == "page.listen" and not address.local and not settings.page.unprotected:
            sentence = (
                "everybody who reaches this address could read the page; unprotected = true allows that"
            )
            raise _at(key, sentence, text, where)
    names = [hook.name for hook in settings.hook]
    for index, hook in enumerate(settings.hook):
        if hook.name in names[:index]:
            raise _at(f"hook[{index}].name", f"there are two hooks {hook.name!r}", text, where)
        if not hook.command[0].startswith("/"):
            raise _at(f"hook[{index}].command", "the program needs its full path", text, where)
        if any("\0" in word or "\n" in word for word in hook.command):
            raise _at(f"hook[{index}].command", "a word of a command is one line", text, where)
        if hook.deadline <= 0:
            raise _at(f"hook[{index}].deadline", "a command needs some time", text, where)


def _explain(problem: str, text: str, where: str) -> ConfigurationError:
    """msgspec's sentence, with the place and the key in front."""
    sentence, _, path = problem.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    unknown = re.match(r"Object contains unknown field `(.+)`", sentence)
    if unknown:
        key = f"{path}.{unknown[1]}".lstrip(".")
        return _at(key, "there is no such key", text, where)
    sentence = re.sub(r"^Expected", "expected", sentence).replace("`", "")
    return _at(path, sentence, text, where)


def _at(key: str, sentence: str, text: str, where: str) -> ConfigurationError:
    line = _line_of(key, text)
    return ConfigurationError(
        f"{key}: {sentence}" if key else sentence,
        where=f"{where}:{line}" if line else where,
        key=key or None,
    )


def _line_of(key: str, text: str) -> int | None:
    """The line, from 1, that sets `key` (`table.key` or `table[index].key`); if there is none, that of its table.

    tomllib keeps no places, so this looks for headers and keys in the text itself.
    """
    target = [re.sub(r"\[\d+\]$", "", part) for part in key.split(".")]
    index = next((int(m[1]) for part in key.split(".") if (m := re.search(r"\[(\d+)\]$", part))), None)
    table: list[str] = []
    counts: dict[str, int] = {}
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$", line)
        assigned = re.match(r"\s*([\w.\"'-]+?)\s*=", line)
        if header:
            table = [part.strip(" \"'") for part in header[2].split(".")]
            if header[1] == "[[":
                counts[header[2]] = counts.get(header[2], -1) + 1
            path = table
        elif assigned:
            path = [*table, *(part.strip(" \"'") for part in assigned[1].split("."))]
        else:
            continue
        if index is not None and table[:1] == target[:1] and counts.get(table[0], index) != index:
            continue
        depth = len(path)
        if path == target[:depth] and (best is None or depth > best[0]):
            best = (depth, number)
    return best[1] if best else None
