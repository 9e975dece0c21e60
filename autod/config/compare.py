"""The differences between a configuration and the connections of pluto. Pure.

Owns: the comparison, connection by connection and setting by setting, and which connections a file may have lost by
mistake. Must not know: sockets, files, how anything is sent, the words of a status (expected.py), the steps (steps.py).

pluto's status of a connection is compared with the status that it would have if the file were loaded. So the result
also shows a keyword that was removed from the file. A setting that a status does not show (a public key, reqid= up to
5.3) is not compared, and the result names it.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from autod.config.choose import auto, wanted
from autod.config.comparison import Comparison, Detail, Difference, Doubt, Memory, Uncompared
from autod.config.digests import sent_of
from autod.config.ends import Around, compare_ends, sendcerts
from autod.config.expected import is_never, without_counts
from autod.config.meaning import Meaning, version_of
from autod.config.model import Severity
from autod.config.policies import routed
from autod.config.setting_differences import setting_differences
from autod.protocol.connection import Planner
from autod.protocol.connection.lookup import Lookup, Nothing
from autod.protocol.connection.message import Auto
from autod.protocol.encode import Packer
from autod.status.shown import Shown, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autod.config.model import ConfiguredConnection
    from autod.config.reader import Configuration
    from autod.protocol.connection.message import Plan
    from autod.status import ConnectionState, State

__all__ = ["NOWHERE", "Nowhere", "compare"]


class Nowhere:
    """Around a machine that cannot be asked: it knows only addconn's own names of protocols."""

    lookup: Lookup = Nothing()
    here = False

    def addresses(self, name: str, version: int) -> Collection[str]:
        return ()


NOWHERE: Final = Nowhere()


def compare(
    configuration: Configuration,
    state: State,
    names: Collection[str] = (),
    *,
    also: Collection[str] = (),
    shows: Mapping[str, Shown] | None = None,
    around: Around = NOWHERE,
    memory: Memory | None = None,
) -> Comparison:
    """Compare the connections that auto= loads (or those in `names`) with those that pluto has loaded.

    `also` are further names to compare: of connections that the caller wants for another reason than auto=.
    `shows` are the settings of each that the status shows (autod.status.shown); without it only the values of the typed
    state are compared. `around` answers for the machine. `memory` tells what was loaded before, and by whom.
    """
    return _Comparing(configuration, state, {} if shows is None else shows, around, memory or Memory()).run(
        names, also
    )


class _Comparing:
    def __init__(
        self,
        configuration: Configuration,
        state: State,
        shows: Mapping[str, Shown],
        around: Around,
        memory: Memory,
    ) -> None:
        self._configuration = configuration
        self._rules = configuration.rules
        self._shows = shows
        self._around = around
        self._memory = memory
        self._planner = Planner(configuration.rules, around.lookup)
        self._packer = Packer(configuration.release)
        self._loaded = {
            connection.name: connection
            for connection in state.connections
            if connection.kind != "instance" and not _of_group(connection, state)
        }
        self._instances: dict[str, list[ConnectionState]] = {}
        for connection in state.connections:
            if connection.kind == "instance":
                self._instances.setdefault(connection.name, []).append(connection)
        self._state = state
        self._up = state.established
        self._pairs: dict[str, list[str]] = {}
        for name, connection in self._loaded.items():
            base = _base(name)
            if base != name and (base in connection.aliases or not connection.aliases):
                self._pairs.setdefault(base, []).append(name)
        self._words = Words()
        self._memo: dict[object, tuple[tuple[tuple[str, str, str], ...], frozenset[str]]] = {}

    def run(self, names: Collection[str], also: Collection[str] = ()) -> Comparison:
        missing, different, same, refused, unseen = [], [], [], [], []
        claimed: set[str] = set()
        for connection in self._compared(names, also):
            # For most connections only the names are needed, and whether there are messages.
            plan = self._planner.plan(
                connection.name,
                connection.layers,
                failed=connection.failed,
                partial=connection.partial,
                outline=connection.name not in self._memory.loads,
            )
            own = plan.names
            claimed.update(own)
            claimed.add(connection.name)
            claimed.update(self._pairs.get(connection.name, ()))
            # addconn --autoall also sends a connection with a fault, as far as it could work it out.
            if not plan.groups or (plan.failed and names):
                refused.append(connection.name)
                continue
            result = self._difference(connection, plan)
            if result.settings:
                unseen.append(Uncompared(connection.name, result.settings))
            if result.difference is None:
                same.append(connection.name)
            elif result.absent:
                missing.append(result.difference)
            else:
                different.append(result.difference)
        extra = (
            ()
            if names
            else tuple(name for name in self._loaded if name not in claimed and not self._by_hand(name))
        )
        foreign = tuple(name for name in extra if not self._memory.names.keys() & {name, _base(name)})
        found_so_far = Comparison(
            tuple(missing), extra, tuple(different), tuple(same), tuple(refused), foreign, tuple(unseen)
        )
        return msgspec.structs.replace(found_so_far, doubtful=tuple(self._doubts(found_so_far)))

    def _compared(self, names: Collection[str], also: Collection[str]) -> Iterator[ConfiguredConnection]:
        names_so_far = set()
        for connection in wanted(self._configuration, names):
            names_so_far.add(connection.name)
            yield connection
        more = frozenset(also) - names_so_far
        if more and not names:
            yield from wanted(self._configuration, more)

    def _doubts(self, comparison: Comparison) -> Iterator[Doubt]:
        """Forgotten connections that may be lost by mistake: the file has faults, an include finds nothing, a name
        changed."""
        if not comparison.forgotten:
            return
        broken = _broken(self._configuration, comparison.refused)
        same = frozenset(comparison.same)
        unmatched = bool(self._configuration.sources.unmatched)
        for name in comparison.forgotten:
            if broken is not None:
                yield Doubt(name, f"the configuration has faults ({broken})")
                continue
            stood = self._memory.names.get(name) or self._memory.names.get(_base(name)) or ""
            if unmatched and stood not in self._configuration.files:
                yield Doubt(name, f"{stood or 'its file'} was not read, and an include matches nothing")
                continue
            if stood in self._memory.unread:
                yield Doubt(name, f"{stood} still exists, but is no longer included")
                continue
            new_name = self._renamed(name, same)
            if new_name is not None:
                yield Doubt(name, f"the file now has it as {new_name!r}")

    def _renamed(self, name: str, same: Collection[str]) -> str | None:
        """The new name of a connection in the file. Only connections that differ in pluto, or have several sections of
        one name, can be it."""
        several = Counter(connection.name for connection in self._configuration.connections)
        candidates = [
            connection
            for connection in self._configuration.connections
            if several[connection.name] > 1 or connection.name not in same
        ]
        for connection in candidates[:_RENAMES]:
            meaning = Meaning(connection.settings, self._rules)
            details, _ = self._one(
                connection, meaning, connection.name, self._loaded[name], {}, certain=False, shown_as=name
            )
            if len(details) > _ALIKE or not self._is_one(
                meaning, connection.name, self._loaded[name], details
            ):
                continue
            own = self._loaded.get(connection.name)
            if own is not None and several[connection.name] == 1:
                mine, _ = self._one(
                    connection, meaning, connection.name, own, {}, certain=False, shown_as=connection.name
                )
                if len(mine) < len(details):
                    continue  # it is more similar to the connection with its own name, which was edited
            return connection.name
        return None

    def _is_one(
        self, meaning: Meaning, name: str, loaded: ConnectionState, details: Sequence[Detail]
    ) -> bool:
        """Whether its identities are those of `loaded`, or at least one that no other connection has.

        A user or a branch that replaces another has its own identity.
        """
        local = compare_ends(meaning, name, loaded, self._around, {}).local
        mine, peer = ("rightid", "leftid") if local == "right" else ("leftid", "rightid")
        changed = {detail.setting for detail in details}
        if not changed & {mine, peer}:
            return True
        states = self._loaded.values()
        if peer not in changed and sum(state.remote.id == loaded.remote.id for state in states) == 1:
            return True
        return mine not in changed and sum(state.local.id == loaded.local.id for state in states) == 1

    def _by_hand(self, name: str) -> bool:
        """Whether the file has it with auto=ignore: somebody loaded it on purpose, so it is left alone."""
        return any(
            auto(connection) == "ignore"
            for connection in self._configuration.find(_base(name))
            if connection.name == _base(name)
        )

    def _difference(self, connection: ConfiguredConnection, plan: Plan) -> _Result:
        wanted_auto, own = auto(connection), plan.names
        remembers = any(name in self._memory.loads for name in own)
        now = sent_of(plan, self._rules, self._packer) if remembers else {}
        there = [name for name in own if name in self._loaded]
        surplus = tuple(
            name
            for name in (connection.name, *self._pairs.get(connection.name, ()))
            if name in self._loaded and name not in own
        )
        if not there and not surplus:
            return _Result(Difference(connection.name, own, auto=wanted_auto, elements=own), absent=True)
        details: dict[Detail, None] = {}
        elements = [name for name in own if name not in self._loaded]
        for name in elements:
            details[Detail("subnets", name, "nothing")] = None
        for name in surplus:
            details[Detail("subnets", "nothing", name)] = None
        uncompared: set[str] = set()
        meaning = Meaning(connection.settings, self._rules)
        routes = _routes(plan, meaning) if self._around.here else {}
        remembered = True
        for name in there:
            loaded = self._loaded[name]
            last_load = self._memory.loads.get(name)
            is_same_load = (
                last_load is not None and loaded.serial is not None and last_load.serial == loaded.serial
            )
            certain = is_same_load and last_load is not None and last_load.digest == now[name]
            differing, unsure = self._one(connection, meaning, name, loaded, routes, certain=certain)
            if differing:
                elements.append(name)
                details |= dict.fromkeys(differing)
            elif (
                is_same_load
                and last_load is not None
                and not certain
                and last_load.writer == self._memory.writer
            ):
                elements.append(name)
                details[Detail(_unshown(unsure), "as it is now", "as it was loaded")] = None
            if not certain:
                remembered = False
                uncompared |= unsure
            if last_load is not None and is_same_load and last_load.auto == wanted_auto:
                continue
            begun = self._begun(wanted_auto, loaded, meaning)
            if begun is not None:
                details[begun] = None
        if not details:
            return _Result(None, settings=() if remembered else tuple(sorted(uncompared)))
        difference = Difference(
            connection.name,
            own,
            tuple(details),
            wanted_auto,
            tuple(dict.fromkeys(elements)),
            surplus,
        )
        return _Result(difference, settings=tuple(sorted(uncompared)))

    def _begun(self, wanted_auto: Auto, connection: ConnectionState, meaning: Meaning) -> Detail | None:
        """The difference if auto= asks for more than loading, and pluto could do that but does not."""
        if wanted_auto not in ("ondemand", "start", "keep"):
            return None
        if connection.kind == "group" and wanted_auto == "ondemand":
            group = routed(self._state, connection.name)
            is_begun = bool({"GROUTED", "ROUTE"}.intersection(connection.policy))
            if group is not None and (group.unrouted or not is_begun):
                return Detail("auto", "ondemand", "not routed")
            return None
        if connection.kind != "permanent" or connection.oriented is False or connection.name in self._up:
            return None
        if is_never(meaning) and wanted_auto != "ondemand":
            return None
        if _is_pattern(meaning) and (wanted_auto == "ondemand" or meaning.old):
            return None
        if wanted_auto == "ondemand" and connection.routing == "unrouted":
            return Detail("auto", "ondemand", "not routed")
        if wanted_auto == "ondemand":
            return None
        # With narrowing= pluto starts with an instance of it.
        connections = [connection, *self._instances.get(connection.name, ())]
        busy = any(
            each.negotiating_ike_sa is not None or each.negotiating_child_sa is not None
            for each in connections
        )
        is_begun = not connection.policy or any(
            {"UP", "KEEP"}.intersection(each.policy) for each in connections
        )
        if connection.remote.address is not None and not busy and not is_begun:
            return Detail("auto", wanted_auto, "not started")
        return None

    def _one(
        self,
        connection: ConfiguredConnection,
        meaning: Meaning,
        name: str,
        loaded: ConnectionState,
        routes: Mapping[str, str],
        *,
        certain: bool,
        shown_as: str = "",
    ) -> tuple[list[Detail], set[str]]:
        """The differences of one connection of pluto's, and the settings that cannot be compared.

        `certain`: it was loaded with exactly these messages, so only the addresses that pluto looked up may differ.
        """
        ends = compare_ends(meaning, name, loaded, self._around, routes)
        if certain:
            return [
                self._detail(connection, *detail)
                for detail in ends.details
                if detail.slot in ("left", "right")
            ], set()
        details = [self._detail(connection, *detail) for detail in ends.details]
        status = self._shows.get(shown_as or name)
        compared = set(ends.slots)
        if status is not None:
            local = ends.local
            sendcert = tuple(sendcerts(status.ends).items()) if version_of(self._rules) < (5, 3) else ()
            lines = status.lines if version_of(self._rules) < (5, 4) else without_counts(status.lines)
            key = (
                lines,
                sendcert,
                local,
                loaded.oriented,
                tuple(meaning.word(side) for side in ("left", "right") if meaning.text(side)[:1] == "%"),
                tuple(
                    (slot, setting.text, setting.number)
                    for slot, setting in connection.settings.items()
                    if slot not in _OF_ENDS
                ),
            )
            remembered = self._memo.get(key)
            if remembered is None:
                words = self._words.of(lines)
                words |= dict(sendcert)
                pairs = "/" in name and _base(name) != name
                remembered = self._memo[key] = setting_differences(meaning, words, local, loaded, pairs=pairs)
            compared |= remembered[1]
            details += [self._detail(connection, *differing) for differing in remembered[0]]
        return details, {
            setting.key.spelled
            for slot, setting in connection.settings.items()
            if slot not in compared and _counts(slot, setting.text)
        }

    def _detail(self, connection: ConfiguredConnection, slot: str, configured: str, loaded: str) -> Detail:
        setting = connection.settings.get(slot)
        if setting is None:
            return Detail(slot, configured, loaded, str(connection.place))
        return Detail(setting.key.spelled, configured, loaded, str(setting.place))


def _is_pattern(meaning: Meaning) -> bool:
    """Whether pluto makes instances of it, and routes only those, although both addresses are known."""
    return (
        meaning.word("narrowing", "no") != "no"
        or any(meaning.given(f"{side}addresspool") for side in ("left", "right"))
        or any("%any" in meaning.text(f"{side}protoport") for side in ("left", "right"))
        or meaning.given("policy-label")
        or meaning.given("sec-label")
    )


class _Result(msgspec.Struct, frozen=True):
    difference: Difference | None
    absent: bool = False
    settings: tuple[str, ...] = ()


def _routes(plan: Plan, meaning: Meaning) -> dict[str, str]:
    """The addresses of %defaultroute or %INTERFACE, by side: addconn sends them up to 5.2."""
    members = plan.groups[0][0].members
    by_side = {}
    for at, side in enumerate(("left", "right")):
        if meaning.text(side)[:1] != "%":
            continue
        for path in (f"{side}.host_addr", f"end[{at}].host_addr"):
            packed, version = members.get(f"{path}.bytes.byte"), members.get(f"{path}.version")
            if isinstance(packed, bytes) and version in (4, 6):
                by_side[side] = str(ipaddress.ip_address(packed[: 4 if version == 4 else 16]))
    return by_side


_OF_ENDS: Final = frozenset(
    f"{side}{slot}"
    for side in ("left", "right")
    for slot in ("", "id", "subnet", "subnets", "sourceip", "nexthop")
)
_SILENT: Final = frozenset({"auto", "also", "alsoflip", "hostaddrfamily", "keyexchange", "connaddrfamily"})
"""Settings that decide how the file is read, or what pluto does with the connection."""


def _counts(slot: str, text: str | None) -> bool:
    """Whether a setting that was not compared could make a difference: %cert and similar words send nothing."""
    return slot not in _SILENT and not (text or "").startswith("%cert")


def _unshown(unsure: set[str]) -> str:
    return ", ".join(sorted(unsure)) or "what is sent"


_ALIKE: Final = 4
"""In so many settings a connection may differ from one of another name, and still be the same."""

_RENAMES: Final = 100
"""Connections that are compared with each that is forgotten."""


_LOSSES: Final = ("given twice", "cannot open", "is not a keyword of 'config setup'")
"""Warnings of the reader if the head of a section, or a file, is missing."""


def _broken(configuration: Configuration, refused: Sequence[str]) -> str | None:
    """A fault because of which a section may be lost, or be a part of another; None if there is none."""
    for diagnostic in configuration.diagnostics:
        if diagnostic.severity is not Severity.WARNING or any(
            words in diagnostic.sentence for words in _LOSSES
        ):
            return str(diagnostic)
    return f'"{refused[0]}" cannot be loaded' if refused else None


def _base(name: str) -> str:
    """The connection of a pair of subnets=: `m` of `m/1x2`."""
    base, slash, pair = name.rpartition("/")
    left, by, right = pair.partition("x")
    return base if slash and by and left.isdecimal() and right.isdecimal() else name


def _of_group(connection: ConnectionState, state: State) -> bool:
    """Whether pluto made it from a group's network, `private#203.0.113.0/24`: it comes and goes with its group."""
    return "#" in connection.name and (
        connection.template_serial is not None or "GROUPINSTANCE" in connection.policy
    )
