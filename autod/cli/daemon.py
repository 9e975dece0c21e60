"""Verbs about pluto as a whole: listening, rereading, lists and the status family, as pluto's own text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from autod.cli import session
from autod.cli.session import Interrupts, Session, open_session
from autod.protocol import commands as c

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from autod.cli.output import Output
    from autod.protocol.replies import Reply

__all__ = ["run"]

_DO: dict[str, type[c.Command]] = {
    "ready": c.Listen,
    "rereadgroups": c.Listen,
    "rereadall": c.RereadAll,
    "rereadsecrets": c.RereadSecrets,
    "rereadcerts": c.RereadCerts,
    "rereadcacerts": c.RereadCerts,
    "rereadcrls": c.FetchCrls,
    "fetchcrls": c.FetchCrls,
}
"""What pluto does, and says little about."""

_LIST: dict[str, Callable[[bool], Sequence[c.Command]]] = {
    "listall": lambda utc: [c.ListAll(utc=utc)],
    "listpubkeys": lambda utc: [c.ListPubkeys(utc=utc)],
    "checkpubkeys": lambda utc: [c.CheckPubkeys(utc=utc)],
    "listcerts": lambda utc: [c.ListCerts(utc=utc)],
    "listcacerts": lambda utc: [c.ListCacerts(utc=utc)],
    "listcrls": lambda utc: [c.ListCrls(utc=utc)],
    "purgeocsp": lambda utc: [c.ListAll(utc=utc), c.PurgeOcsp()],
    "status": lambda utc: [c.Status()],
    "briefstatus": lambda utc: [c.BriefStatus()],
    "globalstatus": lambda utc: [c.GlobalStatus()],
    "showstates": lambda utc: [c.ShowStates()],
    "shuntstatus": lambda utc: [c.ShuntStatus()],
    "fipsstatus": lambda utc: [c.FipsStatus()],
}
"""What pluto lists: all of its lines are what was asked for."""


def run(options: argparse.Namespace) -> int:
    """Ask, and show what pluto says."""
    return session.run(options, _work)


async def _work(options: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    async with open_session(options, output, interrupts) as opened:
        operation = options.operation
        if operation in _DO:
            return await _do(opened, _DO[operation]())
        if operation == "status" and (options.json or options.format == "table" or options.names):
            from autod.cli.state import show_state

            return await show_state(opened, options.names)
        if operation == "trafficstatus":
            return await _list(
                opened, [c.TrafficStatus(name) for name in options.names] or [c.TrafficStatus()]
            )
        return await _list(opened, _LIST[operation](options.utc))


async def _do(opened: Session, command: c.Command) -> int:
    async with opened.pluto.ask(command) as operation:
        async for event in operation:
            opened.show(event)
    outcome = operation.outcome
    if outcome.ok:
        asked = opened.options.operation
        outcome = msgspec.structs.replace(outcome, operation=asked, sentence=f"{asked}: done")
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
