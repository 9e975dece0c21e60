"""Verbs about pluto as a whole: listening, rereading, lists and the status family, as pluto's own text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from autod.cli import session
from autod.cli.session import Interrupts, Session, open_session
from autod.operations import STATE, Row, find, steps_of
from autod.protocol import commands as c

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from autod.cli.output import Output
    from autod.protocol.replies import Reply

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Ask, and show what pluto says."""
    return session.run(options, _work)


async def _work(options: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    async with open_session(options, output, interrupts) as opened:
        operation = options.operation
        if not find(operation).lists:
            (step,) = steps_of(operation)
            return await _do(opened, command(step, utc=options.utc))
        if operation == "status" and (options.json or options.format == "table" or options.names):
            from autod.cli.state import show_state

            return await show_state(opened, options.names)
        asked: list[c.Command] = [command(step, utc=options.utc) for step in steps_of(operation)]
        if operation == "trafficstatus" and options.names:
            asked = [c.TrafficStatus(name) for name in options.names]
        if find(operation).group == STATE and (options.json or options.format == "table"):
            from autod.cli.state import show_answer

            return await show_answer(opened, operation, asked)
        return await _list(opened, asked)


def command(row: Row, *, utc: bool) -> c.Command:
    """What is asked for an operation that is about pluto as a whole."""
    kind: type[c.Command] = getattr(c, row.command)
    return kind(utc=utc) if "utc" in row.variants else kind()


async def _do(opened: Session, asked: c.Command) -> int:
    async with opened.pluto.ask(asked) as operation:
        async for event in operation:
            opened.show(event)
    outcome = operation.outcome
    if outcome.ok:
        operation_asked = opened.options.operation
        outcome = msgspec.structs.replace(
            outcome, operation=operation_asked, sentence=f"{operation_asked}: done"
        )
    opened.conclude(outcome)
    return outcome.exit_status


async def _list(opened: Session, commands: Sequence[c.Command]) -> int:
    status = 0
    for command in commands:
        if opened.options.json:
            async with opened.pluto.listing(command) as operation:
                async for event in operation:
                    opened.show(event)
            opened.conclude(operation.outcome)
            status = status or operation.outcome.exit_status
        else:
            replies = await opened.pluto.replies(command)
            for reply in replies:
                opened.show_reply(reply)
            status = status or _refusal(opened, replies)
    return status


def _refusal(opened: Session, replies: Sequence[Reply]) -> int:
    """pluto's code where it refused, such as 21 for a name it does not know; else 0."""
    codes = opened.pluto.release.codes
    return next((reply.code for reply in replies if reply.code is not None and codes.is_error(reply.code)), 0)
