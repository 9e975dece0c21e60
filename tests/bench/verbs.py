"""Row 4b: what people do to 5,000 connections, against the best that the release's own programs can do."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.many import ADDCONN
from tests.bench.table import Table
from tests.bench.tools import WHACK, ran, timed
from tests.real.plutos import EAST, connection, gateway, silent_peer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.real.plutos import Pluto

    Words = Callable[[str, str, str], tuple[list[str], str]]
    """From the control socket, the configuration and the names, one a line: a command line and its input."""

__all__ = ["verbs"]

ROUNDS = 3
TICKS = os.sysconf("SC_CLK_TCK")


def _autod(*arguments: str) -> Words:
    def words(socket: str, config: str, names: str) -> tuple[list[str], str]:
        where = ["--ctlsocket", socket, "--config", config]
        return [sys.executable, "-m", "autod", *arguments, *where], names

    return words


def _whack(*arguments: str) -> Words:
    return lambda socket, config, names: ([WHACK, "--ctlsocket", socket, *arguments], "")


def _each(*arguments: str) -> Words:
    """One whack for each name, eight at a time."""
    return lambda socket, config, names: (
        ["xargs", "-P8", "-n1", WHACK, "--ctlsocket", socket, *arguments, "--name"],
        names,
    )


def _autoall(socket: str, config: str, names: str) -> tuple[list[str], str]:
    return [ADDCONN, "--ctlsocket", socket, "--config", config, "--autoall"], ""


VERBS: Mapping[str, tuple[Words, str, Words]] = {
    "--status": (_autod("--status"), "whack --status", _whack("--status")),
    "--trafficstatus": (_autod("--trafficstatus"), "whack --trafficstatus", _whack("--trafficstatus")),
    "--sync that changes one": (_autod("--sync"), "addconn --autoall", _autoall),
    "--asynchronous --up": (
        _autod("--up", "--asynchronous", "@-"),
        "xargs -P8 whack --initiate --asynchronous",
        _each("--asynchronous", "--initiate"),
    ),
    "--down": (_autod("--down", "@-"), "xargs -P8 whack --terminate", _each("--terminate")),
    "--route": (_autod("--route", "@-"), "xargs -P8 whack --route", _each("--route")),
    "--delete": (_autod("--delete", "@-"), "xargs -P8 whack --delete", _each("--delete")),
}
"""In the order in which they are done to one pluto: how autod is asked, and what the release's own programs offer."""


def verbs(quick: bool) -> Table:
    """Each verb by autod on one pluto, and by whack or addconn on another, in turns."""
    count = 200 if quick else 5000
    rounds = 1 if quick else ROUNDS
    table = Table(
        "verbs",
        f"What is done to {count:,} connections",
        f"The whole command, on all of {count:,} loaded connections of pluto 4.10, one verb after the other; best of "
        f"{rounds} in turns. The peer is silent, so an up is what pluto begins, and a down ends that; updown is "
        "/bin/true. Processor time is that of the client with its children, and that of pluto meanwhile. addconn "
        "--autoall is what there is where nobody knows which connection was changed.",
        ("what", "by", "seconds", "client's processor time", "pluto's processor time"),
    )
    found: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    failed: list[str] = []
    for _ in range(rounds):
        for way in (0, 2):
            with gateway(label="bench") as pluto:
                for verb, measured, status in _all(pluto, way, count):
                    found.setdefault((verb, way), []).append(measured)
                    if status and not way:
                        failed.append(verb)
    for verb, (_, other, _) in VERBS.items():
        best = {way: min(found[verb, way]) for way in (0, 2)}
        for way, name in ((0, "autod"), (2, other)):
            table.add(verb, name, *(f"{value:.2f}" for value in best[way]))
        ratio = best[0][0] / best[2][0]
        if other.startswith("xargs") and not quick:
            table.must(f"{verb}: no slower than xargs", f"{ratio:.2f}", ratio <= 1.05)
    table.must("autod did all that was asked", ", ".join(failed) or "all of it", not failed)
    return table


def _all(pluto: Pluto, way: int, count: int) -> list[tuple[str, tuple[float, float, float], int]]:
    """Every verb once: seconds, the client's processor time, pluto's; and the exit status."""
    silent_peer(pluto.namespace, EAST)
    names = [f"c{number}" for number in range(count)]
    _write(pluto, names, {})
    socket, config = str(pluto.socket), str(pluto.conf)
    load = _autod("--add", "--all") if way == 0 else _autoall
    timed(load(socket, config, "")[0])
    found = []
    for verb, ways in VERBS.items():
        if verb.startswith("--sync"):
            _write(pluto, names, {names[count // 2]: "3600s"})
        words, given = ways[way](socket, config, "".join(f"{name}\n" for name in names))  # type: ignore[operator]
        before = _processor(pluto.pid)
        seconds, client, status = ran(words, stdin=given)
        found.append((verb, (seconds, client, _processor(pluto.pid) - before), status))
    return found


def _write(pluto: Pluto, names: list[str], lifetimes: Mapping[str, str]) -> None:
    sections = (
        connection(
            name,
            leftid=f"@w-{name}",
            rightid=f"@e-{name}",
            leftsubnet=f"10.{1 + number // 250}.{number % 250}.0/24",
            rightsubnet=f"10.{101 + number // 250}.{number % 250}.0/24",
            leftupdown="/bin/true",
            auto="add",
            ikelifetime=lifetimes.get(name, "7200s"),
        )
        for number, name in enumerate(names)
    )
    with tempfile.NamedTemporaryFile("w", dir=pluto.conf.parent, delete=False) as file:
        file.write("config setup\n\n" + "\n".join(sections))
    Path(file.name).replace(pluto.conf)


def _processor(pid: int) -> float:
    """Seconds of processor time that pluto has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
