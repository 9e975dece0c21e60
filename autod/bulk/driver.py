"""What the engine asks of a pluto, and how autod's client gives it.

Owns: that interface. Must not know: order, limits, retries, when anything is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import trio

from autod.asking.request import Request
from autod.bulk.steps import AskStep, DeleteStep, LoadStep, OwnStep, Rest
from autod.client.presence import LOOK, Presence
from autod.errors import UsageError
from autod.operations import find, steps_of
from autod.protocol import commands as c
from autod.status import established
from autod.status.members import Members

if TYPE_CHECKING:
    from collections.abc import Awaitable, Hashable, Sequence

    from autod.bulk.steps import Step
    from autod.client import Pluto
    from autod.events import Event
    from autod.loading.interface import Loader
    from autod.operations import Row
    from autod.outcomes import Outcome

__all__ = ["Driver", "OwnLoader", "PlutoDriver"]

OwnLoader = Callable[[str, Callable[["Event"], None]], "Awaitable[Outcome]"]
"""Loads the connection of that name, hands on its events, and says what became of it."""


_STATUS_GAP = 30.0
"""Seconds between two looks at what a name stands for: --status of 5,000 stops pluto for 0.3 s."""


class Driver(Protocol):
    """What the engine needs of a pluto. All may raise the errors of autod.errors."""

    @property
    def steps(self) -> Sequence[Step]:
        """What is done for each connection, in order; one that fails ends it."""

    @property
    def ceiling(self) -> int:
        """Requests in flight that pluto can bear at the very most."""

    def places(self, planned: int) -> int:
        """How many more pluto can bear now, beside `planned` ones that are to be sent or are under way."""

    @property
    def identity(self) -> Hashable:
        """Equal as long as it is the same pluto that listens."""

    def reserve(self, places: int) -> None:
        """So many requests will be in flight at most from now on."""

    async def turn(self) -> None:
        """Wait until those who asked pluto before have sent what they have."""

    async def established(self, patience: float | None = None) -> frozenset[str]:
        """The connections that have an established Child SA. DeadlinePassed after `patience` seconds."""

    async def down(self, name: str) -> None:
        """Take down what a failed attempt left behind."""

    async def returned(self) -> None:
        """Wait until pluto, which went away, answers again."""


class PlutoDriver:
    """Drives autod's client. `load` is needed by the operations that add; `timeout` is for one attempt."""

    def __init__(
        self,
        pluto: Pluto,
        operation: str,
        *,
        asynchronous: bool = False,
        remote_host: str | None = None,
        force: bool = False,
        timeout: float | None = None,
        load: Loader | OwnLoader | None = None,
    ) -> None:
        if load is None and find(operation).loads:
            raise UsageError(
                f"{operation} needs what the connections are loaded from: give load=, which"
                " autod.bulk.loading.configured makes",
                option="load",
            )
        self._pluto = pluto
        self.wanted: frozenset[str] = frozenset()
        """The names that were asked for, each of which may stand for several connections."""
        self.only_missing = False
        """Whether members that are up are left alone."""
        self._members = Members()
        self._up: frozenset[str] = frozenset()
        self._look_after = float("-inf")
        self._presence = Presence(pluto)
        self._timeout = timeout

        def step(row: Row) -> Step:
            if row.name == "add":
                assert load is not None
                return OwnStep(load, timeout) if callable(load) else LoadStep(load)
            more = {"asynchronous": asynchronous, "remote_host": remote_host} if row.initiates else {}
            command = getattr(c, row.command)("", **more)
            request = Request(
                row.name, command, "", pluto.timeout if timeout is None else timeout, force=force
            )
            if row.name == "route":
                from autod.bulk.routing import RouteStep  # the reader of configurations, which few runs need

                return RouteStep(pluto, request, load, lambda: self.wanted)
            if row.name == "delete":
                return DeleteStep(pluto, request)
            return AskStep(pluto, request, self._rest if row.initiates else None)

        self.steps = tuple(step(row) for row in steps_of(operation))
        self._holds = any(step.holds_descriptor for step in self.steps)

    @property
    def ceiling(self) -> int:
        """As the client's slots know it."""
        self.places(0)
        return self._pluto.slots.ceiling

    def places(self, planned: int) -> int:
        """By what pluto has open, and what this process may open."""
        return self._pluto.control.places(holds_descriptor=self._holds, planned=planned)

    @property
    def identity(self) -> Hashable:
        """The process or its socket's file, as far as they were found."""
        return self._presence.identity

    def reserve(self, places: int) -> None:
        """The engine keeps the count, so the client's own bound must not be in its way."""
        self._pluto.slots.limit = max(places, self._pluto.slots.limit)

    async def turn(self) -> None:
        """At the client's gate."""
        await self._pluto.control.turn()

    async def established(self, patience: float | None = None) -> frozenset[str]:
        """By --trafficstatus: 0.2 s of pluto's time with 1,000 connections up, in the slowest lab.

        With the names that stand for several, where all of these are up. What a name stands for is asked for (all of
        --status) only where one of `wanted` is not up and something is that nobody wants by its own name.
        """
        patience = LOOK if patience is None else patience
        up = established(await self._pluto.replies(c.TrafficStatus(), timeout=patience))
        wanted = self.wanted
        if (
            not up <= wanted
            and trio.current_time() >= self._look_after
            and any(name not in up and name not in self._members for name in wanted)
        ):
            self._members = Members((await self._pluto.state(c.Status(), timeout=patience)).connections)
            self._look_after = trio.current_time() + _STATUS_GAP
        self._up = up
        return self._members.up(up)

    def _rest(self, name: str) -> Rest | None:
        """The members of a name that is to be brought up, where some of them are up already."""
        members = self._members.of(name) if self.only_missing else ()
        return None if len(members) < 2 or self._up.isdisjoint(members) else Rest(members, self._up)

    async def down(self, name: str) -> None:
        """Terminate; what pluto held a descriptor for is let go with it."""
        await self._pluto.down(name, timeout=self._timeout)

    async def returned(self) -> None:
        """Knock until it answers."""
        await self._presence.returned()
