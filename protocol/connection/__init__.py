"""A connection and a release to the messages that load it.

Owns: choosing the rules of a release. Must not know: files, sockets.
"""

from __future__ import annotations

from importlib import import_module
from operator import is_
from typing import TYPE_CHECKING, Protocol, Self, cast

from autod.protocol.connection.forms import Forms
from autod.protocol.connection.rules import rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autod.protocol.connection.forms import Form
    from autod.protocol.connection.given import Given
    from autod.protocol.connection.lookup import Lookup
    from autod.protocol.connection.message import Plan, Remark

__all__ = ["Planner"]


class _Draft(Protocol):
    """A connection while the rules of a release are applied to it. `failed`: addconn would not load it."""

    failed: bool
    remarks: list[Remark]
    settings: Mapping[str, Given]

    def copy(self) -> Self: ...

    def work(self, settings: Mapping[str, Given], lookup: Lookup) -> None: ...


class _Making(Protocol):
    """Makes messages of connections, by one set of rules."""

    works_out: bool
    """Whether this takes so long that connections which were written alike share the work. It does not from 5.3 on,
    where strings are sent as they are."""

    def draft(self) -> _Draft: ...

    def plan(self, name: str, draft: _Draft, lookup: Lookup, *, autoall: bool) -> Plan: ...


class _Module(Protocol):
    """A module of rules."""

    def making(self, name: str) -> _Making: ...


def _making(name: str) -> _Making:
    module = import_module(f"autod.protocol.connection.{rules(name).module}")
    return cast("_Module", module).making(name)


class Planner:
    """Plans the messages of the connections of one file, for releases that follow `rules` (see keywords.native).

    Keeps the result of `conn %default`, and the results for connections that were written alike, so that each is
    worked out once and not for every connection.
    """

    def __init__(self, rules: str, lookup: Lookup) -> None:
        self._lookup = lookup
        self._making = _making(rules)
        self._defaults: tuple[Sequence[Mapping[str, Given]], _Draft] | None = None
        self._forms = Forms()

    def plan(
        self,
        name: str,
        layers: Sequence[Mapping[str, Given]],
        *,
        failed: bool = False,
        partial: bool = False,
        autoall: bool = False,
        outline: bool = False,
    ) -> Plan:
        """The messages for a connection. `layers` are the settings of each %default and, last, its own.

        `failed`: addconn found a fault in the settings. `partial`: it gave up on the connection before it looked at
        the values. `autoall`: as addconn --autoall sends it, else as addconn NAME does (on 5.2 to 5.4 the message
        tells pluto what to do next). `outline`: the values in the messages do not matter (see Forms.plan).
        """
        defaults = self._after_defaults(layers[:-1])

        def make(name: str, settings: Mapping[str, Given], lookup: Lookup) -> Plan:
            draft = defaults.copy()
            draft.failed = failed
            if partial:
                draft.settings = settings
            else:
                draft.work(settings, lookup)
            return self._making.plan(name, draft, lookup, autoall=autoall)

        if not self._making.works_out:
            return make(name, layers[-1], self._lookup)
        return self._forms.plan(
            name, layers[-1], self._lookup, make, failed, partial, autoall, outline=outline
        )

    def alike(
        self,
        name: str,
        layers: Sequence[Mapping[str, Given]],
        *,
        failed: bool = False,
        partial: bool = False,
        autoall: bool = False,
    ) -> tuple[Form, Sequence[str]] | None:
        """The form of a connection, if others of the form were planned before, and its own values. Its plan is
        `form.plan_for(values)`. None: it must be planned."""
        defaults = self._defaults
        if defaults is None or not self._making.works_out:
            return None
        if len(layers) != len(defaults[0]) + 1 or not all(map(is_, defaults[0], layers)):
            return None
        return self._forms.known(name, layers[-1], failed, partial, autoall)

    def _after_defaults(self, layers: Sequence[Mapping[str, Given]]) -> _Draft:
        if self._defaults is not None and _same(self._defaults[0], layers):
            return self._defaults[1]
        draft = self._making.draft()
        for layer in layers:
            draft.work(layer, self._lookup)
            if draft.failed:
                break
        self._defaults = (layers, draft)
        self._forms = Forms()
        return draft


def _same(layers: Sequence[object], others: Sequence[object]) -> bool:
    return len(layers) == len(others) and all(a is b for a, b in zip(layers, others, strict=True))
