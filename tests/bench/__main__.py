"""Runs the rows that were asked for, and writes docs/performance.md."""

from __future__ import annotations

import argparse
import compileall
import importlib
import sys
import time
from pathlib import Path

import autod
import autod.protocol
from tests.bench.limits import with_limit
from tests.bench.table import Table, render
from tests.bench.tools import HERE, machine

ROWS = {
    "requests": "tests.bench.requests",
    "ups": "tests.bench.ups",
    "lab": "tests.bench.ups",
    "many": "tests.bench.many",
    "verbs": "tests.bench.verbs",
    "cost": "tests.bench.requests",
    "scale": "tests.bench.scale",
    "start": "tests.bench.start",
    "encoding": "tests.bench.encoding",
    "fleet": "tests.bench.fleet",
}
DOCUMENT = HERE.parent.parent / "docs" / "performance.md"

HEAD = """\
# Performance

Written by `./dev bench`; every number stands beside that of its competitor, measured in the same run. What must
hold is checked there too. Numbers of a busy machine are not those of an idle one: compare within a table.

"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="fewer of everything, to see that it runs")
    parser.add_argument("--output", type=Path, default=DOCUMENT, metavar="FILE")
    parser.add_argument("--texts", action="store_true", help="measure nothing, and write the texts anew")
    options = parser.parse_args()
    if unknown := set(options.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    # As it is installed: with bytecode, also where the environment forbids Python to write any.
    for package in (autod, autod.protocol):
        compileall.compile_dir(package.__path__[0], quiet=1)
    before = _sections(options.output) if options.rows or options.texts else {}
    status = 0
    sections = {}
    for key, module in ROWS.items():
        if options.texts or (options.rows and key not in options.rows):
            if key in before:
                sections[key] = with_limit(key, before[key])
            continue
        about = f"{time.strftime('%Y-%m-%d')}, {machine()}"
        begun = time.monotonic()
        table: Table = getattr(importlib.import_module(module), key)(options.quick)
        print(render(table), f"\n({time.monotonic() - begun:.0f} s)\n", flush=True)
        sections[key] = with_limit(
            key,
            f"<!-- {key} -->\n{render(table)}\n{'Quick run. ' if options.quick else ''}Measured {about}\n",
        )
        status |= not all(holds for _, _, holds in table.held)
        _write(options.output, before, sections)
    if options.texts:
        _write(options.output, before, sections)
    return status


def _write(path: Path, before: dict[str, str], sections: dict[str, str]) -> None:
    """The document, after each row: what was measured stays where the next one fails."""
    path.parent.mkdir(exist_ok=True)
    merged = {**before, **sections}
    path.write_text(HEAD + "\n".join(merged[key] for key in ROWS if key in merged))


def _sections(path: Path) -> dict[str, str]:
    """The sections of an earlier run, which stay where only some rows are measured again."""
    if not path.exists():
        return {}
    parts = path.read_text().split("<!-- ")[1:]
    return {part.partition(" -->")[0]: f"<!-- {part.rstrip()}\n" for part in parts}


if __name__ == "__main__":
    sys.exit(main())
