"""A look at autod at work: two gateways, 100 tunnels up at once, traffic, all down again.

    python -m tests.lab.demo [--release 5.2] [--count 100]      # ./dev demo

Runs the command line as an operator would; on a kernel without ESP all of it happens inside the lab.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from tests.lab import roots, uml
from tests.lab.gateways import RELEASES, ROOTS, Lab, tunnels

TIMEOUT = 600


def say(line: str = "") -> None:
    print(line, flush=True)


def autod(lab: Lab, operation: str, names: list[str]) -> tuple[int, float]:
    """Run the command line for these connections on west: its exit status, and the seconds it took."""
    argv = [sys.executable, "-m", "autod", "--ctlsocket", str(lab.west.socket), operation]
    say(f"$ autod {operation} {names[0]} {names[1]} ... {names[-1]}")
    begun = time.monotonic()
    done = subprocess.run([*argv, *names], stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=False)
    return done.returncode, time.monotonic() - begun


def demo(release: str, count: int) -> int:
    """The demo itself, on a kernel with ESP; 0 where every step did what it should."""
    say(f"Starting two gateways with pluto {release} and adding {count} connections to both.")
    with tunnels(release) as lab:
        # The updown script of each tunnel would cost the lab's one slow processor half a second: only the
        # tunnel that carries traffic has its own.
        pinged = f"c{count // 2}"
        script = {"leftupdown": "", "rightupdown": ""}
        names = lab.load(count, each={pinged: script}, leftupdown="/bin/true", rightupdown="/bin/true")
        up, up_seconds = autod(lab, "--up", names)
        established = lab.states() // 2
        near, far = lab.addresses(pinged)
        say(f"$ ping -c 3 -I {near} {far}        # through {pinged}")
        answered = lab.ping(pinged, count=3)
        came, went = lab.packets(pinged)
        say(f"{'answered' if answered else 'NOT answered'}; the SAs of {pinged} count {went} out, {came} in")
        down, down_seconds = autod(lab, "--down", names)
        left = lab.states() // 2
    say()
    say(f"  {established} of {count} tunnels came up in {up_seconds:.1f} s (autod ended with {up})")
    say(f"  {came} of 3 pings came back encrypted through {pinged}")
    say(
        f"  {established - left} of {established} went down in {down_seconds:.1f} s (autod ended with {down})"
    )
    good = up == down == left == 0 and established == count and answered and (came, went) == (3, 3)
    say("  all as it should be" if good else "  NOT as it should be")
    return 0 if good else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__, add_help=True)
    parser.add_argument("--release", choices=RELEASES, default="4.10", help="the pluto of both gateways")
    parser.add_argument("--count", type=int, default=100, help="how many connections (3 to 500)")
    options = parser.parse_args()
    if not 3 <= options.count <= 500:
        parser.error("--count is from 3 to 500")
    if ROOTS[options.release].parent == roots.LAB and "LAB_INSIDE" not in os.environ:
        roots.build([ROOTS[options.release].name])
    if "LAB_INSIDE" in os.environ or roots.has_esp():
        return demo(options.release, options.count)
    roots.build(["forky"])
    say("This machine's kernel has no ESP: booting User-mode Linux, which has.")
    job = [
        sys.executable,
        "-m",
        "tests.lab.demo",
        "--release",
        options.release,
        "--count",
        str(options.count),
    ]
    with uml.booted(job, timeout=TIMEOUT, echo=True, terminal=sys.stdout.isatty()) as boot:
        boot.wait()
    return 1 if boot.status is None else boot.status


if __name__ == "__main__":
    sys.exit(main())
