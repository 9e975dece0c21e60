"""A driver whose pluto is a script: what each attempt comes to, and who is up.

    driver = Scripted({"a": [up(0.1)], "b": [ends(Result.PEER_SILENT, 64.0), up(0.2)]})

An attempt plays the next entry of its connection's list, and the last one for ever after. Time is trio's.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

from autod.errors import ConnectionLost, NoSocket
from autod.events import Event, Initiating, Retransmission, Sent
from autod.outcomes import OK, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Script = Callable[["Scripted", str, Callable[[Event], None]], Awaitable[Outcome]]

__all__ = ["Scripted", "ends", "hangs", "outcome", "retransmits", "up"]

_MAY_PASS = {
    Result.PEER_SILENT,
    Result.FAILED,
    Result.PLUTO_GONE,
    Result.DEADLINE,
    Result.ALREADY_NEGOTIATING,
}


def outcome(name: str, result: Result, **more: object) -> Outcome:
    return Outcome(
        operation="up",
        connection=name,
        result=result,
        ok=result in OK,
        sentence=f'"{name}": {result.value}',
        retryable=result in _MAY_PASS,
        **more,  # type: ignore[arg-type]
    )


def ends(result: Result, seconds: float = 0.1, *, state: bool | None = None) -> Script:
    """The attempt comes to `result` after `seconds`; `state` says what the connection is then (None: as before)."""

    async def script(driver: Scripted, name: str, observe: Callable[[Event], None]) -> Outcome:
        await trio.sleep(seconds)
        if state is not None:
            (driver.up.add if state else driver.up.discard)(name)
        return outcome(name, result)

    return script


def up(seconds: float = 0.1) -> Script:
    """IKE_SA_INIT, IKE_AUTH, and up."""

    async def script(driver: Scripted, name: str, observe: Callable[[Event], None]) -> Outcome:
        observe(Initiating(time=0.0, connection=name, sa="ike"))
        observe(Sent(time=0.0, connection=name, message="IKE_SA_INIT"))
        await trio.sleep(seconds / 2)
        observe(Sent(time=0.0, connection=name, message="IKE_AUTH"))
        await trio.sleep(seconds / 2)
        driver.up.add(name)
        return outcome(name, Result.UP)

    return script


async def hangs(driver: Scripted, name: str, observe: Callable[[Event], None]) -> Outcome:
    """No answer, ever."""
    await trio.sleep_forever()
    raise AssertionError


async def retransmits(driver: Scripted, name: str, observe: Callable[[Event], None]) -> Outcome:
    """A silent peer, as pluto tells of it."""
    wait = 0.5
    for _ in range(7):
        await trio.sleep(wait)
        observe(Retransmission(time=0.0, connection=name, wait=wait))
        wait *= 2
    await trio.sleep(0.5)
    return outcome(name, Result.PEER_SILENT, retransmissions=7)


@dataclass
class Scripted:
    scripts: dict[str, list[Script]]
    up: set[str] = field(default_factory=set)
    ceiling: int = 960
    abandoned: int = 0
    attempts: list[tuple[float, str]] = field(default_factory=list)
    downs: list[str] = field(default_factory=list)
    looks: int = 0
    flying: int = 0
    highest: int = 0
    life: int = 1
    alive: bool = True
    _rest: dict[str, deque[Script]] = field(default_factory=dict)
    _risen: trio.Event = field(default_factory=trio.Event)

    loads = False
    holds_descriptor = True

    @property
    def steps(self) -> tuple[Scripted]:
        """It is its own only step."""
        return (self,)

    async def check(self) -> None:
        """Nothing keeps it from being done."""

    async def load(self, names: Sequence[str], **more: object) -> None:
        raise AssertionError

    @property
    def identity(self) -> object:
        return self.life

    def places(self, planned: int) -> int:
        """Beside what was given up before, which still holds its own."""
        return self.ceiling - planned - self.abandoned

    def reserve(self, places: int) -> None:
        """Nothing here keeps a count of its own."""

    @property
    def is_quick(self) -> bool:
        """Everything takes its time here."""
        return False

    async def turn(self) -> None:
        raise AssertionError

    def begin(self, name: str) -> bool:
        raise AssertionError

    def finish(self, name: str, *, patient: bool) -> bool:
        raise AssertionError

    def outcomes(self, names: Sequence[str]) -> list[tuple[Sequence[Event], Outcome | None]]:
        raise AssertionError

    def drop(self, name: str) -> None:
        raise AssertionError

    async def attempt(
        self, name: str, observe: Callable[[Event], None], timeout: float | None = None
    ) -> Outcome:
        if not self.alive:
            await trio.lowlevel.checkpoint()
            raise NoSocket("no pluto")
        self.attempts.append((trio.current_time(), name))
        rest = self._rest.setdefault(name, deque(self.scripts[name]))
        script = rest.popleft() if len(rest) > 1 else rest[0]
        self.flying += 1
        self.highest = max(self.highest, self.flying)
        life = self.life
        try:
            result = await script(self, name, observe)
        finally:
            self.flying -= 1
        if life != self.life or not self.alive:
            raise ConnectionLost("pluto went away")
        return result

    async def established(self, patience: float | None = None) -> frozenset[str]:
        await trio.lowlevel.checkpoint()
        if not self.alive:
            raise NoSocket("no pluto")
        self.looks += 1
        return frozenset(self.up)

    async def down(self, name: str) -> None:
        await trio.sleep(0.01)
        self.downs.append(name)
        self.up.discard(name)

    async def returned(self) -> None:
        if not self.alive:
            await self._risen.wait()

    def die(self) -> None:
        """pluto ends, and all that it had with it."""
        self.alive = False
        self.up.clear()
        self._risen = trio.Event()

    def rise(self) -> None:
        """Another pluto starts."""
        self.life += 1
        self.alive = True
        self._risen.set()
