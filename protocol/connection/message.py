"""The results of a release's rules for a connection: messages by their members, and complaints.

Owns: the types. Must not know: any release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Auto", "Message", "Plan", "Remark"]

Auto = Literal["ignore", "add", "ondemand", "start", "keep"]
"""What pluto does with a connection at its start; `route` is ondemand, `up` is start."""


class Message(msgspec.Struct, frozen=True):
    """One message: `members` by path as `encode.pack` takes them, `settings` the (end, key, value) of 5.4.

    `name` is pluto's name for the connection (`a/1x2` for a pair of subnets=); `kind` is the purpose of the message.
    """

    kind: Literal["add", "key", "listen", "route", "initiate"]
    name: str
    members: Mapping[str, object]
    settings: tuple[tuple[int, int, bytes], ...] = ()


class Remark(msgspec.Struct, frozen=True):
    """A complaint about a connection: a sentence, the slot of the setting that it is about, and whether it is fatal
    for the connection."""

    sentence: str
    slot: str | None = None
    fatal: bool = False


class Plan(msgspec.Struct, frozen=True):
    """The messages of addconn for the connection that pluto calls `name`, in order. The messages of a group belong
    together: if pluto refuses the first, neither the others nor the groups behind it are sent.

    `auto` is the effect of auto=. `failed`: addconn reports that the connection did not load, and sends it only with
    --autoall. `names` are all its names in pluto: there are several with subnets=.
    """

    name: str
    groups: tuple[tuple[Message, ...], ...]
    remarks: tuple[Remark, ...] = ()
    auto: Auto = "ignore"
    failed: bool = False
    names: tuple[str, ...] = ()
