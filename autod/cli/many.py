"""Several connections at once: names resolved, loaded where that is asked, and run through autod.bulk.

Thin: order, limits, retries and the truth about each are autod.bulk's.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from autod.bulk import bulk, render
from autod.bulk import events as e
from autod.bulk.result import ResultState as Became
from autod.bulk.result import Summary
from autod.cli.loading import check_loading, load
from autod.cli.names import is_pattern
from autod.cli.render import outcome_line
from autod.cli.resolve import all_of, match, peers_of
from autod.errors import UsageError
from autod.operations import find
from autod.outcomes import Outcome
from autod.protocol import commands as c

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from autod.bulk import BulkResult, Run
    from autod.bulk.operations import OperationName
    from autod.cli.session import Session
    from autod.config import Configuration
    from autod.status import State

__all__ = ["do_many", "resolve_names", "summary_line"]

_ASK_PEERS_FROM = 64
"""Names from which on it pays to ask pluto who shares a peer: fewer go out at once anyway (the client's
limit)."""

_NAMED = 10
"""Connections that are named in a summary for each cause; the lines before have them all."""


class Resolved(NamedTuple):
    """The names that were asked for, and what was read or asked to find them."""

    names: Sequence[str]
    state: State | None = None
    configuration: Configuration | None = None


async def resolve_names(session: Session, *, loads: bool) -> Resolved:
    """Patterns and --all, against the configuration where the operation loads, else against pluto."""
    options = session.options
    if not options.all and not any(is_pattern(name) for name in options.names):
        wants_peers = options.operation == "up" and len(options.names) >= _ASK_PEERS_FROM
        return Resolved(options.names, await _state(session) if wants_peers else None)
    if loads:
        from autod.cli.configuration import names_to_load, read

        configuration = read(options.config, session.pluto.release)
        return Resolved(names_to_load(configuration, options.names), None, configuration)
    state = await _state(session)
    if options.all:
        return Resolved(all_of(state), state)
    known = [name for one in state.connections for name in (one.name, *one.aliases)]
    return Resolved(match(options.names, known, "those that pluto has loaded"), state)


async def _state(session: Session) -> State:
    return await session.pluto.state(c.Status())


async def do_many(session: Session, resolved: Resolved, steps: Sequence[str]) -> int:
    """The steps for all of `names`; 0 if what was asked is so for every one, else 1.

    One name, with an option that makes it a run: the status of its outcome.
    """
    names, state, configuration = resolved
    _check_report(session.options.report)
    failed: dict[str, Outcome] = {}
    if "add" in steps:
        failed = await _load_all(session, names, steps, configuration)
    rest = [name for name in names if name not in failed]
    last = steps[-1]
    if last == "add":
        return _conclude_loading(session, names, failed)
    status = 1 if failed else 0
    if not rest:
        return next(iter(failed.values())).exit_status if len(names) == 1 else 1
    if last == "up" and state is None and len(rest) >= _ASK_PEERS_FROM:
        state = await _state(session)
    result = await _run(
        session, rest, cast("OperationName", last), peers_of(state) if state is not None else {}
    )
    if session.options.report is not None:
        from autod.bulk import report

        report.write(result, session.options.report)
    if len(names) == 1:
        only = next(iter(result.results.values()))
        return only.outcome.exit_status if only.outcome is not None else (0 if only.ok else 1)
    return result.exit_status or status


def _check_report(path: str | None) -> None:
    """UsageError before anything is asked of pluto, where the page could not be written after it."""
    folder = os.path.dirname(os.path.abspath(path or "."))
    if path is not None and not (os.path.isdir(folder) and os.access(folder, os.W_OK)):
        raise UsageError(f"{path}: no file can be written in {folder}: name another (--report)")


async def _load_all(
    session: Session, names: Sequence[str], steps: Sequence[str], configuration: Configuration | None
) -> dict[str, Outcome]:
    """Load them; the outcomes of those that were not."""
    if steps[0] == "delete":
        await check_loading(session)
        async with bulk(session.pluto, names, "delete", limit=session.options.limit) as run:
            async for event in run:
                if isinstance(event, e.Said):
                    session.show(event.said)
    outcomes = await load(session, names, configuration)
    failed = {name: outcome for name, outcome in outcomes.items() if not outcome.ok}
    for outcome in outcomes.values():
        if not outcome.ok or steps[-1] == "add":
            session.conclude(outcome)
    return failed


def _conclude_loading(session: Session, names: Sequence[str], failed: Mapping[str, Outcome]) -> int:
    if session.options.json:
        session.put(
            {
                "event": "summary",
                "operation": session.options.operation,
                "total": len(names),
                "done": len(names) - len(failed),
                "failed": _by_result(failed),
            }
        )
    else:
        session.say(f"{len(names) - len(failed)} of {len(names)} loaded")
    if len(names) == 1 and failed:
        return next(iter(failed.values())).exit_status
    return 1 if failed else 0


def _by_result(failed: Mapping[str, Outcome]) -> dict[str, list[str]]:
    causes: dict[str, list[str]] = {}
    for name, outcome in failed.items():
        causes.setdefault(outcome.result.value, []).append(name)
    return causes


async def _run(
    session: Session, names: Sequence[str], operation: OperationName, peers: Mapping[str, str]
) -> BulkResult:
    options = session.options
    several = len(names) > 1
    async with bulk(
        session.pluto,
        names,
        operation,
        limit=options.limit,
        peers=peers,
        if_down=several if options.if_down is None else options.if_down,
        timeout=options.timeout,
        deadline=options.deadline,
        retries=options.retries or 0,
        on_failure=options.on_failure or "leave",
        asynchronous=options.asynchronous,
        wait=options.wait,
        remote_host=options.remote_host,
        force=options.force,
    ) as run:
        session.interrupts.steps[:] = [lambda: _stop(run), run.cancel]
        if several and _is_live(options):
            await _watch(session, run, len(names))
        else:
            async for event in run:
                _show(session, event)
    return run.result


def _is_live(options: argparse.Namespace) -> bool:
    """Whether there is a terminal to draw on, and nothing else was asked for."""
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
    async with live_view(progress):
        async for event in run:
            progress.see(event)
    for result in run.result.results.values():
        if not result.ok:
            session.say(outcome_line(result.outcome) if result.outcome is not None else result.sentence)
    session.say(summary_line(run.result.summary))


def _stop(run: Run) -> None:
    """The first Ctrl-C: nothing more goes out; the second ends at once."""
    run.stop_admitting()
    pending = len(run.in_flight)
    rest = f"; {pending} in flight {'is' if pending == 1 else 'are'} waited for (once more ends at once)"
    print(f"autod: nothing more is begun{rest if pending else ''}", file=sys.stderr)


def _relabelled(event: e.BulkEvent, operation: str) -> e.BulkEvent:
    """As of the operation that was asked for: the last step of --start is an up."""
    match event:
        case e.Ended(outcome=Outcome() as outcome) if outcome.operation != operation:
            return msgspec.structs.replace(
                event, outcome=msgspec.structs.replace(outcome, operation=operation)
            )
        case Summary() if event.operation != operation:
            return msgspec.structs.replace(event, operation=operation)
    return event


def _show(session: Session, event: e.BulkEvent) -> None:
    event = _relabelled(event, session.options.operation)
    if session.options.json:
        session.line(render(event).decode(), keep=not isinstance(event, e.Said))
        return
    match event:
        case e.Said():
            session.show(event.said)
        case e.Ended(outcome=Outcome() as outcome):
            session.say(outcome_line(outcome))
        case e.Ended():
            session.say(_ended(event))
        case e.Retrying():
            session.say(f"{outcome_line(event.outcome)}; tried again in {event.delay:.1f} s")
        case e.PlutoLost():
            session.say(f"pluto went away with {len(event.in_flight)} in flight; waiting for it")
        case e.PlutoBack():
            session.say(f"pluto is back after {event.away:.1f} s")
        case Summary():
            session.say(summary_line(event))


def _ended(event: e.Ended) -> str:
    words = {
        Became.ALREADY: "was up before, and was left alone",
        Became.TAKEN: "was taken by pluto",
        Became.NOT_STARTED: "was not begun: the run was ended first",
    }
    return f'"{event.connection}" {words.get(Became(event.state), event.state)}'


def summary_line(summary: Summary) -> str:
    """The sums of a run on one line, and what failed by cause."""
    parts = [f"{summary.done} of {summary.total} {find(summary.operation).done}"]
    if summary.already:
        parts.append(f"{summary.already} were so before")
    if summary.taken:
        parts.append(f"{summary.taken} taken by pluto")
    for cause, names in summary.failed.items():
        parts.append(f"{len(names)} {cause.replace('_', ' ') or 'failed'} ({_some(names)})")
    if summary.unknown:
        parts.append(f"{len(summary.unknown)} in flight when it was ended ({_some(summary.unknown)})")
    if summary.not_started:
        parts.append(f"{len(summary.not_started)} not begun")
    line = f"{', '.join(parts)}; {summary.seconds:.1f} s"
    if summary.median is not None and summary.p95 is not None and summary.done > 1:
        line += f", median {summary.median:.2f} s, 95 % within {summary.p95:.2f} s"
    if summary.retransmissions:
        line += f", {summary.retransmissions} retransmissions"
    return line


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown
