"""Verbs about connections: what each does step by step, for one name or for several at once.

Thin: the client does the steps, autod.bulk does many, loading.py loads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from autod.cli import session
from autod.cli.names import expand_files, is_pattern, read_password
from autod.cli.session import Interrupts, Session, open_session
from autod.exchange.control import Answers
from autod.operations import steps_of
from autod.protocol.encode import check_string

if TYPE_CHECKING:
    import argparse

    from autod.cli.output import Output
    from autod.operation import Operation
    from autod.outcomes import Outcome

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Do it to every name. One name: pluto's own code where it refused; several: 0 or 1."""
    options.names = [] if options.all else expand_files(options.names)
    for name in options.names:
        check_string(name, "the name")
    options.answers = None
    if options.xauthname is not None or options.xauthpass_file is not None:
        secret = None if options.xauthpass_file is None else read_password(options.xauthpass_file)
        options.answers = Answers(options.xauthname, secret)
    return session.run(options, _work)


async def _work(options: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    if options.operation == "wait":
        from autod.cli.barrier import wait_for_all

        return await wait_for_all(options, output, interrupts)
    async with open_session(options, output, interrupts) as opened:
        if not _is_run(options):
            return await _one(opened, options.names[0])
        from autod.cli.many import do_many, resolve_names

        steps = [step.name for step in steps_of(options.operation)]
        resolved = await resolve_names(opened, loads="add" in steps)
        for name in resolved.names:
            check_string(name, "the name")
        return await do_many(opened, resolved, steps)


def _is_run(options: argparse.Namespace) -> bool:
    """Whether it is one for autod.bulk: several names, or an option that only a run knows."""
    return (
        options.operation == "wait"
        or options.all
        or len(options.names) > 1
        or any(is_pattern(name) for name in options.names)
        or options.wait
        or bool(options.retries)
        or bool(options.if_down)
        or options.deadline is not None
        or options.on_failure == "down"
        or options.report is not None
    )


async def _one(opened: Session, name: str) -> int:
    """The steps, with their events; then the outcome, which is that of the last step that was taken."""
    outcome = None
    steps = [step.name for step in steps_of(opened.options.operation)]
    if "add" in steps[1:]:
        from autod.cli.loading import check_loading

        await check_loading(opened)
    for step in steps:
        outcome = await _step(opened, step, name)
        if not outcome.ok:
            break
    assert outcome is not None
    outcome = msgspec.structs.replace(outcome, operation=opened.options.operation)
    opened.conclude(outcome)
    return outcome.exit_status


async def _step(opened: Session, step: str, name: str) -> Outcome:
    if step == "add":
        from autod.cli.loading import load

        return (await load(opened, [name]))[name]
    if step == "route" and await _is_group(opened, name):
        from autod.loading.groups import route_group

        return await route_group(opened.pluto, name)
    operation = _operation(opened, step, name)
    async with operation:
        async for event in operation:
            opened.show(event)
    return operation.outcome


async def _is_group(opened: Session, name: str) -> bool:
    """Whether pluto has a group connection of this name, where that is cheap to ask (see remembering.status_of)."""
    from autod.cli.remembering import status_of
    from autod.status import parse

    state = parse(await status_of(opened, (name,)))
    return any(one.name == name and one.kind == "group" for one in state.connections)


def _operation(opened: Session, step: str, name: str) -> Operation:
    pluto, options = opened.pluto, opened.options
    match step:
        case "up":
            return pluto.up(
                name,
                asynchronous=options.asynchronous,
                remote_host=options.remote_host,
                answers=options.answers,
            )
        case "down":
            return pluto.down(name)
        case "delete":
            return pluto.delete(name)
        case "route":
            return pluto.route(name)
        case "unroute":
            return pluto.unroute(name, force=options.force)
        case _:
            raise AssertionError(step)
