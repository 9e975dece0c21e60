"""`--diff`: the differences between the configuration and pluto. `--sync`: make pluto equal to the configuration."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

from autod.cli import session
from autod.cli.configuration import read
from autod.cli.loading import load
from autod.cli.resolve import known_names, match_known
from autod.cli.session import Interrupts, Outputs, Session, open_session
from autod.config.policies import is_group
from autod.config.steps import FIFTH, Step, is_named, removes_too_much, steps
from autod.errors import UsageError
from autod.loading.elements import load_elements
from autod.loading.groups import route_group
from autod.loading.holding import hold
from autod.loading.remembering import remember
from autod.protocol import commands as c
from autod.status import parse

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from autod.config import Configuration
    from autod.config.comparison import Comparison, Difference
    from autod.outcomes import Outcome
    from autod.status import State

__all__ = ["NOT_COMPARED", "run"]

NOT_COMPARED = 4
"""Exit status of --diff: no setting differs that pluto shows, and pluto does not show every setting."""


def run(options: argparse.Namespace) -> int:
    """Compare: 0 if nothing differs, 1 if something does, 4 if pluto does not show every setting. Make equal: 0 if
    every step was taken."""
    return session.run(options, _work)


async def _work(options: argparse.Namespace, outputs: Outputs, interrupts: Interrupts) -> int:
    if options.stands_for is not None and options.operation == "sync" and not options.dry_run:
        raise UsageError("--as says what a file would change: with --sync give --dry-run too", option="as")
    async with open_session(options, outputs, interrupts) as opened:
        configuration = read(options.config, opened.pluto.release, via_addconn=options.via_addconn)
        replies = [*await opened.pluto.replies(c.Status()), *await opened.pluto.replies(c.TrafficStatus())]
        names: Sequence[str] = ()
        if options.names:
            configured = [
                name
                for connection in configuration.connections
                for name in (connection.name, *connection.aliases)
            ]
            loaded = known_names(parse(replies))
            names = match_known(options.names, [*configured, *loaded], "the configuration or pluto")
        holding = await trio.to_thread.run_sync(
            partial(
                hold,
                configuration,
                replies,
                options.ctlsocket,
                opened.pluto.detected.pluto,
                names,
                stands_for=options.stands_for,
            )
        )
        comparison = holding.comparison
        if options.operation == "diff":
            _show(opened, comparison)
            if not comparison.equal:
                return 1
            return NOT_COMPARED if comparison.uncompared else 0
        return await _sync(opened, comparison, holding.state, configuration)


def _show(opened: Session, comparison: Comparison) -> None:
    if opened.options.json:
        opened.put(comparison)
        return
    for line in _lines(comparison):
        opened.say(line)


def _lines(comparison: Comparison) -> Iterator[str]:
    for difference in comparison.missing:
        yield f'"{difference.connection}" is in the configuration, and not in pluto'
    for name in comparison.forgotten:
        yield f'"{name}" is in pluto, and not in the configuration any more'
    for name in comparison.foreign:
        yield f'"{name}" is in pluto, and was not loaded from this configuration'
    for difference in comparison.different:
        yield f'"{difference.connection}" is different:'
        yield from _detail_lines(difference)
    for name in comparison.refused:
        yield f'"{name}" cannot be loaded as it stands in the configuration; --check says why'
    for unseen in comparison.uncompared:
        yield f'"{unseen.connection}": not compared: {", ".join(unseen.settings)} (pluto does not show it)'
    yield (
        f"{len(comparison.same)} the same, {len(comparison.different)} different, "
        f"{len(comparison.missing)} only in the configuration, {len(comparison.forgotten)} only in pluto, "
        f"{len(comparison.foreign)} of others"
    )


def _detail_lines(difference: Difference) -> Iterator[str]:
    for detail in difference.details:
        place = f" ({detail.place})" if detail.place else ""
        yield f"    {detail.setting}: {detail.configured} in the configuration{place}, {detail.loaded} in pluto"


async def _sync(
    opened: Session,
    comparison: Comparison,
    state: State,
    configuration: Configuration,
) -> int:
    """Adds first; leaves equal connections alone. Takes siblings down only with --force."""
    options = opened.options
    # From 5.4 on, a connection that is up and is added again loses its IKE SA, and each Child SA of that.
    planned = steps(
        comparison,
        state,
        shares=opened.pluto.release.at_least(5, 4),
        prune=options.prune or (),
        force=options.force,
    )
    status = 1 if comparison.refused else 0
    for name in comparison.refused:
        opened.say(f'"{name}" cannot be loaded as it stands in the configuration; --check says why')
    for doubt in comparison.doubtful:
        if not options.force and not any(
            s.action == "delete" and s.connection == doubt.connection for s in planned
        ):
            opened.say(f'"{doubt.connection}" is not deleted: {doubt.why}; --force deletes it')
            status = 1
    if comparison.foreign and not options.prune:
        opened.say(f"{_connections(len(comparison.foreign))} of others left alone; --prune NAME deletes them")
    for word in options.prune or ():
        if not any(is_named(name, [word]) for name in (*comparison.forgotten, *comparison.foreign)):
            opened.note(f"pluto has no connection that --prune {word} names and that the configuration lacks")
    planned, refused = _within_bounds(opened, comparison, planned)
    doable = [step for step in planned if options.force or not step.siblings]
    for step in planned:
        _announce(opened, step, skipped=step not in doable)
    if refused or len(doable) < len(planned):
        status = 1
    if options.dry_run:
        opened.say(f"{_steps(len(planned))}, none taken: this was a dry run")
        return status
    failed = await _take(opened, doable, configuration, comparison)
    await remember(
        opened.pluto,
        configuration,
        loaded={step.connection for step in doable if step.action in ("add", "replace")},
        gone={step.connection for step in doable if step.action == "delete"},
        whole=not opened.options.names,
    )
    opened.say(
        f"{len(doable) - failed} of {_steps(len(planned))} done, {len(comparison.same)} left as they were"
    )
    return 1 if failed else status


def _within_bounds(opened: Session, comparison: Comparison, planned: list[Step]) -> tuple[list[Step], bool]:
    """The steps, and whether deletions were refused. They are, and left out, if there are too many at once."""
    if opened.options.force:
        return planned, False
    ours = frozenset(comparison.forgotten)
    removed = [step.connection for step in planned if step.action == "delete" and step.connection in ours]
    remaining = [*comparison.same, *(difference.connection for difference in comparison.different)]
    percent = FIFTH if opened.options.remove_at_most is None else opened.options.remove_at_most
    why = removes_too_much(removed, remaining, percent=percent)
    if why is None:
        return planned, False
    sentence = f"nothing is deleted: {why}; --force deletes them, --dry-run --force shows which"
    if opened.options.json:
        opened.put({"event": "removal_refused", "connections": removed, "text": sentence})
    opened.say(sentence)
    return [step for step in planned if step.connection not in removed], True


def _connections(count: int) -> str:
    return f"{count} connection{'' if count == 1 else 's'}"


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"


def _announce(opened: Session, step: Step, *, skipped: bool) -> None:
    if opened.options.json:
        if opened.options.dry_run or skipped or step.takes_down:
            opened.put(step)
        return
    which = "" if step.names in ((step.connection,), ()) else f" ({', '.join(step.names)})"
    cost = f"; takes down {', '.join(step.takes_down)}" if step.takes_down else ""
    omission = "; left out, as it takes others down: use --force" if skipped else ""
    if opened.options.dry_run or step.takes_down or skipped:
        opened.say(f'{step.action} "{step.connection}"{which}{cost}{omission}')


async def _take(
    opened: Session, planned: Sequence[Step], configuration: Configuration, comparison: Comparison
) -> int:
    """Take the steps. Returns how many failed."""
    whole = {
        difference.connection: difference.names for difference in (*comparison.missing, *comparison.different)
    }
    loads = [step for step in planned if step.action in ("add", "replace")]
    complete = [step for step in loads if set(step.names) >= set(whole[step.connection])]
    outcomes = (
        await load(opened, [step.connection for step in complete], configuration, remembers=False)
        if complete
        else {}
    )
    for step in loads:
        if step not in complete:
            alone = await load_elements(
                opened.pluto, configuration, step.connection, step.names, hear=opened.show
            )
            if alone is None:
                whole_again = await load(opened, [step.connection], configuration, remembers=False)
                alone = whole_again[step.connection]
            outcomes[step.connection] = alone
    failed = 0
    for step in loads:
        outcome = outcomes[step.connection]
        opened.conclude(outcome)
        failed += not outcome.ok
        if outcome.ok:
            failed += not await _begin(opened, step, configuration)
    for step in planned:
        if step.action == "begin":
            failed += not await _begin(opened, step, configuration)
        if step.action == "delete":
            outcome = await opened.pluto.delete(step.connection)
            opened.conclude(outcome)
            failed += not outcome.ok
    return failed


async def _begin(opened: Session, step: Step, configuration: Configuration) -> bool:
    """Route or initiate a connection as auto= says, or because it was up before. Does not wait for the end."""
    ok = True
    parts = step.names if step.action == "replace" else (step.connection,)
    for name in parts:
        outcome: Outcome
        if step.auto in ("start", "keep") or name in step.takes_down:
            outcome = await opened.pluto.up(name, asynchronous=True)
        elif step.auto == "ondemand":
            group = any(is_group(connection) for connection in configuration.find(name))
            outcome = await (route_group(opened.pluto, name) if group else opened.pluto.route(name))
        else:
            continue
        opened.conclude(outcome)
        ok = ok and outcome.ok
    return ok
