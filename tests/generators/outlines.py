"""Makes protocol/outlines.json: `python -m tests.generators.outlines` writes it, the tests compare it.

construct builds each simple command of each family here, so that a program which sends one needs no construct.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from autod.protocol import commands, releases
from autod.protocol.encode import build
from autod.protocol.errors import Unsupported
from autod.protocol.outlines import Outline, build_of, flags_of, outline_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autod.protocol.releases import Release

__all__ = ["FILE", "made", "simple", "text"]

FILE = Path(__file__).parent.parent.parent / "protocol" / "outlines.json"

_NAME = "x"


def simple() -> Iterator[commands.Command]:
    """Every command with every choice of its flags, where nothing else has to be given but a name."""
    for name in commands.__all__:
        kind = getattr(commands, name)
        if kind in (commands.Command, commands.Named) or not issubclass(kind, commands.Command):
            continue
        choices = []
        for field in msgspec.structs.fields(kind):
            if field.name == "name":
                choices.append([_NAME] if field.required else [None, _NAME])
            elif field.default is False:
                choices.append([False, True])
            else:
                choices.append([None if field.required else field.default])
        for arguments in itertools.product(*choices):
            command = kind(*arguments)
            required = [field.name for field in msgspec.structs.fields(kind) if field.required]
            if required in ([], ["name"]) and flags_of(command) is not None:
                yield command


def built(command: commands.Command, release: Release) -> bytes | None:
    """The message as construct builds it today; None if this release has no such command, or not as it was built."""
    try:
        return build(command, release)
    except Unsupported:
        return None


def made() -> dict[str, Outline]:
    """The outline of each family, by its module."""
    return {module: _outline(module) for module in releases._MODULES}


def _outline(module: str) -> Outline:
    family = releases._family(module)
    outline = outline_of(module, family)
    builds = {
        (seccomp, labeled): releases.find(family.releases[0], seccomp=seccomp, labeled=labeled)
        for seccomp in (None, False, True)
        for labeled in (None, False, True)
    }
    tails = {}
    for labeled in (None, False, True):
        message = built(commands.Delete(_NAME), builds[None, labeled])
        if message is not None:
            assert not any(message[family.layout.head + 2 :])
            tails[build_of(labeled, "labeled")] = len(message) - family.layout.head - 2
    messages = {}
    for command in simple():
        by_build = {seccomp: built(command, builds[seccomp, True]) for seccomp in (None, False, True)}
        flags = str(flags_of(command))
        if by_build[None] is not None:
            assert by_build[None] == by_build[False] == by_build[True]
            messages[flags] = _written(by_build[None], outline, builds[None, True])
            continue
        for seccomp, message in by_build.items():
            if message is not None:
                messages[f"{flags} {build_of(seccomp, 'seccomp')}"] = _written(
                    message, outline, builds[seccomp, True]
                )
    return msgspec.structs.replace(
        outline,
        head=family.layout.head,
        slot=family.layout["name"].offset if family.packing.lengths else None,
        tails=tails,
        messages=messages,
    )


def _written(message: bytes, outline: Outline, release: Release) -> dict[str, str]:
    """What stands in a head besides the release's own magic and the length of the name, by offset."""
    family = release.family
    head = bytearray(message[: family.layout.head])
    if head[:4] == release.magic.to_bytes(4, "little"):
        head[:4] = bytes(4)
    if family.packing.lengths:
        at = family.layout["name"].offset
        head[at : at + 8] = bytes(8)
    runs: dict[str, str] = {}
    for written, group in itertools.groupby(enumerate(head), key=lambda pair: pair[1] != 0):
        pairs = list(group)
        if written:
            runs[str(pairs[0][0])] = bytes(value for _, value in pairs).hex()
    return runs


def text() -> str:
    """The file: a line for each message, so that a change can be read."""
    spread = msgspec.json.format(msgspec.json.encode(made(), order="sorted"), indent=1).decode()
    return re.sub(r"[\[{][^\[\]{}]+[\]}]", lambda inner: " ".join(inner[0].split()), spread) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
