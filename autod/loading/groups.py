"""Group connections: they count as routed only if the connections that pluto made of them are routed.

Owns: the order (route, listen, look), which groups auto= routes, and the sentences. Must not know: the caller.

pluto makes the connections of a group's networks when it is told to listen, and at no other time. To route the group
alone does not make any, and to load it again removes them. If the group is routed first, the connections are routed
when they are made, so no packet of a private network leaves in clear.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from autod.config.choose import auto
from autod.config.model import ConfiguredConnection
from autod.config.policies import is_group, routed
from autod.loading.remembering import status_of
from autod.outcomes import Result, quoted
from autod.protocol import commands as c
from autod.status import parse

if TYPE_CHECKING:
    from autod.client import Pluto
    from autod.outcomes import Outcome

__all__ = ["Catches", "groups_among", "no_group", "route_group", "routed_by_auto"]

Catches: TypeAlias = Callable[[ConfiguredConnection], bool]
"""Whether a connection is a group that is going to be routed once it is loaded."""


def no_group(connection: ConfiguredConnection) -> bool:
    """No connection: the caller only wants to load."""
    return False


def routed_by_auto(connection: ConfiguredConnection) -> bool:
    """The groups that addconn --autoall routes."""
    return auto(connection) == "ondemand" and is_group(connection)


async def groups_among(pluto: Pluto, names: Collection[str]) -> frozenset[str]:
    """Those of `names` that are group connections of pluto's. Before 5.0 that takes a whole status.

    Raises the errors of an operation of `pluto`.
    """
    state = parse(await status_of(pluto, names))
    groups = {connection.name for connection in state.connections if connection.kind == "group"}
    return frozenset(groups.intersection(names))


async def route_group(pluto: Pluto, name: str, *, timeout: float | None = None) -> Outcome:
    """Route a group connection that is loaded. The outcome depends on what pluto's state shows of its networks.

    `timeout` in seconds bounds each of three requests. Raises the errors of an operation of `pluto`. A cancellation
    does not undo the requests so far.
    """
    outcome = await pluto.route(name, timeout=timeout)
    if not outcome.ok:
        return outcome
    listened = await pluto.listen(timeout=timeout)
    if not listened.ok:
        sentence = f"{quoted(name)} is not routed: pluto does not listen: {listened.sentence}"
        return msgspec.structs.replace(outcome, ok=False, result=listened.result, sentence=sentence)
    group = routed(await pluto.state(c.Status(), timeout=timeout), name)
    if group is None or group.ok:
        count = (
            "" if group is None else f", with {group.instances} network{'' if group.instances == 1 else 's'}"
        )
        return msgspec.structs.replace(outcome, sentence=f"{quoted(name)} is routed{count}")
    if not group.instances:
        sentence = (
            f"{quoted(name)} has no networks: its policy file is empty or missing, so nothing is routed"
        )
        return msgspec.structs.replace(outcome, sentence=sentence)
    sentence = f"{quoted(name)} is not routed: {', '.join(group.unrouted[:10])}"
    return msgspec.structs.replace(outcome, ok=False, result=Result.FAILED, sentence=sentence)
