"""What the engine asks of a pluto, and how autod's client gives it.

Owns: the steps that each operation is made of. Must not know: order, limits, retries, when anything is done.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

import trio

from autod.course import holds_descriptor
from autod.errors import DeadlinePassed, PlutoGone, UsageError
from autod.protocol import commands as c
from autod.status import established

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autod.client import Pluto
    from autod.events import Event
    from autod.exchange.control import Pending
    from autod.operation import Request
    from autod.outcomes import Outcome

__all__ = ["Driver", "Loader", "PlutoDriver"]

LOOK = 30.0
"""Seconds for a look at the state: far more than the 0.2 s it takes with 5,000 connections up, and less than
a caller would wait for a pluto that is stopped."""

FIRST_KNOCK = 0.1
SLOWEST_KNOCK = 1.0


class Driver(Protocol):
    """What the engine needs of a pluto. All may raise the errors of autod.errors."""

    @property
    def ceiling(self) -> int:
        """Requests in flight that pluto can bear at the very most."""

    def places(self, planned: int) -> int:
        """How many more pluto can bear now, beside `planned` ones that are to be sent or are under way."""

    @property
    def identity(self) -> object:
        """Equal as long as it is the same pluto that listens."""

    def reserve(self, places: int) -> None:
        """So many requests will be in flight at most from now on."""

    @property
    def is_quick(self) -> bool:
        """Whether pluto answers such requests at once, so that `begin` is worth a try."""

    async def turn(self) -> None:
        """Wait until those who asked pluto before have sent what they have."""

    def begin(self, name: str) -> bool:
        """Send the request for one connection without waiting. False: nothing was sent, `attempt` is to be asked."""

    def finish(self, name: str, *, patient: bool) -> bool:
        """Whether pluto has answered what was begun, now or, if `patient`, within a millisecond. False: `attempt`
        goes on with it, or `drop` gives it up."""

    def outcomes(self, names: Sequence[str]) -> list[tuple[Sequence[Event], Outcome | None]]:
        """What pluto said to requests that are finished, and what became of them; None where `attempt` has still to
        look at the state."""

    def drop(self, name: str) -> None:
        """Give up what was begun; pluto goes on with it."""

    async def attempt(self, name: str, observe: Callable[[Event], None]) -> Outcome:
        """Do the operation for one connection; `observe` gets pluto's events as they come."""

    async def established(self, patience: float | None = None) -> frozenset[str]:
        """The connections that have an established Child SA. DeadlinePassed after `patience` seconds."""

    async def down(self, name: str) -> None:
        """Take down what a failed attempt left behind."""

    async def returned(self) -> None:
        """Wait until pluto, which went away, answers again."""


class Loader(Protocol):
    """Where connections come from: the configuration (autod.bulk.loading.configured)."""

    async def __call__(self, name: str, observe: Callable[[Event], None]) -> Outcome:
        """Load connection `name`, and say what became of it."""


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
        load: Loader | None = None,
    ) -> None:
        if load is None and operation in ("add", "replace", "start", "ondemand"):
            raise UsageError(
                f"{operation} needs what the connections are loaded from: give load=, which"
                " autod.bulk.loading.configured makes",
                option="load",
            )
        self._pluto = pluto
        self._load = load
        self._timeout = timeout
        up = partial(pluto.up, asynchronous=asynchronous, remote_host=remote_host, timeout=timeout)
        down = partial(pluto.down, timeout=timeout)
        delete = partial(pluto.delete, timeout=timeout)
        route = partial(pluto.route, timeout=timeout)
        unroute = partial(pluto.unroute, force=force, timeout=timeout)
        self._adds = load is not None and operation in ("add", "replace", "start", "ondemand")
        self._begun: dict[str, tuple[Request, Pending]] = {}
        self._unsettled: dict[str, Outcome] = {}
        self._before = delete if operation == "replace" else None
        self._last = {
            "up": up,
            "start": up,
            "down": down,
            "delete": delete,
            "route": route,
            "ondemand": route,
            "unroute": unroute,
        }.get(operation)
        self._holds = self._last is not None and holds_descriptor(self._last("").request.command)
        self._plain = None if self._last is None or self._adds else self._last("").request

    @property
    def ceiling(self) -> int:
        """As the client's slots know it."""
        self._pluto.control.places(holds_descriptor=self._holds, planned=0)
        return self._pluto.slots.ceiling

    def places(self, planned: int) -> int:
        """By what pluto has open, and what this process may open."""
        return self._pluto.control.places(holds_descriptor=self._holds, planned=planned)

    @property
    def identity(self) -> object:
        """The process and its socket's file, as far as they were found."""
        pluto = self._pluto.detected.pluto
        return None if pluto is None else (pluto.pid, pluto.start, pluto.file)

    def reserve(self, places: int) -> None:
        """The engine keeps the count, so the client's own bound must not be in its way."""
        self._pluto.slots.limit = max(places, self._pluto.slots.limit)

    @property
    def is_quick(self) -> bool:
        """What the client can do without a turn of the event loop."""
        return self._plain is not None and self._pluto.is_quick(self._plain)

    async def turn(self) -> None:
        """At the client's gate."""
        await self._pluto.control.turn()

    def begin(self, name: str) -> bool:
        """Begun as the client begins it."""
        assert self._plain is not None
        request = self._plain.named(name)
        begun = self._pluto.start(request)
        if begun is None:
            return False
        self._begun[name] = request, begun
        return True

    def finish(self, name: str, *, patient: bool) -> bool:
        """Read what is there."""
        return self._pluto.control.read(self._begun[name][1], patient=patient)

    def outcomes(self, names: Sequence[str]) -> list[tuple[Sequence[Event], Outcome | None]]:
        """As the client judges them."""
        found: list[tuple[Sequence[Event], Outcome | None]] = []
        ended = self._pluto.finish([self._begun.pop(name) for name in names])
        for name, (events, outcome) in zip(names, ended, strict=True):
            if outcome.needs_state:
                self._unsettled[name] = outcome
            found.append((events, None if outcome.needs_state else outcome))
        return found

    def drop(self, name: str) -> None:
        """Close it."""
        self._pluto.control.drop(self._begun.pop(name)[1])

    async def attempt(self, name: str, observe: Callable[[Event], None]) -> Outcome:
        """The steps of the operation, one after the other, until one fails."""

        def sink(event: Callable[[], Event]) -> None:
            observe(event())

        if self._last is not None and not self._adds:
            unsettled = self._unsettled.pop(name, None)
            if unsettled is not None:
                return await self._pluto.settle(unsettled)
            request, begun = self._begun.pop(name, (self._last(name).request, None))
            return await self._pluto.perform(request, sink, begun)
        assert self._load is not None
        if self._before is not None:
            outcome = await self._pluto.perform(self._before(name).request, sink)
            if not outcome.ok:
                return outcome
        with trio.CancelScope() as scope:
            if self._timeout is not None:
                scope.deadline = trio.current_time() + self._timeout
            outcome = await self._load(name, observe)
        if scope.cancelled_caught:
            raise DeadlinePassed(
                f'"{name}" was not loaded within {self._timeout} s',
                name=name,
                seconds=self._timeout,
                option="timeout",
            )
        if outcome.ok and self._last is not None:
            outcome = await self._pluto.perform(self._last(name).request, sink)
        return outcome

    async def established(self, patience: float | None = None) -> frozenset[str]:
        """By --trafficstatus: 0.2 s of pluto's time with 1,000 connections up, in the slowest lab."""
        replies = await self._pluto.replies(c.TrafficStatus(), timeout=LOOK if patience is None else patience)
        return established(replies)

    async def down(self, name: str) -> None:
        """Terminate; what pluto held a descriptor for is let go with it."""
        outcome = await self._pluto.perform(self._pluto.down(name, timeout=self._timeout).request, None)
        if outcome.ok:
            self._pluto.slots.released(name)

    async def returned(self) -> None:
        """Knock, ever more slowly, until the release of what listens is found again."""
        pause = FIRST_KNOCK
        before = self.identity
        while True:
            await trio.sleep(pause)
            pause = min(pause * 1.5, SLOWEST_KNOCK)
            try:
                await self._pluto.find()
                # A pluto that just started may tell its release and not answer yet: see that it does.
                await self._pluto.replies(c.TrafficStatus(), timeout=LOOK)
            except (PlutoGone, DeadlinePassed):
                continue
            if before is None or before != self.identity:
                # One that only stood still goes on with what was given up.
                self._pluto.slots.forget()
            return
