"""The picture of a run on a terminal: counts, rate, the slowest connections, the failures.

Owns: the picture. `Progress` follows the events of a run and knows nothing of terminals; `live_view` draws it with
rich, in a thread, so that a stopped terminal does not hold up the run.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio
from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from autod.bulk import events as e
from autod.bulk.operations import phase_of
from autod.bulk.result import Phase, ResultState, Summary
from autod.cli.drawing import open_console
from autod.cli.names import natural
from autod.cli.suspending import has_terminal, suspending
from autod.events import Retransmission

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from rich.console import ConsoleOptions, RenderableType

    from autod.bulk import BulkEvent

__all__ = ["Progress", "draw", "live_view"]

EVERY = 0.125
"""Seconds between two pictures."""

WINDOW = 5.0
"""Seconds that the rate is an average of."""

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
    """A run so far, from its events. Times are UNIX seconds."""

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
        self.notice = ""
        self.summary: Summary | None = None
        self._done_times: deque[float] = deque()
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
            self._done_times.append(event.time)
        elif state is ResultState.FAILED:
            self.causes[name] = event.outcome.result.value if event.outcome is not None else "failed"

    def counts(self) -> Counter[ResultState]:
        """How many connections ended, by their state."""
        return Counter(self.ended.values())

    def rate(self, now: float) -> float:
        """Done per second over the last WINDOW."""
        while self._done_times and self._done_times[0] < now - WINDOW:
            self._done_times.popleft()
        begun = now if self._begun is None else self._begun
        return len(self._done_times) / max(min(WINDOW, now - begun), 0.5)

    def seconds(self, now: float) -> float:
        """The duration of the run so far."""
        return 0.0 if self._begun is None else max(now, self._last) - self._begun

    def slowest(self, most: int) -> list[tuple[str, _Flight]]:
        """Those in flight that take longest, `most` at most."""
        return sorted(self.flying.items(), key=lambda entry: (int(entry[1].since), natural(entry[0])))[:most]

    def failures(self) -> list[tuple[str, list[str]]]:
        """Cause and connections, the most frequent first."""
        by: dict[str, list[str]] = {}
        for name in sorted(self.causes, key=natural):
            by.setdefault(self.causes[name], []).append(name)
        return sorted(by.items(), key=lambda entry: (-len(entry[1]), entry[0]))


def draw(progress: Progress, now: float, height: int = 25) -> RenderableType:
    """The picture of `progress` at `now` (UNIX seconds) in `height` lines. Names are text, never markup."""
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
    line = Text(no_wrap=True, overflow="ellipsis")
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
    facts = Text(style="dim", no_wrap=True, overflow="ellipsis")
    facts.append(f"{progress.seconds(now):.0f} s   {progress.rate(now):.1f} a second")
    if progress.limit is not None:
        facts.append(f"   limit {progress.limit}")
    if progress.retransmissions:
        facts.append(f"   {progress.retransmissions} retransmissions")
    parts: list[RenderableType] = [head, line, facts]
    if progress.away_since is not None:
        parts.append(Text(f"pluto is away for {now - progress.away_since:.0f} s", style="bold yellow"))
    if progress.notice:
        parts.append(Text(progress.notice, style="yellow", no_wrap=True, overflow="ellipsis"))
    room = max(2, height - len(parts) - 1)
    parts.append(_Body(progress, now, room))
    return Group(*parts)


class _Body:
    """The connections in flight and the failures, in `room` lines. Each gets half, and what the other does not need."""

    def __init__(self, progress: Progress, now: float, room: int) -> None:
        self._progress = progress
        self._now = now
        self._room = room

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        flying = min(len(self._progress.flying), self._room // 2)
        failed = _failed(self._progress.failures(), options.max_width, self._room - flying)
        if flying:
            yield _in_flight(self._progress, self._now, self._room - len(failed))
        for line in failed:
            yield Text(line, style="red", no_wrap=True, overflow="ellipsis")


def _in_flight(progress: Progress, now: float, lines: int) -> Table:
    """The slowest connections, with their time and phase."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis")
    for name, flight in progress.slowest(lines):
        notes = [_PHASES[flight.phase]]
        if flight.retransmissions:
            notes.append(f"{flight.retransmissions} retransmissions")
        if flight.attempt > 1:
            notes.append(f"attempt {flight.attempt}")
        table.add_row(
            Text(_shown(name)), Text(f"{now - flight.since:.1f} s"), Text(", ".join(notes), style="dim")
        )
    return table


def _failed(failures: Sequence[tuple[str, Sequence[str]]], width: int, lines: int) -> list[str]:
    """The failures by cause, in `lines` lines at most, with as many names as fit and the count of the others."""
    drawn: list[str] = []
    causes = failures if len(failures) <= lines else failures[: lines - 1]
    for at, (cause, names) in enumerate(causes):
        room = lines - len(drawn) - (len(failures) > len(causes)) - (len(causes) - at - 1)
        drawn += _named(f"{len(names)} {cause.replace('_', ' ')}: ", names, width, room)
    if len(failures) > len(causes):
        drawn.append(f"{sum(len(names) for _, names in failures[len(causes) :])} of other causes")
    return drawn


def _named(head: str, names: Sequence[str], width: int, lines: int) -> list[str]:
    """`head` and the names, in at most `lines` lines of `width` characters; the last has the count of the others."""
    wrapped = [head]
    for at, name in enumerate(map(_shown, names)):
        more = f"and {len(names) - at} more"
        last = len(wrapped) == lines
        rest = len(names) - at - 1
        word = f"{name}, " if rest else name
        needed = len(wrapped[-1]) + cell_len(word) + (len(more) if last and rest else 0)
        if needed <= width or wrapped[-1].isspace():
            wrapped[-1] += word
        elif last:
            wrapped[-1] += more
            break
        else:
            wrapped.append(f"  {word}")
    return wrapped


def _shown(name: str) -> str:
    """A name fit for a terminal: U+FFFD stands for a control character, and for a byte that is not UTF-8."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


@asynccontextmanager
async def live_view(
    progress: Progress, *, console: Console | None = None, now: Callable[[], float] | None = None
) -> AsyncGenerator[None, None]:
    """Draw `progress` again and again while the block runs, and a last time at its end."""
    import time

    clock = time.time if now is None else now
    drawn_on = console or open_console()
    live = Live(console=drawn_on, auto_refresh=False, transient=True)
    drawing = threading.Lock()
    over = False

    def picture() -> None:
        with drawing:
            if not over and _may_draw(drawn_on):
                live.start()
                live.update(draw(progress, clock(), drawn_on.height), refresh=True)

    def leave() -> None:
        with drawing:
            live.stop()

    async def again() -> None:
        while True:
            await trio.to_thread.run_sync(picture, abandon_on_cancel=True)
            await trio.sleep(EVERY)

    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(suspending, leave, lambda: None)
            nursery.start_soon(again)
            yield
            nursery.cancel_scope.cancel()
    finally:
        over = True
        leave()


def _may_draw(console: Console) -> bool:
    """Whether this program still has the terminal, and not the shell."""
    try:
        return has_terminal(console.file.fileno())
    except (OSError, AttributeError):
        return True
