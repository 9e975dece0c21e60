"""The steps that bring pluto to the state of the configuration, and the tunnels that they take down. Pure.

Owns: the steps, their order, the tunnels that each takes down, and how many connections may be deleted at once. Must
not know: how differences are found (autod.config.compare), how anything is sent.
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

__all__ = ["FEW", "FIFTH", "Step", "is_named", "removes_too_much", "steps"]


class Step(msgspec.Struct, frozen=True, tag_field="event", tag="step"):
    """One step. `takes_down` are the connections that are up and that the step takes down, itself included.

    `siblings`: some of them are other connections that share its IKE SA, so the step needs consent. `begin`: the
    connection is loaded correctly, but auto= asks to route or to initiate it. `names` are the names in pluto that the
    step is about: with subnets= only the pairs that changed.
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
    """The steps, additions first. `shares`: a replacement takes down the IKE SA and all that share it (5.4).

    `prune` are names and patterns of connections that are deleted although they are not the file's. `force`: doubtful
    ones are deleted, too.
    """
    up = state.established
    plan = [
        Step("add", difference.connection, difference.names, auto=difference.auto)
        for difference in comparison.missing
    ]
    for difference in comparison.different:
        if difference.elements:
            own = [name for name in difference.elements if name in up]
            siblings = _siblings(state, difference.elements) if shares and own else []
            taken_down = (*own, *siblings)
            plan.append(
                Step(
                    "replace",
                    difference.connection,
                    difference.elements,
                    taken_down,
                    siblings=bool(siblings),
                    auto=difference.auto,
                )
            )
        elif not difference.surplus:
            plan.append(Step("begin", difference.connection, difference.names, auto=difference.auto))
        plan += [_deletion(name, up) for name in difference.surplus]
    doubtful = set() if force else {doubt.connection for doubt in comparison.doubtful}
    doomed = [name for name in comparison.forgotten if name not in doubtful or is_named(name, prune)]
    doomed += [name for name in comparison.foreign if is_named(name, prune)]
    plan += [_deletion(name, up) for name in doomed]
    return plan


def _deletion(name: str, up: Collection[str]) -> Step:
    return Step("delete", name, (name,), (name,) if name in up else ())


def is_named(name: str, prune: Collection[str]) -> bool:
    """Whether one of these names and patterns means `name`."""
    return any(fnmatchcase(name, pattern) for pattern in prune)


FIFTH: Final = 20
"""Percent of a file's connections that may be deleted at once."""

FEW: Final = 5
"""Fewer connections than this may be deleted at once, whatever their percentage, as long as others stay."""


def removes_too_much(
    removed: Collection[str], kept: Collection[str], *, percent: int = FIFTH, few: int = FEW
) -> str | None:
    """The reason not to delete so many connections at once: a sentence, or None if they may be deleted.

    `removed` are the connections of a file that would be deleted, `kept` those that stay. All of them, or more than
    `percent` and at least `few`, are deleted only with consent: a file that became empty by mistake looks the same.
    """
    if not removed:
        return None
    total = len(removed) + len(kept)
    if not kept:
        return f"all connections that were loaded from it ({total}) would be deleted"
    if len(removed) >= few and 100 * len(removed) > percent * total:
        return f"{len(removed)} of the {total} connections that were loaded from it would be deleted"
    return None


def _siblings(state: State, names: Iterable[str]) -> list[str]:
    own = set(names)
    shared = {sa.ike_sa for sa in state.child_sas if sa.connection in own and sa.ike_sa is not None}
    siblings = (sa.connection for sa in state.child_sas if sa.ike_sa in shared and sa.connection not in own)
    return list(dict.fromkeys(siblings))
