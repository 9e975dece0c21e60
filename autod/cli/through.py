"""The ordinary verbs through a running supervisor (`autod --service --up NAME`): no root and no pluto needed here.

Owns the result of each verb; autod.operations lists the verbs. --down also keeps the supervisor from bringing the
connection up again; --up takes that back. --add and --replace make it keep a connection that stands in no file;
--delete ends that.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from autod.cli.output import clean, say
from autod.cli.sums import left_over
from autod.cli.times import duration, moment
from autod.cli.watch import ANSWER, line, until_up
from autod.errors import NotPermitted
from autod.operations import find
from autod.outcomes import typed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from autod.service.client import Client

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Run the operation: 0 if it succeeds, 1 if not, 124 if a deadline passed; raises NoSocket, NotPermitted or
    DeadlinePassed."""
    from autod.cli.ending import Ended, ending

    with ending():
        try:
            return _run(options)
        except Ended as end:
            from autod.cli.program import tell_end

            return tell_end(_left(options), end.number, json=options.json)


def _left(options: argparse.Namespace) -> str:
    """What the supervisor goes on with, and how to end that."""
    row = find(options.operation)
    if row.only_asks or options.dry_run:
        return left_over(None, ())
    sentence = "the supervisor goes on with what it was asked"
    name = typed(options.names[0]) if len(options.names) == 1 else "NAME ..."
    return f"{sentence}; `autod --service --down {name}` ends that" if row.initiates else sentence


def _run(options: argparse.Namespace) -> int:
    from autod.service.client import Client

    if options.operation == "wait":
        return until_up(options.api, options.names, _limit(options))
    with Client(options.api, timeout=_limit(options) or ANSWER) as client:
        match options.operation:
            case "up" | "down":
                return _order(client, options)
            case "sync":
                return _sync(client, options)
            case "add" | "replace":
                return _add(client, options)
            case "delete":
                return _remove(client, options)
            case _:
                return _status(client, options)


def _limit(options: argparse.Namespace) -> float | None:
    """Seconds until it is given up: the shorter of --timeout and --deadline."""
    return min((limit for limit in (options.timeout, options.deadline) if limit is not None), default=None)


def _order(client: Client, options: argparse.Namespace) -> int:
    up = options.operation == "up"
    names = ["*"] if options.all else options.names
    connections: list[dict[str, Any]] = []
    if options.asynchronous:
        client.call("Up" if up else "Down", names=names)
        return 0
    timeout = _limit(options)
    # A question shows whether a supervisor answers at all. After it, the supervisor keeps the time itself.
    with suppress(NotPermitted):
        client.call("Statistics")
    client.set_timeout(None if timeout is None else timeout + 1.0)
    for reply in client.stream("Up" if up else "Down", names=names, timeout=timeout):
        if "event" in reply and not options.quiet:
            _tell(reply["event"], options.json)
        connections = reply.get("connections", connections)
    unfinished = [c for c in connections if (c["state"] == "up") is not up and (up or "received" in c)]
    for connection in unfinished:
        why = connection.get("detail") or connection.get("cause") or connection["state"]
        say(f"autod: {connection['name']} is {connection['state']}: {why}", file=sys.stderr)
    if not unfinished:
        return 0
    return 124 if all(c["state"] in ("starting", "suspended") for c in unfinished) else 1


def _add(client: Client, options: argparse.Namespace) -> int:
    """One connection that stands in no file: the supervisor keeps it."""
    from autod.cli.given import check_one
    from autod.config.written import Connection, parted

    check_one(options)
    (name,) = options.names
    settings = parted(options.set)
    # Raises, before anything is sent, if a setting cannot be written.
    Connection(name, settings)
    reply = client.call("Add", name=name, settings=settings, replace=options.operation == "replace" or None)
    if options.json:
        _print_json(reply)
    elif not options.quiet:
        say(f"{name}: added, and is to be {reply['connection']['wanted']}")
    return 0


def _remove(client: Client, options: argparse.Namespace) -> int:
    reply = client.call("Remove", names=options.names)
    if options.json:
        _print_json(reply)
    elif not options.quiet:
        for name in reply["removed"]:
            say(f"{name}: removed")
    return 0


def _sync(client: Client, options: argparse.Namespace) -> int:
    reply = client.call("Sync", dry=options.dry_run or None)
    if options.json:
        _print_json(reply)
    else:
        lines = list(_differences(reply))
        for line in lines or ["pluto has what the configuration says"]:
            say(line)
    return 0


def _differences(reply: dict[str, Any]) -> Iterator[str]:
    details: dict[str, list[str]] = {}
    for detail in reply["details"]:
        text = (
            f"{detail['setting']}: {detail['configured']} in the configuration, {detail['loaded']} in pluto"
        )
        details.setdefault(detail["connection"], []).append(text)
    words = {
        "missing": "not in pluto",
        "changed": "other in pluto",
        "extra": "only in pluto, loaded by others",
        "forgotten": "only in pluto, not in the configuration any more",
        "refused": "cannot be loaded as it stands; autod --check says why",
    }
    for key, text in words.items():
        for name in reply[key]:
            yield f"{name}: {text}"
            if key == "changed":
                yield from (f"    {line}" for line in details.get(name, ()))
    for leftover in reply["left"]:
        yield f"{leftover['connection']}: left in pluto: {leftover['why']}"
    for hidden in reply["uncompared"]:
        yield f"{hidden['connection']}: not compared: {', '.join(hidden['settings'])} (pluto does not show it)"


def _status(client: Client, options: argparse.Namespace) -> int:
    patterns = options.names or [None]
    by_pattern = {p: client.call("List", pattern=p)["connections"] for p in patterns}
    by_name = {c["name"]: c for connections in by_pattern.values() for c in connections}
    if options.json:
        _print_json({"connections": list(by_name.values())})
    else:
        _show(client, list(by_name.values()), table=options.format == "table")
    unknown = [
        pattern for pattern, connections in by_pattern.items() if pattern is not None and not connections
    ]
    if unknown:
        say(f"autod: the supervisor keeps no connection {', '.join(unknown)}", file=sys.stderr)
    return 1 if unknown else 0


def _show(client: Client, connections: list[dict[str, Any]], *, table: bool) -> None:
    """The connections for people, under a line about the whole."""
    figures = client.call("Statistics")
    pluto, now = figures["pluto"], time.time()
    words = [f"{figures['up']} of {figures['expected']} that should be up are"]
    if pluto["running"]:
        words.append(f"Libreswan {pluto.get('release')} for {duration(now - pluto['since'])}")
    else:
        words.append("pluto is not running")
    words.append(f"autod {figures['version']} for {duration(now - figures['since'])}")
    say(", ".join(words))
    if figures["configuration"] != "ok":
        say(f"bad configuration, the old one stays: {figures['configuration']}")
    for trouble in figures["troubles"]:
        say(f"trouble: {trouble}")
    rows = [_row(connection, now) for connection in connections]
    heads = ("CONNECTION", "STATE", "SINCE", "WANTED", "NEXT TRY", "IN", "OUT", "WHY NOT")
    if table:
        from rich.table import Table
        from rich.text import Text

        from autod.cli.drawing import open_console

        drawn = Table()
        for head in heads:
            drawn.add_column(head.capitalize(), justify="right" if head in ("IN", "OUT") else "left")
        for row in rows:
            drawn.add_row(*(Text(clean(cell)) for cell in row))
        open_console().print(drawn)
        return
    say()
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(connection: dict[str, Any], now: float) -> tuple[str, ...]:
    next_try = connection.get("next_try")
    return (
        connection["name"],
        connection["state"] + (", flapping" if connection.get("flapping") else ""),
        moment(connection["since"], now),
        connection["wanted"],
        f"in {duration(max(next_try - now, 0.0))}" if next_try is not None else "",
        str(connection.get("received", "")),
        str(connection.get("sent", "")),
        "" if connection["state"] == "up" else connection.get("detail") or connection.get("cause", ""),
    )


def _tell(event: dict[str, Any], json: bool) -> None:
    if json:
        _print_json(event)
    else:
        say(line(event), flush=True)


def _print_json(value: dict[str, Any]) -> None:
    import msgspec

    say(msgspec.json.encode(value).decode(), flush=True)
