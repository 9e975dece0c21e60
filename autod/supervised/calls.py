"""The methods of the supervisor's API as values, with their parameters and answers.

Owns: these values. Must not know: sockets, event loops. The interface file (autod/service) describes each method, and
says where patterns are allowed; a test compares these values with it.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeAlias, TypeVar, cast

import msgspec
from msgspec import Struct

from autod.asking.arguments import check_name, names_of
from autod.errors import ProtocolViolation, UsageError
from autod.service.history import Account, Change, Outage
from autod.supervisor.views import Differences, Statistics, SupervisedConnection, SupervisorEvent

__all__ = [
    "Add",
    "Call",
    "Down",
    "Get",
    "GetHistory",
    "GetStatistics",
    "GetSummary",
    "HistoryAnswer",
    "List",
    "Progress",
    "Reload",
    "Reloaded",
    "Remove",
    "ResumeConnections",
    "SummaryAnswer",
    "SuspendConnections",
    "Sync",
    "Up",
    "Watch",
    "said",
]

T = TypeVar("T")

Names: TypeAlias = tuple[str, ...] | list[str]
"""Names or patterns. A single text is refused: its letters would be the names."""


class Call(Struct, Generic[T], frozen=True):
    """One call, for `call` or `stream` of a Supervised."""

    method: ClassVar[str]
    """Its name in the interface."""
    _gives: ClassVar[Any]
    _part: ClassVar[str] = ""

    def __post_init__(self) -> None:
        names = getattr(self, "names", None)
        if names is not None:
            names_of(names)
        if "name" in self.__struct_fields__:
            check_name(getattr(self, "name"))  # noqa: B009 (not every call has one)

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters, by name."""
        return {name: getattr(self, name) for name in self.__struct_fields__}

    def read(self, parameters: bytes | msgspec.Raw) -> T:
        """The answer in a reply. ProtocolViolation if the interface does not have such a reply."""
        try:
            if self._part:
                parameters = msgspec.json.decode(parameters, type=dict[str, msgspec.Raw])[self._part]
            return cast(T, msgspec.json.decode(parameters, type=self._gives))
        except (msgspec.MsgspecError, KeyError, UnicodeDecodeError) as problem:
            raise ProtocolViolation(
                f"the supervisor's answer to {self.method} makes no sense ({problem}): is it of another version?"
            ) from None


class List(Call[tuple[SupervisedConnection, ...]], frozen=True):
    """The connections whose name matches `pattern`, of those in `state`; None: all."""

    method = "List"
    _gives = tuple[SupervisedConnection, ...]
    _part = "connections"
    pattern: str | None = None
    state: str | None = None


class Get(Call[SupervisedConnection], frozen=True):
    """One connection. ApiError UnknownConnection."""

    method = "Get"
    _gives = SupervisedConnection
    _part = "connection"
    name: str


class Progress(Struct, frozen=True):
    """A reply to an order: an event of one of the connections; at the end, the state of the connections."""

    event: SupervisorEvent | None = None
    connections: tuple[SupervisedConnection, ...] | None = None


class Up(Call[Progress], frozen=True):
    """Try connections now, without a back-off. As a stream, it ends when each is up or its try has ended, or after
    `timeout` seconds; as a call, at once."""

    method = "Up"
    _gives = Progress
    names: Names
    timeout: float | None = None


class Down(Call[Progress], frozen=True):
    """Take connections down, and leave them down until Up or ResumeConnections. Stream and call as with Up."""

    method = "Down"
    _gives = Progress
    names: Names
    timeout: float | None = None


class SuspendConnections(Call[tuple[SupervisedConnection, ...]], frozen=True):
    """Leave these connections alone from now on; a tunnel that is up stays up."""

    method = "Suspend"
    _gives = tuple[SupervisedConnection, ...]
    _part = "connections"
    names: Names


class ResumeConnections(Call[tuple[SupervisedConnection, ...]], frozen=True):
    """The end of SuspendConnections and of Down."""

    method = "Resume"
    _gives = tuple[SupervisedConnection, ...]
    _part = "connections"
    names: Names


class Sync(Call[Differences], frozen=True):
    """Make pluto equal to the configuration; `dry`: only return the differences."""

    method = "Sync"
    _gives = Differences
    dry: bool | None = None


class Add(Call[SupervisedConnection], frozen=True):
    """Keep a connection that stands in no file, with settings as in ipsec.conf. For root only. ConfigurationError."""

    method = "Add"
    _gives = SupervisedConnection
    _part = "connection"
    name: str
    settings: dict[str, str]
    replace: bool | None = None


class Remove(Call[tuple[str, ...]], frozen=True):
    """Give up connections of Add, and delete them from pluto. For root only."""

    method = "Remove"
    _gives = tuple[str, ...]
    _part = "removed"
    names: Names


class Reloaded(Struct, frozen=True):
    """The changes of a reload: names, and how many connections stayed the same."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    released: tuple[str, ...]
    same: int


class Reload(Call[Reloaded], frozen=True):
    """Read the settings, the configuration and the secrets again. ConfigurationError: the old ones stay."""

    method = "Reload"
    _gives = Reloaded
    force: bool | None = None


class GetStatistics(Call[Statistics], frozen=True):
    """The supervisor in figures."""

    method = "Statistics"
    _gives = Statistics


class SummaryAnswer(Struct, frozen=True):
    """The sums of connections, and of peers, from `since` to `until` (UNIX seconds)."""

    since: float
    until: float
    connections: tuple[Account, ...]
    peers: tuple[Account, ...]


class GetSummary(Call[SummaryAnswer], frozen=True):
    """The sums of the history; without times, those of the last day. ApiError NoHistory."""

    method = "Summary"
    _gives = SummaryAnswer
    since: float | None = None
    until: float | None = None
    names: Names | None = None
    peer: str | None = None


class HistoryAnswer(Struct, frozen=True):
    """The outages and the changes of the history."""

    outages: tuple[Outage, ...]
    changes: tuple[Change, ...]


class GetHistory(Call[HistoryAnswer], frozen=True):
    """The last `most` outages and changes of the history. ApiError NoHistory."""

    method = "History"
    _gives = HistoryAnswer
    since: float | None = None
    until: float | None = None
    names: Names | None = None
    most: int | None = None


class Watch(Call[SupervisorEvent], frozen=True):
    """Events from now on, or after number `since`, of these connections, or of all. A stream without an end."""

    method = "Watch"
    _gives = SupervisorEvent
    _part = "event"
    since: int | None = None
    names: Names | None = None


def said(call: Call[Any]) -> tuple[str, dict[str, object]]:
    """The method and the parameters of a call. UsageError if it is not a call, but for example the class of one."""
    if not isinstance(call, Call):
        raise UsageError(f"a call must be one of autod.supervised, such as List(); it was given {call!r}")
    return call.method, call.parameters
