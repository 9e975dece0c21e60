"""Hooks: which changes are worth telling a command, and when.

Owns the rules of `on` and `after` in autod.toml. Pure: times are seconds on any clock; `hookrunner` runs the commands.

For each hook and connection, each event is told at most once until the connection is up again: down, after it has been
down for `after`; refused and flapping, at once. If one of them was told, up follows when it is up again. So a
connection that goes up and down causes no more events than its holds for flapping.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autod.supervisor.settings import Hook

__all__ = ["Deciding", "Look", "Telling"]


@dataclass(frozen=True, slots=True)
class Look:
    """The state of a connection. `expected`: it should be up, and is not suspended."""

    name: str
    state: str
    expected: bool
    flapping: bool = False
    cause: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """An event for a hook: `event` is down, refused, flapping or up; `since` is when the connection went down."""

    hook: Hook
    event: str
    look: Look
    since: float


@dataclass(slots=True)
class _Case:
    """A connection that is not well, for one hook."""

    since: float
    look: Look
    reported: set[str] = field(default_factory=set)


class Deciding:
    """Decides what the commands of `hooks` are told."""

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hooks = tuple(hooks)
        self._cases: dict[tuple[int, str], _Case] = {}
        self._due: list[tuple[float, int, str]] = []

    def see(self, look: Look, now: float) -> Iterator[Telling]:
        """Take the state of a connection. Yields the events to tell at once."""
        for index, hook in enumerate(self._hooks):
            if not _means(hook, look.name):
                continue
            key = (index, look.name)
            case = self._cases.get(key)
            if not look.expected or look.state == "up":
                if case is not None:
                    del self._cases[key]
                    if look.expected and case.reported and "up" in hook.on:
                        yield Telling(hook, "up", look, case.since)
                continue
            if case is None:
                case = self._cases[key] = _Case(now, look)
                if "down" in hook.on:
                    heapq.heappush(self._due, (now + hook.after, index, look.name))
            # The state of a new try has no cause: the cause before it stays.
            if look.cause or not case.look.cause:
                case.look = look
            for event, so in (("refused", look.state == "refused"), ("flapping", look.flapping)):
                if so and event not in case.reported:
                    case.reported.add(event)
                    if event in hook.on:
                        yield Telling(hook, event, look, case.since)

    def due(self, now: float) -> Iterator[Telling]:
        """The events whose time has come."""
        while self._due and self._due[0][0] <= now:
            at, index, name = heapq.heappop(self._due)
            case = self._cases.get((index, name))
            # If it was up in between, a later entry stands for it.
            if case is None or case.reported & {"down"} or case.since + self._hooks[index].after > at:
                continue
            case.reported.add("down")
            yield Telling(self._hooks[index], "down", case.look, case.since)

    def wake(self) -> float | None:
        """The earliest time at which `due` may yield an event."""
        return self._due[0][0] if self._due else None

    def keep(self, names: frozenset[str]) -> None:
        """Forget all other connections."""
        for key in [key for key in self._cases if key[1] not in names]:
            del self._cases[key]


def _means(hook: Hook, name: str) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in hook.connections)
