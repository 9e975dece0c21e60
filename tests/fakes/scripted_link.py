"""A pluto for the supervisor's loop that does as it is told, under trio's own clock (or its mock)."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

from autod.errors import NoSocket, PlutoGone, no_answer
from autod.supervisor.link import Compared, Instance, Result
from autod.supervisor.states import Act, Cause
from autod.supervisor.table import Held, Snapshot, Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


@dataclass
class ScriptedLink:
    """`fails` has the cause with which an Up of a name fails; PEER_SILENT takes 64 s to come to that."""

    names: Iterable[str] = ()
    takes: float = 0.3
    fails: dict[str, Cause] = field(default_factory=dict)
    release: str = "5.2"
    raises: dict[str, Exception] = field(default_factory=dict)
    done: list[tuple[Act, str]] = field(default_factory=list)
    looks: Counter[str] = field(default_factory=Counter)
    given_up: list[str] = field(default_factory=list)
    secrets_read: int = 0
    compared: Compared | None = None
    """What a comparison comes to; None: that cannot be told."""
    held: dict[str, Held] = field(default_factory=dict)
    """What the host names of each connection mean to pluto."""
    running: bool = False
    most: int = 0

    def __post_init__(self) -> None:
        self.present: set[str] = set(self.names)
        self.up: set[str] = set()
        self.negotiating: set[str] = set()
        self.acting: set[str] = set()
        self.flying = 0
        self.taken_down: set[str] = set()
        """Lost because somebody told pluto so."""
        self.random = random.Random(1)
        self._gone = trio.Event()
        self._going = trio.Event()
        self._going.set()

    def stop(self) -> None:
        self._going = trio.Event()

    def go_on(self) -> None:
        self._going.set()

    def start(self, names: Iterable[str] | None = None) -> None:
        self.running, self._gone = True, trio.Event()
        self.present = set(self.names if names is None else names)
        self.up, self.negotiating = set(), set()

    def kill(self) -> None:
        self.running = False
        self._gone.set()

    async def find(self) -> Instance:
        await trio.lowlevel.checkpoint()
        if not self.running:
            raise NoSocket("there is no pluto")
        return Instance(self.release, pid=4711, descriptors=1024)

    async def gone(self) -> None:
        await self._gone.wait()

    async def look(self, *, states: bool, everything: bool) -> Snapshot:
        asked = trio.current_time()
        self.looks["everything" if everything else "states" if states else "traffic"] += 1
        await self._answer(0.01, 30.0)
        return Snapshot(
            asked=asked,
            up=dict.fromkeys(self.up, Traffic(10, 20)),
            negotiating=frozenset(self.negotiating) if states or everything else None,
            present=dict.fromkeys(self.present, False) if everything else None,
            listening=True if everything else None,
            hosts=dict(self.held) if everything else {},
        )

    async def act(self, act: Act, name: str, deadline: float, heard: Callable[[], None]) -> Result:
        if name in self.raises:
            raise self.raises[name]
        assert name not in self.acting, f"two acts at once for {name}"
        assert not (act is Act.UP and name in self.up), f"an Up for {name}, which is up"
        self.acting.add(name)
        if act is Act.UP:
            self.flying += 1
            self.most = max(self.most, self.flying)
        try:
            return await self._act(act, name, deadline, heard)
        finally:
            self.acting.discard(name)
            if act is Act.UP:
                self.flying -= 1

    async def _act(self, act: Act, name: str, deadline: float, heard: Callable[[], None]) -> Result:
        cause = self.fails.get(name) if act is Act.UP else None
        if cause is Cause.PEER_SILENT:
            await self._answer(64.0, deadline)
        else:
            await self._answer(
                self.takes * self.random.uniform(0.5, 1.5) if act is Act.UP else 0.01, deadline
            )
        self.done.append((act, name))
        if cause is not None:
            return Result(cause, f"{name}: {cause.value}")
        match act:
            case Act.UP:
                if name not in self.present:
                    return Result(Cause.UNKNOWN, f"{name}: there is none")
                heard()
                self.up.add(name)
                self.negotiating.discard(name)
            case Act.ADD | Act.REPLACE:
                self.present.add(name)
                self.up.discard(name)
            case Act.DOWN:
                self.up.discard(name)
                self.negotiating.discard(name)
            case Act.DELETE:
                self.present.discard(name)
                self.up.discard(name)
            case _:
                pass
        return Result()

    async def compare(self, configurations: object, names: object) -> Compared | None:
        await trio.lowlevel.checkpoint()
        return self.compared

    async def kept_up(self, names: Sequence[str]) -> dict[str, bool]:
        await trio.lowlevel.checkpoint()
        return {name: name not in self.taken_down for name in names}

    async def hosts(self, names: Sequence[str]) -> dict[str, Held]:
        await trio.lowlevel.checkpoint()
        self.looks["hosts"] += 1
        return {name: self.held[name] for name in names if name in self.held}

    async def give_up(self, name: str) -> None:
        await trio.lowlevel.checkpoint()
        self.given_up.append(name)

    async def listen(self) -> None:
        await trio.lowlevel.checkpoint()

    async def reread_secrets(self) -> None:
        await trio.lowlevel.checkpoint()
        self.secrets_read += 1

    def open_descriptors(self) -> int | None:
        return 21 + self.flying

    async def _answer(self, seconds: float, deadline: float) -> None:
        if not self.running:
            raise PlutoGone("pluto is gone")
        with trio.move_on_after(deadline):
            await trio.sleep(seconds)
            await self._going.wait()
            if not self.running:
                raise PlutoGone("pluto is gone")
            return
        raise no_answer("pluto.ctl", None)
