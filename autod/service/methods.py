"""The methods of the API: parameters in, replies out.

Owns the methods, their rights and their errors. Knows no socket and no framing: replies go to `send`, and the server
watches whether the client is still there. Reaches the supervisor only through `Keeper`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import msgspec
import trio
from msgspec import Meta, Struct

from autod.config.written import Connection as Given
from autod.errors import ConfigurationError, PlutoGone, UsageError
from autod.service import history
from autod.service.access import Right
from autod.service.patterns import SLICE, BadPattern, Names, is_pattern
from autod.supervisor.views import (
    Differences,
    Operator,
    Statistics,
    SupervisedConnection,
    SupervisorEvent,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autod.service.framing import Call
    from autod.service.recorder import Recorder
    from autod.supervisor.feed import Feed
    from autod.supervisor.table import Synced

__all__ = ["INTERFACE", "Failure", "Keeper", "Methods", "description"]

INTERFACE = "org.libreswan.autod"
SERVICE = "org.varlink.service"
STREAM_TIMEOUT = 120.0
"""Seconds that Up and Down with `more` take at most, by default: the deadline of a try, and the queue before it."""

_SERVICE_DESCRIPTION = """# The Varlink service interface, as every service answers it.
interface org.varlink.service

method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)

method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)

error MethodNotFound (method: string)

error MethodNotImplemented (method: string)

error InvalidParameter (parameter: string)

error PermissionDenied ()

error ExpectedMore ()
"""


class Keeper(Protocol):
    """The supervisor, as the API sees it."""

    feed: Feed
    subscribers: int

    def names(self) -> Sequence[str]: ...
    def connection(self, name: str) -> SupervisedConnection | None: ...
    def order(self, act: str, names: Sequence[str], by: Operator | None = None) -> None: ...
    def did(self, act: str, by: Operator, name: str = "") -> None: ...
    def settled(self, act: str, name: str) -> bool: ...
    def pluto_runs(self) -> bool: ...
    def statistics(self) -> Statistics: ...
    async def sync(self, *, dry: bool) -> Differences: ...
    async def reload(self, *, force: bool = False) -> Synced: ...
    async def add(self, connection: Given, *, replace: bool = False) -> None: ...
    async def remove(self, names: Sequence[str]) -> None: ...


class Failure(Exception):
    """A declared error: `name` with its interface, and its parameters."""

    def __init__(self, name: str, **parameters: object) -> None:
        super().__init__(name)
        self.name = name
        self.parameters = parameters


Send = Callable[[Any, bool], Awaitable[None]]
"""Sends the parameters of a reply; the second argument: another follows. Raises trio.BrokenResourceError."""


Who = Callable[[], Awaitable[Operator]]
"""Gives the caller, by name."""


class _Nothing(Struct, forbid_unknown_fields=True):
    pass


class _Interface(Struct, forbid_unknown_fields=True):
    interface: str


class _List(Struct, forbid_unknown_fields=True):
    pattern: str | None = None
    state: str | None = None


class _Name(Struct, forbid_unknown_fields=True):
    name: str


class _Names(Struct, forbid_unknown_fields=True):
    names: list[str]


class _Order(Struct, forbid_unknown_fields=True):
    names: list[str]
    timeout: float | None = None


class _Sync(Struct, forbid_unknown_fields=True):
    dry: bool | None = None


class _Add(Struct, forbid_unknown_fields=True):
    name: str
    settings: dict[str, str]
    replace: bool | None = None


class _Reload(Struct, forbid_unknown_fields=True):
    force: bool | None = None


class _Watch(Struct, forbid_unknown_fields=True):
    since: int | None = None
    names: list[str] | None = None


class _Summary(Struct, forbid_unknown_fields=True):
    since: float | None = None
    until: float | None = None
    names: list[str] | None = None
    peer: str | None = None


class _History(Struct, forbid_unknown_fields=True):
    since: float | None = None
    until: float | None = None
    names: list[str] | None = None
    most: Annotated[int, Meta(ge=1, le=100_000)] | None = None


class _Info(Struct):
    vendor: str
    product: str
    version: str
    url: str
    interfaces: list[str]


class _Described(Struct):
    description: str


class _Connections(Struct):
    connections: list[SupervisedConnection]


class _Connection(Struct):
    connection: SupervisedConnection


class _Removed(Struct):
    removed: list[str]


class _Progress(Struct, omit_defaults=True):
    event: SupervisorEvent | None = None
    connections: list[SupervisedConnection] | None = None


class _Accounts(Struct):
    since: float
    until: float
    connections: list[history.Account]
    peers: list[history.Account]


class _Told(Struct):
    outages: list[history.Outage]
    changes: list[history.Change]


class _Event(Struct):
    event: SupervisorEvent


class _Synced(Struct):
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    released: tuple[str, ...]
    same: int


@dataclass(frozen=True, slots=True)
class _Method:
    right: Right
    takes: type[Struct]
    run: Callable[..., Awaitable[None]]
    """A method that changes something takes the caller, `by`, as another argument."""


def description() -> str:
    """The text of the interface file."""
    return resources.files("autod.service").joinpath(f"{INTERFACE}.varlink").read_text("utf-8")


class Methods:
    """All methods over one supervisor. GetInfo tells `version`."""

    def __init__(self, keeper: Keeper, version: str, recorder: Recorder | None = None) -> None:
        self.keeper = keeper
        self.version = version
        self._recorder = recorder

    async def answer(self, call: Call, right: Right, send: Send, who: Who) -> None:
        """Carry `call` out for a client that has `right` and is `who`; every reply goes to `send`.

        Raises Failure for a declared error. A cancellation does not take back an order.
        """
        if right is Right.NOTHING:
            raise Failure(f"{SERVICE}.PermissionDenied")
        method = _METHODS.get(call.method)
        if method is None:
            interface, _, _ = call.method.rpartition(".")
            if interface in (INTERFACE, SERVICE):
                raise Failure(f"{SERVICE}.MethodNotFound", method=call.method)
            raise Failure(f"{SERVICE}.InterfaceNotFound", interface=interface)
        if right < method.right:
            raise Failure(f"{SERVICE}.PermissionDenied")
        try:
            parameters = msgspec.convert(call.parameters, method.takes)
        except msgspec.ValidationError as problem:
            raise Failure(f"{SERVICE}.InvalidParameter", parameter=_parameter(str(problem))) from None
        if method.right is Right.CHANGE:
            await method.run(self, parameters, call, send, await who())
        else:
            await method.run(self, parameters, call, send)

    async def get_info(self, _: _Nothing, call: Call, send: Send) -> None:
        info = _Info("Libreswan", "autod supervise", self.version, "", [SERVICE, INTERFACE])
        await send(info, False)

    async def get_description(self, parameters: _Interface, call: Call, send: Send) -> None:
        texts = {SERVICE: lambda: _SERVICE_DESCRIPTION, INTERFACE: description}
        if parameters.interface not in texts:
            raise Failure(f"{SERVICE}.InterfaceNotFound", interface=parameters.interface)
        await send(_Described(texts[parameters.interface]()), False)

    async def listing(self, parameters: _List, call: Call, send: Send) -> None:
        names = self.keeper.names()
        if parameters.pattern is not None:
            names = await _names([parameters.pattern], "pattern").among(names)
        reply = await self._connections(names)
        await send(_Connections([c for c in reply.connections if parameters.state in (None, c.state)]), False)

    async def get(self, parameters: _Name, call: Call, send: Send) -> None:
        connection = self.keeper.connection(parameters.name)
        if connection is None:
            raise Failure(f"{INTERFACE}.UnknownConnection", names=[parameters.name])
        await send(_Connection(connection), False)

    async def up(self, parameters: _Order, call: Call, send: Send, by: Operator) -> None:
        await self._order("up", parameters, call, send, by)

    async def down(self, parameters: _Order, call: Call, send: Send, by: Operator) -> None:
        await self._order("down", parameters, call, send, by)

    async def suspend(self, parameters: _Names, call: Call, send: Send, by: Operator) -> None:
        names = await self._resolve(parameters.names)
        self.keeper.order("suspend", names, by)
        await send(await self._connections(names), False)

    async def resume(self, parameters: _Names, call: Call, send: Send, by: Operator) -> None:
        names = await self._resolve(parameters.names)
        self.keeper.order("resume", names, by)
        await send(await self._connections(names), False)

    async def sync(self, parameters: _Sync, call: Call, send: Send, by: Operator) -> None:
        if not parameters.dry:
            self.keeper.did("sync", by)
        try:
            await send(await self.keeper.sync(dry=bool(parameters.dry)), False)
        except PlutoGone:
            raise Failure(f"{INTERFACE}.NoPluto") from None
        except ConfigurationError as problem:
            raise _bad(problem) from None

    async def add(self, parameters: _Add, call: Call, send: Send, by: Operator) -> None:
        """For root only: settings may name programs that pluto runs."""
        if by.uid != 0:
            raise Failure(f"{SERVICE}.PermissionDenied")
        try:
            await self.keeper.add(
                Given(parameters.name, parameters.settings), replace=bool(parameters.replace)
            )
        except UsageError as problem:
            raise _bad(ConfigurationError(str(problem))) from None
        except ConfigurationError as problem:
            raise _bad(problem) from None
        self.keeper.did("add", by, parameters.name)
        await self.get(_Name(parameters.name), call, send)

    async def remove(self, parameters: _Names, call: Call, send: Send, by: Operator) -> None:
        """For root only, like `add`."""
        if by.uid != 0:
            raise Failure(f"{SERVICE}.PermissionDenied")
        names = await self._resolve(parameters.names)
        try:
            await self.keeper.remove(names)
        except ConfigurationError as problem:
            raise _bad(problem) from None
        for name in names:
            self.keeper.did("remove", by, name)
        await send(_Removed(names), False)

    async def reload(self, parameters: _Reload, call: Call, send: Send, by: Operator) -> None:
        self.keeper.did("reload", by)
        try:
            synced = await self.keeper.reload(force=bool(parameters.force))
        except ConfigurationError as problem:
            raise _bad(problem) from None
        await send(_Synced(synced.added, synced.changed, synced.removed, synced.released, synced.same), False)

    async def statistics(self, _: _Nothing, call: Call, send: Send) -> None:
        await send(self.keeper.statistics(), False)

    async def summary(self, parameters: _Summary, call: Call, send: Send) -> None:
        since, until = _stretch(parameters.since, parameters.until)
        _names(parameters.names or (), "names")
        _names([parameters.peer or ""], "peer")
        try:
            accounts = await self._history().accounts(since, until, parameters.names, parameters.peer)
        except OSError as problem:
            raise _no_history(problem) from None
        await send(_Accounts(since, until, accounts, history.by_peer(accounts)), False)

    async def history(self, parameters: _History, call: Call, send: Send) -> None:
        since, until = _stretch(parameters.since, parameters.until)
        names, most = parameters.names or [], parameters.most or history.MOST
        _names(names, "names")
        try:
            outages = await self._history().outages(since, until, names, most)
            changes = await self._history().changes(since, until, names, most)
        except OSError as problem:
            raise _no_history(problem) from None
        await send(_Told(outages, changes), False)

    def _history(self) -> Recorder:
        if self._recorder is None:
            raise Failure(f"{INTERFACE}.NoHistory", reason="none is kept")
        return self._recorder

    async def watch(self, parameters: _Watch, call: Call, send: Send) -> None:
        if not call.more:
            raise Failure(f"{SERVICE}.ExpectedMore")
        names = None if parameters.names is None else _names(parameters.names, "names")
        number = self.keeper.feed.last if parameters.since is None else parameters.since
        self.keeper.subscribers += 1
        try:
            while True:
                events, lost = self.keeper.feed.after(number)
                if lost is None or lost:
                    await send(_Event(_missed(number, lost, events)), True)
                for count, event in enumerate(events, 1):
                    if names is None or _concerns(event, names):
                        await send(_Event(event), True)
                    elif count % SLICE == 0:
                        await trio.lowlevel.checkpoint()
                number = self.keeper.feed.last if not events else events[-1].sequence
                await self.keeper.feed.wait(number)
        finally:
            self.keeper.subscribers -= 1

    async def _order(self, act: str, parameters: _Order, call: Call, send: Send, by: Operator) -> None:
        if parameters.timeout is not None and not 0 < parameters.timeout < float("inf"):
            raise Failure(f"{SERVICE}.InvalidParameter", parameter="timeout")
        names = await self._resolve(parameters.names)
        if not self.keeper.pluto_runs():
            raise Failure(f"{INTERFACE}.NoPluto")
        feed, number = self.keeper.feed, self.keeper.feed.last
        self.keeper.order(act, names, by)
        if call.more:
            pending: set[str] = set(names)
            with trio.move_on_after(parameters.timeout or STREAM_TIMEOUT):
                while pending := {n for n in pending if not self.keeper.settled(act, n)}:
                    await feed.wait(number)
                    number = await self._tell(number, set(names), send)
            await feed.settle()
            await self._tell(number, set(names), send)
        await send(_Progress(connections=(await self._connections(names)).connections), False)

    async def _tell(self, number: int, names: set[str], send: Send) -> int:
        events, lost = self.keeper.feed.after(number)
        if lost:
            await send(_Progress(event=_missed(number, lost, events)), True)
        for event in events:
            if event.connection in names:
                await send(_Progress(event=event), True)
        return events[-1].sequence if events else number

    async def _resolve(self, words: Sequence[str]) -> list[str]:
        """The names that `words` match, each once. Raises Failure if a word matches none."""
        all_names = self.keeper.names()
        exact = set(all_names)
        patterns = [word for word in words if word not in exact and is_pattern(word)]
        _names(patterns, "names")
        resolved: dict[str, None] = {}
        missing = []
        for word in words:
            if word in exact:
                resolved[word] = None
                continue
            matching = await Names([word]).among(all_names) if is_pattern(word) else []
            if not matching:
                missing.append(word)
            resolved |= dict.fromkeys(matching)
        if missing:
            raise Failure(f"{INTERFACE}.UnknownConnection", names=missing)
        return list(resolved)

    async def _connections(self, names: Sequence[str]) -> _Connections:
        connections = []
        for number, name in enumerate(names, 1):
            connection = self.keeper.connection(name)
            if connection is not None:
                connections.append(connection)
            if number % SLICE == 0:
                await trio.lowlevel.checkpoint()
        return _Connections(connections)


def _stretch(since: float | None, until: float | None) -> tuple[float, float]:
    """The stretch of time of a question. Raises Failure for a number that is not a time."""
    end = time.time() if until is None else until
    begin = end - history.DAY if since is None else since
    for name, value in (("since", begin), ("until", end)):
        if not 0 <= value < 1e11:
            raise Failure(f"{SERVICE}.InvalidParameter", parameter=name)
    return begin, max(begin, end)


def _no_history(problem: OSError) -> Failure:
    return Failure(f"{INTERFACE}.NoHistory", reason=plain(problem.strerror or str(problem)))


def _missed(number: int, lost: int | None, events: Sequence[SupervisorEvent]) -> SupervisorEvent:
    """The event that other events are lost. It has the number of the last of them: a reader can go on from it."""
    first = events[0].sequence - 1 if events else number
    time = events[0].time if events else 0.0
    return SupervisorEvent(
        sequence=first, time=time, kind="missed", missed=msgspec.UNSET if lost is None else lost
    )


def _names(words: Sequence[str], parameter: str) -> Names:
    """The names and patterns of a call. Raises Failure if matching them would take too long."""
    try:
        return Names(words)
    except BadPattern:
        raise Failure(f"{SERVICE}.InvalidParameter", parameter=parameter) from None


def _concerns(event: SupervisorEvent, names: Names) -> bool:
    return not isinstance(event.connection, str) or names.mean(event.connection)


def _bad(problem: ConfigurationError) -> Failure:
    parameters = {"where": plain(problem.where)} if problem.where else {}
    return Failure(f"{INTERFACE}.BadConfiguration", reason=plain(str(problem)), **parameters)


def _parameter(problem: str) -> str:
    """The name of the parameter in a complaint of msgspec."""
    if "`" in problem and ("unknown field" in problem or "missing required" in problem):
        return problem.split("`")[1]
    return problem.partition("`$.")[2].rstrip("`").split("[")[0] or "parameters"


_METHODS: dict[str, _Method] = {
    f"{SERVICE}.GetInfo": _Method(Right.LOOK, _Nothing, Methods.get_info),
    f"{SERVICE}.GetInterfaceDescription": _Method(Right.LOOK, _Interface, Methods.get_description),
    f"{INTERFACE}.List": _Method(Right.LOOK, _List, Methods.listing),
    f"{INTERFACE}.Get": _Method(Right.LOOK, _Name, Methods.get),
    f"{INTERFACE}.Up": _Method(Right.CHANGE, _Order, Methods.up),
    f"{INTERFACE}.Down": _Method(Right.CHANGE, _Order, Methods.down),
    f"{INTERFACE}.Suspend": _Method(Right.CHANGE, _Names, Methods.suspend),
    f"{INTERFACE}.Resume": _Method(Right.CHANGE, _Names, Methods.resume),
    f"{INTERFACE}.Sync": _Method(Right.CHANGE, _Sync, Methods.sync),
    f"{INTERFACE}.Add": _Method(Right.CHANGE, _Add, Methods.add),
    f"{INTERFACE}.Remove": _Method(Right.CHANGE, _Names, Methods.remove),
    f"{INTERFACE}.Reload": _Method(Right.CHANGE, _Reload, Methods.reload),
    f"{INTERFACE}.Statistics": _Method(Right.LOOK, _Nothing, Methods.statistics),
    f"{INTERFACE}.Summary": _Method(Right.LOOK, _Summary, Methods.summary),
    f"{INTERFACE}.History": _Method(Right.LOOK, _History, Methods.history),
    f"{INTERFACE}.Watch": _Method(Right.LOOK, _Watch, Methods.watch),
}
