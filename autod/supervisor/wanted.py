"""The connections to keep, from the settings and the configuration together.

Owns which group has which connection, and the meaning of `auto=` for the supervisor. Knows no ipsec.conf: it comes
through a `Source`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

from autod.supervisor.states import Keep, Policy
from autod.supervisor.table import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.config import Configuration
    from autod.supervisor.settings import Group, Settings

__all__ = ["AUTO", "Definition", "Reading", "Source", "resolve"]

AUTO: Mapping[str, Keep] = {
    "start": Keep.UP,
    "up": Keep.UP,
    "keep": Keep.UP,
    "ondemand": Keep.ROUTED,
    "route": Keep.ROUTED,
    "add": Keep.LOADED,
}
"""The meaning of `auto=` for the supervisor; other values (ignore, manual, none) ask for nothing."""


HEAD_START = 5.0
"""Seconds for pluto to start an auto=start connection itself. Its start-up initiates all of them within a second or two
(measured with 1,000 on 4.10 and 5.2); after that a look shows its negotiations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One connection as the configuration defines it.

    `auto` is the word after `auto=`, or empty. `peer` is a key for its peer, `digest` one for its settings. `ends` are
    left= and right= as they are written. `own`: it stands in no file, the supervisor itself keeps it.
    """

    name: str
    auto: str = ""
    peer: str = ""
    digest: str = ""
    ends: tuple[str, str] = ("", "")
    own: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading of a configuration: its connections by name, and its files."""

    connections: Mapping[str, Definition] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    """Patterns without a file so far. A file that matches one would be read."""
    configurations: tuple[Configuration, ...] = ()
    """The configurations, to be compared with pluto."""
    warnings: tuple[str, ...] = ()
    """Sentences about includes that cannot be read."""


class Source(Protocol):
    """The place where connections are defined."""

    def read(self) -> Reading:
        """Read all connections. May block on files. Raises ConfigurationError if they cannot be used."""


def resolve(settings: Settings, reading: Reading, *, salt: str = "") -> list[Wanted]:
    """The connections that are wanted, in the order of the configuration, each once."""
    base = settings.policy.over(Policy(salt=salt))
    names = dict.fromkeys(reading.connections)
    for group in settings.group:
        names |= dict.fromkeys(n for n in group.connections if not _is_pattern(n) and not _excluded(group, n))
    wanted = []
    for name in names:
        definition = reading.connections.get(name, Definition(name=name))
        keep = AUTO.get(definition.auto)
        owner = next((g for g in settings.group if _belongs(g, name)), None)
        follows = definition.own or settings.supervise.follow_auto
        if owner is None and (keep is None or not follows):
            continue
        policy = base if owner is None else owner.over(base)
        if settings.policy.keep is None and (owner is None or owner.keep is None):
            policy = replace(policy, keep=keep or Keep.UP)
        if keep is Keep.UP:
            policy = replace(policy, head_start=HEAD_START)
        wanted.append(
            Wanted(
                name=name,
                policy=policy,
                peer=definition.peer or name,
                definition=definition.digest,
                group=owner.name if owner else "",
                own=definition.own,
            )
        )
    return wanted


def _belongs(group: Group, name: str) -> bool:
    return any(fnmatchcase(name, p) for p in group.connections) and not _excluded(group, name)


def _excluded(group: Group, name: str) -> bool:
    return any(fnmatchcase(name, p) for p in group.exclude)


def _is_pattern(name: str) -> bool:
    return any(c in name for c in "*?[")
