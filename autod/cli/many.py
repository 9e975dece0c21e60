"""Several connections at once: a run of autod.bulk, and the lines about it.

Thin: order, limits, retries and outcomes are autod.bulk's.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

import msgspec
from msgspec.structs import replace as replaced

from autod.bulk import bulk, render
from autod.bulk import events as e
from autod.bulk.result import ResultState as Became
from autod.bulk.result import Summary
from autod.cli.names import natural
from autod.cli.render import failure_lines, outcome_line
from autod.cli.resolve import ASK_PEERS_FROM, look, peers_of
from autod.cli.sums import left_over, some, times_of
from autod.errors import UsageError
from autod.operations import find
from autod.outcomes import Outcome, Result

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from autod.bulk import BulkResult, Run
    from autod.bulk.operations import OperationName
    from autod.cli.adding import Ahead
    from autod.cli.resolve import Resolved
    from autod.cli.session import Session
    from autod.loading.interface import Loader
    from autod.operations import Row

    B = TypeVar("B", bound=e.BulkEvent)

__all__ = ["do_many", "summary_line"]

_NOT_LOADED = frozenset(
    {
        Result.UNKNOWN,
        Result.LOAD_FAILED,
        Result.REFUSED,
        Result.PLUTO_GONE,
        Result.CANCELLED,
        Result.NOT_SENT,
        Result.FAILED,
        Result.DEADLINE,
    }
)
"""Results after which it is not certain that the connection was loaded."""


async def do_many(session: Session, resolved: Resolved, ahead: Ahead | None = None) -> int:
    """The operation for all of the names, as one run: 0 if it succeeded for each of them, else 1.

    For one name, with an option that makes it a run: the status of its outcome. `ahead`: the work of autod.cli.adding.
    """
    options, names = session.options, resolved.names
    _check_report(options)
    row = find(options.operation)
    load = None
    if row.loads:
        from autod.cli.loading import after_loading, loader, say_what_goes_down  # what only asks does without

        load = loader(session, resolved.configuration, begun=None if ahead is None else ahead.begun)
        await load.check()
        if ahead is None and (options.if_down is False or not row.initiates):
            await say_what_goes_down(session, names)
    state = resolved.state
    if row.initiates and not row.loads and state is None and len(names) >= ASK_PEERS_FROM:
        state = await look(session)
    several = len(names) > 1
    if options.report == "-" or (
        several and not (options.verbose or options.json) and not sys.stdout.isatty()
    ):
        session = replace(session, quiet=True)
    peers = peers_of(state) if state is not None else {}
    result = await _run(session, names, row, peers, load, ahead)
    if load is not None:
        await after_loading(session, load, _loaded(result))
    if options.report is not None:
        _write_report(session, result)
    return result.exit_status


def _loaded(result: BulkResult) -> dict[str, Outcome]:
    """The outcome of loading each connection. If a later step failed, loading succeeded: no step follows a failure."""
    outcomes = {name: ending.outcome for name, ending in result.results.items() if ending.outcome is not None}
    return {
        name: outcome if outcome.ok or outcome.result in _NOT_LOADED else replaced(outcome, ok=True)
        for name, outcome in outcomes.items()
    }


def _check_report(options: argparse.Namespace) -> None:
    """UsageError, before pluto is asked for anything, if the page could not be written at the end."""
    path = options.report
    if path == "-" and options.json:
        raise UsageError("--json and --report - both want standard output: name a file", option="report")
    if path is None or path == "-":
        return
    folder = os.path.dirname(os.path.abspath(path))
    if not (os.path.isdir(folder) and os.access(folder, os.W_OK)):
        raise UsageError(f"{path}: no file can be written in {folder}: name another (--report)", path=path)


def _write_report(session: Session, result: BulkResult) -> None:
    from autod.bulk import report

    command = shlex.join(["autod", *sys.argv[1:]])
    facts = (f"Libreswan {session.pluto.release}", command)
    document = report.Report(host=os.uname().nodename, facts=facts, result=result)
    if session.options.report == "-":
        session.line(report.render(document).rstrip("\n"), keep=True)
    else:
        report.write(document, session.options.report)


async def _run(
    session: Session,
    names: Sequence[str],
    row: Row,
    peers: Mapping[str, str],
    load: Loader | None,
    ahead: Ahead | None,
) -> BulkResult:
    """Run it. Signals that came `ahead` of the run count as if they came when it has begun."""
    options, interrupts = session.options, session.interrupts
    several = len(names) > 1
    async with bulk(
        session.pluto,
        names,
        cast("OperationName", row.name),
        limit=options.limit,
        peers=peers,
        if_down=True if options.if_down is None else options.if_down,
        timeout=session.pluto.timeout,
        deadline=interrupts.remaining(),
        retries=options.retries or 0,
        on_failure=options.on_failure or "leave",
        asynchronous=options.asynchronous,
        wait=options.wait,
        remote_host=options.remote_host,
        force=options.force,
        load=load,
    ) as run:
        interrupts.leave_the_deadline()
        interrupts.left = lambda: _left(run, row)
        if several and _is_live(options):
            await _watch(session, run, len(names))
        else:
            interrupts.steps[:] = [lambda: session.complain(f"autod: {_stop(run)}"), run.cancel]
            for number in () if ahead is None else ahead.signals:
                signal.raise_signal(number)
            async for event in run:
                if isinstance(event, Summary) and ahead is not None:
                    event = replaced(event, seconds=event.seconds + ahead.seconds)
                _show(session, event, several=several)
    return run.result


def _left(run: Run, row: Row) -> str:
    """What pluto goes on with after the run was ended: what was in flight, and what it tries by itself."""
    names = [
        name
        for name, ending in run.result.results.items()
        if ending.state is Became.UNKNOWN
        or (ending.outcome is not None and not ending.outcome.ok and ending.outcome.left_behind is not None)
    ]
    return left_over(row, names) if names else "nothing is left in flight"


def _is_live(options: argparse.Namespace) -> bool:
    """Whether there is a terminal to draw on, and no option asks for lines."""
    return (
        not (options.json or options.verbose)
        and sys.stdout.isatty()
        and os.environ.get("TERM", "dumb") != "dumb"
        and importlib.util.find_spec("rich") is not None
    )


async def _watch(session: Session, run: Run, total: int) -> None:
    """The live view; when it is over, a line for each that failed, and the sums."""
    from autod.cli.live import Progress, live_view

    progress = Progress(total, session.options.operation)

    def stop() -> None:
        progress.notice = _stop(run)

    session.interrupts.steps[:] = [stop, run.cancel]
    async with live_view(progress):
        async for event in run:
            progress.see(event)
    failed = sorted(
        ((name, ending) for name, ending in run.result.results.items() if not ending.ok),
        key=lambda pair: natural(pair[0]),
    )
    sentences = (
        (name, ending.sentence if ending.outcome is None else outcome_line(ending.outcome))
        for name, ending in failed
    )
    for line in failure_lines(sentences, shutil.get_terminal_size().columns):
        session.complain(line)
    session.say(summary_line(_relabelled(run.result.summary, session.options.operation)))


def _stop(run: Run) -> str:
    """The first Ctrl-C: no request follows; the second ends at once. The sentence about it."""
    run.stop_admitting()
    pending = len(run.in_flight)
    rest = f"; {pending} in flight {'is' if pending == 1 else 'are'} waited for (Ctrl-C again ends at once)"
    return f"nothing more is begun{rest if pending else ''}"


def _relabelled(event: B, operation: str) -> B:
    """The event, under the name of the operation that the user chose."""
    match event:
        case e.Ended(outcome=Outcome() as outcome) if outcome.operation != operation:
            return msgspec.structs.replace(
                event, outcome=msgspec.structs.replace(outcome, operation=operation)
            )
        case Summary() if event.operation != operation:
            return msgspec.structs.replace(event, operation=operation)
    return event


def _show(session: Session, event: e.BulkEvent, *, several: bool) -> None:
    event = _relabelled(event, session.options.operation)
    if session.options.json:
        if not (session.options.quiet and isinstance(event, e.Said)):
            session.line(render(event).decode(), keep=not isinstance(event, e.Said))
        return
    match event:
        case e.Said():
            session.show(event.said)
        case e.Ended(outcome=Outcome() as outcome):
            session.conclude(outcome)
        case e.Ended():
            _show_ended(session, event)
        case e.Retrying():
            session.complain(f"{outcome_line(event.outcome)}; tried again in {event.delay:.1f} s")
        case e.PlutoLost():
            session.complain(f"pluto went away with {len(event.in_flight)} in flight; waiting for it")
        case e.PlutoBack():
            session.complain(f"pluto is back after {event.away:.1f} s")
        case Summary() if several and session.options.report == "-":
            session.complain(summary_line(event))
        case Summary() if several and not session.options.quiet:
            session.say(summary_line(event))


def _show_ended(session: Session, event: e.Ended) -> None:
    words = {
        Became.ALREADY: "is up already, and was left alone",
        Became.TAKEN: "was taken by pluto",
        Became.NOT_STARTED: "was not begun: the run was ended first",
    }
    line = f'"{event.connection}" {words.get(Became(event.state), event.state)}'
    if Became(event.state) is Became.NOT_STARTED:
        session.complain(line)
    elif not session.quiet:
        session.say(line)


def summary_line(summary: Summary) -> str:
    """The sums of a run on one line, with the failures by cause."""
    word = find(summary.operation).done
    parts = [f"{summary.done + summary.already} of {summary.total} {word}"]
    if summary.already:
        parts[0] += f" ({summary.already} of them already)"
    if summary.taken:
        parts.append(f"{summary.taken} taken by pluto")
    for cause, names in summary.failed.items():
        parts.append(f"{len(names)} {cause.replace('_', ' ') or 'failed'} ({some(names)})")
    if summary.unknown:
        parts.append(f"{len(summary.unknown)} in flight when it was ended ({some(summary.unknown)})")
    if summary.not_started:
        parts.append(f"{len(summary.not_started)} not begun")
    line = ", ".join(parts) + times_of(summary.done, summary.seconds, summary.median, summary.p95)
    if summary.retransmissions:
        line += f", {summary.retransmissions} retransmissions"
    return line
