"""Whether what autod needs is known to be vulnerable: `./dev audit`, which asks pip-audit about all of tests/lock.txt.

pip-audit says "no known vulnerabilities" of packages that it could not look up, too. Here they count as not audited,
and so does one that its report does not have. The exit status is 1 where something is vulnerable, 2 where something was
not audited, and 0 only where all of it was and nothing was found.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.markers import Marker

LOCK = Path(__file__).resolve().parents[1] / "lock.txt"
TIMEOUT = 600


def locked(text: str) -> set[str]:
    """The names of a lock file that are for this Python and this system."""
    found = re.findall(r"^([\w.-]+)==[^\s;]+(?: ; (.+?))?(?: \\)?$", text, re.MULTILINE)
    return {name.lower() for name, marker in found if not marker or Marker(marker).evaluate()}


def verdict(report: dict[str, Any], wanted: set[str]) -> tuple[int, list[str]]:
    """The exit status and what to say, of a report of pip-audit about the packages `wanted`."""
    lines, clean, vulnerable = [], set(), False
    for one in report.get("dependencies", []):
        name, found = one["name"].lower(), one.get("vulns")
        if found:
            vulnerable = True
            lines += [f"{name} {one['version']}: {each['id']}" for each in found]
        if found is not None:
            clean.add(name)
        elif "skip_reason" in one:
            lines.append(f"{name}: not audited: {one['skip_reason']}")
            wanted = wanted | {name}
    missing = sorted(wanted - clean)
    told = {line.partition(":")[0] for line in lines}
    lines += [f"{name}: not audited: the report does not have it" for name in missing if name not in told]
    lines.append(f"{len(clean)} of {len(wanted | clean)} packages were audited")
    return 1 if vulnerable else 2 if missing or not clean else 0, lines


def main() -> int:
    """Ask, and say it."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        str(LOCK),
        "--require-hashes",
        "--disable-pip",
    ]
    command += ["--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        report = {}
        print(done.stderr.strip().rpartition("\n")[2], file=sys.stderr)
    status, lines = verdict(report, locked(LOCK.read_text()))
    print("\n".join(lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
