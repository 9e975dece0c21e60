"""`--wait`: a barrier. Ends when every connection is up, or at its deadline, with those that are not.

With --all these are the connections that auto= of the configuration starts, also if pluto has not loaded them yet. If
no pluto runs yet, it waits for one. Must not know: how a connection is brought up; it initiates nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from autod.bulk import wait
from autod.cli.configuration import DEFAULT, read
from autod.cli.session import Interrupts, Outputs, Session, open_session
from autod.config.choose import auto
from autod.errors import ConfigurationError, DeadlinePassed, NotPermitted, PlutoGone, no_answer
from autod.protocol import commands as c
from autod.protocol.connection.pairs import names_of_pairs
from autod.status import parse

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from autod.bulk import Waited
    from autod.config import Configuration

__all__ = ["started_by", "wait_for_all"]

_LOOK = 0.5
"""Seconds between two looks for a pluto that is not there."""

_LAST = 1.0
"""Seconds for the last question: which connections are missing."""

_LATE = 124


async def wait_for_all(options: argparse.Namespace, outputs: Outputs, interrupts: Interrupts) -> int:
    """0 when all are up; 124 at the deadline (`--timeout`, or `--deadline`), with the names that are missing."""
    limits = [limit for limit in (options.timeout, interrupts.remaining()) if limit is not None]
    limit = min(limits, default=None)
    interrupts.leave_the_deadline()
    ends = float("inf") if limit is None else trio.current_time() + limit
    while True:
        try:
            with trio.move_on_at(ends) as finding:
                async with open_session(options, outputs, interrupts) as opened:
                    finding.deadline = float("inf")
                    return await _wait(opened, ends)
            raise no_answer(options.ctlsocket, limit)
        except NotPermitted:
            raise
        except (PlutoGone, DeadlinePassed) as problem:
            if trio.current_time() + _LOOK >= ends:
                sentence = f"there is no pluto yet: {str(problem).removesuffix('.')}"
                if options.json:
                    from autod.cli.render import json_line

                    document = {
                        "event": "waited",
                        "ok": False,
                        "up": [],
                        "missing": options.names,
                        "text": sentence,
                    }
                    outputs.out.line(json_line(document), keep=True)
                else:
                    outputs.err.line(sentence, keep=True)
                return _LATE
        await trio.sleep(_LOOK)


async def _wait(opened: Session, ends: float) -> int:
    names = await _names(opened)
    announced: set[str] = set()

    def changed(now: Waited) -> None:
        for name in now.up:
            if name not in announced:
                announced.add(name)
                if not opened.quiet:
                    opened.say(f'"{name}" is up')

    remaining = ends - trio.current_time()
    waited = await wait(
        opened.pluto,
        names,
        timeout=None if remaining == float("inf") else max(remaining, 0.001),
        on_change=changed,
    )
    absent = set() if waited.ok else await _absent(opened, waited.missing)
    if opened.options.json:
        opened.put(
            {
                "event": "waited",
                "ok": waited.ok,
                "up": list(waited.up),
                "missing": list(waited.missing),
                "not_loaded": [name for name in waited.missing if name in absent],
            }
        )
    for name in waited.missing:
        opened.complain(f'"{name}" is not {"loaded" if name in absent else "up"}')
    if not (opened.quiet and waited.ok):
        opened.say(f"{len(waited.up)} of {len(names)} up")
    return 0 if waited.ok else _LATE


async def _names(opened: Session) -> Sequence[str]:
    """The connections to wait for. If there is no configuration, --all stands for those that pluto has loaded."""
    options = opened.options
    if not options.all:
        from autod.cli.resolve import resolve

        return (await resolve(opened, loads=False)).names
    try:
        configuration = read(options.config, opened.pluto.release)
    except ConfigurationError:
        if options.config is not None:
            raise
        from autod.cli.resolve import all_of

        opened.say(f"{DEFAULT} cannot be read: what pluto has loaded is meant")
        return all_of(parse(await opened.pluto.replies(c.Status())))
    return started_by(configuration)


def started_by(configuration: Configuration) -> list[str]:
    """The names in pluto of the connections that auto= starts, each pair of subnets= by itself."""
    names: dict[str, None] = {}
    considered: set[str] = set()
    for connection in configuration.connections:
        if connection.name not in considered and auto(connection) in ("start", "keep"):
            names |= dict.fromkeys(names_of_pairs(connection.name, connection.settings))
        considered.add(connection.name)
    return list(names)


async def _absent(opened: Session, names: Sequence[str]) -> set[str]:
    """Those of `names` that pluto has not loaded: all if pluto went away, none if it does not answer in time."""
    with trio.move_on_after(_LAST):
        try:
            state = parse(await opened.pluto.replies(c.Status()))
        except (PlutoGone, DeadlinePassed):
            return set(names)
        loaded = {name for connection in state.connections for name in (connection.name, *connection.aliases)}
        return set(names) - loaded
    return set()
