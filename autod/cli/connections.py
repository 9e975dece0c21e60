"""Operations on connections: what each does step by step, for one name or for several at once.

Thin: the client does the steps, autod.bulk does many, loading.py loads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio

from autod.cli import session
from autod.cli.names import is_pattern, read_password
from autod.cli.parser import API
from autod.cli.session import Interrupts, Outputs, Session, open_session
from autod.errors import UsageError
from autod.events import AlreadyNegotiating, Event, Initiating
from autod.exchange.control import Answers
from autod.operations import find, steps_of
from autod.outcomes import Outcome, Result
from autod.protocol import commands as c
from autod.protocol.encode import check_string

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from autod.cli.resolve import Resolved
    from autod.operation import Operation
    from autod.operations import Row

__all__ = ["operation_of", "run"]


def run(options: argparse.Namespace) -> int:
    """Do it to every name. One name: pluto's own code where it refused; several: 0 or 1."""
    for name in options.names:
        check_string(name, "the name")
    options.answers = None
    if options.xauthname is not None or options.xauthpass_file is not None:
        if options.all or len(options.names) > 1:
            raise UsageError("--xauthname and --xauthpass-file are for one connection", option="answers")
        secret = None if options.xauthpass_file is None else read_password(options.xauthpass_file)
        options.answers = Answers(options.xauthname, secret)
    return session.run(options, _work)


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

            said = await trio.to_thread.run_sync(advice, API, names)
            if said is not None:
                opened.note(said)
        return status


async def _many(opened: Session, row: Row, resolved: Resolved) -> int:
    if row.is_run:
        from autod.cli.many import do_many

        return await do_many(opened, resolved)
    statuses = [await _one(opened, row, name) for name in resolved.names]
    return statuses[0] if len(statuses) == 1 else int(any(statuses))


def _is_run(options: argparse.Namespace) -> bool:
    """Whether it is one for autod.bulk: several names, or an option that only a run knows."""
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
    """The steps, with their events; then the outcome, which is that of the last step that was taken."""
    outcome = None
    heard: list[Event] = []
    if row.loads and steps_of(row.name)[0].name != "add":
        from autod.cli.loading import check_loading

        await check_loading(opened)
    for step in steps_of(row.name):
        heard.clear()
        outcome = await _step(opened, step, name, heard)
        if not outcome.ok:
            break
    assert outcome is not None
    if outcome.result is Result.ALREADY_NEGOTIATING and _is_silent(opened, row, heard):
        # A run watches what another request has begun, and asks again where that fails.
        from autod.cli.many import do_many
        from autod.cli.resolve import Resolved

        opened.options.operation = "up"
        return await do_many(opened, Resolved([name]))
    outcome = msgspec.structs.replace(outcome, operation=row.name)
    if outcome.result is Result.NOT_ORIENTED:
        from autod.cli.oriented import explain

        outcome = await explain(opened, outcome)
    opened.conclude(outcome)
    return outcome.exit_status


def _is_silent(opened: Session, row: Row, heard: Sequence[Event]) -> bool:
    """Whether pluto said no more of an up than that one is under way; a run cannot answer prompts."""
    return (
        row.initiates
        and opened.options.answers is None
        and all(isinstance(event, Initiating | AlreadyNegotiating) for event in heard)
    )


async def _step(opened: Session, step: Row, name: str, heard: list[Event]) -> Outcome:
    """One step; what pluto said goes to `heard`."""
    if step.name == "add":
        from autod.cli.loading import load

        return (await load(opened, [name]))[name]
    if step.name == "route" and await _is_group(opened, name):
        from autod.loading.groups import route_group

        return await route_group(opened.pluto, name)
    if step.name == "up" and await _is_up(opened, name):
        return Outcome(
            operation="up",
            connection=name,
            result=Result.UP,
            ok=True,
            sentence=f'"{name}" is up already, and was left alone (--no-if-down adds one more Child SA)',
        )
    operation = operation_of(opened, step, name)
    async with operation:
        async for event in operation:
            heard.append(event)
            opened.show(event)
    return operation.outcome


async def _is_group(opened: Session, name: str) -> bool:
    """Whether pluto has a group connection of this name, where that is cheap to ask (see remembering.status_of)."""
    from autod.cli.remembering import status_of
    from autod.status import parse

    state = parse(await status_of(opened, (name,)))
    return any(one.name == name and one.kind == "group" for one in state.connections)


async def _is_up(opened: Session, name: str) -> bool:
    """Whether it has a Child SA, where that is to be left alone."""
    if opened.options.if_down is False:
        return False
    from autod.status import established

    return name in established(await opened.pluto.replies(c.TrafficStatus(name)))


def operation_of(opened: Session, step: Row, name: str) -> Operation:
    """The operation that a step is, with the options that are for it."""
    pluto, options = opened.pluto, opened.options
    match step.name:
        case "up":
            return pluto.up(
                name,
                asynchronous=options.asynchronous,
                remote_host=options.remote_host,
                answers=options.answers,
            )
        case "unroute":
            return pluto.unroute(name, force=options.force)
        case _:
            return pluto.ask(getattr(c, step.command)(name))
