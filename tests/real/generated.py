"""Connections made of the keywords that a release knows, several of them changed at once."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from autod.protocol.connection.keywords import table
from tests.real.edits import BASE, EDITS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["generated"]

_BASES: Final[tuple[Mapping[str, str], ...]] = (
    BASE,
    BASE,
    {key: BASE[key] for key in ("left", "right", "authby", "auto")},
    {**BASE, "ikev2": "no"},
)
_MORE: Final[tuple[tuple[str, str], ...]] = (
    ("leftid", "'C=US, O=Test, CN=west'"),
    ("leftid", "%any"),
    ("leftprotoport", "udp/l2tp"),
    ("leftsubnet", "10.1.0.7/24"),
    ("rightsubnet", "0.0.0.0/0"),
    ("salifetime", "10m"),
    ("rekeymargin", "1h"),
    ("mark-in", "6/0xf"),
    ("modecfgdns", "'1.1.1.1 2.2.2.2'"),
    ("authby", "secret,rsasig"),
    ("authby", "rsa-sha2_512"),
    ("leftsubnets", "{10.7.0.0/24,10.8.0.0/24}"),
    ("rightaddresspool", "10.9.0.1-10.9.0.9"),
    ("ikelifetime", "30h"),
    ("dpdaction", "restart"),
    ("dpdtimeout", "120"),
    ("keyingtries", "3"),
    ("type", "drop"),
    ("leftca", "%same"),
    ("leftmodecfgclient", "yes"),
    ("rightmodecfgserver", "yes"),
    ("leftxauthserver", "yes"),
    ("connalias", "'x y'"),
    ("iptfs", "yes"),
)
_AUTO: Final = ("add", "add", "start", "ondemand", "keep")


def generated(rules: str, seed: int) -> Mapping[str, str]:
    """The settings of one connection for releases of these rules; the same for the same seed."""
    drawn = random.Random(seed)
    known = table(rules).conn
    values: dict[str, list[str]] = {}
    for key, value in (*(pair for edit in EDITS for pair in edit.items()), *_MORE):
        if key in known and known[key].keyword.kind != "obsolete" and key not in ("left", "auto"):
            values.setdefault(key, []).append(value)
    settings = {key: value for key, value in drawn.choice(_BASES).items() if key in known}
    for key in drawn.sample(sorted(values), drawn.randint(0, 7)):
        settings[key] = drawn.choice(values[key])
    if drawn.random() < 0.2:
        swap = {"left": "right", "right": "left"}
        settings = {
            next((swap[side] + key[len(side) :] for side in swap if key.startswith(side)), key): value
            for key, value in settings.items()
        }
    settings["auto"] = drawn.choice(_AUTO)
    if settings["auto"] in ("start", "keep"):
        # It would wait for the peer while it is loaded.
        settings.pop("enable-tcp", None)
    return settings
