"""Names that nothing needs: `python -m tests.helpers.unused`, part of ./dev lint.

vulture finds what no code of autod uses, tests left aside: what only a test uses is not needed either. Fields of values
are left out, for callers read them and nobody here has to. What else is kept has its reason below; a reason that is
not needed any more is an error too.
"""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parents[2]

KEPT = {
    "__getattr__": "Python calls it for the lazy names of a module",
    "__dir__": "Python calls it for dir()",
    "_decode": "construct calls it",
    "_Module": "named in a cast, which vulture does not read",
    "_encode": "construct calls it",
    "_sizeof": "construct calls it",
    "__call__": "what a callable of this kind looks like, for type checkers",
    "shutdown_path": "tests hold that no message but the one that asks for it sets this member",
    "flagbuildnone": "construct reads it",
    "trace": "the third argument of __exit__, which Python gives",
    "traceback": "the third argument of __exit__, which Python gives",
    "autod/client.py:*": "the operations that callers ask for",
    "autod/asking/methods.py:*": "the operations that callers ask for",
    "autod/errors.py:*": "fields that callers read",
    "autod/testing/*": "what tests of programs use",
    "autod/operation.py:cancel": "callers give an operation up with it",
    "autod/operation.py:send": "event loops call it, as a coroutine's",
    "autod/operation.py:throw": "event loops call it, as a coroutine's",
    "protocol/commands.py:*": "arguments of commands, which the tables of requests name as text",
    "*:from_json": "callers read back with it what was written",
    "*:read_json": "for from_json",
}
"""A name, or file:name as a pattern -> why it is kept."""


def main() -> int:
    """The number of names that nothing needs, and of reasons that are not needed."""
    vulture = Vulture()
    vulture.scavenge([str(ROOT / "autod"), str(ROOT / "protocol")], exclude=[str(ROOT / "autod/protocol/*")])
    needed: set[str] = set()
    faults = 0
    for found in vulture.get_unused_code(min_confidence=60):
        file = found.filename.resolve().relative_to(ROOT)
        reasons = [key for key in KEPT if fnmatchcase(f"{file}:{found.name}", key) or key == found.name]
        needed.update(reasons)
        if not reasons and not (found.typ == "variable" and found.first_lineno == found.last_lineno):
            print(f"{file}:{found.first_lineno}: nothing needs the {found.typ} {found.name}")
            faults += 1
    return faults


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
