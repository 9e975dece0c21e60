"""`--diff` and `--sync`: what differs between the configuration and pluto, and making pluto hold what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.cli import session
from autod.cli.configuration import read
from autod.cli.loading import load
from autod.cli.session import Interrupts, Session, open_session
from autod.config.compare import Comparison, Difference, Step, compare, steps
from autod.protocol import commands as c
from autod.status import parse

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from autod.cli.output import Output
    from autod.config import Configuration
    from autod.outcomes import Outcome
    from autod.status import State

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Compare: 0 if nothing differs, else 1. Make equal: 0 if all of it was done."""
    return session.run(options, _work)


async def _work(options: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    async with open_session(options, output, interrupts) as opened:
        configuration = read(options.config, opened.pluto.release)
        replies = [*await opened.pluto.replies(c.Status()), *await opened.pluto.replies(c.TrafficStatus())]
        state = parse(replies)
        comparison = compare(configuration, state, frozenset(options.names))
        if options.operation == "diff":
            _show(opened, comparison)
            return 0 if comparison.equal else 1
        return await _sync(opened, comparison, state, configuration)


def _show(opened: Session, comparison: Comparison) -> None:
    if opened.options.json:
        opened.put(comparison)
        return
    for line in _lines(comparison):
        opened.say(line)


def _lines(comparison: Comparison) -> Iterator[str]:
    for one in comparison.missing:
        yield f'"{one.connection}" is in the configuration, and not in pluto'
    for name in comparison.extra:
        yield f'"{name}" is in pluto, and not in the configuration'
    for one in comparison.different:
        yield f'"{one.connection}" is different:'
        yield from _detail_lines(one)
    for name in comparison.refused:
        yield f'"{name}" cannot be loaded as it stands in the configuration; --check says why'
    yield (
        f"{len(comparison.same)} the same, {len(comparison.different)} different, "
        f"{len(comparison.missing)} only in the configuration, {len(comparison.extra)} only in pluto"
    )


def _detail_lines(one: Difference) -> Iterator[str]:
    for detail in one.details:
        place = f" ({detail.place})" if detail.place else ""
        yield f"    {detail.setting}: {detail.configured} in the configuration{place}, {detail.loaded} in pluto"


async def _sync(opened: Session, comparison: Comparison, state: State, configuration: Configuration) -> int:
    """Adding first; what is the same is left alone. Siblings are taken down only with --force."""
    options = opened.options
    # From 5.4 on, adding a connection again that is up takes its IKE SA down, with every other Child SA of it.
    planned = steps(comparison, state, shares=opened.pluto.release.at_least(5, 4))
    status = 1 if comparison.refused else 0
    for name in comparison.refused:
        opened.say(f'"{name}" cannot be loaded as it stands in the configuration; --check says why')
    doable = [step for step in planned if options.force or not step.siblings]
    for step in planned:
        _announce(opened, step, skipped=step not in doable)
    if len(doable) < len(planned):
        status = 1
    if options.dry_run:
        opened.say(f"{_steps(len(planned))}, none taken: this was a dry run")
        return status
    failed = await _take(opened, doable, configuration)
    opened.say(
        f"{len(doable) - failed} of {_steps(len(planned))} done, {len(comparison.same)} left as they were"
    )
    return 1 if failed else status


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"


def _announce(opened: Session, step: Step, *, skipped: bool) -> None:
    if opened.options.json:
        if opened.options.dry_run or skipped:
            opened.put(step)
        return
    cost = f"; takes down {', '.join(step.takes_down)}" if step.takes_down else ""
    left = "; left out, as it takes others down: use --force" if skipped else ""
    if opened.options.dry_run or step.takes_down or skipped:
        opened.say(f'{step.action} "{step.connection}"{cost}{left}')


async def _take(opened: Session, planned: Sequence[Step], configuration: Configuration) -> int:
    """Take the steps; how many failed."""
    loads = [step for step in planned if step.action != "delete"]
    outcomes = await load(opened, [step.connection for step in loads], configuration) if loads else {}
    failed = 0
    for step in loads:
        outcome = outcomes[step.connection]
        opened.conclude(outcome)
        failed += not outcome.ok
        if outcome.ok:
            failed += not await _begin(opened, step)
    for step in planned:
        if step.action == "delete":
            outcome = await opened.pluto.delete(step.connection)
            opened.conclude(outcome)
            failed += not outcome.ok
    return failed


async def _begin(opened: Session, step: Step) -> bool:
    """What auto= says, and what was up before: routed, or initiated without waiting for the end."""
    outcome: Outcome
    if step.auto in ("start", "keep") or step.connection in step.takes_down:
        outcome = await opened.pluto.up(step.connection, asynchronous=True)
    elif step.auto == "ondemand":
        outcome = await opened.pluto.route(step.connection)
    else:
        return True
    opened.conclude(outcome)
    return outcome.ok
