"""What a name means to pluto: one connection, or several that count as one.

Owns: the one idea behind subnets=, connalias=, templates and groups. Must not know: sockets, operations, where the
state comes from.

* `leftsubnets={a b} rightsubnets={c d}` makes `nets/1x1`, `nets/1x2`, `nets/2x1`, `nets/2x2`; each names `nets` as its
  alias (4.0 to 5.4). connalias= does the same for connections that were written one by one. The name is up when all of
  its members are.
** A template (right=%any) has instances, which have the template's own name. A group (right=%opportunisticgroup) has a
  template for each network of its list, `private#10.0.0.0/8`. The name is up when one of its members is up, because
  nobody knows how many members there will be.
* clones= (5.4) is one connection: one name, one member. pluto keeps the number, but makes only one Child SA.

Members are recognised by what pluto prints about its connections (alias, kind, serials). A name may hold any
character, so `#` and `/` alone prove nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from autod.status.model import ConnectionState

__all__ = ["Members"]

_PAIR = re.compile(r"(.+)/\d+x\d+")


class Members:
    """The names of a pluto's connections, and what each stands for. Pure: made from one state, and as old as it."""

    def __init__(self, connections: Iterable[ConnectionState] = ()) -> None:
        self._kinds: dict[str, str] = {}
        self._named: dict[str, dict[str, None]] = {}
        groups: dict[int, str] = {}
        members: list[tuple[str, int]] = []
        for connection in connections:
            if connection.instance is not None:
                # It has its template's name. The template itself may be missing from a state that was narrowed.
                self._kinds.setdefault(connection.name, "template")
                continue
            self._kinds[connection.name] = connection.kind
            if connection.kind == "group" and connection.serial is not None:
                groups[connection.serial] = connection.name
            if connection.template_serial is not None:
                members.append((connection.name, connection.template_serial))
            elif "GROUPINSTANCE" in connection.policy and "#" in connection.name:
                # 3.27 and 3.32 tell no serials.
                self._named.setdefault(connection.name.partition("#")[0], {})[connection.name] = None
            pair = None if connection.aliases else _PAIR.fullmatch(connection.name)
            for alias in connection.aliases or (pair.groups() if pair is not None else ()):
                self._named.setdefault(alias, {})[connection.name] = None
        for name, serial in members:
            if serial in groups:
                self._named.setdefault(groups[serial], {})[name] = None

    @classmethod
    def given(cls, members: Mapping[str, Collection[str]]) -> Members:
        """From names and their members, if these do not come from a state."""
        names = cls()
        names.learn(members)
        return names

    def learn(self, members: Mapping[str, Collection[str]]) -> None:
        """Add connections that were just loaded: each name with the names that pluto has for it."""
        for name, parts in members.items():
            for part in parts:
                self._kinds.setdefault(part, "permanent")
            if set(parts) - {name}:
                self._named[name] = dict.fromkeys(parts)

    def __contains__(self, name: object) -> bool:
        """Whether pluto has a connection or an alias of this name."""
        return name in self._kinds or name in self._named

    @property
    def shared(self) -> Mapping[str, Collection[str]]:
        """The names that stand for other names, each with those names."""
        return self._named

    def of(self, name: str) -> tuple[str, ...]:
        """pluto's connections that `name` stands for: itself, if it is a connection; empty if there is none.

        A connection comes before an alias of the same name, as for pluto. A group stands for its list.
        """
        if name in self._kinds and self._kinds[name] != "group":
            return (name,)
        parts = self._named.get(name)
        if parts:
            return tuple(parts)
        return (name,) if name in self._kinds else ()

    def kind(self, name: str) -> str | None:
        """The kind of pluto's own connection `name` (ConnectionState.kind); None if there is no such connection."""
        return self._kinds.get(name)

    def is_up(self, name: str, up: Collection[str]) -> bool:
        """Whether `name` counts as up, if the connections in `up` have a Child SA (`established`)."""
        if name in up:
            return True
        parts = self.of(name)
        if parts in ((), (name,)):
            return False
        enough = any if self._kinds.get(name) == "group" else all
        return enough(part in up for part in parts)

    def up(self, up: Collection[str]) -> frozenset[str]:
        """All names that count as up."""
        return frozenset(up) | {name for name in self._named if self.is_up(name, up)}
