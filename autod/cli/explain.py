"""`autod explain`: why a connection is not up, on one screen. Several connections are grouped by cause.

Asks pluto, the configuration and, if one runs, a supervisor; autod.judging.explain makes the text.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from autod.cli.session import Interrupts, Outputs, Session
    from autod.judging.explain import Record, Secrets
    from autod.outcomes import Outcome
    from autod.status import State

__all__ = ["configure", "run"]

_TRY = 30.0
"""Seconds for a try, unless the command line says otherwise."""

_ASK_SUPERVISOR = 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `autod explain`."""
    from autod.cli.parser import seconds

    parser.description = (
        "Say in plain words why a connection is not up: its state, the cause, which end can mend it, and the command "
        "to type. Several names are grouped by cause. Nothing is changed without --try."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="connection, alias, pattern, or @FILE")
    parser.add_argument("--all", action="store_true", help="every connection that pluto has loaded")
    parser.add_argument(
        "--try", dest="attempt", action="store_true", help="bring it up, and tell what happens meanwhile"
    )
    parser.add_argument(
        "--timeout", type=seconds, metavar="TIME", help=f"for --try, each (default: {_TRY:g}s)"
    )
    parser.add_argument(
        "--deadline", type=seconds, metavar="TIME", help="end all of it with 124 after so long (5, 30s, 2m)"
    )
    parser.add_argument("--json", action="store_true", help="an object for each connection")
    parser.add_argument(
        "--verbose", action="store_true", help="with --try: every line of pluto's, with its code"
    )
    parser.add_argument("--ctlsocket", metavar="PATH", help="control socket (default: as of autod itself)")
    parser.add_argument("--config", metavar="FILE", help="ipsec.conf (default: as of autod itself)")
    parser.add_argument("--release", metavar="R", help="pluto's release, where it cannot be found out")
    parser.add_argument("--seccomp", choices=("yes", "no"), help="whether pluto was built with USE_SECCOMP")
    parser.add_argument(
        "--labeled", choices=("yes", "no"), help="with --release: whether pluto was built with labeled IPsec"
    )
    parser.add_argument(
        "--api", metavar="PATH", default="/run/autod/autod.sock", help="the supervisor's socket"
    )


def run(options: argparse.Namespace) -> int:
    """Explain: 0 if all are up, else 1."""
    from autod.cli import session
    from autod.errors import UsageError

    if not options.names and not options.all:
        raise UsageError("give the name of a connection, or --all")
    if options.names and options.all:
        raise UsageError("give names or --all, not both")
    options.limit = None
    options.quiet = False
    return session.run(options, _work)


async def _work(options: argparse.Namespace, outputs: Outputs, interrupts: Interrupts) -> int:
    from autod.cli.session import open_session
    from autod.judging.explain import Facts, explain, grouped, screen

    async with open_session(options, outputs, interrupts) as opened:
        names = await _names(opened)
        outcomes = await _try(opened, names) if options.attempt else {}
        state, secrets = await _ask(opened)
        configured, differences = await _compare(opened, state, names)
        records = _records(options.api, names)
        now = time.time()
        explanations = [
            explain(
                Facts(
                    name,
                    state,
                    now,
                    secrets,
                    configured.get(name),
                    differences.get(name),
                    records.get(name),
                    outcomes.get(name),
                )
            )
            for name in names
        ]
        if options.json:
            for explanation in explanations:
                opened.put(explanation)
        else:
            lines = screen(explanations[0]) if len(explanations) == 1 else grouped(explanations)
            for line in lines:
                opened.say(line)
        return 0 if all(explanation.up for explanation in explanations) else 1


async def _names(opened: Session) -> list[str]:
    """The names to explain. A name that pluto does not have stays among them: that is a cause, too."""
    from autod.cli.names import expand_files, is_pattern, natural
    from autod.cli.resolve import match
    from autod.protocol import commands as c
    from autod.status import parse

    options = opened.options
    before = options.names[: len(options.names) - len(options.literal)]
    words = [] if options.all else expand_files(before, options.literal)
    if not options.all and not any(is_pattern(word) for word in words):
        return words
    state = parse(await opened.pluto.replies(c.Status()))
    loaded = sorted({connection.name for connection in state.connections}, key=natural)
    return loaded if options.all else match(words, loaded, "pluto")


async def _try(opened: Session, names: Sequence[str]) -> dict[str, Outcome]:
    """Bring them up: one by itself, several as a run."""
    from autod.cli.sums import left_over
    from autod.operations import find

    timeout = _TRY if opened.options.timeout is None else opened.options.timeout
    opened.interrupts.left = lambda: left_over(find("up"), names, surely=False)
    if len(names) == 1:
        async with opened.pluto.up(names[0], timeout=timeout) as operation:
            async for event in operation:
                if not opened.options.json:
                    opened.show(event)
        if not opened.options.json:
            opened.say("")
        return {names[0]: operation.outcome}
    from autod.bulk import bulk

    async with bulk(opened.pluto, list(names), timeout=timeout) as going:
        async for _ in going:
            pass
    results = going.result.results
    return {name: result.outcome for name, result in results.items() if result.outcome is not None}


async def _ask(opened: Session) -> tuple[State, Secrets]:
    from autod.judging.explain import read_secrets
    from autod.protocol import commands as c
    from autod.status import parse

    pluto = opened.pluto
    replies = [*await pluto.replies(c.Status()), *await pluto.replies(c.TrafficStatus())]
    lists = [*await pluto.replies(c.ListPsks(utc=True)), *await pluto.replies(c.ListCerts(utc=True))]
    return parse(replies, time=time.time()), read_secrets(lists)


async def _compare(
    opened: Session, state: State, names: Sequence[str]
) -> tuple[dict[str, bool], dict[str, tuple[str, ...]]]:
    """Whether each is in the configuration, and its differences; both empty if the configuration cannot be read."""
    import trio

    from autod.cli.configuration import read
    from autod.config.compare import compare
    from autod.errors import WhackError

    try:
        configuration = await trio.to_thread.run_sync(read, opened.options.config, opened.pluto.release)
        comparison = compare(configuration, state, frozenset(names))
    except (WhackError, OSError):
        return {}, {}
    missing = {difference.connection for difference in comparison.missing}
    different = {
        difference.connection: tuple(
            f"{d.setting}: {d.configured} in the file, {d.loaded} in pluto" for d in difference.details
        )
        for difference in comparison.different
    }
    outside = {*comparison.forgotten, *comparison.foreign}
    configured = {
        name: name not in outside for name in names if name in outside | missing | set(comparison.same)
    }
    return configured, {**dict.fromkeys(comparison.same, ()), **different}


def _records(path: str, names: Sequence[str]) -> dict[str, Record]:
    """The supervisor's records of them; empty if no supervisor runs, or this user may not ask it."""
    import os

    from autod.judging.explain import Record

    if not os.path.exists(path):
        return {}
    from autod.errors import WhackError
    from autod.service.client import ApiError, Client

    records: dict[str, Record] = {}
    try:
        with Client(path, timeout=_ASK_SUPERVISOR) as client:
            for name in names:
                try:
                    connection = client.call("Get", name=name)["connection"]
                except ApiError:
                    continue
                records[name] = Record(
                    connection["wanted"],
                    connection["state"],
                    connection.get("since"),
                    connection.get("reason") or connection.get("cause"),
                    connection.get("detail"),
                    connection.get("attempts"),
                    connection.get("next_try"),
                )
    except WhackError:
        return records
    return records
