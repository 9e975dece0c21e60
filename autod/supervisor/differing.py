"""From a comparison of the configuration with pluto to the work of the supervisor. Pure.

Owns: which connections are replaced, which are deleted, and the sentences about the others. Must not know: how they are
compared (autod.config.compare), how they are replaced and deleted (engine).

Routing and initiating for auto= is not a part of it: the engine sees itself which connections are routed and up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import structs

from autod.config.steps import removes_too_much
from autod.supervisor.views import Differences, DifferingSetting, Left, Unseen, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from autod.config.comparison import Difference
    from autod.supervisor.link import Compared
    from autod.supervisor.wanted import Reading

__all__ = ["differences", "differing", "doomed", "edited", "sentence", "without"]


def edited(before: Reading | None, now: Reading) -> frozenset[str]:
    """The connections whose settings differ from those of the previous reading."""
    earlier = {} if before is None else before.connections
    return frozenset(
        name
        for name, definition in now.connections.items()
        if name in earlier
        and earlier[name].digest
        and definition.digest
        and earlier[name].digest != definition.digest
    )


def differing(compared: Compared, changed: Collection[str] = ()) -> Mapping[str, str]:
    """The connections that pluto has in another form, each with a sentence about the differences.

    `changed` are edited connections: their settings that pluto does not show count as different. If only the address
    behind a peer's name differs, the connection is left alone while its tunnel is up.
    """
    reasons = {}
    for difference in compared.comparison.different:
        if not (difference.elements or difference.surplus):
            continue
        elsewhere = all(detail.setting in ("left", "right") for detail in difference.details)
        if (
            elsewhere
            and difference.connection not in changed
            and not compared.up.isdisjoint(difference.names)
        ):
            continue
        reasons[difference.connection] = sentence(difference)
    for unseen in compared.comparison.uncompared:
        if unseen.connection in changed:
            reasons.setdefault(
                unseen.connection, f"edited, and pluto does not show {', '.join(unseen.settings)}"
            )
    return reasons


def sentence(difference: Difference) -> str:
    """The differences of a connection, for people."""
    details = [
        f"{detail.setting}: {detail.configured} in the configuration, {detail.loaded} in pluto"
        for detail in difference.details
    ]
    return "; ".join(details[:_DETAILS]) + (
        f"; and {len(details) - _DETAILS} more" if details[_DETAILS:] else ""
    )


_DETAILS = 5
"""The most differences that a sentence names."""


def doomed(
    compared: Compared, *, percent: int, force: bool = False
) -> tuple[tuple[str, ...], tuple[Left, ...]]:
    """The connections that left the configuration: those to delete, and those that stay in pluto, with the reason."""
    comparison = compared.comparison
    if force:
        return comparison.forgotten, ()
    leftovers = [Left(doubt.connection, doubt.why) for doubt in comparison.doubtful]
    doubtful = {leftover.connection for leftover in leftovers}
    forgotten = tuple(name for name in comparison.forgotten if name not in doubtful)
    remaining = [*comparison.same, *(difference.connection for difference in comparison.different), *doubtful]
    why = removes_too_much(forgotten, remaining, percent=percent)
    if why is None:
        return forgotten, tuple(leftovers)
    return (), (*leftovers, *(Left(name, why) for name in forgotten))


def without(compared: Compared, names: Collection[str]) -> Compared:
    """The comparison without the connections `names`, as far as they are extra."""
    comparison = compared.comparison
    return replace(
        compared,
        comparison=structs.replace(
            comparison,
            extra=tuple(name for name in comparison.extra if name not in names),
            foreign=tuple(name for name in comparison.foreign if name not in names),
            doubtful=tuple(doubt for doubt in comparison.doubtful if doubt.connection not in names),
        ),
    )


def differences(
    compared: Compared, missing: Collection[str], leftovers: Collection[Left], *, ours: Collection[str]
) -> Differences:
    """The differences for the API. The names of `ours` are wanted, so they are neither extra nor forgotten."""
    comparison = compared.comparison

    def shown(names: Collection[str]) -> tuple[str, ...]:
        return tuple(map(plain, names))

    return Differences(
        shown(missing),
        shown(list(differing(compared))),
        shown([name for name in comparison.foreign if name not in ours]),
        shown([name for name in comparison.forgotten if name not in ours]),
        tuple(_details(comparison.different)),
        tuple(Unseen(plain(hidden.connection), hidden.settings) for hidden in comparison.uncompared),
        tuple(Left(plain(leftover.connection), plain(leftover.why)) for leftover in leftovers),
        shown(comparison.refused),
    )


def _details(different: Collection[Difference]) -> Iterator[DifferingSetting]:
    for difference in different:
        if difference.elements or difference.surplus:
            for detail in difference.details:
                yield DifferingSetting(
                    plain(difference.connection),
                    detail.setting,
                    plain(detail.configured),
                    plain(detail.loaded),
                )
