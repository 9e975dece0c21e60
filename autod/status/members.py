"""What a name means to pluto: one connection, or several that count as one.

Owns: the one idea behind subnets=, connalias=, templates and groups. Must not know: sockets, operations, how the state
was got.

* `leftsubnets={a b} rightsubnets={c d}` makes `nets/1x1`, `nets/1x2`, `nets/2x1`, `nets/2x2`; each names `nets` as its
  alias (4.0 to 5.4). connalias= does the same for connections that were written one by one. The name is up when all of
  its members are.
* A template (right=%any) has its instances, which go by its own name; a group (right=%opportunisticgroup) has a
  template for each network of its list, `private#10.0.0.0/8`. The name is up when one of its members is: nobody knows
  how many there will be.
* clones= makes several Child SAs of one connection: one name, one member.

Members are told by what pluto says of its connections (alias, kind, serials). A name may hold any character, so `#` and
`/` prove nothing by themselves.
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
    """The names of a pluto's connections, and what each stands for. Pure; made from one state, and as old as that."""

    def __init__(self, connections: Iterable[ConnectionState] = ()) -> None:
        self._kinds: dict[str, str] = {}
        self._named: dict[str, dict[str, None]] = {}
        groups: dict[int, str] = {}
        made: list[tuple[str, int]] = []
        for one in connections:
            if one.instance is not None:
                # It goes by its template's name, which may be gone from a state that was cut down.
                self._kinds.setdefault(one.name, "template")
                continue
            self._kinds[one.name] = one.kind
            if one.kind == "group" and one.serial is not None:
                groups[one.serial] = one.name
            if one.template_serial is not None:
                made.append((one.name, one.template_serial))
            elif "GROUPINSTANCE" in one.policy and "#" in one.name:
                # 3.27 and 3.32 tell no serials.
                self._named.setdefault(one.name.partition("#")[0], {})[one.name] = None
            pair = None if one.aliases else _PAIR.fullmatch(one.name)
            for alias in one.aliases or (pair.groups() if pair is not None else ()):
                self._named.setdefault(alias, {})[one.name] = None
        for name, serial in made:
            if serial in groups:
                self._named.setdefault(groups[serial], {})[name] = None

    @classmethod
    def given(cls, members: Mapping[str, Collection[str]]) -> Members:
        """From names and their members, where something else than a state told them."""
        made = cls()
        made.learn(members)
        return made

    def learn(self, members: Mapping[str, Collection[str]]) -> None:
        """Add what was just loaded: each name with the names that pluto has for it."""
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
        """The names that stand for others, with these."""
        return self._named

    def of(self, name: str) -> tuple[str, ...]:
        """pluto's connections that `name` stands for: itself, if it is one; empty where there is none.

        A connection comes before an alias of the same name, as for pluto. A group stands for its list.
        """
        if name in self._kinds and self._kinds[name] != "group":
            return (name,)
        parts = self._named.get(name)
        if parts:
            return tuple(parts)
        return (name,) if name in self._kinds else ()

    def kind(self, name: str) -> str | None:
        """What pluto's own connection `name` is to it (ConnectionState.kind); None if it has none of this name."""
        return self._kinds.get(name)

    def is_up(self, name: str, up: Collection[str]) -> bool:
        """Whether `name` counts as up, where the connections in `up` have a Child SA (`established`)."""
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
