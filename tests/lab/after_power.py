"""After a power failure: is everything that was told in the history? Runs inside a boot that has the disk.

    python -m tests.lab.after_power FILE        # a line of JSON for each event that was told

Prints as the scenarios of supervised_gateway do.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from tests.real.namespaces import command


def main(told: Path) -> None:
    os.mknod("/run/disk", stat.S_IFBLK | 0o600, os.makedev(98, 0))
    Path("/run/left").mkdir()
    command("mount", "-t", "ext4", "/run/disk", "/run/left")
    argv = [sys.executable, "-m", "autod", "history", "--file", "/run/left/history.db"]
    argv += ["--since", "2000-01-01", "--most", "100000", "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    changes = json.loads(done.stdout)["changes"]
    kept = {
        (one["connection"], f"{one['time']:.3f}", one["after"]) for one in changes if one["kind"] == "state"
    }
    by_hand = {
        (one["connection"], f"{one['time']:.3f}", one["act"]) for one in changes if one["kind"] == "operator"
    }
    # The last line may have been cut with the power.
    events = [json.loads(line) for line in told.read_text().split("\n")[:-1]]
    states = {(e["connection"], f"{e['time']:.3f}", e["after"]) for e in events if e["kind"] == "state"}
    orders = {(e["connection"], f"{e['time']:.3f}", e["act"]) for e in events if e["kind"] == "operator"}
    assert len(states) > 20, events
    assert len(orders) > 10, events
    assert states <= kept, sorted(states - kept)
    assert orders <= by_hand, sorted(orders - by_hand)
    print(
        f"== power: {len(states)} changes and {len(orders)} orders were told until it failed, and all are kept"
    )
    print("PASSED power in one moment")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except AssertionError as problem:
        print(f"FAILED power after it was cut: {problem}")
        sys.exit(1)
