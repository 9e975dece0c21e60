"""The rules of 5.3 to 5.3.2: addconn sends nearly all strings as they are, and words as numbers.

Owns: from settings to the one message for these releases. Must not know: files and lines, sockets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autod.protocol.connection.identity import fix_id
from autod.protocol.connection.message import Message, Plan, Remark
from autod.protocol.connection.pairs import names_of_pairs
from autod.protocol.connection.rules_5_2 import put_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.protocol.connection.given import Given
    from autod.protocol.connection.lookup import Lookup
    from autod.protocol.connection.message import Auto

__all__ = ["making"]

_ADD: Final = 15
"""WHACK_ADD of enum whack_command, the same with and without USE_SECCOMP."""

_FROM_ADDCONN: Final = 2
_NEVER_NEGOTIATE, _NEGOTIATION, _FAILURE = 1, 3, 5
_SHUNT_OF_TYPE: Final = {3: 4, 4: 5, 5: 5}
_AUTO_ADD: Final = 2
_AUTO: Final[dict[int, Auto]] = {
    2: "add",
    3: "start",
    4: "ondemand",
    5: "ondemand",
    6: "start",
    7: "keep",
}
_KEYS: Final = (("rsasigkey", 2), ("ecdsakey", 3), ("pubkey", 4))

_OTHER_PLACES: Final = {
    "ikev1-dpdtimeout": "dpdtimeout",
    "dns-match-id,": "dns_match_id",
    "": "host",
    "username": "xauthusername",
}
"""Members whose name differs from their keyword's."""

_ELSEWHERE: Final = frozenset(
    {"auto", "also", "negotiationshunt", "failureshunt", "id", "subnet", *(word for word, _ in _KEYS)}
)
"""Keywords whose value is not simply put into one member."""


class _Draft:
    """The settings of the last layer. Only the shunt of type= stays from the layers before."""

    __slots__ = ("failed", "never", "remarks", "settings")

    def __init__(self) -> None:
        self.failed = False
        self.never = 0
        self.remarks: list[Remark] = []
        self.settings: Mapping[str, Given] = {}

    def copy(self) -> _Draft:
        duplicate = _Draft()
        duplicate.never = self.never
        return duplicate

    def work(self, settings: Mapping[str, Given], lookup: Lookup) -> None:
        """Apply the settings of one layer."""
        self.settings = settings
        setting = settings.get("type")
        if setting is not None:
            self.never = _SHUNT_OF_TYPE.get(setting.number or 0, self.never)


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
    settings = draft.settings
    setting = settings.get("auto")
    number = setting.number or 0 if setting is not None else 0
    auto = _AUTO.get(number, "ignore")
    members: dict[str, object] = {
        "whack_command": _ADD,
        "whack_from": _FROM_ADDCONN,
        "name": name,
        "autostart": _AUTO_ADD if not autoall and auto in ("ondemand", "start") else number,
        f"shunt[{_NEVER_NEGOTIATE}]": draft.never,
    }
    for slot, kind in (("negotiationshunt", _NEGOTIATION), ("failureshunt", _FAILURE)):
        if slot in settings and not draft.failed:
            members[f"shunt[{kind}]"] = settings[slot].number or 0
    for setting in settings.values():
        if setting.key.keyword.slot not in _ELSEWHERE:
            _put(members, setting)
    for at, side in enumerate(("left", "right")):
        identity, subnet = settings.get(f"{side}id"), settings.get(f"{side}subnet")
        if identity is not None:
            members[f"end[{at}].id"] = fix_id(identity.text or "")
        if subnet is not None:
            text = subnet.text or ""
            virtual = text.startswith(("vhost:", "vnet:"))
            members[f"end[{at}].{'virt' if virtual else 'subnet'}"] = text
        for word, algorithm in _KEYS:
            key = settings.get(side + word)
            if key is not None:
                members[f"end[{at}].pubkey"] = key.text
                members[f"end[{at}].pubkey_alg"] = algorithm
                break
    return Plan(
        name,
        ((Message("add", name, members),),),
        tuple(draft.remarks),
        auto,
        draft.failed,
        names_of_pairs(name, settings),
    )


def _put(members: dict[str, object], setting: Given) -> None:
    """Put a value into the member that has the name of its keyword."""
    keyword = setting.key.keyword
    path = _OTHER_PLACES.get(keyword.slot, keyword.slot.replace("-", "_"))
    if setting.key.side:
        path = f"end[{0 if setting.key.side == 'left' else 1}].{path}"
    if keyword.kind == "time":
        put_time(members, path, setting.number or 0)
    elif keyword.kind in ("enum", "number", "signed"):
        members[path] = setting.number or 0
    else:
        members[path] = setting.text
