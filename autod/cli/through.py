"""The ordinary verbs through a running supervisor (`autod --service --up NAME`): no root and no pluto needed here.

Owns what each of them comes to; autod.operations has which they are. What they mean there: --down also keeps the
supervisor from bringing the connection up again, --up takes that back.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from autod.cli.watch import ANSWER, line, until_up

if TYPE_CHECKING:
    import argparse

    from autod.service.client import Client

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Do what was asked: 0 if it is so, 1 if not, 124 if a deadline passed; raises NoSocket, NotPermitted
    or DeadlinePassed."""
    from autod.service.client import Client

    if options.operation == "wait":
        return until_up(options.api, options.names, options.timeout or options.deadline)
    with Client(options.api, timeout=options.timeout or options.deadline or ANSWER) as client:
        match options.operation:
            case "up" | "down":
                return _order(client, options)
            case "sync":
                return _sync(client, options)
            case _:
                return _status(client, options)


def _order(client: Client, options: argparse.Namespace) -> int:
    up = options.operation == "up"
    names = ["*"] if options.all else options.names
    found: list[dict[str, Any]] = []
    if options.asynchronous:
        client.call("Up" if up else "Down", names=names)
        return 0
    timeout = options.timeout or options.deadline
    # Whether anybody is there shows first; how long the rest may take, the supervisor itself knows.
    client.call("Statistics")
    client.set_timeout(None if timeout is None else timeout + ANSWER)
    for reply in client.stream("Up" if up else "Down", names=names, timeout=timeout):
        if "event" in reply:
            _tell(reply["event"], options.json)
        found = reply.get("connections", found)
    left = [c for c in found if (c["state"] == "up") is not up and (up or "received" in c)]
    for connection in left:
        why = connection.get("detail") or connection.get("cause") or connection["state"]
        print(f"autod: {connection['name']} is {connection['state']}: {why}", file=sys.stderr)
    if not left:
        return 0
    return 124 if all(c["state"] in ("starting", "suspended") for c in left) else 1


def _sync(client: Client, options: argparse.Namespace) -> int:
    told = client.call("Sync", dry=options.dry_run or None)
    if options.json:
        _print_json(told)
    else:
        words = {"missing": "not in pluto", "changed": "older in pluto", "extra": "only in pluto"}
        for key, text in words.items():
            for name in told[key]:
                print(f"{name}: {text}")
    return 0


def _status(client: Client, options: argparse.Namespace) -> int:
    patterns = options.names or [None]
    found = {c["name"]: c for p in patterns for c in client.call("List", pattern=p)["connections"]}
    if options.json:
        _print_json({"connections": list(found.values())})
        return 0
    width = max((len(name) for name in found), default=0)
    for name, connection in found.items():
        text = f"{name:<{width}}  {connection['state']:<9}  wanted {connection['wanted']}"
        if "received" in connection:
            text += f"  in {connection['received']}  out {connection['sent']}"
        elif "cause" in connection:
            text += f"  {connection.get('detail') or connection['cause']}"
        print(text)
    return 0


def _tell(event: dict[str, Any], json: bool) -> None:
    if json:
        _print_json(event)
    else:
        print(line(event), flush=True)


def _print_json(value: dict[str, Any]) -> None:
    import msgspec

    print(msgspec.json.encode(value).decode(), flush=True)
