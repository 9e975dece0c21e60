"""What differs between a configuration and what pluto holds, as far as pluto's status tells. Pure.

Owns: the comparison, setting by setting, and what it would cost to make pluto hold what the configuration says.
Must not know: sockets, files, how anything is sent.

A setting is compared only where both sides are certain: it stands in the configuration (or its default is what
every release has), and the status prints it. What is not compared counts as the same, so a difference that is told
is one; docs/cli.md lists what is compared.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Literal

import msgspec

from autod.config.choose import auto
from autod.protocol.connection import Planner
from autod.protocol.connection.lookup import Nothing
from autod.protocol.connection.rules import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from autod.config.model import Connection, Setting
    from autod.config.reader import Configuration
    from autod.protocol.connection.message import Auto
    from autod.status import ConnectionState, End, State

__all__ = ["Comparison", "Detail", "Difference", "Step", "compare", "steps"]


class Detail(msgspec.Struct, frozen=True):
    """One setting that differs: how it is spelled, both values in words that stay, and where it stands."""

    setting: str
    configured: str
    loaded: str
    place: str | None = None


class Difference(msgspec.Struct, frozen=True):
    """A connection that differs. `names` are its names in pluto (`a/1x2` for a pair of subnets=)."""

    connection: str
    names: tuple[str, ...]
    details: tuple[Detail, ...] = ()
    auto: Auto = "ignore"


class Comparison(msgspec.Struct, frozen=True, tag_field="event", tag="comparison"):
    """What is only in the configuration, only in pluto, in both but different, the same, and cannot be loaded."""

    missing: tuple[Difference, ...]
    extra: tuple[str, ...]
    different: tuple[Difference, ...]
    same: tuple[str, ...]
    refused: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether pluto holds what the configuration says."""
        return not (self.missing or self.extra or self.different or self.refused)


class Step(msgspec.Struct, frozen=True, tag_field="event", tag="step"):
    """One step towards it: `takes_down` are connections that are up and will not be, itself among them.

    `siblings`: some of them are others, which share its IKE SA, so it is done only if that is accepted.
    """

    action: Literal["add", "replace", "delete"]
    connection: str
    names: tuple[str, ...]
    takes_down: tuple[str, ...] = ()
    siblings: bool = False
    auto: Auto = "ignore"


def compare(configuration: Configuration, state: State, names: Collection[str] = ()) -> Comparison:
    """Compare the connections that auto= loads (or those in `names`) with those that pluto has loaded."""
    loaded = {one.name: one for one in state.connections if one.kind != "instance" and "#" not in one.name}
    planner = Planner(configuration.rules, Nothing())
    missing, different, same, refused = [], [], [], []
    claimed: set[str] = set()
    for connection in _wanted(configuration, names):
        plan = planner.plan(connection.name, connection.layers, partial=connection.partial)
        if connection.failed or plan.failed or not plan.groups:
            refused.append(connection.name)
            claimed.add(connection.name)
            continue
        own = plan.names
        claimed.update(own)
        found = [loaded[name] for name in own if name in loaded]
        difference = Difference(connection.name, own, auto=auto(connection))
        if len(found) < len(own):
            missing.append(difference)
            continue
        details = tuple(dict.fromkeys(d for one in found for d in _details(configuration, connection, one)))
        if details:
            different.append(msgspec.structs.replace(difference, details=details))
        else:
            same.append(connection.name)
    kept = {one.name for one in configuration.connections}
    extra = tuple(
        name
        for name in loaded
        if name not in claimed and not names and not (name in kept and _ignored(configuration, name))
    )
    return Comparison(tuple(missing), extra, tuple(different), tuple(same), tuple(refused))


def _wanted(configuration: Configuration, names: Collection[str]) -> Iterator[Connection]:
    seen: set[str] = set()
    for connection in configuration.connections:
        if connection.name in seen:
            continue
        seen.add(connection.name)
        if (names and connection.name in names) or (not names and auto(connection) != "ignore"):
            yield connection


def _ignored(configuration: Configuration, name: str) -> bool:
    """Loaded by hand, and in the file with auto=ignore: somebody's will, which is left alone."""
    return any(one.name == name and auto(one) == "ignore" for one in configuration.connections)


_DURATION = re.compile(r"(\d+)(us|ms|s|m|h|d|w)?\Z")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_LONGEST = 86400
"""Seconds above which pluto shortens a lifetime by itself (IKE: 1 day; 3.27 to 5.4), so that it says nothing."""

_YES = frozenset({"yes", "true", "1", "insist", "force", "on", "y"})
_NO = frozenset({"no", "false", "0", "never", "off", "n"})


def _word(setting: Setting) -> str:
    """The word of an enum or a bool, whichever of text and number the release keeps."""
    if setting.text is not None:
        return setting.text.lower()
    values = setting.key.keyword.values
    found = next((word for word, number in values.items() if number == setting.number), None)
    return found.lower() if found is not None else str(setting.number)


def _duration(setting: Setting, name: str) -> str | None:
    if setting.number is not None:
        seconds = setting.number / rules(name).per_second
    else:
        match = _DURATION.match(setting.text or "")
        if match is None:
            return None
        seconds = int(match[1]) * _SECONDS[match[2] or "s"]
    return f"{seconds:g} s" if 0 < seconds <= _LONGEST else None


def _flag(setting: Setting, rules: str) -> str | None:
    word = _word(setting)
    return "yes" if word in _YES else "no" if word in _NO else None


def _version(setting: Setting, rules: str) -> str | None:
    flag = _flag(setting, rules)
    return None if flag is None else "2" if flag == "yes" else "1"


def _mode(setting: Setting, rules: str) -> str | None:
    word = _word(setting)
    return word if word in ("tunnel", "transport") else None


def _seconds_of(value: int | None) -> str | None:
    return None if value is None else f"{value} s"


def _flag_of(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


_COMPARED: Mapping[
    str, tuple[Callable[[Setting, str], str | None], Callable[[ConnectionState], str | None]]
] = {
    "ikelifetime": (_duration, lambda one: _seconds_of(one.ike_lifetime)),
    "ipsec-lifetime": (_duration, lambda one: _seconds_of(one.ipsec_lifetime)),
    "dpddelay": (_duration, lambda one: _seconds_of(one.dpd_delay)),
    "type": (_mode, lambda one: one.mode),
    "ikev2": (_version, lambda one: None if one.ike_version is None else str(one.ike_version)),
    "pfs": (_flag, lambda one: _flag_of(one.pfs)),
    "rekey": (_flag, lambda one: _flag_of(one.rekey)),
}
"""Slot of a setting -> its value in words that stay, from the configuration and from the status."""


def _details(
    configuration: Configuration, connection: Connection, loaded: ConnectionState
) -> Iterator[Detail]:
    settings = connection.settings
    for slot, (configured, shown) in _COMPARED.items():
        setting = settings.get(slot)
        if setting is None:
            continue
        want, have = configured(setting, configuration.rules), shown(loaded)
        if want is not None and have is not None and want != have:
            yield Detail(setting.key.spelled, want, have, str(setting.place))
    if loaded.kind != "group":
        yield from _end_details(settings, loaded)


def _end_details(settings: Mapping[str, Setting], loaded: ConnectionState) -> Iterator[Detail]:
    """Addresses, identities and subnets, by whichever end is this machine's."""
    sides = _sides(settings, loaded)
    if sides is None:
        return
    for side, end in sides.items():
        host = _address(settings.get(side))
        if host is not None and end.address is not None and host != end.address:
            yield _detail(settings[side], host, end.address)
        identity = settings.get(f"{side}id")
        if identity is not None and end.id is not None:
            want = _identity(identity)
            if want is not None and want != end.id:
                yield _detail(identity, want, end.id)
        subnet = settings.get(f"{side}subnet")
        if subnet is not None and f"{side}subnets" not in settings:
            want = _network(subnet.text or "")
            have = _loaded_network(loaded, local=end is loaded.local)
            if want is not None and have is not None and want != have:
                yield _detail(subnet, want, have)


def _detail(setting: Setting, configured: str, loaded: str) -> Detail:
    return Detail(setting.key.spelled, configured, loaded, str(setting.place))


def _sides(settings: Mapping[str, Setting], loaded: ConnectionState) -> dict[str, End] | None:
    """Which end of the configuration is which of pluto's; None where the addresses do not tell."""
    left, right = _address(settings.get("left")), _address(settings.get("right"))
    local, remote = loaded.local.address, loaded.remote.address
    straight, crossed = (
        {"left": loaded.local, "right": loaded.remote},
        {"left": loaded.remote, "right": loaded.local},
    )
    if (left is not None and left == local) or (right is not None and right == remote):
        return straight
    if (left is not None and left == remote) or (right is not None and right == local):
        return crossed
    # Neither address is known to pluto any more: they changed, or stand for something that is looked up.
    return straight if left is not None and right is not None and None not in (local, remote) else None


def _address(setting: Setting | None) -> str | None:
    """An address that is written out; None for %any, %defaultroute, a name."""
    try:
        return str(ipaddress.ip_address(setting.text or "")) if setting is not None else None
    except ValueError:
        return None


def _identity(setting: Setting) -> str | None:
    """An identity that the status writes as the configuration does: @name or an address."""
    text = (setting.text or "").strip()
    if text.startswith("@") and text[1:2] not in ("", "#", "~", "["):
        return text
    return _address(setting)


def _network(text: str) -> str | None:
    try:
        return str(ipaddress.ip_network(text, strict=False)) if "/" in text else None
    except ValueError:
        return None


def _loaded_network(loaded: ConnectionState, *, local: bool) -> str | None:
    if len(loaded.selectors) != 1:
        return None
    selector = loaded.selectors[0].local if local else loaded.selectors[0].remote
    if selector is None:
        return None
    return _network(
        selector.net if "/" in selector.net else f"{selector.net}/{128 if ':' in selector.net else 32}"
    )


def steps(comparison: Comparison, state: State, *, shares: bool) -> list[Step]:
    """What to do, adding first. `shares`: re-adding takes the IKE SA down, and what shares it (5.4)."""
    up = state.established
    plan = [Step("add", one.connection, one.names, auto=one.auto) for one in comparison.missing]
    for one in comparison.different:
        own = [name for name in one.names if name in up]
        others = _siblings(state, one.names) if shares and own else []
        plan.append(
            Step("replace", one.connection, one.names, (*own, *others), siblings=bool(others), auto=one.auto)
        )
    plan += [Step("delete", name, (name,), (name,) if name in up else ()) for name in comparison.extra]
    return plan


def _siblings(state: State, names: Iterable[str]) -> list[str]:
    own = set(names)
    shared = {sa.ike_sa for sa in state.child_sas if sa.connection in own and sa.ike_sa is not None}
    others = (sa.connection for sa in state.child_sas if sa.ike_sa in shared and sa.connection not in own)
    return list(dict.fromkeys(others))
