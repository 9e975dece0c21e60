"""The comparisons of `autod doctor`, and its findings. Pure.

Owns: the comparison of our messages with those of the installed whack, and the sentences. Must not know: sockets,
processes, files; autod.cli.doctor looks at those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from autod.learn.infer import Learned, command_key, learned_message
from autod.operations import ROWS
from autod.protocol import commands
from autod.protocol.decode import decode
from autod.protocol.encode import encode
from autod.protocol.errors import DecodeError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from autod.protocol.commands import Command
    from autod.protocol.decode import Message
    from autod.protocol.releases import Release

__all__ = ["COMPARED", "Finding", "compare_messages", "problems"]

_NAME = "doctor"


def _learned() -> Iterator[tuple[str, Command]]:
    for row in ROWS:
        if not row.whack:
            continue
        kind = getattr(commands, row.command)
        plain = kind(_NAME) if issubclass(kind, commands.Named) else kind()
        for variant in ("", *row.variants):
            changed = {variant: _NAME if variant == "name" else True} if variant else {}
            command = msgspec.structs.replace(plain, **changed)
            yield command_key(command), command


COMPARED: Mapping[str, Command] = dict(_learned())
"""Key of the template -> command, for the operations that are learned (autod.operations)."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="finding"):
    """The result of one check. `ok` None: neither right nor wrong, or the check was not possible."""

    check: str
    ok: bool | None
    text: str
    detail: dict[str, Any] = {}


def problems(findings: Iterable[Finding]) -> list[str]:
    """The sentences about errors."""
    return [finding.text for finding in findings if finding.ok is False]


def compare_messages(release: Release, learned: Learned) -> list[Finding]:
    """Compare our message for each simple operation with that of the installed whack.

    whack fills members that these operations do not use with its defaults. A member with the same value in all its
    messages is such a default, and is left out.
    """
    theirs: dict[str, Message] = {}
    findings = []
    for key, command in COMPARED.items():
        if key not in learned.templates:
            findings.append(_not_recorded(key, command, release, learned))
            continue
        try:
            theirs[key] = decode(learned_message(command, learned), release)
        except DecodeError as error:
            findings.append(_finding(key, [f"whack's message is not one of Libreswan {release}: {error}"]))
    idle = _idle(theirs.values())
    for key, message in theirs.items():
        try:
            ours = decode(encode(COMPARED[key], release), release)
        except Unsupported as error:
            findings.append(
                Finding(check="message", ok=None, text=f"{key}: not sent: {error}", detail={"key": key})
            )
            continue
        findings.append(_finding(key, _differences(ours, message, idle)))
    return findings


def _finding(key: str, differences: list[str]) -> Finding:
    text = f"{key}: " + ("; ".join(differences) if differences else "the same as whack's")
    return Finding(check="message", ok=not differences, text=text, detail={"key": key})


def _not_recorded(key: str, command: Command, release: Release, learned: Learned) -> Finding:
    """The finding for a request that whack did not send: right if the release does not have it."""
    reason = learned.missing.get(key, "it was not recorded")
    supported = release.supports(type(command))
    text = f"{key}: this release has it, but its whack did not send it ({reason})" if supported else ""
    return Finding(
        check="message",
        ok=None if supported else True,
        text=text or f"{key}: neither this release nor its whack has it",
        detail={"key": key},
    )


def _idle(messages: Iterable[Message]) -> dict[str, object]:
    """The members with the same value in all of whack's messages."""
    all_of_them = [message.everything() for message in messages]
    if not all_of_them:
        return {}
    first, *rest = all_of_them
    return {path: value for path, value in first.items() if all(other.get(path) == value for other in rest)}


def _differences(ours: Message, theirs: Message, idle: Mapping[str, object]) -> list[str]:
    sentences = []
    if ours.magic != theirs.magic:
        sentences.append(f"magic {ours.magic}, and {theirs.magic} in whack's")
    mine = {path: value for path, value in ours.everything().items() if value}
    yours = {path: value for path, value in theirs.everything().items() if value and path not in idle}
    for path in sorted(mine.keys() | yours.keys()):
        if path in idle and path not in yours:
            continue
        if mine.get(path) != yours.get(path):
            sentences.append(f"{path} is {_shown(mine.get(path))}, and {_shown(yours.get(path))} in whack's")
    if ours.settings != theirs.settings:
        sentences.append("the settings of the connection differ")
    return sentences


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    return repr(value.decode("utf-8", "replace")) if isinstance(value, bytes) else str(value)
