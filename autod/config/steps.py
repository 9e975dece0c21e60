"""What it would take to make pluto hold what the configuration says, and what that would cost. Pure.

Owns: the steps, their order, what each takes down, and how much may be deleted at once. Must not know: what differs
(autod.config.compare), how anything is sent.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from autod.config.comparison import Comparison
    from autod.protocol.connection.message import Auto
    from autod.status import State

__all__ = ["FEW", "FIFTH", "Step", "removes_too_much", "steps"]


class Step(msgspec.Struct, frozen=True, tag_field="event", tag="step"):
    """One step towards it: `takes_down` are connections that are up and will not be, itself among them.

    `siblings`: some of them are others, which share its IKE SA, so it is done only if that is accepted. `begin`: it is
    loaded as it should be, and what its auto= asks for is to be done (routed, initiated). `names` are its names in
    pluto that the step is about: of subnets= only the pairs that changed.
    """

    action: Literal["add", "replace", "delete", "begin"]
    connection: str
    names: tuple[str, ...]
    takes_down: tuple[str, ...] = ()
    siblings: bool = False
    auto: Auto = "ignore"


def steps(
    comparison: Comparison, state: State, *, shares: bool, prune: Collection[str] = (), force: bool = False
) -> list[Step]:
    """What to do, adding first. `shares`: re-adding takes the IKE SA down, and what shares it (5.4).

    `prune` are names and patterns of what is to be deleted although it is not the file's; `force` has what is doubtful
    deleted too.
    """
    up = state.established
    plan = [Step("add", one.connection, one.names, auto=one.auto) for one in comparison.missing]
    for one in comparison.different:
        if one.elements:
            own = [name for name in one.elements if name in up]
            others = _siblings(state, one.elements) if shares and own else []
            taken = (*own, *others)
            plan.append(
                Step("replace", one.connection, one.elements, taken, siblings=bool(others), auto=one.auto)
            )
        elif not one.surplus:
            plan.append(Step("begin", one.connection, one.names, auto=one.auto))
        plan += [_deletion(name, up) for name in one.surplus]
    doubtful = set() if force else {one.connection for one in comparison.doubtful}
    doomed = [name for name in comparison.forgotten if name not in doubtful or _asked(name, prune)]
    doomed += [name for name in comparison.foreign if _asked(name, prune)]
    plan += [_deletion(name, up) for name in doomed]
    return plan


def _deletion(name: str, up: Collection[str]) -> Step:
    return Step("delete", name, (name,), (name,) if name in up else ())


def _asked(name: str, prune: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in prune)


FIFTH: Final = 20
"""Percent of what a file has loaded that may go at once."""

FEW: Final = 5
"""Connections that may go at once, however many they are in percent."""


def removes_too_much(
    removed: Collection[str], kept: Collection[str], *, percent: int = FIFTH, few: int = FEW
) -> str | None:
    """Why so many connections are not deleted at once: a sentence, None where it is in order.

    `removed` are those of a file that would go, `kept` those that stay. All of them, or more than `percent` and at
    least `few`, go only when that is asked for: a file that became empty looks just like that.
    """
    if not removed:
        return None
    whole = len(removed) + len(kept)
    if not kept:
        return f"all connections that were loaded from it ({whole}) would be deleted"
    if len(removed) >= few and 100 * len(removed) > percent * whole:
        return f"{len(removed)} of the {whole} connections that were loaded from it would be deleted"
    return None


def _siblings(state: State, names: Iterable[str]) -> list[str]:
    own = set(names)
    shared = {sa.ike_sa for sa in state.child_sas if sa.connection in own and sa.ike_sa is not None}
    others = (sa.connection for sa in state.child_sas if sa.ike_sa in shared and sa.connection not in own)
    return list(dict.fromkeys(others))
