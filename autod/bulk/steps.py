"""The steps that an operation is made of, as the engine of a run takes them.

Owns: what each step asks of the client or of a loader. Must not know: order, limits, retries, when anything is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec
import trio

from autod.asking.course import holds_descriptor
from autod.asking.guards import look_for_all
from autod.errors import DeadlinePassed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from autod.asking.request import Request
    from autod.client import Pluto
    from autod.events import Event
    from autod.exchange.control import Pending
    from autod.loading.interface import Hear, Loader, Told
    from autod.outcomes import Outcome

__all__ = ["AskStep", "DeleteStep", "LoadStep", "OwnStep", "Rest", "Step"]


class Step(Protocol):
    """One step, for any of the connections. All may raise the errors of autod.errors."""

    @property
    def loads(self) -> bool:
        """Whether `load` does it, for many at once; else `attempt` does, for one."""

    @property
    def holds_descriptor(self) -> bool:
        """Whether pluto keeps a descriptor for each."""

    @property
    def is_quick(self) -> bool:
        """Whether pluto answers such requests at once, so that `begin` is worth a try."""

    def begin(self, name: str) -> bool:
        """Send the request for one connection without waiting. False: nothing was sent, `attempt` is to be asked."""

    def finish(self, name: str, *, patient: bool) -> bool:
        """Whether pluto has answered the request that `begin` sent, now or, if `patient`, within a millisecond.

        False: `attempt` goes on with it, or `drop` gives it up."""

    def outcomes(self, names: Sequence[str]) -> list[tuple[Sequence[Event], Outcome | None]]:
        """What pluto said to requests that are finished, and what became of them; None where `attempt` has still to
        look at the state."""

    def drop(self, name: str) -> None:
        """Give up the request that `begin` sent; pluto goes on with it."""

    async def attempt(
        self, name: str, observe: Callable[[Event], None], timeout: float | None = None
    ) -> Outcome:
        """Do it for one connection; `observe` gets pluto's events as they come. `timeout` in seconds, None for the
        client's own."""

    async def check(self) -> None:
        """Raise what would keep it from being done at all, before anything is sent."""

    async def load(self, names: Sequence[str], *, hear: Hear, told: Told, timeout: float | None) -> None:
        """Load `names`; see autod.loading.interface.Loader."""


class Rest(NamedTuple):
    """What a name stands for, where some of it is `up` already."""

    members: Sequence[str]
    up: Collection[str]


class AskStep:
    """One request, the same for each connection but for its name."""

    loads = False

    def __init__(
        self, pluto: Pluto, request: Request, rest: Callable[[str], Rest | None] | None = None
    ) -> None:
        self._pluto = pluto
        self._request = request
        self._rest = rest
        self.holds_descriptor = holds_descriptor(request.command)
        self._begun: dict[str, tuple[Request, Pending]] = {}
        self._unsettled: dict[str, Outcome] = {}

    @property
    def is_quick(self) -> bool:
        """What the client can do without a turn of the event loop."""
        return self._pluto.is_quick(self._request)

    def begin(self, name: str) -> bool:
        """Begun as the client begins it."""
        if self._rest is not None and self._rest(name) is not None:
            return False
        request = self._request.named(name)
        pending = self._pluto.start(request)
        if pending is None:
            return False
        self._begun[name] = request, pending
        return True

    def finish(self, name: str, *, patient: bool) -> bool:
        """Read what is there."""
        return self._pluto.control.read(self._begun[name][1], patient=patient)

    def outcomes(self, names: Sequence[str]) -> list[tuple[Sequence[Event], Outcome | None]]:
        """As the client judges them."""
        ended = self._pluto.finish([self._begun.pop(name) for name in names])
        results: list[tuple[Sequence[Event], Outcome | None]] = []
        for name, (events, outcome) in zip(names, ended, strict=True):
            if outcome.needs_state:
                self._unsettled[name] = outcome
            results.append((events, None if outcome.needs_state else outcome))
        return results

    def drop(self, name: str) -> None:
        """Close it."""
        self._pluto.control.drop(self._begun.pop(name)[1])

    async def attempt(
        self, name: str, observe: Callable[[Event], None], timeout: float | None = None
    ) -> Outcome:
        """The request to its outcome, or what is left of it."""
        unsettled = self._unsettled.pop(name, None)
        if unsettled is not None:
            return await self._pluto.settle(unsettled)
        request, pending = self._begun.pop(name, (self._request.named(name), None))
        if timeout is not None:
            request = msgspec.structs.replace(request, timeout=timeout)
        rest = self._rest(name) if self._rest is not None and pending is None else None
        if rest is not None:
            return await self._pluto.up_the_rest(
                request, rest.members, rest.up, lambda event: observe(event())
            )
        return await self._pluto.perform(request, lambda event: observe(event()), pending)

    async def check(self) -> None:
        """There is nothing to check."""

    async def load(self, names: Sequence[str], *, hear: Hear, told: Told, timeout: float | None) -> None:
        """Never asked for."""
        raise AssertionError


class DeleteStep(AskStep):
    """Deletions: one look at pluto says whether each needs one of its own."""

    def __init__(self, pluto: Pluto, request: Request) -> None:
        super().__init__(pluto, request)
        self._has_looked = False
        self._looking = trio.Lock()

    async def attempt(
        self, name: str, observe: Callable[[Event], None], timeout: float | None = None
    ) -> Outcome:
        """After the look, which the first of them waits for."""
        async with self._looking:
            if not self._has_looked:
                patience = self._request.timeout if timeout is None else timeout
                deadline = self._pluto.now() + (float("inf") if patience is None else patience)
                self._request = await self._pluto.drive(look_for_all(self._pluto, self._request, deadline))
                self._has_looked = True
        return await super().attempt(name, observe, timeout)


class _NeverQuick:
    """What has no request that could be sent ahead."""

    holds_descriptor = False
    is_quick = False

    def begin(self, name: str) -> bool:
        return False

    def finish(self, name: str, *, patient: bool) -> bool:
        raise AssertionError

    def outcomes(self, names: Sequence[str]) -> list[tuple[Sequence[Event], Outcome | None]]:
        raise AssertionError

    def drop(self, name: str) -> None:
        raise AssertionError


class LoadStep(_NeverQuick):
    """Loading: the loader takes as many as there are, and does one after the other."""

    loads = True

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    async def attempt(
        self, name: str, observe: Callable[[Event], None], timeout: float | None = None
    ) -> Outcome:
        """One alone."""
        outcomes: list[Outcome] = []
        await self._loader.load(
            [name],
            hear=lambda _, event: observe(event),
            told=lambda _, outcome: outcomes.append(outcome),
            timeout=timeout,
        )
        return outcomes[0]

    async def check(self) -> None:
        """As the loader checks."""
        await self._loader.check()

    async def load(self, names: Sequence[str], *, hear: Hear, told: Told, timeout: float | None) -> None:
        """As the loader does it."""
        await self._loader.load(names, hear=hear, told=told, timeout=timeout)


class OwnStep(_NeverQuick):
    """Loading by a function of the caller's, one connection a call."""

    loads = False

    def __init__(
        self, call: Callable[[str, Callable[[Event], None]], Awaitable[Outcome]], timeout: float | None
    ) -> None:
        self._call = call
        self._timeout = timeout

    async def attempt(
        self, name: str, observe: Callable[[Event], None], timeout: float | None = None
    ) -> Outcome:
        """DeadlinePassed where it takes longer than the attempt may."""
        timeout = self._timeout if timeout is None else timeout
        with trio.move_on_after(float("inf") if timeout is None else timeout):
            return await self._call(name, observe)
        raise DeadlinePassed(
            f'"{name}" was not loaded within {self._timeout} s',
            name=name,
            seconds=self._timeout,
            option="timeout",
        )

    async def check(self) -> None:
        """There is nothing to check."""

    async def load(self, names: Sequence[str], *, hear: Hear, told: Told, timeout: float | None) -> None:
        """Never asked for."""
        raise AssertionError
