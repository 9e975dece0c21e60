"""Reads tests/data: layouts, captured messages, keyword tables. README.md there says where they come from."""

from __future__ import annotations

import functools
import gzip
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autod.protocol import releases

DATA = Path(__file__).parents[1] / "data"

LABELED = frozenset({"3.27", "3.28", "3.29"})
"""The builds whose captures have the string of labeled IPsec."""


@dataclass(frozen=True)
class Capture:
    """A message that a release's own program sent."""

    release: str
    command: str
    argv: tuple[str, ...]
    message: bytes

    @property
    def program(self) -> str:
        return self.argv[0]


@functools.cache
def archive(name: str) -> dict[str, bytes]:
    """The files of an archive of tests/data, by their path in it."""
    with tarfile.open(DATA / f"{name}.tar.xz") as tar:
        found = {}
        for member in tar.getmembers():
            data = tar.extractfile(member) if member.isfile() else None
            if data is not None:
                found[member.name.removeprefix("./")] = data.read()
        return found


@functools.cache
def layouts() -> dict[str, dict[str, Any]]:
    """The layout of each family as the compiler laid it out, by its first release."""
    found = {}
    for data in archive("layouts").values():
        layout = json.loads(data)
        found[layout["releases"][0]] = layout
    return found


@functools.cache
def captures(release: str) -> tuple[Capture, ...]:
    """Every message captured of a release."""
    with gzip.open(DATA / "captures" / f"{release}.jsonl.gz", "rt") as lines:
        return tuple(
            Capture(release, row["command"], tuple(row["argv"]), bytes.fromhex(row["message"]))
            for row in map(json.loads, lines)
        )


def built(release: str) -> releases.Release:
    """The release as the pluto was built that the captures are of."""
    return releases.find(release, seccomp=False, labeled=release in LABELED)
