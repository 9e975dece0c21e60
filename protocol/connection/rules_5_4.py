"""The rules of 5.4: addconn sends the strings as they are, and pluto interprets them.

Owns: from settings to the one message for this release. Must not know: files and lines, sockets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autod.protocol.connection.message import Message, Plan
from autod.protocol.connection.pairs import names_of_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.protocol.connection.given import Given
    from autod.protocol.connection.lookup import Lookup
    from autod.protocol.connection.message import Auto, Remark

__all__ = ["making"]

_ADD: Final = 15
"""WHACK_ADD of enum whack_command, the same with and without USE_SECCOMP."""

_FROM_ADDCONN: Final = 2
_ENDS: Final = {"left": 0, "right": 1, "": 2}

_AUTO: Final[dict[str, Auto]] = {
    "add": "add",
    "ondemand": "ondemand",
    "route": "ondemand",
    "up": "start",
    "start": "start",
    "keep": "keep",
}


class _Draft:
    """The settings of the last layer. Nothing is worked out, so a layer has no effect on the next."""

    __slots__ = ("failed", "remarks", "settings")

    def __init__(self) -> None:
        self.failed = False
        self.remarks: list[Remark] = []
        self.settings: Mapping[str, Given] = {}

    def copy(self) -> _Draft:
        return _Draft()

    def work(self, settings: Mapping[str, Given], lookup: Lookup) -> None:
        self.settings = settings


def making(name: str) -> _Making:
    """The maker of messages by the rules of that name."""
    return _Making()


class _Making:
    """See autod.protocol.connection."""

    works_out = False

    def draft(self) -> _Draft:
        return _Draft()

    def plan(self, name: str, draft: _Draft, lookup: Lookup, *, autoall: bool) -> Plan:
        return _plan(name, draft, autoall=autoall)


def _plan(name: str, draft: _Draft, *, autoall: bool) -> Plan:
    """The message that loads the connection. It does not start one that is loaded by name: auto= becomes `add`."""
    setting = draft.settings.get("auto")
    auto = _AUTO.get((setting.text or "").lower(), "ignore") if setting is not None else "ignore"
    tuples = []
    for setting in draft.settings.values():
        keyword = setting.key.keyword
        if setting.text is None or not keyword.number:
            continue
        text = setting.text
        if keyword.slot == "auto" and not autoall and auto in ("ondemand", "start"):
            text = "add"
        tuples.append((_ENDS[setting.key.side], keyword.number, text.encode("utf-8", "surrogateescape")))
    members = {"whack_command": _ADD, "whack_from": _FROM_ADDCONN, "whack_async": 1, "name": name}
    message = Message("add", name, members, tuple(sorted(tuples)))
    return Plan(name, ((message,),), (), auto, draft.failed, names_of_pairs(name, draft.settings))
