"""Operations on pluto as a whole and on SAs; lists and the status family, in pluto's own words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from autod.cli import session
from autod.cli.names import is_pattern
from autod.cli.session import Interrupts, Outputs, Session, open_session
from autod.errors import UsageError
from autod.operations import Row, Takes, find, steps_of
from autod.outcomes import Result
from autod.protocol import commands as c
from autod.protocol import debugging
from autod.protocol.encode import check_string

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from autod.protocol.replies import Reply

__all__ = ["command", "refusal", "run"]


def run(options: argparse.Namespace) -> int:
    """Ask pluto, and show its answer."""
    for name in options.names:
        check_string(name, "the name")
    row = find(options.operation)
    if row.name == "debug":
        _check_danger(options)
    elif row.takes != Takes.OPTIONAL:
        # A mistake in a later step is reported before the first step is sent.
        for step in steps_of(row.name):
            command(step, options)
    if row.name == "shutdown" and not options.force:
        from autod.cli.supervised import refuse_shutdown

        refuse_shutdown(options.api, options.ctlsocket)
    return session.run(options, _work)


async def _work(options: argparse.Namespace, outputs: Outputs, interrupts: Interrupts) -> int:
    async with open_session(options, outputs, interrupts) as opened:
        row = find(options.operation)
        if row.name == "debug":
            return await _debug(opened, options.names[0])
        if not row.lists:
            (step,) = steps_of(row.name)
            return await _do(opened, command(step, options))
        if row.name == "status" and (options.json or options.format == "table" or options.names):
            from autod.cli.state import show_state

            return await show_state(opened, options.names)
        if row.takes == Takes.OPTIONAL:
            commands = await _of_names(opened, row)
        else:
            commands = [command(step, options) for step in steps_of(row.name)]
        if "format" in row.options and (options.json or options.format == "table"):
            from autod.cli.state import show_answer

            return await show_answer(opened, row.name, commands)
        return await _list(opened, commands)


def command(row: Row, options: argparse.Namespace) -> c.Command:
    """The command of an operation that is not about connections."""
    if row.name == "shutdown" and options.leave_state:
        return c.ShutdownLeaveState()
    if row.name == "deletestate":
        return c.DeleteState(_serial(options.names[0]))
    kind: type[c.Command] = getattr(c, row.command)
    if row.takes == Takes.ONE:
        return kind(name=options.names[0])
    return kind(utc=options.utc) if "utc" in row.variants else kind()


def _check_danger(options: argparse.Namespace) -> None:
    (word,) = options.names
    if word in debugging.DANGEROUS and not options.force:
        cost = "never lets a client go" if word == "whackwatch" else "writes keys into the log"
        raise UsageError(f"--debug {word} {cost}: --force does it all the same", option="force")


async def _debug(opened: Session, word: str) -> int:
    """Set the debug classes. pluto does not answer that, so its status is read afterwards."""
    release = opened.pluto.release
    classes = debugging.meaning(release, word)
    outcome = await opened.pluto.ask(c.Debug(*debugging.bits(release, word)))
    if outcome.ok:
        lines = [reply.text for reply in await opened.pluto.replies(c.Status())]
        logged = set(_DEBUG.findall(next((line for line in lines if line.startswith("debug")), "")))
        took_effect = classes <= logged if classes else not logged
        sentence = f"pluto logs {'+'.join(sorted(logged)) or 'nothing more than usual'}"
        outcome = msgspec.structs.replace(
            outcome,
            ok=took_effect,
            result=outcome.result if took_effect else Result.FAILED,
            sentence=sentence,
        )
    opened.conclude(outcome)
    return outcome.exit_status


_DEBUG = re.compile(r"(?<=[ +])[a-z][a-z0-9-]*(?![a-z0-9:-])")
"""A class in `debug: base+cpu-usage`."""


def _serial(text: str) -> int:
    number = text.removeprefix("#")
    if not (number.isascii() and number.isdigit() and 0 < int(number) < 2**32):
        raise UsageError(f"{text!r} is not the serial number of an SA, such as 12 or #12", name=text)
    return int(number)


async def _of_names(opened: Session, row: Row) -> list[c.Command]:
    """One command for each name, or one about everything."""
    kind = getattr(c, row.command)
    names = opened.options.names
    if any(map(is_pattern, names)):
        from autod.cli.resolve import resolve

        names = (await resolve(opened, loads=False)).names
    return [kind(name) for name in names] or [kind()]


async def _do(opened: Session, request: c.Command) -> int:
    async with opened.pluto.ask(request) as operation:
        async for event in operation:
            opened.show(event)
    outcome = operation.outcome
    if outcome.result is Result.UNKNOWN:
        outcome = msgspec.structs.replace(
            outcome, sentence=f"pluto has nothing of the name {' '.join(opened.options.names)}"
        )
    if outcome.ok:
        name = opened.options.operation
        outcome = msgspec.structs.replace(outcome, operation=name, sentence=f"{name}: done")
    opened.conclude(outcome)
    return outcome.exit_status


async def _list(opened: Session, commands: Sequence[c.Command]) -> int:
    status = 0
    for request in commands:
        if opened.options.json:
            async with opened.pluto.listing(request) as operation:
                async for event in operation:
                    opened.show(event)
            opened.conclude(operation.outcome)
            status = status or operation.outcome.exit_status
        else:
            replies = await opened.pluto.replies(request)
            for reply in replies:
                opened.show_reply(reply)
            status = status or refusal(opened, replies)
    return status


def refusal(opened: Session, replies: Sequence[Reply]) -> int:
    """pluto's code if it refused, such as 21 for a name that it does not know; else 0."""
    codes = opened.pluto.release.codes
    return next((reply.code for reply in replies if reply.code is not None and codes.is_error(reply.code)), 0)
