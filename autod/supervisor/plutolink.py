"""The link to a real pluto, over autod's client, with all its limits (descriptors, backlog, deadlines).

Owns the way from an act to requests, from outcomes to causes and from states to a snapshot. Decides nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import trio

from autod.client import Pluto
from autod.client.operation import BUFFER
from autod.client.presence import Presence
from autod.config import load
from autod.config.choose import wanted
from autod.config.comparison import merged
from autod.config.policies import routed as group_routed
from autod.errors import ConfigurationError, DeadlinePassed, ForeignMessage, WhackError
from autod.identify.binary import version_beside
from autod.identify.programs import find_programs
from autod.loading.elements import load_elements
from autod.loading.groups import route_group
from autod.loading.holding import hold
from autod.loading.kept import record_of
from autod.loading.loader import loader_for
from autod.loading.native import NativeLoader
from autod.loading.remembering import remember, remember_loaded
from autod.outcomes import Outcome
from autod.outcomes import Result as Said
from autod.protocol import commands as c
from autod.protocol.check import check_program
from autod.status import established
from autod.status.members import Members
from autod.supervisor.link import Compared, Instance, Result
from autod.supervisor.peernames import is_name
from autod.supervisor.states import Act, Cause
from autod.supervisor.table import Snapshot, Traffic

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from autod.asking.request import Sink
    from autod.client.operation import Operation
    from autod.config import Configuration
    from autod.config.comparison import Difference
    from autod.config.model import ConfiguredConnection
    from autod.events import Event
    from autod.exchange.peer import Listener
    from autod.loading.interface import Loader
    from autod.protocol.releases import Release
    from autod.status import ConnectionState, State
    from autod.supervisor.table import Held

__all__ = ["CAUSES", "PlutoLink", "snapshot"]

CAUSES: Mapping[Said, Cause] = {
    Said.UNKNOWN: Cause.UNKNOWN,
    Said.NOT_LISTENING: Cause.NOT_LISTENING,
    Said.NOT_ORIENTED: Cause.NOT_ORIENTED,
    Said.REFUSED: Cause.REFUSED,
    Said.LOAD_FAILED: Cause.CONFIGURATION,
    Said.PEER_SILENT: Cause.PEER_SILENT,
    Said.NO_PROPOSAL: Cause.NO_PROPOSAL,
    Said.REJECTED: Cause.REJECTED,
    Said.AUTHENTICATION_FAILED: Cause.AUTHENTICATION,
    Said.CHILD_REJECTED: Cause.CHILD_REJECTED,
    Said.ALREADY_NEGOTIATING: Cause.NEGOTIATING,
    Said.DELETED_BY_OTHER: Cause.DELETED,
    Said.REDIRECTED: Cause.NEGOTIATING,
    Said.UNDECIDED: Cause.FAILED,
    Said.PLUTO_GONE: Cause.PLUTO_GONE,
    Said.DEADLINE: Cause.DEADLINE,
    Said.CANCELLED: Cause.FAILED,
    Said.NOT_SENT: Cause.DEADLINE,
    Said.FAILED: Cause.FAILED,
}
"""Result -> cause, for every failure; the other results are successes."""

_CONFIG = "/etc/ipsec.conf"
"""The file that addconn reads by default."""

_BATCH = 0.05
"""Seconds for which adds are gathered: the whole file is read for each batch."""

_NAMES = 8
"""The most connections that are asked for one by one; more of them are looked up in the whole status."""
_STATUS_GAP = 60.0
"""Seconds between two whole states for the one question who took a connection down."""


class PlutoLink:
    """A pluto behind the control socket `path`, loaded from the ipsec.conf at `config`.

    `release` names it if the caller knows better than pluto, `dialect` whose ipsec.conf it reads; with `via_addconn`
    its addconn loads. `answer` is how many seconds it may take to answer a question. `on_found` is called with the
    release whenever a pluto was found. `groups` gives the names of the group connections of the configuration,
    `routes` says whether one is to be kept routed, `file_of` gives the file of a connection that stands in another one
    than `config`. `client` talks to the pluto.
    """

    def __init__(
        self,
        path: str,
        *,
        config: str | None = None,
        release: str | None = None,
        dialect: str = "",
        via_addconn: bool = False,
        answer: float = 30.0,
        limit: int = 64,
        on_found: Callable[[Release], None] | None = None,
        groups: Callable[[], Collection[str]] = tuple,
        routes: Callable[[str], bool] = lambda name: False,
        file_of: Callable[[str], str | None] = lambda name: None,
        client: type[Pluto] = Pluto,
    ) -> None:
        self.path = path
        self._file_of = file_of
        self._differing: dict[str, tuple[Difference, Configuration]] = {}
        self._compared: tuple[Configuration, ...] = ()
        self._groups = groups
        self._routes = routes
        self.config = config
        self.answer = answer
        self._pluto = client(
            path, release or None, seccomp=None, limit=limit + 16, buffer=BUFFER, known=None, timeout=answer
        )
        self._pluto.dialect = dialect
        self._via_addconn = via_addconn
        self._on_found = on_found
        self._presence = Presence(self._pluto, answer=answer)
        self._members = Members()
        self._adds: dict[str, _Add] = {}
        self._loading = trio.Lock()
        self._status_after = 0.0

    async def find(self) -> Instance:
        detected = await self._presence.find()
        self._members = Members()
        self._differing.clear()
        if self._on_found is not None:
            self._on_found(detected.release)
        listens = self._presence.listens
        foreign = await _foreign_programs(listens, detected.release)
        return Instance(str(detected.release), listens.pid, listens.descriptor_limit(), foreign)

    async def gone(self) -> None:
        await self._presence.gone()

    async def look(self, *, states: bool, everything: bool) -> Snapshot:
        asked_at = trio.current_time()
        if everything:
            commands: tuple[c.Command, ...] = (c.Status(), c.TrafficStatus())
        elif states:
            # 3.27 and 3.32 have no --showstates: there it is all or nothing.
            states_of = c.ShowStates() if self._pluto.release.supports(c.ShowStates) else c.Status()
            commands = (c.TrafficStatus(), states_of)
        else:
            commands = (c.TrafficStatus(),)
        state = await self._pluto.state(*commands, timeout=self.answer)
        if everything:
            self._members = Members(state.connections)
        return snapshot(state, asked_at, self._members, states=states or everything, everything=everything)

    async def act(self, act: Act, name: str, deadline: float, heard: Callable[[], None]) -> Result:
        match act:
            case Act.UP:
                result = await self._up(name, deadline, heard)
                if result.cause is Cause.DEADLINE:
                    # Else the try would hold a descriptor of pluto until pluto itself gives up.
                    await self.give_up(name)
                return result
            case Act.ROUTE if name in self._groups():
                return _result(await route_group(self._pluto, name, timeout=deadline))
            case Act.ROUTE:
                return await self._perform(self._pluto.route(name, timeout=deadline), heard)
            case Act.DOWN:
                return await self._perform(self._pluto.down(name, timeout=deadline), heard)
            case Act.DELETE:
                return await self._delete(name, deadline, heard)
            case Act.ADD:
                return await self._add(name, deadline)
            case Act.REPLACE:
                return await self._replace(name, deadline, heard)
            case Act.LOOK:
                raise ValueError("a look is asked for with look()")

    async def compare(
        self, configurations: Sequence[Configuration], names: Collection[str]
    ) -> Compared | None:
        release = self._pluto.release
        if not configurations or any(configuration.release != release for configuration in configurations):
            return None
        replies = [
            *await self._pluto.replies(c.Status(), timeout=self.answer),
            *await self._pluto.replies(c.TrafficStatus(), timeout=self.answer),
        ]
        pluto = self._pluto.detected.pluto
        holdings = [
            await trio.to_thread.run_sync(partial(hold, configuration, replies, self.path, pluto, also=names))
            for configuration in configurations
        ]
        if not holdings[0].state.interfaces:
            # pluto has just started, and loads its file itself.
            return None
        self._compared = tuple(configurations)
        for configuration, holding in zip(configurations, holdings, strict=True):
            # A connection of pluto that stands in the file belongs to the file, no matter who loaded it.
            loaded = {
                *holding.comparison.same,
                *(difference.connection for difference in holding.comparison.different),
            }
            files = {own.name: own.place.file for own in wanted(configuration, ()) if own.name in loaded}
            record_of(configuration, self.path, pluto).remember(files)
        self._differing = {
            difference.connection: (difference, configuration)
            for configuration, holding in zip(configurations, holdings, strict=True)
            for difference in holding.comparison.different
        }
        return Compared(
            merged([configuration.comparison for configuration in holdings]), holdings[0].state.established
        )

    async def kept_up(self, names: Sequence[str]) -> Mapping[str, bool]:
        if not self._is_cheap(names):
            if trio.current_time() < self._status_after:
                return {}
            self._status_after = trio.current_time() + _STATUS_GAP
        by_name: dict[str, bool] = {}
        for connection in await self._connections(names):
            for name in (connection.name, *connection.aliases):
                if name in names and connection.keep_up is not None:
                    by_name[name] = by_name.get(name, False) or connection.keep_up
        return by_name

    async def hosts(self, names: Sequence[str]) -> Mapping[str, Held]:
        connections = await self._connections(names)
        by_name = _hosts(connections, Members(connections))
        return {name: by_name[name] for name in names if name in by_name}

    def _is_cheap(self, names: Sequence[str]) -> bool:
        """Whether pluto can be asked for these one by one, and not for its whole status."""
        return self._pluto.release.supports(c.ConnectionStatus) and len(names) <= _NAMES

    async def _connections(self, names: Sequence[str]) -> Sequence[ConnectionState]:
        """pluto's connections of these names, and perhaps others."""
        commands: list[c.Command] = [c.Status()]
        if self._is_cheap(names):
            commands = [c.ConnectionStatus(name=name) for name in names]
        return (await self._pluto.state(*commands, timeout=self.answer)).connections if names else ()

    async def give_up(self, name: str) -> None:
        await self._presence.give_up(name)

    async def listen(self) -> None:
        outcome = await self._pluto.listen(timeout=self.answer)
        if outcome.result is Said.DEADLINE:
            raise DeadlinePassed(outcome.sentence)

    async def reread_secrets(self) -> None:
        outcome = await self._pluto.reread_secrets(timeout=self.answer)
        if outcome.result is Said.DEADLINE:
            raise DeadlinePassed(outcome.sentence)
        if not outcome.ok:
            # pluto forgot its old secrets before it read: this must not look like a success.
            raise ConfigurationError(outcome.sentence)

    def open_descriptors(self) -> int | None:
        return self._presence.open_descriptors()

    async def _up(self, name: str, deadline: float, heard: Callable[[], None]) -> Result:
        """Bring up `name`; if it has several members, only those that are down."""
        members = self._members.of(name)
        operation = self._pluto.up(name, members=members if len(members) > 1 else None, timeout=deadline)
        if len(members) > 1:
            up = established(await self._pluto.replies(c.TrafficStatus(), timeout=deadline))
            if not up.isdisjoint(members):
                sink = _until_heard(heard)
                return _result(await self._pluto.up_the_rest(operation.request, members, up, sink))
        return await self._perform(operation, heard)

    async def _perform(self, operation: Operation, heard: Callable[[], None]) -> Result:
        return _result(await self._pluto.perform(operation.request, _until_heard(heard)))

    async def _add(self, name: str, deadline: float) -> Result:
        """Add `name`, in one batch with others of about the same time. The deadline of the first counts for all."""
        mine = self._adds[name] = _Add()
        await trio.sleep(_BATCH)
        async with self._loading:
            if not mine.done.is_set():
                batch, self._adds = self._adds, {}
                late = DeadlinePassed(f"connections were not loaded within {deadline:g} s")
                try:
                    with trio.move_on_after(deadline) as scope:
                        await self._load(batch)
                finally:
                    for add in batch.values():
                        if scope.cancelled_caught:
                            add.error = late
                        add.done.set()
        if mine.error is not None:
            raise mine.error
        return mine.result

    async def _replace(self, name: str, deadline: float, heard: Callable[[], None]) -> Result:
        """Load `name` anew. If it has several pairs of subnets=, only those that differ, if they are known.

        Over one that is up, 5.4 takes the IKE SA and all that share it down: so it is deleted first, once it is certain
        that it can be loaded again. A group is not: the packets of its networks would leave in clear meanwhile.
        """
        differing = self._differing.pop(name, None)
        await self._loader(self._file_of(name)).check()
        if (
            differing is not None
            and not self._via_addconn
            and set(differing[0].names) - set(differing[0].elements)
        ):
            result = await self._replace_pairs(*differing, deadline, heard)
            if result is not None:
                return result
        if name not in self._groups():
            deleted = await self._delete(name, deadline, heard)
            if deleted.cause not in (None, Cause.UNKNOWN):
                return deleted
        return await self._add(name, deadline)

    async def _replace_pairs(
        self, difference: Difference, configuration: Configuration, deadline: float, heard: Callable[[], None]
    ) -> Result | None:
        """None if the pairs cannot be told from each other: then nothing is loaded."""
        doomed = [*difference.surplus]
        if self._pluto.release.at_least(5, 4):
            doomed += [pair for pair in difference.elements if pair not in doomed]
        for pair in doomed:
            deleted = await self._delete(pair, deadline, heard)
            if deleted.cause not in (None, Cause.UNKNOWN):
                return deleted
        if not difference.elements:
            return Result()
        with trio.move_on_after(deadline):
            outcome = await load_elements(
                self._pluto, configuration, difference.connection, difference.elements
            )
            if outcome is not None and outcome.ok:
                self._members.learn({difference.connection: difference.names})
                with suppress(WhackError):
                    await remember(self._pluto, configuration, loaded=(difference.connection,), whole=False)
            return None if outcome is None else _result(outcome)
        raise DeadlinePassed(f"connections were not loaded within {deadline:g} s")

    async def _delete(self, name: str, deadline: float, heard: Callable[[], None]) -> Result:
        deleted = await self._perform(self._pluto.delete(name, timeout=deadline), heard)
        if deleted.cause in (None, Cause.UNKNOWN):
            for configuration in self._compared:
                if not configuration.find(name):
                    record_of(configuration, self.path, self._pluto.detected.pluto).remember(
                        {}, forget=(name,)
                    )
        return deleted

    def _loader(self, path: str | None) -> Loader:
        """The loader for the present content of the file at `path` (None: the configuration)."""
        path = path or self.config
        read_file = partial(load, path or _CONFIG)
        return loader_for(
            self._pluto,
            path,
            read_file,
            via_addconn=self._via_addconn,
            notes=True,
            catches=self._catches,
        )

    def _catches(self, connection: ConfiguredConnection) -> bool:
        return connection.name in self._groups() and self._routes(connection.name)

    async def _load(self, batch: Mapping[str, _Add]) -> None:
        files: dict[str | None, list[str]] = {}
        for name in batch:
            files.setdefault(self._file_of(name), []).append(name)
        for path, names in files.items():
            await self._load_from(path, {name: batch[name] for name in names})

    async def _load_from(self, path: str | None, batch: Mapping[str, _Add]) -> None:
        outcomes: dict[str, Outcome] = {}

        def told(name: str, outcome: Outcome) -> None:
            outcomes[name] = outcome
            if name in batch:
                batch[name].result = _result(outcome)
            if outcome.ok:
                # The next look at the traffic tells by these names whether it is up.
                parts = [
                    part.connection for part in outcome.members or (outcome,) if part.connection is not None
                ]
                self._members.learn({name: parts})

        try:
            loader = self._loader(path)
            await loader.load(list(batch), hear=_not_heard, told=told)
        except (WhackError, OSError) as problem:
            error = problem if isinstance(problem, WhackError) else ConfigurationError(str(problem))
            for add in batch.values():
                add.error = error
            return
        if isinstance(loader, NativeLoader) and loader.configuration is not None:
            # If pluto does not answer that, its state is compared instead.
            with suppress(WhackError):
                await remember_loaded(self._pluto, loader.configuration, outcomes, loader.sent)


def _not_heard(name: str, event: Event) -> None:
    """Ignore an event of loading: the outcome has it."""


class _Add:
    """One connection of a batch of adds."""

    def __init__(self) -> None:
        self.done = trio.Event()
        self.result = Result()
        self.error: WhackError | None = None


def snapshot(
    state: State,
    asked_at: float,
    members: Members,
    *,
    states: bool,
    everything: bool,
) -> Snapshot:
    """`state` as a snapshot for the engine.

    `members` has the members of each name: a name with several members is up when all of them are.
    """
    up: dict[str, Traffic] = {}
    for sa in state.child_sas:
        if sa.phase == "established":
            before = up.get(sa.connection, Traffic())
            up[sa.connection] = Traffic(
                before.received + (sa.bytes_in or 0), before.sent + (sa.bytes_out or 0)
            )
    negotiating = {s.connection for s in state.ike_sas if s.phase in ("half_open", "authenticating")}
    negotiating |= {s.connection for s in state.child_sas if s.phase == "negotiating"}
    negotiating |= {p.connection for p in state.pending if p.connection is not None}
    present: dict[str, bool] = {}
    for connection in state.connections:
        routed = connection.routing not in (None, "unrouted", "unknown")
        if connection.kind == "group":
            # A group is routed if its instances are; one without networks, if its policy says so.
            instances = group_routed(state, connection.name)
            orders = {"GROUTED", "ROUTE"}.intersection(connection.policy)
            routed = bool(orders) and (instances is None or not instances.unrouted)
        present[connection.name] = present.get(connection.name, False) or routed
    peers = {
        each.name: peer for each in state.connections if (peer := each.remote.address or each.remote.host)
    }
    for name, parts in members.shared.items():
        peers.update((name, peers[part]) for part in parts if part in peers)
        present.setdefault(name, all(present.get(part, False) for part in parts))
        if name in up:
            continue
        parts_up = [up[part] for part in parts if part in up]
        if members.is_up(name, up):
            up[name] = Traffic(sum(each.received for each in parts_up), sum(each.sent for each in parts_up))
        elif not negotiating.isdisjoint(parts):
            negotiating.add(name)
    return Snapshot(
        asked=asked_at,
        up=up,
        negotiating=frozenset(negotiating) if states else None,
        present=present if everything else None,
        listening=bool(state.interfaces) if everything else None,
        peers=peers if everything else {},
        hosts=_hosts(state.connections, members) if everything else {},
        kept=frozenset(
            name for each in state.connections if each.keep_up for name in (each.name, *each.aliases)
        )
        if everything
        else frozenset(),
    )


def _hosts(connections: Sequence[ConnectionState], members: Members) -> Mapping[str, Held]:
    """What the host names of each connection mean to pluto; of a name with several members, what they mean to each."""
    by_name: dict[str, dict[str, set[str]]] = {}
    for connection in connections:
        if connection.instance is not None:
            # Its peer came from an address of its own.
            continue
        held = by_name.setdefault(connection.name, {})
        for end in (connection.local, connection.remote):
            if end.host is not None and is_name(end.host):
                held.setdefault(end.host, set()).add(end.address or "")
    for name, parts in members.shared.items():
        merged_hosts = by_name.setdefault(name, {})
        for part in parts:
            for host, addresses in by_name.get(part, {}).items():
                merged_hosts.setdefault(host, set()).update(addresses)
    return by_name


async def _foreign_programs(pluto: Listener, release: Release) -> str:
    """A sentence if the programs beside this pluto are of another release than pluto; else empty. If its process cannot
    be seen, the programs of this machine count. After an update the old pluto runs on until it is restarted."""
    name = pluto.executable()
    if pluto.pid is not None and os.path.basename(name or "").removesuffix(" (deleted)") != "pluto":
        return ""
    program = find_programs(pluto.pid).addconn
    version = None if program is None else await version_beside(program)
    if program is None or version is None:
        return ""
    try:
        check_program(program, version.text, release)
    except ForeignMessage:
        return (
            f"{program} is of Libreswan {version.text}, and pluto {release} runs: what autod loads itself goes on, and "
            "nothing of that program is sent; restart pluto if Libreswan was updated, or name the folder of its own "
            "programs in IPSEC_EXECDIR"
        )
    return ""


def _until_heard(heard: Callable[[], None]) -> Sink:
    """A sink that calls `heard` at the first event that shows that the peer is there."""
    called = False

    def sink(event: Callable[[], Event]) -> None:
        nonlocal called
        if not called and event().traits.shows_peer:
            called = True
            heard()

    return sink


def _result(outcome: Outcome) -> Result:
    if outcome.ok:
        return Result(ike_sa=outcome.ike_sa, child_sa=outcome.child_sa)
    cause = CAUSES.get(outcome.result, Cause.FAILED)
    return Result(
        cause,
        outcome.sentence,
        outcome.retryable,
        outcome.code,
        outcome.ike_sa,
        outcome.child_sa,
        outcome.cause or "",
        outcome.advice or "",
    )
