"""Row 1: requests that pluto answers at once (an unknown name), and row 5: what a run costs."""

from __future__ import annotations

import subprocess
import sys
import tempfile

from autod.protocol import commands as c
from autod.protocol import releases
from autod.protocol.encode import encode
from tests.bench.table import Table
from tests.bench.tools import IPSEC, WHACK, compiled, ratio, run_bulk, timed
from tests.real.plutos import gateway

__all__ = ["cost", "requests"]


def requests(quick: bool) -> Table:
    """autod against ipsec auto, ipsec whack, xargs and C."""
    count = 200 if quick else 1000
    table = Table(
        "requests",
        "Requests for an unknown name",
        f"{count} requests, each answered by pluto 4.10 at once. The C client sends the same bytes, one connection "
        "after the other; `autod` is the run of the library call, `autod, the program` the whole process.",
        ("client", "seconds", "requests a second", "processor time each"),
    )
    names = "".join(f"nosuch-{number}\n" for number in range(count))
    with gateway(label="bench") as pluto:
        socket = str(pluto.socket)

        def loop(*command: str) -> tuple[float, float]:
            words = " ".join(command)
            return timed(["sh", "-c", f'while read name; do {words} "$name"; done'], stdin=names)

        def line(client: str, seconds: float, processor: float | None) -> float:
            each = "" if processor is None else f"{processor / count * 1e6:.0f} us"
            table.add(client, f"{seconds:.3f}", f"{count / seconds:,.0f}", each)
            return count / seconds

        line("`ipsec auto --up` in a loop", *loop(IPSEC, "auto", "--ctlsocket", socket, "--up"))
        line("`ipsec whack` in a loop", *loop(IPSEC, "whack", "--ctlsocket", socket, "--initiate", "--name"))
        argv = ["xargs", "-P8", "-n1", WHACK, "--ctlsocket", socket, "--initiate", "--name"]
        xargs = line("`xargs -P8` of whack", *timed(argv, stdin=names))
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(names)
            file.flush()
            argv = [sys.executable, "-m", "autod", "--ctlsocket", socket, "--up", f"@{file.name}"]
            line("autod, the program", *timed(argv))
        message = encode(c.Initiate("nosuch-500"), releases.find("4.10"))
        best = 0.0
        fastest = 0.0
        for _ in range(3):
            done = subprocess.run(
                [compiled(), socket, str(count)], input=message, capture_output=True, check=True
            ).stdout.split()
            assert int(done[1]) == count
            fastest = max(fastest, count / float(done[0]))
            found = run_bulk(socket, "up", count, "nosuch-", "--no-if-down")
            assert found["failed"] == {"unknown": count}
            if count / found["seconds"] > best:
                best, processor = count / found["seconds"], found["processor"]
        line("autod (best of 3)", count / best, processor)
        line("C, sequential (best of 3)", count / fastest, None)
        many = 2_000 if quick else 10_000
        found = run_bulk(socket, "up", many, "nosuch-", "--no-if-down")
        answered = found["failed"].get("unknown", 0)
    table.must("10,000 requests a second", f"{best:,.0f}", best >= 10_000)
    table.must("0.6 of the sequential C client", ratio(best, fastest), best >= 0.6 * fastest)
    table.must("6 times xargs", ratio(best, xargs), best >= 6 * xargs)
    table.must(f"none of {many:,} requests lost", f"{many - answered} lost", answered == many)
    return table


def cost(quick: bool) -> Table:
    """Row 5: processor time and memory, by the number of requests."""
    table = Table(
        "cost",
        "What a run costs",
        "Requests for an unknown name, in a process of its own, its start included in the memory only; the "
        "best of 3.",
        ("requests", "processor time", "each", "peak memory"),
    )
    each = {}
    peak = 0.0
    with gateway(label="bench") as pluto:
        for count in (500, 1000, 2000) if quick else (1000, 5000, 10_000):
            runs = [run_bulk(pluto.socket, "up", count, "nosuch-", "--no-if-down") for _ in range(3)]
            found = min(runs, key=lambda run: float(run["processor"]))
            each[count] = found["processor"] / count
            peak = found["memory"] / 1e6
            table.add(
                f"{count:,}", f"{found['processor']:.2f} s", f"{each[count] * 1e6:.0f} us", f"{peak:.0f} MB"
            )
    least, most = min(each.values()), max(each.values())
    table.must("linear: no request costs 1.5 times another", ratio(most, least), most <= 1.5 * least)
    table.must("below 200 MB", f"{peak:.0f} MB", peak < 200)
    return table
