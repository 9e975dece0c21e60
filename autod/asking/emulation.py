"""What an operation means where a release lacks it: done by another command, or refused with the reason.

Owns: that choice, for one release. The reasons and the substitutes are fields of autod.operations, and docs/releases.md
shows them. Must not know: how a command is asked, or of what bytes it is made.

Native is what the release's own message table has (autod.protocol.families.requests).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from autod.operations import Row, of_command
from autod.protocol import commands as c
from autod.protocol.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["Availability", "Question", "availability", "kept", "native_or_substitute"]


class Question(msgspec.Struct, frozen=True):
    """What is asked of a release, and which of the lines that come back are the answer (None: all)."""

    command: c.Command
    keep: Callable[[str], bool] | None = None


class Availability(msgspec.Struct, frozen=True):
    """How a release answers an operation: "native", "emulated" or "refused", and how or why."""

    kind: str
    how: str = ""


def availability(row: Row, release: Release) -> Availability:
    """What becomes of an operation that is not a sequence of others on a release."""
    if not row.command:
        return Availability("emulated", row.instead)
    if release.supports(getattr(c, row.command)):
        return Availability("native")
    if row.substitute is not None:
        return Availability("emulated", row.substitute.how)
    return Availability("refused", row.lacking)


def native_or_substitute(command: c.Command, release: Release) -> Question:
    """The command to ask, and which lines to keep. Unsupported where the release has neither."""
    kind = type(command)
    if release.supports(kind):
        return Question(command)
    row = of_command(kind.__name__)
    if row.substitute is None:
        raise Unsupported(
            f"Libreswan {release} has no {kind.verb}: it {row.lacking or 'came later'}.", release=str(release)
        )
    beginnings = row.substitute.keep
    return Question(getattr(c, row.substitute.command)(), lambda text: text.startswith(beginnings))


def kept(replies: list[Reply], keep: Callable[[str], bool]) -> list[Reply]:
    """The replies that are the answer."""
    return [reply for reply in replies if keep(reply.text)]
