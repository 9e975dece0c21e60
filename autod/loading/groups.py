"""Group connections: routed only when what pluto made of them is.

Owns: the order (route, listen, look), which groups auto= has routed, and what is said. Must not know: who asks.

pluto makes the connections of a group's networks when it is told to listen, and at no other time; to route the group
alone makes none, and loading it again removes those there were. Routed first, they come into being routed: no packet of
a private network leaves in clear between the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from autod.config.choose import auto
from autod.config.model import ConfiguredConnection
from autod.config.policies import is_group, routed
from autod.outcomes import Result, quoted
from autod.protocol import commands as c

if TYPE_CHECKING:
    from autod.client import Pluto
    from autod.outcomes import Outcome

__all__ = ["Catches", "no_group", "route_group", "routed_by_auto"]

Catches: TypeAlias = Callable[[ConfiguredConnection], bool]
"""Whether a connection is a group that is going to be routed once it is loaded."""


def no_group(connection: ConfiguredConnection) -> bool:
    """None of them is: to load is all that was asked for."""
    return False


def routed_by_auto(connection: ConfiguredConnection) -> bool:
    """Those that addconn --autoall routes."""
    return auto(connection) == "ondemand" and is_group(connection)


async def route_group(pluto: Pluto, name: str, *, timeout: float | None = None) -> Outcome:
    """Route a group connection that is loaded: the outcome is what pluto's state shows of its networks.

    `timeout` in seconds bounds each of three questions. Raises what an operation of `pluto` does. A cancellation leaves
    pluto with what it was asked so far.
    """
    outcome = await pluto.route(name, timeout=timeout)
    if not outcome.ok:
        return outcome
    listened = await pluto.listen(timeout=timeout)
    if not listened.ok:
        sentence = f"{quoted(name)} is not routed: pluto does not listen: {listened.sentence}"
        return msgspec.structs.replace(outcome, ok=False, result=listened.result, sentence=sentence)
    found = routed(await pluto.state(c.Status(), timeout=timeout), name)
    if found is None or found.ok:
        count = (
            "" if found is None else f", with {found.instances} network{'' if found.instances == 1 else 's'}"
        )
        return msgspec.structs.replace(outcome, sentence=f"{quoted(name)} is routed{count}")
    if not found.instances:
        sentence = (
            f"{quoted(name)} has no networks: its policy file is empty or missing, so nothing is routed"
        )
        return msgspec.structs.replace(outcome, sentence=sentence)
    sentence = f"{quoted(name)} is not routed: {', '.join(found.unrouted[:10])}"
    return msgspec.structs.replace(outcome, ok=False, result=Result.FAILED, sentence=sentence)
