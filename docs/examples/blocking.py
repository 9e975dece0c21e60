"""A script without an event loop: see that a connection is up, or bring it up.

python blocking.py /run/pluto/pluto.ctl branch-1
"""

from __future__ import annotations

import sys

import autod
import autod.sync


def main(socket: str, name: str) -> int:
    try:
        with autod.sync.open_pluto(socket, timeout=60) as pluto:
            if name in pluto.established():
                print(f"{name} is up already")
                return 0
            outcome = pluto.up(name)
    except autod.PlutoGone as error:
        print(error, file=sys.stderr)
        return 33
    print(outcome.sentence)
    return outcome.exit_status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
