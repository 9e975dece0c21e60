"""Messages that the programs of 29 releases sent, from tests/data/captures."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path
from typing import NamedTuple

from autod.protocol.decode import decode
from autod.protocol.encode import pack
from autod.protocol.errors import DecodeError
from autod.protocol.releases import Release, find

FOLDER = Path(__file__).parents[1] / "data" / "captures"


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


CAPTURED = {
    "initiate": "initiate",
    "terminate": "terminate",
    "delete": "delete",
    "route": "route",
    "unroute": "unroute",
    "listen": "listen",
    "rereadsecrets": "rereadsecrets",
    "rereadcerts": "rereadcerts",
    "rereadall": "rereadall",
    "fetchcrls": "fetchcrls",
    "purgeocsp": "purgeocsp",
    "listall": "listall",
    "listall+utc": "listall-utc",
    "listpubkeys": "listpubkeys",
    "checkpubkeys": "checkpubkeys",
    "listcerts": "listcerts",
    "listcacerts": "listcacerts",
    "listcrls": "listcrls",
    "status": "status",
    "trafficstatus": "trafficstatus",
    "trafficstatus+name": "trafficstatus-name",
    "briefstatus": "briefstatus",
    "globalstatus": "globalstatus",
    "showstates": "showstates",
    "shuntstatus": "shuntstatus",
    "fipsstatus": "fipsstatus",
}
"""Key of what is learned -> the command that was recorded."""


def release_of(text: str, message: bytes) -> Release:
    """The release with the labeled IPsec that the capture was made with."""
    for labeled in (False, True):
        release = find(text, seccomp=False, labeled=labeled)
        try:
            if not decode(message, release).trailing:
                return release
        except DecodeError:
            continue
    raise AssertionError(text)


def with_name(entry: Capture, release: Release, name: bytes) -> bytes:
    """What the same whack would have sent for another name, less the noise in its padding."""
    decoded = decode(entry.message, release)
    members = decoded.everything()
    if "name" in decoded.strings:
        members["name"] = name
    return pack(release, members, decoded.settings, magic=decoded.magic)
