"""`autod history`: when connections were down, and why; from the supervisor, or from its file."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from autod.cli.names import natural
from autod.cli.output import say
from autod.cli.times import duration, moment, span, when

__all__ = ["configure", "run"]

MOST = 50
"""The most outages and changes that people see, unless --most says otherwise."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `autod history`."""
    from autod.cli.parser import positive, seconds

    parser.description = (
        "What a running `autod supervise` remembers: how long each connection was up and down, how often it was lost, "
        "and when. Without a name, a line for each connection, the worst first; with names, also each time that one "
        "was down. Times are yesterday, today, 2h (ago), 22:30, 2026-11-24 or '2026-11-24 22:30'."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="connections, or patterns (`branch-*`)")
    parser.add_argument("--since", type=_time, metavar="WHEN", help="from then on (default: a day ago)")
    parser.add_argument("--until", type=_time, metavar="WHEN", help="up to then (default: now)")
    parser.add_argument("--peer", metavar="ADDRESS", help="only connections to this peer, or pattern")
    parser.add_argument(
        "--by-peer", action="store_true", help="a line for each peer instead of each connection"
    )
    parser.add_argument(
        "--changes", action="store_true", help="everything that happened, not only when a connection was down"
    )
    parser.add_argument(
        "--most",
        type=positive,
        metavar="N",
        help=f"show the latest N at most (default: {MOST}; with --json 1000)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, with times in UNIX seconds")
    parser.add_argument(
        "--api", metavar="PATH", default="/run/autod/autod.sock", help="the supervisor's socket"
    )
    parser.add_argument(
        "--file",
        metavar="FILE",
        help="read this history itself; needs no supervisor, but the right to read it",
    )
    parser.add_argument(
        "--timeout", type=seconds, metavar="TIME", help="for the supervisor's answer (default: 30s)"
    )


def _time(text: str) -> float:
    try:
        return when(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def run(options: argparse.Namespace) -> int:
    """Show the history: 0, or 1 if it has none of the names; raises NoSocket, NotPermitted, DeadlinePassed."""
    now = time.time()
    until = now if options.until is None else options.until
    since = until - 86400.0 if options.since is None else options.since
    if since >= until:
        say("autod: --since must lie before --until", file=sys.stderr)
        return 2
    options.since, options.until = since, until
    answer = _from_file(options) if options.file else _from_service(options)
    if options.json:
        import msgspec

        say(msgspec.json.encode(answer).decode())
    else:
        _show(answer, options, now)
    if options.names and not answer["connections"]:
        say("autod: the history knows nothing of these connections in that time", file=sys.stderr)
        return 1
    return 0


def _from_service(options: argparse.Namespace) -> dict[str, Any]:
    from autod.cli.watch import ANSWER
    from autod.service.client import Client

    names = options.names or None
    stretch = {"since": options.since, "until": options.until}
    with Client(options.api, timeout=options.timeout or ANSWER) as client:
        answer = client.call("Summary", names=names, peer=options.peer, **stretch)
        if _wants_more(options):
            answer |= client.call("History", names=_those(answer, options), most=_most(options), **stretch)
    return answer


def _from_file(options: argparse.Namespace) -> dict[str, Any]:
    import sqlite3

    import msgspec

    from autod.errors import WhackError
    from autod.service import history
    from autod.service.store import Reader

    try:
        with Reader.open(options.file) as reader:
            accounts = history.accounts(
                reader, options.since, options.until, options.names or None, options.peer
            )
            answer = {
                "since": options.since,
                "until": options.until,
                "connections": accounts,
                "peers": history.by_peer(accounts),
            }
            if _wants_more(options):
                names = _those(msgspec.to_builtins(answer), options) or []
                query = (options.since, options.until, names, _most(options))
                answer |= {
                    "outages": history.outages(reader, *query),
                    "changes": history.changes(reader, *query),
                }
    except sqlite3.Error as problem:
        raise WhackError(f"{options.file}: {problem}") from None
    plain: dict[str, Any] = msgspec.to_builtins(answer)
    return plain


def _wants_more(options: argparse.Namespace) -> bool:
    return bool(options.names or options.json or options.changes)


def _those(answer: dict[str, Any], options: argparse.Namespace) -> list[str] | None:
    """The names to ask for. With --peer, only those of the answer."""
    return (
        [connection["name"] for connection in answer["connections"]] or options.names
        if options.peer
        else options.names or None
    )


def _most(options: argparse.Namespace) -> int:
    most: int = options.most or (1000 if options.json else MOST)
    return most


def _show(answer: dict[str, Any], options: argparse.Namespace, now: float) -> None:
    """The answer for people."""
    rows = answer["peers"] if options.by_peer else answer["connections"]
    if not rows:
        if not options.names:
            say(f"nothing is known of {span(answer['since'], answer['until'], now)}")
        return
    say(span(answer["since"], answer["until"], now))
    say()
    rows = sorted(rows, key=lambda row: (row.get("availability", 2.0), -row["losses"], natural(row["name"])))
    first = "PEER" if options.by_peer else "CONNECTION"
    table = [
        [
            first,
            "AVAILABLE",
            "DOWN",
            "LOST",
            "LONGEST",
            "NOW" if not options.by_peer else "CONNECTIONS",
            "PEER",
        ]
    ]
    for row in rows:
        share = row.get("availability")
        table.append(
            [
                row["name"] or "(not known)",
                "unknown" if share is None else _per_cent(share),
                duration(row["down"]) if row["down"] else "-",
                str(row["losses"]) + (f", held {row['held']}" if row["held"] else ""),
                duration(row["longest"]) if row["longest"] else "-",
                str(row["connections"]) if options.by_peer else row.get("state", ""),
                "" if options.by_peer else row.get("peer", ""),
            ]
        )
    if options.by_peer:
        table = [row[:-1] for row in table]
    _print_table(table)
    if options.names or options.changes:
        _show_more(answer, options, now)


def _show_more(answer: dict[str, Any], options: argparse.Namespace, now: float) -> None:
    say()
    if options.changes:
        for change in answer["changes"]:
            say(f"{moment(change['time'], now)}  {_change(change)}")
        return
    if not answer["outages"]:
        say("never down")
    for outage in answer["outages"]:
        ended = "still down" if "until" not in outage and answer["until"] >= now - 60 else "down"
        why = " ".join(str(outage[key]) for key in ("cause", "detail") if key in outage)
        line = f"{moment(outage['since'], now)}  {outage['connection']} {ended} {duration(outage['seconds'])}"
        say(line + (f"  {why}" if why else ""))


def _change(change: dict[str, Any]) -> str:
    name = change.get("connection", "")
    why = " ".join(str(change[key]) for key in ("cause", "detail") if key in change)
    match change["kind"]:
        case "state" | "wanted":
            text = f"{name}: {change.get('after')}"
        case "operator":
            text = f"{name or 'autod'}: {change.get('by', 'somebody')} says {change.get('act')}"
        case "life":
            text = f"{name}: nobody looks" if name else "the supervisor begins"
        case kind:
            text = f"{kind} {change.get('act', '')}".strip()
    return text + (f" ({why})" if why else "")


def _per_cent(share: float) -> str:
    """Never rounded up to 100."""
    return "100 %" if share == 1 else f"{min(share * 100, 99.999):.3f} %"


def _print_table(rows: list[list[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
