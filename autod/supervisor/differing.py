"""What a comparison of the configuration with pluto means to the supervisor. Pure.

Owns: which connections are replaced, which are deleted, and what is said of the rest. Must not know: how it is compared
(autod.config.compare), how anything is done about it (engine).

What auto= asks for beyond loading is none of it: the engine sees what is routed and up by itself.
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
    """The connections whose settings are others than when the configuration was read before."""
    known = {} if before is None else before.connections
    return frozenset(
        name
        for name, one in now.connections.items()
        if name in known and known[name].digest and one.digest and known[name].digest != one.digest
    )


def differing(compared: Compared, changed: Collection[str] = ()) -> Mapping[str, str]:
    """The connections that pluto has in another form, each with what differs.

    `changed` are those that were edited: what pluto does not show of them counts as different. A peer whose name has
    another address by now is left alone as long as its tunnel is up.
    """
    found = {}
    for one in compared.comparison.different:
        if not (one.elements or one.surplus):
            continue
        elsewhere = all(detail.setting in ("left", "right") for detail in one.details)
        if elsewhere and one.connection not in changed and not compared.up.isdisjoint(one.names):
            continue
        found[one.connection] = sentence(one)
    for unseen in compared.comparison.uncompared:
        if unseen.connection in changed:
            found.setdefault(
                unseen.connection, f"edited, and pluto does not show {', '.join(unseen.settings)}"
            )
    return found


def sentence(one: Difference) -> str:
    """What differs of a connection, for people."""
    details = [
        f"{detail.setting}: {detail.configured} in the configuration, {detail.loaded} in pluto"
        for detail in one.details
    ]
    return "; ".join(details[:_DETAILS]) + (
        f"; and {len(details) - _DETAILS} more" if details[_DETAILS:] else ""
    )


_DETAILS = 5
"""Differences that a sentence names."""


def doomed(
    compared: Compared, *, percent: int, force: bool = False
) -> tuple[tuple[str, ...], tuple[Left, ...]]:
    """What the configuration loaded once and has not any more: what of it is deleted, and what is left and why."""
    found = compared.comparison
    if force:
        return found.forgotten, ()
    left = [Left(one.connection, one.why) for one in found.doubtful]
    doubtful = {one.connection for one in left}
    gone = tuple(name for name in found.forgotten if name not in doubtful)
    kept = [*found.same, *(one.connection for one in found.different), *doubtful]
    why = removes_too_much(gone, kept, percent=percent)
    if why is None:
        return gone, tuple(left)
    return (), (*left, *(Left(name, why) for name in gone))


def without(compared: Compared, names: Collection[str]) -> Compared:
    """The same, where these are nobody's business any more."""
    found = compared.comparison
    return replace(
        compared,
        comparison=structs.replace(
            found,
            extra=tuple(name for name in found.extra if name not in names),
            foreign=tuple(name for name in found.foreign if name not in names),
            doubtful=tuple(one for one in found.doubtful if one.connection not in names),
        ),
    )


def differences(
    compared: Compared, missing: Collection[str], left: Collection[Left], *, ours: Collection[str]
) -> Differences:
    """As the API tells it. `ours` are names that are neither extra nor forgotten, as somebody wants them here."""
    found = compared.comparison

    def shown(names: Collection[str]) -> tuple[str, ...]:
        return tuple(map(plain, names))

    return Differences(
        shown(missing),
        shown(list(differing(compared))),
        shown([name for name in found.foreign if name not in ours]),
        shown([name for name in found.forgotten if name not in ours]),
        tuple(_details(found.different)),
        tuple(Unseen(plain(one.connection), one.settings) for one in found.uncompared),
        tuple(Left(plain(one.connection), plain(one.why)) for one in left),
        shown(found.refused),
    )


def _details(different: Collection[Difference]) -> Iterator[DifferingSetting]:
    for one in different:
        if one.elements or one.surplus:
            for each in one.details:
                yield DifferingSetting(
                    plain(one.connection), each.setting, plain(each.configured), plain(each.loaded)
                )
