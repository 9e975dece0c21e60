"""Operations on connections: their steps, for one name or for several at once.

Thin: the client does the steps, autod.bulk does many, loading.py loads.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec
import trio

from autod.cli import session
from autod.cli.names import is_pattern
from autod.cli.one import asked, is_under_way, left_alone
from autod.cli.session import Interrupts, Outputs, Session, open_session
from autod.events import Event
from autod.operations import find, steps_of
from autod.outcomes import Outcome, Result
from autod.protocol import commands as c
from autod.protocol.encode import check_string

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from autod.cli.adding import Ahead
    from autod.cli.resolve import Resolved
    from autod.loading.interface import Loader
    from autod.operations import Row

__all__ = ["run"]


def run(options: argparse.Namespace, outcome: Outcome | None = None, *, ahead: Ahead | None = None) -> int:
    """The operation on every name. Returns, for one name, pluto's own code if it refused; for several, 0 or 1.

    `outcome` is that of the one name, if autod.cli.quick has sent the request already and more is to be done.
    `ahead`: how far autod.cli.adding came with loading many.
    """
    if ahead is not None:
        return session.run(options, partial(_load_on, ahead))
    if outcome is None:
        return session.run(options, _work)
    return session.run(options, partial(_go_on, find(options.operation), outcome))


async def _load_on(
    ahead: Ahead, options: argparse.Namespace, outputs: Outputs, interrupts: Interrupts
) -> int:
    """The rest of the work after connections were loaded without an event loop."""
    from autod.cli.many import do_many
    from autod.cli.resolve import Resolved

    async with open_session(options, outputs, interrupts) as opened:
        return await do_many(opened, Resolved(ahead.names, None, ahead.configuration), ahead)


async def _go_on(
    row: Row, outcome: Outcome, options: argparse.Namespace, outputs: Outputs, interrupts: Interrupts
) -> int:
    """The rest of the work after a request that was sent without an event loop."""
    async with open_session(options, outputs, interrupts) as opened:
        if outcome.result is Result.ALREADY_NEGOTIATING:
            return await _watch(opened, options.names[0])
        return await _conclude(opened, row, outcome)


async def _work(options: argparse.Namespace, outputs: Outputs, interrupts: Interrupts) -> int:
    if options.operation == "wait":
        from autod.cli.barrier import wait_for_all

        return await wait_for_all(options, outputs, interrupts)
    async with open_session(options, outputs, interrupts) as opened:
        row = find(options.operation)
        if not _is_run(options):
            names: Sequence[str] = options.names
            status = await _one(opened, row, names[0])
        else:
            from autod.cli.resolve import resolve

            resolved = await resolve(opened, loads=row.loads)
            names = resolved.names
            for name in names:
                check_string(name, "the name")
            status = await _many(opened, row, resolved)
        if row.leaves == "down":
            from autod.cli.supervised import advice

            sentence = await trio.to_thread.run_sync(advice, options.api, names)
            if sentence is not None:
                opened.note(sentence)
        return status


async def _many(opened: Session, row: Row, resolved: Resolved) -> int:
    if row.is_run:
        from autod.cli.many import do_many

        return await do_many(opened, resolved)
    statuses = [await _one(opened, row, name) for name in resolved.names]
    return statuses[0] if len(statuses) == 1 else int(any(statuses))


def _is_run(options: argparse.Namespace) -> bool:
    """Whether autod.bulk is needed: for several names, or for an option that only a run has."""
    return (
        options.all
        or len(options.names) > 1
        or any(is_pattern(name) for name in options.names)
        or options.wait
        or bool(options.retries)
        or options.on_failure == "down"
        or options.report is not None
    )


async def _one(opened: Session, row: Row, name: str) -> int:
    """The steps, with their events; then the outcome of the last step that was taken."""
    outcome = None
    heard: list[Event] = []
    loads = None
    if row.loads:
        from autod.cli.loading import loader, say_what_goes_down

        # Raises before a step deletes the old connection, if the new one could not be loaded.
        loads = loader(opened)
        await loads.check()
        if steps_of(row.name)[0].name == "delete":
            # The step that loads would find it down.
            await say_what_goes_down(opened, [name])
    for step in steps_of(row.name):
        heard.clear()
        outcome = await _step(opened, step, name, heard, loads)
        if not outcome.ok:
            break
    assert outcome is not None
    if row.initiates and is_under_way(outcome, heard, opened.options):
        return await _watch(opened, name)
    return await _conclude(opened, row, outcome)


async def _watch(opened: Session, name: str) -> int:
    """A run watches the negotiation that another request has begun, and asks again if it fails."""
    from autod.cli.many import do_many
    from autod.cli.resolve import Resolved

    opened.options.operation = "up"
    return await do_many(opened, Resolved([name]))


async def _conclude(opened: Session, row: Row, outcome: Outcome) -> int:
    outcome = msgspec.structs.replace(outcome, operation=row.name)
    if outcome.result is Result.NOT_ORIENTED:
        from autod.cli.oriented import explain

        outcome = await explain(opened, outcome)
    opened.conclude(outcome)
    return outcome.exit_status


async def _step(opened: Session, step: Row, name: str, heard: list[Event], loads: Loader | None) -> Outcome:
    """One step; pluto's events go to `heard`."""
    if step.name == "add":
        from autod.cli.loading import load

        return (await load(opened, [name], loads=loads))[name]
    if step.name == "route":
        from autod.loading.groups import groups_among, route_group

        if await groups_among(opened.pluto, [name]):
            return await route_group(opened.pluto, name)
    if step.name == "up" and await _is_up(opened, name):
        return left_alone(name)
    operation = asked(opened.pluto, step, name, opened.options)
    async with operation:
        async for event in operation:
            heard.append(event)
            opened.show(event)
    return operation.outcome


async def _is_up(opened: Session, name: str) -> bool:
    """Whether it has a Child SA that is to be left alone."""
    if opened.options.if_down is False:
        return False
    from autod.status import established

    return name in established(await opened.pluto.replies(c.TrafficStatus(name)))
