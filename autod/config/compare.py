"""What differs between a configuration and what pluto holds. Pure.

Owns: the comparison, connection by connection and setting by setting, and what was lost rather than taken out of a
file. Must not know: sockets, files, how anything is sent, the words of a status (expected.py), what is done (steps.py).

What pluto's status shows of a connection is held against what it would show if the file were loaded. So a keyword
that was taken out of the file is seen as well as one that was changed. What a status does not show (a public key,
reqid= up to 5.3) is named: it is not compared, and nobody is told that all is the same.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections import Counter
from collections.abc import Collection, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from autod.config.choose import auto, last_of_each
from autod.config.elements import groups_for
from autod.config.ends import Around, compare_ends, sendcerts
from autod.config.expected import Row, auth_differs, end_rows, is_never, partly, rows_of
from autod.config.meaning import Meaning, Unsure, version_of
from autod.config.model import Severity
from autod.config.policies import routed
from autod.config.policy import ALIASES, NEVER_TOO, Group, groups_of
from autod.protocol.connection import Planner
from autod.protocol.connection.lookup import Lookup, Nothing
from autod.protocol.connection.message import Auto, Message
from autod.status.shown import Shown, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from autod.config.model import ConfiguredConnection
    from autod.config.reader import Configuration
    from autod.protocol.connection.message import Plan
    from autod.status import ConnectionState, State

__all__ = [
    "NOWHERE",
    "Comparison",
    "Detail",
    "Difference",
    "Doubt",
    "Load",
    "Memory",
    "Nowhere",
    "Sent",
    "Uncompared",
    "compare",
    "digest",
    "digests",
    "merged",
    "sent_of",
    "wanted",
]


class Detail(msgspec.Struct, frozen=True):
    """One setting that differs: how it is spelled, both values in words that stay, and where it stands."""

    setting: str
    configured: str
    loaded: str
    place: str | None = None


class Difference(msgspec.Struct, frozen=True):
    """A connection that differs. `names` are its names in pluto (`a/1x2` for a pair of subnets=).

    `elements` are those of them that are to be loaded, `surplus` those that pluto has and the file has not any more.
    """

    connection: str
    names: tuple[str, ...]
    details: tuple[Detail, ...] = ()
    auto: Auto = "ignore"
    elements: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()


class Uncompared(msgspec.Struct, frozen=True):
    """Settings of a connection that pluto's status does not show, so that nobody can tell whether they differ."""

    connection: str
    settings: tuple[str, ...]


class Doubt(msgspec.Struct, frozen=True):
    """A connection that the file had once, and why it may be missing from it by mistake."""

    connection: str
    why: str


class Comparison(msgspec.Struct, frozen=True, tag_field="event", tag="comparison"):
    """What is only in the configuration, only in pluto, in both but different, the same, and cannot be loaded.

    `foreign` are those of `extra` that were not loaded from this file: somebody else's. `uncompared` names what could
    not be told of connections that count as the same. `doubtful` are those that the file had once and has not any more,
    and that it may have lost by mistake.
    """

    missing: tuple[Difference, ...]
    extra: tuple[str, ...]
    different: tuple[Difference, ...]
    same: tuple[str, ...]
    refused: tuple[str, ...]
    foreign: tuple[str, ...] = ()
    uncompared: tuple[Uncompared, ...] = ()
    doubtful: tuple[Doubt, ...] = ()

    @property
    def forgotten(self) -> tuple[str, ...]:
        """What this file loaded once and has not any more: what --sync deletes."""
        return tuple(name for name in self.extra if name not in self.foreign)

    @property
    def equal(self) -> bool:
        """Whether pluto holds what the configuration says, as far as can be told; what others loaded is theirs."""
        return not (self.missing or self.forgotten or self.different or self.refused)


def merged(comparisons: Sequence[Comparison]) -> Comparison:
    """Of several configurations against one pluto: what one of them has is extra to none."""
    if len(comparisons) == 1:
        return comparisons[0]
    extra = _in_all([one.extra for one in comparisons])
    foreign = _in_all([one.foreign for one in comparisons])
    left = frozenset(extra)

    def all_of(field: str) -> tuple[Any, ...]:
        return tuple(value for one in comparisons for value in getattr(one, field))

    return Comparison(
        all_of("missing"),
        extra,
        all_of("different"),
        all_of("same"),
        all_of("refused"),
        foreign,
        all_of("uncompared"),
        tuple(one for one in all_of("doubtful") if one.connection in left),
    )


def _in_all(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    first, *others = lists
    return tuple(name for name in first if all(name in one for one in others))


class Load(msgspec.Struct, frozen=True):
    """How a connection of pluto's was loaded last: its serial number then, what was sent, what auto= said."""

    serial: int
    digest: str
    auto: str = ""
    writer: str = ""


Sent: TypeAlias = "Mapping[str, str]"
"""What was sent for a connection: by its names in pluto, a digest of the messages that are about that name."""


class Memory(msgspec.Struct, frozen=True):
    """What is remembered: loads by name in pluto, and the names that the file had when it was loaded last, each with
    the file that it stood in.

    `writer` tells which autod and which rules made a digest: another's digests say nothing where they differ.
    """

    loads: Mapping[str, Load] = {}
    names: Mapping[str, str] = {}
    writer: str = ""
    unread: Collection[str] = ()
    """Those of these files that are there still, and that the configuration does not include any more."""


class Nowhere:
    """Around a machine that nobody may ask: names of protocols are addconn's own, all else is left alone."""

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

    `also` are names that are compared beside those that auto= loads, because somebody asked for them in another way.
    `shows` is what the status shows of each (autod.status.shown); without it only what the typed state has is compared.
    `around` answers for the machine, `memory` for what was loaded before, and by whom.
    """
    return _Comparing(configuration, state, shows or {}, around, memory or Memory()).run(names, also)


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
        self._loaded = {
            one.name: one for one in state.connections if one.kind != "instance" and not _of_group(one, state)
        }
        self._instances: dict[str, list[ConnectionState]] = {}
        for one in state.connections:
            if one.kind == "instance":
                self._instances.setdefault(one.name, []).append(one)
        self._state = state
        self._up = state.established
        self._pairs: dict[str, list[str]] = {}
        for name, one in self._loaded.items():
            base = _base(name)
            if base != name and (base in one.aliases or not one.aliases):
                self._pairs.setdefault(base, []).append(name)
        self._words = Words()
        self._memo: dict[object, tuple[tuple[tuple[str, str, str], ...], frozenset[str]]] = {}

    def run(self, names: Collection[str], also: Collection[str] = ()) -> Comparison:
        missing, different, same, refused, unseen = [], [], [], [], []
        claimed: set[str] = set()
        for connection in self._compared(names, also):
            plan = self._planner.plan(
                connection.name, connection.layers, failed=connection.failed, partial=connection.partial
            )
            own = plan.names
            claimed.update(own)
            claimed.add(connection.name)
            claimed.update(self._pairs.get(connection.name, ()))
            # addconn --autoall sends what has a fault too, as far as it got with it.
            if not plan.groups or (plan.failed and names):
                refused.append(connection.name)
                continue
            found = self._difference(connection, plan)
            if found.settings:
                unseen.append(Uncompared(connection.name, found.settings))
            if found.difference is None:
                same.append(connection.name)
            elif found.absent:
                missing.append(found.difference)
            else:
                different.append(found.difference)
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
        seen = set()
        for connection in wanted(self._configuration, names):
            seen.add(connection.name)
            yield connection
        more = frozenset(also) - seen
        if more and not names:
            yield from wanted(self._configuration, more)

    def _doubts(self, found: Comparison) -> Iterator[Doubt]:
        """What is forgotten, and may have been lost: the file is broken, an include finds nothing, a name changed."""
        if not found.forgotten:
            return
        broken = _broken(self._configuration, found.refused)
        same = frozenset(found.same)
        unmatched = bool(self._configuration.sources.unmatched)
        for name in found.forgotten:
            if broken is not None:
                yield Doubt(name, f"the configuration has faults ({broken})")
                continue
            stood = self._memory.names.get(name) or self._memory.names.get(_base(name)) or ""
            if unmatched and stood not in self._configuration.files:
                yield Doubt(name, f"{stood or 'its file'} was not read, and an include matches nothing")
                continue
            if stood in self._memory.unread:
                yield Doubt(name, f"{stood} is there and is not included any more")
                continue
            other = self._renamed(name, same)
            if other is not None:
                yield Doubt(name, f"it stands there as {other!r} now")

    def _renamed(self, name: str, same: Collection[str]) -> str | None:
        """What the file has under another name: one that is not the same in pluto, or of several sections of a name."""
        several = Counter(one.name for one in self._configuration.connections)
        candidates = [
            one for one in self._configuration.connections if several[one.name] > 1 or one.name not in same
        ]
        for connection in candidates[:_RENAMES]:
            said = Meaning(connection.settings, self._rules)
            details, _ = self._one(
                connection, said, connection.name, self._loaded[name], {}, certain=False, shown_as=name
            )
            if len(details) <= _ALIKE and self._is_one(said, connection.name, self._loaded[name], details):
                return connection.name
        return None

    def _is_one(self, said: Meaning, name: str, loaded: ConnectionState, details: Sequence[Detail]) -> bool:
        """Whether it has an identity that is that connection's alone: its peer's, or its own where others have another.

        A user or a branch that takes the place of another brings its own.
        """
        local = compare_ends(said, name, loaded, self._around, {}).local
        mine, peer = ("rightid", "leftid") if local == "right" else ("leftid", "rightid")
        changed = {one.setting for one in details}
        if peer not in changed:
            return True
        alone = sum(one.local.id == loaded.local.id for one in self._loaded.values()) == 1
        return mine not in changed and alone

    def _by_hand(self, name: str) -> bool:
        """Loaded by hand, and in the file with auto=ignore: somebody's will, which is left alone."""
        return any(
            auto(one) == "ignore" for one in self._configuration.find(_base(name)) if one.name == _base(name)
        )

    def _difference(self, connection: ConfiguredConnection, plan: Plan) -> _Found:
        asked, own = auto(connection), plan.names
        remembers = any(name in self._memory.loads for name in own)
        now = sent_of(plan, self._rules) if remembers else {}
        there = [name for name in own if name in self._loaded]
        surplus = tuple(
            name
            for name in (connection.name, *self._pairs.get(connection.name, ()))
            if name in self._loaded and name not in own
        )
        if not there and not surplus:
            return _Found(Difference(connection.name, own, auto=asked, elements=own), absent=True)
        details: dict[Detail, None] = {}
        elements = [name for name in own if name not in self._loaded]
        for name in elements:
            details[Detail("subnets", name, "nothing")] = None
        for name in surplus:
            details[Detail("subnets", "nothing", name)] = None
        uncompared: set[str] = set()
        said = Meaning(connection.settings, self._rules)
        routes = _routes(plan) if self._around.here else {}
        remembered = True
        for name in there:
            one = self._loaded[name]
            kept = self._memory.loads.get(name)
            known = kept is not None and one.serial is not None and kept.serial == one.serial
            certain = known and kept is not None and kept.digest == now[name]
            found, unsure = self._one(connection, said, name, one, routes, certain=certain)
            if found:
                elements.append(name)
                details |= dict.fromkeys(found)
            elif known and kept is not None and not certain and kept.writer == self._memory.writer:
                elements.append(name)
                details[Detail(_unshown(unsure), "as it is now", "as it was loaded")] = None
            if not certain:
                remembered = False
                uncompared |= unsure
            if kept is not None and known and kept.auto == asked:
                continue
            begun = self._begun(asked, one, said)
            if begun is not None:
                details[begun] = None
        if not details:
            return _Found(None, settings=() if remembered else tuple(sorted(uncompared)))
        difference = Difference(
            connection.name,
            own,
            tuple(details),
            asked,
            tuple(dict.fromkeys(elements)),
            surplus,
        )
        return _Found(difference, settings=tuple(sorted(uncompared)))

    def _begun(self, asked: Auto, one: ConnectionState, said: Meaning) -> Detail | None:
        """What auto= asks for beyond loading, where pluto could do it and was not told to."""
        if asked not in ("ondemand", "start", "keep"):
            return None
        if one.kind == "group" and asked == "ondemand":
            found = routed(self._state, one.name)
            told = bool({"GROUTED", "ROUTE"}.intersection(one.policy))
            if found is not None and (found.unrouted or not told):
                return Detail("auto", "ondemand", "not routed")
            return None
        if one.kind != "permanent" or one.oriented is False or one.name in self._up:
            return None
        if is_never(said) and asked != "ondemand":
            return None
        if _is_pattern(said) and (asked == "ondemand" or said.old):
            return None
        if asked == "ondemand" and one.routing == "unrouted":
            return Detail("auto", "ondemand", "not routed")
        if asked == "ondemand":
            return None
        # With narrowing= pluto begins with an instance of it.
        made = [one, *self._instances.get(one.name, ())]
        busy = any(
            each.negotiating_ike_sa is not None or each.negotiating_child_sa is not None for each in made
        )
        told = not one.policy or any({"UP", "KEEP"}.intersection(each.policy) for each in made)
        if one.remote.address is not None and not busy and not told:
            return Detail("auto", asked, "not started")
        return None

    def _one(
        self,
        connection: ConfiguredConnection,
        said: Meaning,
        name: str,
        loaded: ConnectionState,
        routes: Mapping[str, str],
        *,
        certain: bool,
        shown_as: str = "",
    ) -> tuple[list[Detail], set[str]]:
        """What differs of one connection of pluto's, and the settings that cannot be told.

        `certain`: it was loaded with these very messages, so only what pluto looked up by itself may differ.
        """
        ends = compare_ends(said, name, loaded, self._around, routes)
        if certain:
            return [
                self._detail(connection, *one) for one in ends.details if one.slot in ("left", "right")
            ], set()
        details = [self._detail(connection, *one) for one in ends.details]
        shown = self._shows.get(shown_as or name)
        compared = set(ends.slots)
        if shown is not None:
            local = ends.local
            sendcert = tuple(sendcerts(shown.ends).items()) if version_of(self._rules) < (5, 3) else ()
            key = (
                shown.lines,
                sendcert,
                local,
                loaded.oriented,
                tuple(said.word(side) for side in ("left", "right") if said.text(side)[:1] == "%"),
                tuple(
                    (slot, one.text, one.number)
                    for slot, one in connection.settings.items()
                    if slot not in _OF_ENDS
                ),
            )
            known = self._memo.get(key)
            if known is None:
                words = self._words.of(shown.lines)
                words |= dict(sendcert)
                pairs = "/" in name and _base(name) != name
                known = self._memo[key] = _differences(said, words, local, loaded, pairs=pairs)
            compared |= known[1]
            details += [self._detail(connection, *one) for one in known[0]]
        return details, {
            one.key.spelled
            for slot, one in connection.settings.items()
            if slot not in compared and _counts(slot, one.text)
        }

    def _detail(self, connection: ConfiguredConnection, slot: str, configured: str, loaded: str) -> Detail:
        setting = connection.settings.get(slot)
        if setting is None:
            return Detail(slot, configured, loaded, str(connection.place))
        return Detail(setting.key.spelled, configured, loaded, str(setting.place))


def _is_pattern(said: Meaning) -> bool:
    """Whether pluto makes instances of it, and routes those only, although both addresses are written out."""
    return (
        said.word("narrowing", "no") != "no"
        or any(said.given(f"{side}addresspool") for side in ("left", "right"))
        or any("%any" in said.text(f"{side}protoport") for side in ("left", "right"))
        or said.given("policy-label")
        or said.given("sec-label")
    )


class _Found(msgspec.Struct, frozen=True):
    difference: Difference | None
    absent: bool = False
    settings: tuple[str, ...] = ()


def _routes(plan: Plan) -> dict[str, str]:
    """The addresses that %defaultroute or %INTERFACE come to, by side: addconn sends them up to 5.2."""
    members = plan.groups[0][0].members
    found = {}
    for at, side in enumerate(("left", "right")):
        for path in (f"{side}.host_addr", f"end[{at}].host_addr"):
            packed, version = members.get(f"{path}.bytes.byte"), members.get(f"{path}.version")
            if isinstance(packed, bytes) and version in (4, 6):
                found[side] = str(ipaddress.ip_address(packed[: 4 if version == 4 else 16]))
    return found


_OF_ENDS: Final = frozenset(
    f"{side}{slot}"
    for side in ("left", "right")
    for slot in ("", "id", "subnet", "subnets", "sourceip", "nexthop")
)
_SILENT: Final = frozenset({"auto", "also", "alsoflip", "hostaddrfamily", "keyexchange", "connaddrfamily"})
"""Settings that say how the file is read, or what is done with the connection."""


def _counts(slot: str, text: str | None) -> bool:
    """Whether a setting that was not compared could make a difference: %cert and its kin send nothing."""
    return slot not in _SILENT and not (text or "").startswith("%cert")


def _unshown(unsure: set[str]) -> str:
    return ", ".join(sorted(unsure)) or "what is sent"


_ALIKE: Final = 4
"""Settings in which a connection may differ from one of another name, and still be that."""

_RENAMES: Final = 100
"""Connections that are looked at for each that is forgotten."""


_LOSSES: Final = ("given twice", "cannot open", "is not a keyword of 'config setup'")
"""What the reader warns of where the head of a section, or a file, went."""


def _broken(configuration: Configuration, refused: Sequence[str]) -> str | None:
    """A fault by which a section may have been lost, or become a part of another."""
    for one in configuration.diagnostics:
        if one.severity is not Severity.WARNING or any(words in one.sentence for words in _LOSSES):
            return str(one)
    return f'"{refused[0]}" cannot be loaded' if refused else None


def _base(name: str) -> str:
    """The connection that a pair of subnets= is of: `m` of `m/1x2`."""
    base, slash, pair = name.rpartition("/")
    left, by, right = pair.partition("x")
    return base if slash and by and left.isdecimal() and right.isdecimal() else name


def _of_group(one: ConnectionState, state: State) -> bool:
    """Whether pluto made it of a group's network, `private#203.0.113.0/24`: it comes and goes with its group."""
    return "#" in one.name and (one.template_serial is not None or "GROUPINSTANCE" in one.policy)


def wanted(
    configuration: Configuration, names: Collection[str], *, last: bool = False
) -> Iterator[ConfiguredConnection]:
    """The connections that auto= loads, or those of these names.

    Of several with one name the one that counts: the last where all are loaded (addconn --autoall), else the first.
    `last`: these names were loaded with all others.
    """
    if last or not names:
        yield from (one for name, one in last_of_each(configuration).items() if not names or name in names)
        return
    for name in dict.fromkeys(connection.name for connection in configuration.connections):
        if name in names:
            yield configuration.find(name)[0]


def _differences(
    said: Meaning, words: Mapping[str, str], local: str, loaded: ConnectionState, *, pairs: bool
) -> tuple[tuple[tuple[str, str, str], ...], frozenset[str]]:
    """The settings that differ (slot, wanted, loaded), and those that could be told."""
    found: list[tuple[str, str, str]] = []
    compared: set[str] = set()
    never = is_never(said)
    for group in groups_of(said.rules):
        if never and group.slot not in NEVER_TOO:
            continue
        _group(said, group, loaded, found, compared)
    if never:
        return tuple(found), frozenset(compared - partly(said))
    remote = "right" if local == "left" else "left"
    for row in (*rows_of(said.rules), *end_rows(local, remote)):
        if pairs and row.word == "aliases":
            continue
        _row(said, row, words, found, compared)
    for whose, side in (("our", local), ("their", remote)):
        slot = f"{side}auth"
        if said.given(slot) and f"{whose} auth" in words:
            compared.add(slot)
            have = words[f"{whose} auth"]
            if auth_differs(said.word(slot), have):
                found.append((slot, said.word(slot), have))
    return tuple(dict.fromkeys(found)), frozenset(compared - partly(said))


_WELL_KNOWN: Final = (4, 8)
"""Before, defaults and spellings differ in ways that were not all seen: a setting that seems to differ is not compared,
as a tunnel may be taken down for it."""


def _row(
    said: Meaning, row: Row, words: Mapping[str, str], found: list[tuple[str, str, str]], compared: set[str]
) -> None:
    have = words.get(row.word, row.absent)
    if have is None:
        return
    try:
        want = row.value(said)
    except Unsure:
        return
    if want is None:
        return
    same = row.same(want, have)
    if not same and said.version < _WELL_KNOWN:
        return
    compared |= {row.slot, *row.also}
    if not same:
        found.append((row.slot, want or "nothing", have or "nothing"))


_HIDDEN_BEFORE = frozenset({"authby", "ikev2"})
"""Settings whose words in the policy 3.27 to 4.7 have otherwise."""


def _group(
    said: Meaning,
    group: Group,
    loaded: ConnectionState,
    found: list[tuple[str, str, str]],
    compared: set[str],
) -> None:
    if not loaded.policy:
        return
    if not said.learned and (group.slot in _HIDDEN_BEFORE or not said.given(group.slot)):
        return
    try:
        want = group.value(said)
    except Unsure:
        return
    if want is None:
        return
    have = group.words.intersection(ALIASES.get(word, word) for word in loaded.policy)
    if said.old and group.slot == "type":
        # 4.x has no word for transport.
        want, have = want - {"TRANSPORT"}, have - {"TRANSPORT"}
    if want != have and said.version < _WELL_KNOWN and (not said.given(group.slot) or len(have) > 1):
        return
    compared.add(group.slot)
    if want != have:
        found.append((group.slot, group.spell(want), group.spell(have)))


def digests(
    configuration: Configuration, names: Collection[str], *, around: Around = NOWHERE, last: bool = False
) -> dict[str, Sent]:
    """What is sent for each of these connections (see `wanted`)."""
    planner = Planner(configuration.rules, around.lookup)
    found: dict[str, Sent] = {}
    for connection in wanted(configuration, names, last=last):
        plan = planner.plan(
            connection.name, connection.layers, failed=connection.failed, partial=connection.partial
        )
        found[connection.name] = sent_of(plan, configuration.rules)
    return found


def sent_of(plan: Plan, rules: str) -> Sent:
    """Of each pair of subnets= by itself: it is not another because its siblings are."""
    if len(plan.names) == 1:
        return {plan.names[0]: digest(plan.groups)}
    return {name: digest(groups_for(plan, rules, (name,)) or plan.groups) for name in plan.names}


def digest(groups: Iterable[Iterable[Message]]) -> str:
    """What tells one set of messages from another; nothing of them can be read from it."""
    state = hashlib.blake2s(digest_size=16)
    for group in groups:
        for message in group:
            said = sorted(message.members.items(), key=_path)
            state.update(msgspec.msgpack.encode((message.kind, message.name, said, message.settings)))
    return state.hexdigest()


_path = itemgetter(0)
