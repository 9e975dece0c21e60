"""What a person at a terminal sees while many connections are at work: counts, rate, the slowest, the failures.

Owns: the picture. `Progress` follows the events of a run and knows nothing of terminals; `live_view` draws it with
rich, in a thread, so that a terminal that was stopped holds up nobody but itself.
"""

from __future__ import annotations

from collections import Counter, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from autod.bulk import events as e
from autod.bulk.operations import phase_of
from autod.bulk.result import Phase, ResultState, Summary
from autod.events import Retransmission

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from rich.console import RenderableType

    from autod.bulk import BulkEvent

__all__ = ["Progress", "draw", "live_view"]

EVERY = 0.125
"""Seconds between two pictures."""

WINDOW = 5.0
"""Seconds over which the rate is taken."""

SLOWEST = 6
CAUSES = 6

_PHASES = {
    Phase.QUEUED: "waiting for pluto",
    Phase.IKE_SA_INIT: "IKE_SA_INIT",
    Phase.IKE_AUTH: "IKE_AUTH",
    Phase.CHILD: "Child SA",
    Phase.WATCHED: "watched",
}
_STATES = {
    ResultState.DONE: ("done", "green"),
    ResultState.ALREADY: ("so before", "green"),
    ResultState.TAKEN: ("taken", "cyan"),
    ResultState.FAILED: ("failed", "red"),
    ResultState.UNKNOWN: ("in flight", "yellow"),
    ResultState.NOT_STARTED: ("not begun", "yellow"),
}


class _Flight:
    __slots__ = ("attempt", "phase", "retransmissions", "since")

    def __init__(self, since: float, attempt: int) -> None:
        self.since = since
        self.attempt = attempt
        self.phase = Phase.QUEUED
        self.retransmissions = 0


class Progress:
    """A run so far, as its events tell. Times are UNIX seconds."""

    def __init__(self, total: int, operation: str) -> None:
        self.total = total
        self.operation = operation
        self.limit: int | None = None
        self.flying: dict[str, _Flight] = {}
        self.retrying: set[str] = set()
        self.ended: dict[str, ResultState] = {}
        self.causes: dict[str, str] = {}
        self.retransmissions = 0
        self.away_since: float | None = None
        self.summary: Summary | None = None
        self._done: deque[float] = deque()
        self._begun: float | None = None
        self._last = 0.0

    def see(self, event: BulkEvent) -> None:
        """Take the next event of the run."""
        self._begun = event.time if self._begun is None else self._begun
        self._last = max(self._last, event.time)
        match event:
            case e.Said():
                self._hear(event)
            case e.Admitted(connection=str(name)):
                self.retrying.discard(name)
                self.flying[name] = _Flight(event.time, event.attempt)
            case e.Watching(connection=str(name)):
                self.flying.setdefault(name, _Flight(event.time, 1)).phase = Phase.WATCHED
            case e.Retrying(connection=str(name)):
                self.flying.pop(name, None)
                self.retrying.add(name)
            case e.Lost(connection=str(name)):
                self.ended.pop(name, None)
                self.causes.pop(name, None)
            case e.Ended(connection=str(name)):
                self._end(event, name)
            case e.LimitMoved():
                self.limit = event.limit
            case e.PlutoLost():
                self.away_since = event.time
            case e.PlutoBack():
                self.away_since = None
            case Summary():
                self.summary = event

    def _hear(self, event: e.Said) -> None:
        flight = self.flying.get(event.connection or "")
        if flight is None:
            return
        if isinstance(event.said, Retransmission):
            flight.retransmissions += 1
            self.retransmissions += 1
            return
        flight.phase = phase_of(event.said) or flight.phase

    def _end(self, event: e.Ended, name: str) -> None:
        self.flying.pop(name, None)
        self.retrying.discard(name)
        state = ResultState(event.state)
        self.ended[name] = state
        self.causes.pop(name, None)
        if state is ResultState.DONE:
            self._done.append(event.time)
        elif state is ResultState.FAILED:
            self.causes[name] = event.outcome.result.value if event.outcome is not None else "failed"

    def counts(self) -> Counter[ResultState]:
        """Connections that are through, by what became of them."""
        return Counter(self.ended.values())

    def rate(self, now: float) -> float:
        """Done per second over the last WINDOW."""
        while self._done and self._done[0] < now - WINDOW:
            self._done.popleft()
        begun = now if self._begun is None else self._begun
        return len(self._done) / max(min(WINDOW, now - begun), 0.5)

    def seconds(self, now: float) -> float:
        """How long it has been going on."""
        return 0.0 if self._begun is None else max(now, self._last) - self._begun

    def slowest(self) -> list[tuple[str, _Flight]]:
        """Those in flight that take longest."""
        return sorted(self.flying.items(), key=lambda entry: entry[1].since)[:SLOWEST]

    def failures(self) -> list[tuple[str, list[str]]]:
        """Cause and connections, the most frequent first."""
        by: dict[str, list[str]] = {}
        for name, cause in self.causes.items():
            by.setdefault(cause, []).append(name)
        return sorted(by.items(), key=lambda entry: (-len(entry[1]), entry[0]))


def draw(progress: Progress, now: float) -> RenderableType:
    """The picture of `progress` at `now` (UNIX seconds). Names are text, never markup."""
    counts = progress.counts()
    through = len(progress.ended)
    head = Table.grid(padding=(0, 2), expand=True)
    head.add_column(no_wrap=True)
    head.add_column(ratio=1)
    head.add_column(no_wrap=True, justify="right")
    head.add_row(
        Text(f"autod {progress.operation}", style="bold"),
        ProgressBar(total=max(progress.total, 1), completed=through),
        Text(f"{through} of {progress.total}"),
    )
    line = Text()
    waiting = progress.total - through - len(progress.flying) - len(progress.retrying)
    for state, (word, style) in _STATES.items():
        if counts[state]:
            line.append(f"{counts[state]} {word}  ", style=style)
    for number, word in (
        (len(progress.flying), "in flight"),
        (len(progress.retrying), "to retry"),
        (waiting, "waiting"),
    ):
        if number > 0:
            line.append(f"{number} {word}  ", style="dim" if word == "waiting" else "")
    facts = Text(style="dim")
    facts.append(f"{progress.seconds(now):.0f} s   {progress.rate(now):.1f} a second")
    if progress.limit is not None:
        facts.append(f"   limit {progress.limit}")
    if progress.retransmissions:
        facts.append(f"   {progress.retransmissions} retransmissions")
    parts: list[RenderableType] = [head, line, facts]
    if progress.away_since is not None:
        parts.append(Text(f"pluto is away for {now - progress.away_since:.0f} s", style="bold yellow"))
    table = Table.grid(padding=(0, 2))
    for name, flight in progress.slowest():
        notes = [_PHASES[flight.phase]]
        if flight.retransmissions:
            notes.append(f"{flight.retransmissions} retransmissions")
        if flight.attempt > 1:
            notes.append(f"attempt {flight.attempt}")
        table.add_row(
            Text(_shown(name)), Text(f"{now - flight.since:.1f} s"), Text(", ".join(notes), style="dim")
        )
    for cause, names in progress.failures()[:CAUSES]:
        some = ", ".join(map(_shown, names[-3:])) + (", ..." if len(names) > 3 else "")
        table.add_row(
            Text(cause.replace("_", " "), style="red"),
            Text(str(len(names)), style="red"),
            Text(some, style="dim"),
        )
    if table.row_count:
        parts.append(table)
    return Group(*parts)


def _shown(name: str) -> str:
    """A name fit for a terminal: what would move the cursor or is no character stands as U+FFFD."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


@asynccontextmanager
async def live_view(
    progress: Progress, *, console: Console | None = None, now: Callable[[], float] | None = None
) -> AsyncGenerator[None, None]:
    """Draw `progress` again and again while the block runs, and a last time at its end."""
    import time

    clock = time.time if now is None else now
    live = Live(console=console or Console(), auto_refresh=False, transient=True)

    def picture() -> None:
        live.update(draw(progress, clock()), refresh=True)

    async def again() -> None:
        while True:
            await trio.to_thread.run_sync(picture, abandon_on_cancel=True)
            await trio.sleep(EVERY)

    live.start()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(again)
            yield
            nursery.cancel_scope.cancel()
    finally:
        live.stop()
