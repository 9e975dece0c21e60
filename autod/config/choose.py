"""Which connections are loaded, and what is sent for them, in addconn's order.

Owns: names, aliases, and the order of --autoall. Must not know: files, sockets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from protocol.connection.message import Message
from protocol.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autod.config.model import Connection
    from autod.config.reader import Configuration
    from protocol.connection import Planner

__all__ = ["auto", "autoall", "select"]

_FROM_ADDCONN: Final = 2
_AUTO: Final = {"add", "ondemand", "route", "start", "up", "keep"}


def auto(connection: Connection) -> str:
    """What auto= says, in one word: ignore, add, ondemand, start or keep."""
    given = connection.settings.get("auto")
    if given is None:
        return "ignore"
    if given.number is None:
        text = (given.text or "").lower()
    else:
        text = next((word for word, n in given.key.keyword.values.items() if n == given.number), "ignore")
    text = {"route": "ondemand", "up": "start"}.get(text, text)
    return text if text in _AUTO else "ignore"


def select(
    configuration: Configuration, planner: Planner, names: Sequence[str]
) -> Iterator[tuple[Message, ...]]:
    """What `addconn NAME...` sends, in groups."""
    done: set[int] = set()
    for name in names:
        for connection in _find(configuration, name):
            if id(connection) in done or connection.failed:
                continue
            plan = planner.plan(connection.name, connection.layers)
            if plan.failed:
                continue
            done.add(id(connection))
            yield from plan.groups


def _find(configuration: Configuration, name: str) -> list[Connection]:
    for connection in configuration.connections:
        if connection.name == name:
            return [connection]
    found = [connection for connection in configuration.connections if name in connection.aliases]
    return found if configuration.rules in ("5.4",) else found[:1]


def autoall(configuration: Configuration, planner: Planner) -> Iterator[tuple[Message, ...]]:
    """What `addconn --autoall` sends, in groups: the adds in file order, then what follows them.

    4.8 to 4.15 listen, route and initiate in messages of their own; 5.2 and 5.3 only listen, for pluto does the rest
    by what the adds say; 5.4 has nothing behind the adds.
    """
    plans = []
    for connection in configuration.connections:
        if auto(connection) == "ignore":
            continue
        plan = planner.plan(connection.name, connection.layers, partial=connection.partial, autoall=True)
        if plan.auto != "ignore":
            plans.append(plan)
            yield from plan.groups
    if configuration.rules == "5.4":
        return
    yield (Message("listen", "", _listen(configuration)),)
    if configuration.rules != "4.10":
        return
    for plan in plans:
        if plan.auto == "ondemand":
            for group in plan.groups:
                name = group[0].name
                yield (Message("route", name, {"whack_route": 1, "name": name}),)
    for plan in plans:
        if plan.auto == "start":
            members = {"whack_initiate": 1, "whack_async": 1, "name": plan.name}
            yield (Message("initiate", plan.name, members),)


def _listen(configuration: Configuration) -> dict[str, object]:
    family = configuration.release.family
    if not family.numbers:
        members: dict[str, object] = {"whack_listen": 1}
        if configuration.rules != "4.10":
            members["whack_from"] = _FROM_ADDCONN
        return members
    if configuration.release.seccomp is None and family.depends_on_seccomp("WHACK_LISTEN"):
        raise Unsupported(
            f"the number of WHACK_LISTEN differs between builds of Libreswan {configuration.release} with and "
            "without seccomp, and nothing here says which this is: give --seccomp yes or --seccomp no."
        )
    number = family.number("WHACK_LISTEN", bool(configuration.release.seccomp))
    return {"whack_command": number, "whack_from": _FROM_ADDCONN}
