"""The live view of a run: what it counts, and that it draws whatever comes."""

from __future__ import annotations

import io
import re

import pytest
import trio
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autod.bulk import events as e
from autod.cli.drawing import Plain
from autod.cli.live import Progress, draw, live_view
from autod.events import Retransmission, Sent
from autod.outcomes import Outcome, Result

_numbers = iter(range(1, 10**6))


def at(time: float, kind: type[e.Happening], name: str | None = None, **more: object) -> e.Happening:
    return kind(sequence=next(_numbers), time=time, connection=name, **more)


def ended(time: float, name: str, state: str, result: Result | None = None) -> e.Happening:
    outcome = None
    if result is not None:
        outcome = Outcome(operation="up", connection=name, result=result, ok=False, sentence="it failed")
    return at(time, e.Ended, name, state=state, outcome=outcome, attempts=1, seconds=1.0)


def picture(progress: Progress, now: float, *, width: int = 100, height: int = 25) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(draw(progress, now, height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def a_run() -> Progress:
    progress = Progress(10, "up")
    for name in "abcde":
        progress.see(at(100.0, e.Admitted, name, attempt=1, in_flight=1))
    progress.see(at(100.0, e.LimitMoved, limit=32))
    progress.see(at(100.5, e.Said, "d", said=Sent(time=100.5, connection="d", message="IKE_AUTH")))
    progress.see(at(100.6, e.Said, "e", said=Retransmission(time=100.6, connection="e", wait=0.5)))
    progress.see(ended(101.0, "a", "done"))
    progress.see(ended(101.0, "b", "failed", Result.AUTHENTICATION_FAILED))
    progress.see(at(101.0, e.Retrying, "c", outcome=_failed("c"), attempt=2, delay=3.0))
    return progress


def _failed(name: str) -> Outcome:
    return Outcome(operation="up", connection=name, result=Result.PEER_SILENT, ok=False, sentence="silent")


def test_the_picture_has_counts_rate_slowest_and_causes() -> None:
    """All that there is to see of a run in the middle."""
    shown = picture(a_run(), 102.0)
    assert "2 of 10" in shown
    assert "1 done" in shown
    assert "1 failed" in shown
    assert "2 in flight" in shown
    assert "1 to retry" in shown
    assert "5 waiting" in shown
    assert "0.5 a second" in shown
    assert "limit 32" in shown
    assert re.search(r"1 authentication failed: b$", shown, re.MULTILINE)
    assert "IKE_AUTH" in shown
    assert "1 retransmissions" in shown


def test_what_was_lost_by_a_restart_is_not_counted() -> None:
    """Until it is done again."""
    progress = a_run()
    progress.see(at(102.0, e.PlutoLost, in_flight=("d",)))
    assert "pluto is away for 3 s" in picture(progress, 105.0)
    progress.see(at(106.0, e.PlutoBack, away=4.0))
    progress.see(at(106.0, e.Lost, "a"))
    assert "1 of 10" in picture(progress, 106.0)


def many(failed: int, flying: int) -> Progress:
    progress = Progress(failed + flying, "up")
    for at_ in range(1, failed + flying + 1):
        progress.see(at(100.0, e.Admitted, f"branch-{at_}", attempt=1, in_flight=1))
    for at_ in range(failed, 0, -1):
        result = Result.PEER_SILENT if at_ % 5 else Result.AUTHENTICATION_FAILED
        progress.see(ended(101.0, f"branch-{at_}", "failed", result))
    return progress


@pytest.mark.parametrize(("width", "height"), [(40, 10), (80, 24), (200, 60), (30, 5)])
@pytest.mark.parametrize(("failed", "flying"), [(0, 500), (300, 0), (300, 100), (2, 1)])
def test_the_picture_fills_the_terminal_and_no_more(
    width: int, height: int, failed: int, flying: int
) -> None:
    """Lines of the picture: one is left for what the shell says."""
    lines = picture(many(failed, flying), 102.0, width=width, height=height).splitlines()
    assert len(lines) < max(height, 6)
    assert all(len(line.rstrip()) <= width for line in lines)
    if failed + flying > 100 and width < 100:
        assert len(lines) >= height - 1


def test_what_failed_is_listed_as_people_count() -> None:
    """With how many there was no room for."""
    shown = picture(many(300, 100), 102.0, width=60, height=20)
    assert "240 peer silent: branch-1, branch-2, branch-3, branch-4," in shown
    assert "branch-9, branch-11" in shown
    (silent, refused) = re.findall(r"and (\d+) more", shown)
    assert 100 < int(silent) < 240
    assert 0 < int(refused) < 60
    assert "60 authentication failed: branch-5, branch-10" in shown


def test_a_cause_without_room_is_counted() -> None:
    progress = Progress(3, "up")
    for name, result in (("a", Result.PEER_SILENT), ("b", Result.UNKNOWN), ("c", Result.FAILED)):
        progress.see(ended(101.0, name, "failed", result))
    shown = picture(progress, 102.0, height=6)
    assert len(shown.splitlines()) == 5
    assert "2 of other causes" in shown


@pytest.mark.parametrize("name", ["[red]x[/]", "\x1b[2J", "a\nb", "\udcff", "x" * 4000])
def test_names_are_text(name: str) -> None:
    """Neither markup nor control characters reach the terminal."""
    progress = Progress(2, "up")
    progress.see(at(1.0, e.Admitted, name, attempt=1, in_flight=1))
    progress.see(at(1.0, e.Admitted, "other", attempt=1, in_flight=1))
    progress.see(ended(2.0, "other", "failed", Result.FAILED))
    shown = picture(progress, 3.0)
    assert "\x1b" not in shown
    assert "other" in shown
    if name.startswith("[red]"):
        assert "[red]x[/]" in shown


async def test_the_view_is_drawn_while_the_block_runs_and_cleared_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On anything that says it is a terminal."""
    monkeypatch.setenv("TERM", "xterm")
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, legacy_windows=False)
    progress = a_run()
    async with live_view(progress, console=console, now=lambda: 102.0):
        with trio.fail_after(60):
            while "2 of 10" not in screen.getvalue():
                await trio.lowlevel.checkpoint()
    assert "in flight" in screen.getvalue()


def test_where_the_locale_has_ascii_only_nothing_else_is_drawn() -> None:
    """Bars, frames, what was cut, and the arrow of what is sorted; a name passes as it is."""
    file = io.StringIO()
    console = Console(file=Plain(file), width=40, force_terminal=True)  # type: ignore[arg-type]
    console.print(draw(a_run(), 102.0, 12))
    table = Table("name▲", "▼", title="a title")
    table.add_row("a name that is longer than there is room for it", "x", end_section=True)
    table.add_row("b", "y")
    console.print(table)
    console.print(
        Text("a line that is longer than there is room", no_wrap=True, overflow="ellipsis"), width=12
    )
    assert file.getvalue().isascii()
    print("é", file=Plain(file))
    assert file.getvalue().endswith("é\n")
