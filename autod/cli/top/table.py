"""The live table of connections on a terminal, or one table with --once.

Owns: asking pluto, drawing, reading keys. The rows, and what the keys do, are autod.cli.top.rows's. Nothing is drawn
while a reply is read, so a slow terminal never holds pluto back. Between two questions lies at least twenty times the
time of the last answer, so top takes at most a twentieth of pluto's time.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import trio

from autod.cli.suspending import suspending
from autod.cli.top.keys import Unbuffered, keys
from autod.cli.top.rows import KEYS, SORTS, Options, Picture, Row, advance, arrange, counts, forget, press
from autod.client import TIMEOUT
from autod.client.operation import BUFFER
from autod.errors import PlutoGone, WhackError
from autod.identify.cache import usual
from autod.learn.pluto import AnyPluto
from autod.protocol import commands as c
from autod.status import parse
from autod.status.render import age_text, columns, size_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

    from autod.client import Pluto
    from autod.status import ConnectionState, State

__all__ = ["plain", "printable", "screen", "show", "top"]

INTERVAL = 2.0
"""Seconds between two looks, unless the user names another time or pluto is busy."""

_SHARE = 20
"""The least time between two looks, in durations of the last answer."""

_HEADINGS = ("CONNECTION", "STATE", "PEER", "SINCE", "IN", "OUT", "IN/S", "OUT/S", "REKEY", "LAST FAILURE")
_WIDE_ENOUGH = {"REKEY": 120, "PEER": 105, "IN/S": 78, "OUT/S": 78, "IN": 64, "OUT": 64, "SINCE": 48}
"""Columns of the terminal below which a column of the table is left out."""
_SORTED_BY = {("IN/S", "rate"), ("OUT/S", "rate"), ("LAST FAILURE", "failure"), ("CONNECTION", "name")}
_STYLES = {
    "up": "green",
    "negotiating": "yellow",
    "ike_only": "yellow",
    "down": "red",
    "unoriented": "red",
    "failure": "red",
}


async def top(options: argparse.Namespace) -> int:
    """Show the table of the pluto that the options name, until `q`, Ctrl-C or SIGTERM; with --once, once."""
    pluto = AnyPluto(
        options.ctlsocket,
        options.release,
        seccomp=options.seccomp,
        limit=1,
        buffer=BUFFER,
        known=usual(),
        timeout=TIMEOUT,
    )
    await pluto.find()
    async with trio.open_nursery() as nursery:
        if not options.once:
            await nursery.start(_end_by_signal, nursery.cancel_scope)
        await show(pluto, options)
        nursery.cancel_scope.cancel()
    return 0


async def _end_by_signal(
    scope: trio.CancelScope, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Cancel at a signal, so that the terminal is restored."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()
            return


async def show(pluto: Pluto, options: argparse.Namespace) -> None:
    """The table of this pluto: once, or live."""
    if options.once:
        for line in await _once(pluto, options):
            print(printable(line))
        return
    await _live(pluto, options)


async def _look(pluto: Pluto) -> State:
    """The state, by the cheap requests: established Child SAs with their bytes, and negotiations (4.0 and later)."""
    replies = [*await pluto.replies(c.TrafficStatus())]
    if pluto.release.supports(c.ShowStates):
        replies += await pluto.replies(c.ShowStates())
    return parse(replies, time=time.time())


async def _loaded(pluto: Pluto) -> tuple[ConnectionState, ...]:
    return parse(await pluto.replies(c.Status())).connections


async def _once(pluto: Pluto, options: argparse.Namespace) -> list[str]:
    loaded = await _loaded(pluto)
    picture = advance(None, await _look(pluto), loaded, at=time.time())
    if options.interval is not None:
        await trio.sleep(options.interval)
        picture = advance(picture, await _look(pluto), loaded, at=time.time())
    view = _view(options)
    if options.json:
        arranged = msgspec.structs.replace(picture, rows=tuple(arrange(picture.rows, view)))
        return [arranged.to_json().decode()]
    return list(plain(picture, view))


def _view(options: argparse.Namespace) -> Options:
    largest_first = next(first for name, _, first in SORTS.values() if name == options.sort)
    return Options(sort=options.sort, descending=largest_first, only=options.only, pattern=options.pattern)


def plain(picture: Picture, view: Options) -> Iterator[str]:
    """The table as lines, and its sums."""
    yield from columns([_HEADINGS, *(_cells(row, picture.time) for row in arrange(picture.rows, view))])
    yield _summary(picture)


def _cells(row: Row, now: float) -> tuple[str, ...]:
    trouble = f"{row.trouble.text}, {age_text(now - row.trouble.at)} ago" if row.trouble else "-"
    return (
        row.label,
        row.state.replace("_", " "),
        row.peer or "-",
        age_text(None if row.since is None else max(0, now - row.since)),
        size_text(row.bytes_in),
        size_text(row.bytes_out),
        size_text(row.rate_in),
        size_text(row.rate_out),
        age_text(row.rekey_in),
        trouble,
    )


def _summary(picture: Picture) -> str:
    states = (
        ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in counts(picture.rows).items())
        or "nothing loaded"
    )
    if picture.interval is None:
        return states
    rates = [
        size_text(sum(rate or 0 for rate in way))
        for way in ([row.rate_in for row in picture.rows], [row.rate_out for row in picture.rows])
    ]
    return f"{states}; {rates[0]}/s in, {rates[1]}/s out"


class _Looks:
    """The last picture of pluto, and the time of the next look."""

    def __init__(self, pluto: Pluto, interval: float | None) -> None:
        self._pluto = pluto
        self._interval = interval
        self._loaded: tuple[ConnectionState, ...] | None = None
        self.picture: Picture | None = None
        self.problem = ""
        self.due = trio.current_time()

    async def look(self, *, reload: bool) -> None:
        """Look once; `reload`: ask for the loaded connections too."""
        begun = trio.current_time()
        try:
            if self._loaded is None or reload:
                self._loaded = await _loaded(self._pluto)
                self.picture = None if self.picture is None else forget(self.picture, self._loaded)
            self.picture = advance(self.picture, await _look(self._pluto), self._loaded, at=time.time())
            self.problem = ""
        except WhackError as error:
            self.problem = str(error)
            if isinstance(error, PlutoGone):
                self._loaded = None
        now = trio.current_time()
        self.due = now + max(self._interval or INTERVAL, _SHARE * (now - begun))


async def _live(pluto: Pluto, options: argparse.Namespace) -> None:
    from rich.live import Live

    from autod.cli.drawing import open_console

    console = open_console()
    view = _view(options)
    looks = _Looks(pluto, options.interval)
    waiting = trio.CancelScope()
    terminal = Unbuffered(sys.stdin.fileno())
    live = Live(console=console, screen=True, auto_refresh=False)

    def leave() -> None:
        live.stop()
        terminal.restore()

    async with trio.open_nursery() as nursery:
        await nursery.start(suspending, leave, lambda: waiting.cancel())
        try:
            while not view.quit:
                if not view.paused and trio.current_time() >= looks.due:
                    await looks.look(reload=view.reload)
                    view = msgspec.structs.replace(view, reload=False)
                terminal.take()
                live.start()
                live.update(
                    screen(console, looks.picture, view, looks.problem or _title(pluto)), refresh=True
                )
                with trio.CancelScope(deadline=float("inf") if view.paused else looks.due) as waiting:
                    await trio.lowlevel.wait_readable(sys.stdin.fileno())
                    data = os.read(sys.stdin.fileno(), 1024)
                    if not data:
                        break
                    for key in keys(data):
                        view = press(view, key)
                    if view.reload:
                        looks.due = trio.current_time()
        finally:
            leave()
        nursery.cancel_scope.cancel()


def _title(pluto: Pluto) -> str:
    return f"pluto {pluto.release.text} at {pluto.path}"


def screen(console: Console, picture: Picture | None, view: Options, title: str) -> RenderableType:
    """The part of the table that fits: the head, the rows from the offset on, the help for the keys."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    rows = arrange(picture.rows, view) if picture is not None else []
    room = max(1, console.height - 4 - len(KEYS))
    offset = min(view.offset, max(0, len(rows) - room))
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold reverse")
    columns_shown = [
        at for at in range(len(_HEADINGS)) if console.width >= _WIDE_ENOUGH.get(_HEADINGS[at], 0)
    ]
    for at in columns_shown:
        heading = _HEADINGS[at]
        marked = heading.casefold() == view.sort or (heading, view.sort) in _SORTED_BY
        number = 3 <= at <= 8
        table.add_column(
            heading + ("▼" if view.descending else "▲") * marked,
            justify="right" if number else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=6 if number else 11,
        )
    for row in rows[offset : offset + room]:
        cells = [Text(printable(cell)) for cell in _cells(row, picture.time if picture is not None else 0)]
        cells[1].stylize(_STYLES.get(row.state, ""))
        table.add_row(*(cells[at] for at in columns_shown))
    counted = f"{len(rows)} shown" + (f" from {offset + 1}" if offset else "") + f", {view.only}"
    pattern = f", like {view.pattern}" + "_" * view.typing if view.pattern or view.typing else ""
    return Group(
        Text(f"{title}{'  (paused)' * view.paused}", no_wrap=True, overflow="ellipsis"),
        Text(
            (_summary(picture) if picture is not None else "") + f"; {counted}{pattern}",
            no_wrap=True,
            overflow="ellipsis",
        ),
        table,
        *(Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in KEYS),
    )


def printable(text: str) -> str:
    """`text` without control sequences: names come from outside, and must not move the cursor."""
    return "".join(character if character.isprintable() else "�" for character in text)
