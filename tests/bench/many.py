"""Row 4: 5,000 connections read, added and shown, against addconn and whack."""

from __future__ import annotations

import socket
import sys
import time
from collections import deque
from typing import TYPE_CHECKING

import trio

from autod.client import open_pluto
from autod.config import load
from autod.loading.preparing import Preparer
from autod.protocol import commands as c
from autod.status import parse
from autod.sync import open_pluto as open_sync
from tests.bench.table import Table
from tests.bench.tools import WHACK, ratio, timed
from tests.real.plutos import SAFE_PROBE, Pluto, connection, gateway

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["many"]

ADDCONN = "/usr/libexec/ipsec/addconn"
AUTOD = "add: autod --add --all"
AUTOALL = "add: addconn --autoall"
ADDERS = {
    AUTOD: [sys.executable, "-m", "autod", "--add", "--all"],
    AUTOALL: [ADDCONN, "--autoall"],
}
TIMES = 7
BACKLOG = 5
ROUNDS = 5


def many(quick: bool) -> Table:
    """Read, add, status."""
    count = 500 if quick else 5000
    table = Table(
        "many",
        f"{count:,} connections",
        "Read: the configuration, and nothing sent. Add: into a fresh pluto 4.10, the whole command, in turns (best "
        f"of {1 if quick else ROUNDS}). Status: from the request to the end of pluto's answer, which is how long "
        f"pluto is held (best of {TIMES}).",
        ("what", "seconds", "processor time of the client"),
    )
    text = "config setup\n\n" + "\n".join(
        connection(f"c{number}", leftid=f"@w{number}", rightid=f"@e{number}", auto="add")
        for number in range(count)
    )
    with gateway(label="bench") as pluto:
        pluto.conf.write_text(text)
        config = str(pluto.conf)
        autod = [sys.executable, "-m", "autod", "--ctlsocket", str(pluto.socket), "--config", config]
        checking = [ADDCONN, "--config", config, "--checkconfig"]
        times = 1 if quick else ROUNDS
        read, theirs = zip(
            *((timed([*autod, "--check"]), timed(checking)) for _ in range(times)), strict=True
        )
        _line(table, "read: autod --check", min(read))
        _line(table, "read: addconn --checkconfig", min(theirs))
        within = min(read)[0] / min(theirs)[0]
        table.must("read within 3 times addconn --checkconfig", f"{within:.2f}", within <= 3)
    added: dict[str, list[tuple[float, float]]] = {title: [] for title in ADDERS}
    for round_ in range(1 if quick else ROUNDS):
        for title, words in ADDERS.items():
            with gateway(label="bench") as pluto:
                pluto.conf.write_text(text)
                where = ["--ctlsocket", str(pluto.socket), "--config", str(pluto.conf)]
                added[title].append(timed([*words, *where]))
                if round_ == 0 and title == AUTOD:
                    _status(table, pluto, count)
    best = {title: min(found) for title, found in added.items()}
    for title, found in best.items():
        _line(table, title, found)
    with gateway(label="bench") as pluto:
        pluto.conf.write_text(text)
        _line(table, "add: plain sockets, messages ready", _plainly(pluto))
    times = {title: min(processor for _, processor in found) for title, found in added.items()}
    cost = times[AUTOD] / times[AUTOALL]
    table.must("added with at most 2.5 times the processor time of addconn", f"{cost:.2f}", cost <= 2.5)
    within = best[AUTOD][0] / best[AUTOALL][0]
    table.must("added within 1.1 times addconn --autoall", f"{within:.2f}", within <= 1.1)
    return table


def _line(table: Table, what: str, found: tuple[float, float]) -> None:
    table.add(what, f"{found[0]:.2f}", f"{found[1]:.2f}")


def _status(table: Table, pluto: Pluto, count: int) -> None:
    thrown = min(_throw_away(pluto.socket) for _ in range(TIMES))
    drained, complete, connections = trio.run(_model, pluto.socket)
    table.add("status: a reader that throws the bytes away", f"{thrown:.3f}", "")
    table.add("status: autod, until pluto is through", f"{drained:.3f}", "")
    table.add("status: autod, until the model is complete", f"{complete:.3f}", "")
    whack = timed([WHACK, "--ctlsocket", str(pluto.socket), "--status"])
    _line(table, "status: whack --status, as text", whack)
    table.must(f"all {count:,} connections in the model", f"{connections:,}", connections == count)
    table.must("pluto held at most 1.2 times as long", ratio(drained, thrown), drained <= 1.2 * thrown)
    table.must("model within 1 s", f"{complete:.2f} s", complete <= 1)


def _plainly(pluto: Pluto) -> tuple[float, float]:
    """The messages of the configuration, encoded before: seconds and processor time to send and to read."""
    with open_sync(pluto.socket) as found:
        configuration = load(pluto.conf, found.release)
    preparer = Preparer(configuration)
    messages = [
        preparer.message(one) or preparer.prepare(one).groups[0][0][1] for one in configuration.connections
    ]
    begun, processor = time.perf_counter(), time.process_time()
    flight: deque[socket.socket] = deque()
    for message in messages:
        while len(flight) >= BACKLOG:
            _read(flight.popleft())
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(pluto.socket))
        client.send(message)
        client.shutdown(socket.SHUT_WR)
        flight.append(client)
    while flight:
        _read(flight.popleft())
    return time.perf_counter() - begun, time.process_time() - processor


def _read(client: socket.socket) -> None:
    while client.recv(65536):
        pass
    client.close()


def _throw_away(path: Path) -> float:
    begun = time.perf_counter()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.send(SAFE_PROBE)
        while client.recv(65536):
            pass
    return time.perf_counter() - begun


async def _model(path: Path) -> tuple[float, float, int]:
    """Best seconds until pluto is through, best until the model is there, connections in it."""
    drained = complete = float("inf")
    found = 0
    async with open_pluto(path) as pluto:
        for _ in range(TIMES):
            begun = time.perf_counter()
            replies = await pluto.replies(c.Status())
            drained = min(drained, time.perf_counter() - begun)
            state = parse(replies)
            complete = min(complete, time.perf_counter() - begun)
            found = len(state.connections)
    return drained, complete, found
