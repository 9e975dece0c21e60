"""`autod decode`: a captured whack message as a tree. Reads a file, contacts nobody."""

from __future__ import annotations

import base64
import binascii
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autod.cli.output import say
from autod.protocol.errors import DecodeError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from autod.protocol.decode import Message
    from autod.protocol.releases import Release

__all__ = ["as_json", "as_tree", "candidates", "configure", "read_message", "run"]

_LARGEST = 1 << 20
"""The most bytes that are read of a file. The largest message has 7616 bytes, and twice as many in hexadecimal."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `autod decode`."""
    parser.add_argument(
        "file", metavar="FILE", help="the message: raw, hexadecimal or base64; - is standard input"
    )
    parser.add_argument(
        "--release", metavar="R", help="the release that wrote it (default: every one that fits)"
    )
    parser.add_argument(
        "--seccomp", choices=("yes", "no"), help="whether that pluto was built with USE_SECCOMP"
    )
    parser.add_argument(
        "--labeled",
        choices=("yes", "no"),
        help="with --release: whether that pluto was built with labeled IPsec",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a tree")


def run(options: argparse.Namespace) -> int:
    """Print the tree, or the object. DecodeError if no release reads the message, OSError for the file."""
    message = read_message(_read(options.file))
    fitting = candidates(message, options.release, options.seccomp)
    (release, decoded), others = fitting[0], [str(other) for other, _ in fitting[1:]]
    if options.json:
        from autod.cli.render import json_line

        say(json_line(as_json(message, release, decoded, others)))
    else:
        for line in as_tree(message, release, decoded, others):
            say(line)
    return 0


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read(_LARGEST)
    with Path(file).open("rb") as stream:
        return stream.read(_LARGEST)


def read_message(data: bytes) -> bytes:
    """The message in `data`, which is hexadecimal or base64 text, or the message itself.

    A message begins with a magic number and has zeros in it, so it is neither of the two texts.
    """
    text = b"".join(data.split())
    if not text:
        raise DecodeError("there is no message: the input is empty.")
    try:
        return bytes.fromhex(text.removeprefix(b"0x").decode("ascii"))
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return data


def candidates(message: bytes, text: str | None, seccomp: bool | None) -> list[tuple[Release, Message]]:
    """The releases that can read the message, newest first; with `text`, that release only.

    One magic number covers 4.3 to 5.0, so several may fit: those that leave bytes over come last. DecodeError
    if no release fits.
    """
    from autod.protocol.decode import decode
    from autod.protocol.releases import ALL, find

    if text is not None:
        release = find(text, seccomp=seccomp)
        if release.labeled is None:
            release = release.built(labeled=False)
        return [(release, decode(message, release))]
    fitting = []
    for name in reversed(ALL):
        for labeled in (False, True):
            release = find(name, seccomp=seccomp, labeled=labeled)
            try:
                decoded = decode(message, release)
            except (DecodeError, UsageError):
                continue
            fitting.append((release, decoded))
            break
    if not fitting:
        raise DecodeError(
            f"{len(message)} bytes that no release from {ALL[0]} to {ALL[-1]} reads; see --release."
        )
    return sorted(fitting, key=lambda pair: (len(pair[1].trailing) > 0, pair[1].kind is None))


def as_json(message: bytes, release: Release, decoded: Message, others: list[str]) -> dict[str, Any]:
    """The object of --json. Bytes that are not UTF-8 stand as U+FFFD in text."""
    return {
        "event": "message",
        "release": str(release),
        "also": others,
        "bytes": len(message),
        "magic": decoded.magic,
        "command": _command(decoded),
        "whack_command": decoded.command,
        "name": decoded.name,
        "members": {path: _plain(value) for path, value in decoded.members.items()},
        "strings": {path: _text(value) for path, value in decoded.strings.items()},
        "settings": [{"end": end, "key": key, "value": _text(value)} for end, key, value in decoded.settings],
        "trailing": decoded.trailing.hex(),
    }


def as_tree(message: bytes, release: Release, decoded: Message, others: list[str]) -> Iterator[str]:
    """Lines of the tree for people."""
    also = f" (also read by {_spans(others)})" if others else ""
    yield f"whack message of Libreswan {release}{also}, {len(message)} bytes"
    tree: dict[str, Any] = {"magic": decoded.magic, "asks": _command(decoded) or "nothing that is known"}
    if decoded.command:
        tree["whack_command"] = decoded.command
    if decoded.members:
        tree["members"] = _nested({path: _plain(value) for path, value in decoded.members.items()})
    if decoded.strings:
        tree["strings"] = _nested(
            {path: f'"{_text(value)}"' for path, value in decoded.strings.items() if value}
        )
    if decoded.settings:
        ends = {0: "left", 1: "right", 2: "connection"}
        tree["settings"] = {
            f"{ends.get(end, end)} {key} [{number}]": f'"{_text(value)}"'
            for number, (end, key, value) in enumerate(decoded.settings)
        }
    if decoded.trailing:
        tree["bytes left over"] = decoded.trailing[:64].hex()
    yield from _branches(tree, "")


def _branches(tree: dict[str, Any], indent: str) -> Iterator[str]:
    last = len(tree) - 1
    for at, (key, value) in enumerate(tree.items()):
        corner, follow = ("└─ ", "   ") if at == last else ("├─ ", "│  ")
        if isinstance(value, dict):
            yield f"{indent}{corner}{key}"
            yield from _branches(value, indent + follow)
        else:
            yield f"{indent}{corner}{key}: {value}"


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    """`left.id` under `left`, so that members that belong together stand together."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, leaf = path.split(".")
        node = tree
        for parent in parents:
            step = node.setdefault(parent, {})
            if not isinstance(step, dict):
                node, leaf = tree, path
                break
            node = step
        node[leaf] = value
    return _collapsed(tree)


def _collapsed(tree: dict[str, Any]) -> dict[str, Any]:
    """A branch with a single leaf or branch is written on one line: `oppo.local.port.hport: 8`."""
    result: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            value = _collapsed(value)
            if len(value) == 1:
                ((inner, value),) = value.items()
                key = f"{key}.{inner}"
        result[key] = value
    return result


def _command(decoded: Message) -> str | None:
    return decoded.kind.verb if decoded.kind is not None else None


def _plain(value: int | bytes) -> int | str:
    return value if isinstance(value, int) else value.hex()


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _spans(releases: list[str]) -> str:
    return ", ".join(releases) if len(releases) < 5 else f"{releases[0]}, ..., {releases[-1]}"
