"""What is in the file and what is in pluto: the difference, and the steps that make pluto follow the file.

Owns: comparing a configuration with pluto's status, and what each step takes down. Must not know: sockets, or how
a step is carried out. Pure: no clock, no files.

pluto's status tells a part of a connection only. What it does not tell is not compared, so "same" means: nothing
that can be seen differs. A connection that is loaded again loses its SAs, on 5.4 with all that share its IKE SA, so
what looks the same is left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from autod.config.choose import auto
from protocol.connection.addresses import address, subnet
from protocol.connection.numbers import MICROSECONDS, Malformed, decimal_scaled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from autod.config.model import Connection, Setting
    from autod.config.reader import Configuration
    from autod.status.model import ConnectionState
    from protocol.connection import Planner

__all__ = ["Difference", "Step", "Wanted", "diff", "wanted"]

_PAIR: Final = re.compile(r"(.+)/[0-9]+x[0-9]+\Z")
_LIFETIME: Final = 28800
"""Default of ikelifetime= and ipsec-lifetime= in seconds (4.8 to 5.4)."""
_YES: Final = frozenset({"yes", "true", "on", "y", "1"})

Action = Literal["add", "replace", "delete", "keep"]


class Difference(msgspec.Struct, frozen=True):
    """One thing that differs: what it is, and its value in the file and in pluto."""

    what: str
    file: Any
    pluto: Any


class Step(msgspec.Struct, frozen=True):
    """What is done with one connection.

    `why`: what differs. `up`: whether it has an established Child SA. `takes_down`: the connections, itself
    included, whose SAs go when the step is carried out.
    """

    action: Action
    name: str
    why: tuple[Difference, ...] = ()
    up: bool = False
    takes_down: tuple[str, ...] = ()


class Wanted(msgspec.Struct, frozen=True):
    """A connection that the file loads when pluto starts, in the words of pluto's status.

    `names` are its names in pluto (several with subnets=). A value of None is not compared.
    """

    name: str
    names: tuple[str, ...]
    addresses: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    nets: frozenset[str] = frozenset()
    ike_version: int | None = None
    mode: str | None = None
    ike_lifetime: int | None = None
    ipsec_lifetime: int | None = None
    rekey: bool | None = None
    pfs: bool | None = None


def wanted(configuration: Configuration, planner: Planner) -> tuple[Wanted, ...]:
    """The connections with auto=, each once, in file order; those that cannot be loaded are left out."""
    found: dict[str, Wanted] = {}
    for connection in configuration.connections:
        if auto(connection) == "ignore" or connection.name in found:
            continue
        plan = planner.plan(
            connection.name, connection.layers, failed=connection.failed, partial=connection.partial
        )
        if plan.failed or not plan.groups:
            continue
        names = tuple(group[0].name for group in plan.groups)
        if configuration.rules != "4.10":
            names = _expanded(connection)
        found[connection.name] = _wanted(connection, names, configuration.rules)
    return tuple(found.values())


def _expanded(connection: Connection) -> tuple[str, ...]:
    """The names that pluto itself makes of subnets= (5.2 on)."""
    counts = []
    settings = connection.settings
    if not {"leftsubnets", "rightsubnets"} & settings.keys():
        return (connection.name,)
    for side in ("left", "right"):
        many = settings.get(f"{side}subnets")
        items = re.findall(r"[^ \t,]+", many.text or "") if many is not None else []
        first = 0 if f"{side}subnet" in settings or not items else 1
        counts.append(range(first, len(items) + 1))
    return tuple(f"{connection.name}/{x}x{y}" for x in counts[0] for y in counts[1])


def _wanted(connection: Connection, names: tuple[str, ...], rules: str) -> Wanted:
    settings = connection.settings
    shunt = _word(settings, "type") in ("pass", "passthrough", "drop", "reject")
    seconds = {} if shunt else {"ike": _LIFETIME, "ipsec": _LIFETIME}
    return Wanted(
        connection.name,
        names,
        frozenset(filter(None, (_canonical(settings.get(side)) for side in ("left", "right")))),
        frozenset(filter(None, (_id(settings.get(f"{side}id")) for side in ("left", "right")))),
        frozenset(filter(None, (_net(settings.get(f"{side}subnet")) for side in ("left", "right"))))
        if len(names) == 1
        else frozenset(),
        _ike_version(settings),
        None if shunt else "transport" if _word(settings, "type") == "transport" else "tunnel",
        _seconds(settings.get("ikelifetime"), rules, seconds.get("ike")),
        _seconds(settings.get("ipsec-lifetime"), rules, seconds.get("ipsec")),
        None if shunt else _yes(settings.get("rekey"), True),
        None if shunt else _yes(settings.get("pfs"), True),
    )


def _word(settings: Mapping[str, Setting], slot: str) -> str | None:
    """The value of a keyword that takes words, in lower case."""
    given = settings.get(slot)
    if given is None:
        return None
    if given.text is not None:
        return given.text.lower()
    return next((word for word, n in given.key.keyword.values.items() if n == given.number), None)


def _yes(given: Setting | None, default: bool) -> bool | None:
    if given is None:
        return default
    if given.key.keyword.kind == "bool" and given.number is not None:
        return bool(given.number)
    return (given.text or "").lower() in _YES


def _ike_version(settings: Mapping[str, Setting]) -> int | None:
    exchange, ikev2 = _word(settings, "keyexchange"), _word(settings, "ikev2")
    if exchange in ("ikev1", "ikev2"):
        return int(exchange[-1])
    if ikev2 is None:
        return 2
    return 1 if ikev2 in ("no", "never", "permit", "false", "off", "n", "0") else 2


def _seconds(given: Setting | None, rules: str, default: int | None) -> int | None:
    if given is None:
        return default
    if rules == "5.4" or given.number is None:
        try:
            return decimal_scaled(given.text or "", MICROSECONDS, "s") // 1_000_000
        except Malformed:
            return None
    return given.number // (1000 if rules == "4.10" else 1_000_000)


def _canonical(given: Setting | None) -> str | None:
    """An address in the one way that pluto prints it; None for anything else."""
    if given is None or given.text is None:
        return None
    try:
        return str(address(given.text, None))
    except Malformed:
        return None


def _id(given: Setting | None) -> str | None:
    """An id that pluto prints as it was given: a name with @ before it, or an address."""
    if given is None or given.text is None:
        return None
    plain = given.text[:1] == "@" and not set(given.text[1:]) & set('@[]#"\\ ,')
    return given.text if plain else _canonical(given)


def _net(given: Setting | None) -> str | None:
    if given is None or given.text is None:
        return None
    try:
        block = subnet(given.text, None)
    except Malformed:
        return None
    return f"{block.address}/{block.bits}"


def diff(
    file: Sequence[Wanted], pluto: Iterable[ConnectionState], *, whole_ike_sa: bool = False
) -> tuple[Step, ...]:
    """The steps that make pluto follow the file: adds first, then replacements, then deletions, then what is kept.

    `whole_ike_sa`: loading a connection again takes down its IKE SA and all that share it (5.4). Instances of
    templates follow their template.
    """
    states: dict[str, ConnectionState] = {}
    instances: dict[str, list[ConnectionState]] = {}
    for state in pluto:
        if state.instance is None and state.kind != "instance":
            states[state.name] = state
        else:
            instances.setdefault(state.name, []).append(state)
    everything = [*states.values(), *(one for some in instances.values() for one in some)]
    steps: list[Step] = []
    named: set[str] = set()
    for one in file:
        named |= {one.name, *one.names}
        there = [states[name] for name in one.names if name in states]
        if not there:
            steps.append(Step("add", one.name))
            continue
        why = [difference for state in there for difference in _differences(one, state)]
        missing = [name for name in one.names if name not in states]
        surplus = [name for name in states if _base(name) == one.name and name not in one.names]
        why += [Difference("subnets", name, None) for name in missing]
        why += [Difference("subnets", None, name) for name in surplus]
        named.update(surplus)
        group = there + [state for state in there for state in instances.get(state.name, [])]
        up = any(state.up for state in group)
        if why:
            down = _down(group, everything, whole_ike_sa=whole_ike_sa)
            steps.append(Step("replace", one.name, tuple(dict.fromkeys(why)), up, down))
        else:
            steps.append(Step("keep", one.name, (), up))
    for name, state in states.items():
        if name not in named:
            group = [state, *instances.get(name, [])]
            down = _down(group, everything, whole_ike_sa=False)
            steps.append(Step("delete", name, (), any(one.up for one in group), down))
    order = {"add": 0, "replace": 1, "delete": 2, "keep": 3}
    return tuple(sorted(steps, key=lambda step: order[step.action]))


def _base(name: str) -> str | None:
    found = _PAIR.match(name)
    return found.group(1) if found else None


def _differences(one: Wanted, state: ConnectionState) -> list[Difference]:
    found = []
    hosts = {end.address for end in (state.local, state.remote) if end.address is not None}
    if state.oriented is not False and hosts and not one.addresses <= hosts:
        found.append(Difference("addresses", sorted(one.addresses), sorted(hosts)))
    ids = {end.id for end in (state.local, state.remote) if end.id is not None}
    if ids and not one.ids <= ids:
        found.append(Difference("ids", sorted(one.ids), sorted(ids)))
    nets = {
        side.net
        for pair in state.selectors
        for side in (pair.local, pair.remote)
        if side is not None and "/" in side.net
    }
    if nets and not one.nets <= nets:
        found.append(Difference("subnets", sorted(one.nets), sorted(nets)))
    for what in ("ike_version", "mode", "ike_lifetime", "ipsec_lifetime", "rekey", "pfs"):
        ours, theirs = getattr(one, what), getattr(state, what)
        if ours is not None and theirs is not None and ours != theirs:
            found.append(Difference(what, ours, theirs))
    return found


def _down(
    group: Sequence[ConnectionState], everything: Sequence[ConnectionState], *, whole_ike_sa: bool
) -> tuple[str, ...]:
    """The connections that lose an SA when those of `group` go."""
    labels = [state.label for state in group if state.up or state.established_ike_sa is not None]
    if whole_ike_sa:
        sas = {state.established_ike_sa for state in group if state.established_ike_sa is not None}
        labels += [state.label for state in everything if state.up and state.established_ike_sa in sas]
    return tuple(dict.fromkeys(labels))
