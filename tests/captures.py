"""Messages that the programs of 29 releases sent, from tests/data/captures."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "data" / "captures"


class Capture(NamedTuple):
    """One message: what it was recorded as, the program's arguments, the bytes."""

    command: str
    argv: tuple[str, ...]
    message: bytes


@functools.cache
def captures(release: str) -> tuple[Capture, ...]:
    """All messages of one release."""
    lines = gzip.decompress((FOLDER / f"{release}.jsonl.gz").read_bytes()).splitlines()
    entries = map(json.loads, lines)
    return tuple(Capture(e["command"], tuple(e["argv"]), bytes.fromhex(e["message"])) for e in entries)


def capture(release: str, command: str) -> Capture | None:
    """The one message of a command, None if the release has none."""
    return next((entry for entry in captures(release) if entry.command == command), None)
