"""The ordinary verbs through a running supervisor (`autod --service --up NAME`): no root and no pluto needed here.

Owns what each of them comes to; autod.operations has which they are. What they mean there: --down also keeps the
supervisor from bringing the connection up again, --up takes that back; --add and --replace have it keep a connection
that stands in no file, --delete ends that.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from autod.cli.times import duration, moment
from autod.cli.watch import ANSWER, line, until_up
from autod.errors import NotPermitted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from autod.service.client import Client

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Do what was asked: 0 if it is so, 1 if not, 124 if a deadline passed; raises NoSocket, NotPermitted
    or DeadlinePassed."""
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
    """Seconds until it is given up: --timeout or --deadline, whichever is shorter."""
    return min((limit for limit in (options.timeout, options.deadline) if limit is not None), default=None)


def _order(client: Client, options: argparse.Namespace) -> int:
    up = options.operation == "up"
    names = ["*"] if options.all else options.names
    found: list[dict[str, Any]] = []
    if options.asynchronous:
        client.call("Up" if up else "Down", names=names)
        return 0
    timeout = _limit(options)
    # Whether anybody is there shows first; how long the rest may take, the supervisor itself knows.
    with suppress(NotPermitted):
        client.call("Statistics")
    client.set_timeout(None if timeout is None else timeout + 1.0)
    for reply in client.stream("Up" if up else "Down", names=names, timeout=timeout):
        if "event" in reply and not options.quiet:
            _tell(reply["event"], options.json)
        found = reply.get("connections", found)
    left = [c for c in found if (c["state"] == "up") is not up and (up or "received" in c)]
    for connection in left:
        why = connection.get("detail") or connection.get("cause") or connection["state"]
        print(f"autod: {connection['name']} is {connection['state']}: {why}", file=sys.stderr)
    if not left:
        return 0
    return 124 if all(c["state"] in ("starting", "suspended") for c in left) else 1


def _add(client: Client, options: argparse.Namespace) -> int:
    """One connection that stands in no file: the supervisor keeps it."""
    from autod.cli.given import check_one
    from autod.config.written import Connection, parted

    check_one(options)
    (name,) = options.names
    given = parted(options.set)
    # What cannot be written shows here, before anything is sent.
    Connection(name, given)
    done = client.call("Add", name=name, settings=given, replace=options.operation == "replace" or None)
    if options.json:
        _print_json(done)
    elif not options.quiet:
        print(f"{name}: added, and is to be {done['connection']['wanted']}")
    return 0


def _remove(client: Client, options: argparse.Namespace) -> int:
    done = client.call("Remove", names=options.names)
    if options.json:
        _print_json(done)
    elif not options.quiet:
        for name in done["removed"]:
            print(f"{name}: removed")
    return 0


def _sync(client: Client, options: argparse.Namespace) -> int:
    told = client.call("Sync", dry=options.dry_run or None)
    if options.json:
        _print_json(told)
    else:
        lines = list(_differences(told))
        for line in lines or ["pluto has what the configuration says"]:
            print(line)
    return 0


def _differences(told: dict[str, Any]) -> Iterator[str]:
    details: dict[str, list[str]] = {}
    for one in told["details"]:
        text = f"{one['setting']}: {one['configured']} in the configuration, {one['loaded']} in pluto"
        details.setdefault(one["connection"], []).append(text)
    words = {
        "missing": "not in pluto",
        "changed": "other in pluto",
        "extra": "only in pluto, loaded by others",
        "forgotten": "only in pluto, not in the configuration any more",
        "refused": "cannot be loaded as it stands; autod --check says why",
    }
    for key, text in words.items():
        for name in told[key]:
            yield f"{name}: {text}"
            if key == "changed":
                yield from (f"    {line}" for line in details.get(name, ()))
    for one in told["left"]:
        yield f"{one['connection']}: left in pluto: {one['why']}"
    for one in told["uncompared"]:
        yield f"{one['connection']}: not compared: {', '.join(one['settings'])} (pluto does not show it)"


def _status(client: Client, options: argparse.Namespace) -> int:
    patterns = options.names or [None]
    asked = {p: client.call("List", pattern=p)["connections"] for p in patterns}
    found = {c["name"]: c for connections in asked.values() for c in connections}
    if options.json:
        _print_json({"connections": list(found.values())})
    else:
        _show(client, list(found.values()), table=options.format == "table")
    unknown = [pattern for pattern, connections in asked.items() if pattern is not None and not connections]
    if unknown:
        print(f"autod: the supervisor keeps no connection {', '.join(unknown)}", file=sys.stderr)
    return 1 if unknown else 0


def _show(client: Client, found: list[dict[str, Any]], *, table: bool) -> None:
    """The connections for people, under a line about the whole."""
    figures = client.call("Statistics")
    pluto, now = figures["pluto"], time.time()
    words = [f"{figures['up']} of {figures['expected']} that should be up are"]
    if pluto["running"]:
        words.append(f"Libreswan {pluto.get('release')} for {duration(now - pluto['since'])}")
    else:
        words.append("pluto is not running")
    words.append(f"autod {figures['version']} for {duration(now - figures['since'])}")
    print(", ".join(words))
    if figures["configuration"] != "ok":
        print(f"bad configuration, the old one stays: {figures['configuration']}")
    for trouble in figures["troubles"]:
        print(f"trouble: {trouble}")
    rows = [_row(one, now) for one in found]
    heads = ("CONNECTION", "STATE", "SINCE", "WANTED", "NEXT TRY", "IN", "OUT", "WHY NOT")
    if table:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        drawn = Table()
        for head in heads:
            drawn.add_column(head.capitalize(), justify="right" if head in ("IN", "OUT") else "left")
        for row in rows:
            drawn.add_row(*map(Text, row))
        Console().print(drawn)
        return
    print()
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(one: dict[str, Any], now: float) -> tuple[str, ...]:
    next_try = one.get("next_try")
    return (
        one["name"],
        one["state"] + (", flapping" if one.get("flapping") else ""),
        moment(one["since"], now),
        one["wanted"],
        f"in {duration(max(next_try - now, 0.0))}" if next_try is not None else "",
        str(one.get("received", "")),
        str(one.get("sent", "")),
        "" if one["state"] == "up" else one.get("detail") or one.get("cause", ""),
    )


def _tell(event: dict[str, Any], json: bool) -> None:
    if json:
        _print_json(event)
    else:
        print(line(event), flush=True)


def _print_json(value: dict[str, Any]) -> None:
    import msgspec

    print(msgspec.json.encode(value).decode(), flush=True)
