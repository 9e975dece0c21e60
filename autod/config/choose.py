"""The connections that the words of a command line mean, and the messages of addconn for them, in its order.

Owns: names, aliases, patterns, the order of --autoall. Must not know: files, sockets.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

import msgspec

from autod.config.model import ConfiguredConnection
from autod.protocol.connection.message import Message
from autod.protocol.connection.rules import rules
from autod.protocol.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from autod.config.reader import Configuration
    from autod.protocol.connection import Planner
    from autod.protocol.connection.message import Auto

__all__ = ["Chosen", "all_names", "auto", "autoall", "choose", "last_of_each", "select", "wanted"]

_FROM_ADDCONN: Final = 2
_AUTO: Final[dict[str, Auto]] = {
    "add": "add",
    "ondemand": "ondemand",
    "route": "ondemand",
    "start": "start",
    "up": "start",
    "keep": "keep",
}


class Chosen(msgspec.Struct, frozen=True):
    """A word of a command line, and the connections that it means: none if there is no connection of that name."""

    asked: str
    connections: tuple[ConfiguredConnection, ...]


def auto(connection: ConfiguredConnection) -> Auto:
    """The effect of auto= of a connection."""
    setting = connection.layers[-1].get("auto")
    if setting is None:
        return "ignore"
    words = setting.key.keyword.values
    remembered = _KNOWN.get((id(words), setting.number, setting.text))
    if remembered is None or remembered[0] is not words:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        remembered = _KNOWN[id(words), setting.number, setting.text] = (
            words,
            _auto(words, setting.number, setting.text),
        )
    return remembered[1]


def _auto(words: Mapping[str, int], number: int | None, text: str | None) -> Auto:
    word = (text or "").lower()
    if number is not None:
        word = next((word for word, n in words.items() if n == number), "")
    return _AUTO.get(word, "ignore")


_MOST_KNOWN: Final = 64

_KNOWN: Final[dict[tuple[int, int | None, str | None], tuple[Mapping[str, int], Auto]]] = {}
"""Results of `auto`, by the words of the release's keyword: thousands of connections have the same setting."""


def all_names(configuration: Configuration) -> list[str]:
    """The names that --all stands for: those whose auto= loads them when pluto starts, in file order."""
    names = (connection.name for connection in configuration.connections if auto(connection) != "ignore")
    return list(dict.fromkeys(names))


def last_of_each(configuration: Configuration) -> dict[str, ConfiguredConnection]:
    """The connection of each name that pluto holds after addconn --autoall. It sends all sections of a name in file
    order, and each replaces the one before."""
    return {
        connection.name: connection
        for connection in configuration.connections
        if auto(connection) != "ignore"
    }


def choose(configuration: Configuration, words: Iterable[str]) -> list[Chosen]:
    """Each word with its connections: by name, else by connalias=, else as a pattern (`branch-*`, case counts).

    As addconn does, the first connection of a name counts, and the first with an alias (5.4: each one).
    """
    result = []
    for word in words:
        matching = configuration.find(word)
        if not matching and any(character in word for character in "*?["):
            names = dict.fromkeys(
                connection.name
                for connection in configuration.connections
                if fnmatchcase(connection.name, word)
            )
            matching = [configuration.find(name)[0] for name in names]
        result.append(Chosen(word, tuple(matching)))
    return result


def select(
    configuration: Configuration, planner: Planner, names: Sequence[str]
) -> Iterator[tuple[Message, ...]]:
    """The messages of `addconn NAME...`, in groups: each connection once, without those that fail to load."""
    planned: set[int] = set()
    for name in names:
        for connection in configuration.find(name):
            if id(connection) in planned:
                continue
            plan = planner.plan(
                connection.name, connection.layers, failed=connection.failed, partial=connection.partial
            )
            if not plan.failed:
                planned.add(id(connection))
                yield from plan.groups


def autoall(configuration: Configuration, planner: Planner) -> Iterator[tuple[Message, ...]]:
    """The messages of `addconn --autoall`, in groups: the adds in file order, then the others.

    3.27 to 5.0 send messages to listen, route and initiate. 5.1 to 5.3 send only the one to listen, because the adds
    tell pluto the rest. 5.4 sends nothing behind the adds. Raises Unsupported if the number of WHACK_LISTEN depends on
    how pluto was built, and that is not known.
    """
    after = rules(configuration.rules).after
    listen = None if after == "nothing" else Message("listen", "", _listen(configuration))
    plans = []
    for connection in configuration.connections:
        if auto(connection) == "ignore":
            continue
        plan = planner.plan(
            connection.name,
            connection.layers,
            failed=connection.failed,
            partial=connection.partial,
            autoall=True,
        )
        if plan.auto != "ignore":
            plans.append(plan)
            yield from plan.groups
    if listen is not None:
        yield (listen,)
    if after != "each":
        return
    for plan in plans:
        if plan.auto == "ondemand":
            for name in plan.names if rules(configuration.rules).pairs else (plan.name,):
                yield (Message("route", name, {"whack_route": 1, "name": name}),)
    for plan in plans:
        if plan.auto == "start":
            members = {"whack_initiate": 1, "whack_async": 1, "name": plan.name}
            yield (Message("initiate", plan.name, members),)


def _listen(configuration: Configuration) -> dict[str, object]:
    release = configuration.release
    family = release.family
    if not family.numbers:
        members: dict[str, object] = {"whack_listen": 1}
        if rules(configuration.rules).says_from:
            members["whack_from"] = _FROM_ADDCONN
        return members
    if release.seccomp is None and family.depends_on_seccomp("WHACK_LISTEN"):
        raise Unsupported(
            f"the number of WHACK_LISTEN differs between builds of Libreswan {release} with and without seccomp, and "
            "nothing here tells which build this is: give seccomp=",
            option="seccomp",
            release=str(release),
        )
    return {
        "whack_command": family.number("WHACK_LISTEN", bool(release.seccomp)),
        "whack_from": _FROM_ADDCONN,
    }


def wanted(
    configuration: Configuration, names: Collection[str], *, last: bool = False
) -> Iterator[ConfiguredConnection]:
    """The connections that auto= loads, or those of these names.

    If several have one name, the result has the one that counts: the last if all are loaded (addconn --autoall), else
    the first. `last`: these names were loaded with all others.
    """
    if last or not names:
        yield from (
            connection
            for name, connection in last_of_each(configuration).items()
            if not names or name in names
        )
        return
    for name in dict.fromkeys(connection.name for connection in configuration.connections):
        if name in names:
            yield configuration.find(name)[0]
