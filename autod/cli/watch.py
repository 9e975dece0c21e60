"""`autod watch`: the events of a running supervisor, as they happen; and the barrier until all is up."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from autod.cli.output import say
from autod.cli.times import duration, moment

if TYPE_CHECKING:
    import argparse

    from autod.service.client import Client

__all__ = ["ANSWER", "configure", "line", "run", "until_up"]

ANSWER = 30.0
"""Seconds for the supervisor to answer a question, unless the command line says otherwise. systemd accepts clients even
while no supervisor runs."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `autod watch`."""
    from autod.cli.parser import seconds

    parser.description = (
        "Follow a running `autod supervise`: a line for each change of state and each try, until interrupted. "
        "With --until-up it ends, with 0, as soon as every connection that should be up is."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only these connections, or patterns (`branch-*`)"
    )
    parser.add_argument(
        "--api", metavar="PATH", default="/run/autod/autod.sock", help="the supervisor's socket"
    )
    parser.add_argument("--since", type=int, metavar="NUMBER", help="begin after the event of this number")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--until-up", action="store_true", help="end when all that should be up is up; tell nothing before"
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="TIME",
        help="end with 124 where the supervisor does not answer for so long (5, 30s, 2m; default: 30s), and with "
        "--until-up where not all is up by then (default: never)",
    )


def run(options: argparse.Namespace) -> int:
    """Follow until interrupted, or until all is up."""
    from autod.service.client import Client

    if options.until_up:
        return until_up(options.api, options.names, options.timeout)
    with Client(options.api, timeout=options.timeout or ANSWER) as client:
        client.call("Statistics")
        client.set_timeout(None)
        names = options.names or None
        for reply in client.stream("Watch", since=options.since, names=names):
            event = reply["event"]
            say(_json(event) if options.json else line(event), flush=True)
    return 0


def line(event: dict[str, Any]) -> str:
    """`event` as a line for people."""
    at = moment(event["time"])
    name = event.get("connection", "")
    match event["kind"]:
        case "state":
            text = f"{name}: {event.get('before')} -> {event.get('after')}"
            if "next_try" in event:
                text += f", next try at {moment(event['next_try'])}"
        case "try":
            ended = "failed" if "cause" in event else "done"
            text = f"{name}: {event.get('act')} {ended} after {duration(event.get('seconds', 0.0))}"
        case "operator":
            text = f"{name or 'autod'}: {operator(event)} says {event.get('act')}"
        case "trouble":
            text = "trouble"
        case "pluto":
            text = f"pluto: {event.get('after')}"
        case "missed":
            text = f"{event.get('missed', 'an unknown number of')} events were missed"
        case kind:
            text = kind
    why = " ".join(str(event[key]) for key in ("cause", "detail") if key in event)
    return f"{at} {text}" + (f" ({why})" if why else "")


def operator(event: dict[str, Any]) -> str:
    """The operator's name or user id, and process, if they are known."""
    if "uid" not in event:
        return "an operator"
    name = event.get("user") or f"user {event['uid']}"
    return name + (f" ({event['login']})" if "login" in event else "") + f", process {event['pid']},"


def _json(event: dict[str, Any]) -> str:
    import msgspec

    return msgspec.json.encode(event).decode()


def until_up(path: str, names: list[str], timeout: float | None) -> int:
    """Wait until each connection is up that should be (of `names`, if there are any): 0, or 124 with those that are
    missing."""
    from autod.errors import DeadlinePassed, NoSocket
    from autod.service.client import Client

    end = None if timeout is None else time.monotonic() + timeout
    missing: list[str] = ["the supervisor does not answer"]
    while True:
        try:
            with Client(path, timeout=_left(end)) as client:
                number = client.call("Statistics")["sequence"]
                missing = _missing(client, names)
                if not missing:
                    return 0
                client.set_timeout(_left(end))
                next(client.stream("Watch", since=number))
        except NoSocket:
            time.sleep(0.2)
        except DeadlinePassed:
            pass
        if end is not None and time.monotonic() >= end:
            say(f"autod: not up: {', '.join(missing)}", file=sys.stderr)
            return 124


def _left(end: float | None) -> float | None:
    return None if end is None else max(end - time.monotonic(), 0.01)


def _missing(client: Client, patterns: list[str]) -> list[str]:
    """The connections that should be up and are not. If there is no pluto, or no configuration, that is missing."""
    figures = client.call("Statistics")
    if not figures["pluto"]["running"] or figures["configuration"] != "ok":
        return ["pluto" if not figures["pluto"]["running"] else "the configuration"]
    by_name = {c["name"]: c for p in patterns or ["*"] for c in client.call("List", pattern=p)["connections"]}
    return [
        name for name, c in by_name.items() if c["wanted"] == "up" and c["state"] not in ("up", "suspended")
    ]
