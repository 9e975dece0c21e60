"""Status replies of any kind and release to one State.

Owns: which sort of line a line is, and how the lines of one connection or SA are joined. Must not know: what is in
a line (lines.py, sas.py), sockets, trio.

Every status reply is made of the same lines, so one parser reads them all: --status, --connectionstatus,
--briefconnectionstatus, --trafficstatus, --showstates, --briefstatus, --shuntstatus, --fipsstatus. Drain first,
parse afterwards: pluto stands still until its reply is read. The time is linear in the length of the text. A line that
is not known is kept as text.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Sequence
from typing import Any, Literal, cast

from autod.protocol.replies import Reply
from autod.status.daemon import Daemon
from autod.status.ends import NOTHING, Line, brief_line, connection_topology
from autod.status.lines import connection_detail
from autod.status.model import (
    ChildSa,
    ConnectionState,
    End,
    IkeSa,
    Kind,
    Pending,
    SelectorPair,
    State,
    Totals,
    Unparsed,
)
from autod.status.sas import Fields, names_the_owner, sa_line

__all__ = ["UNPARSED_KEPT", "parse", "parse_in_slices"]

UNPARSED_KEPT = 1000
"""How many unknown lines are kept as text; the rest are counted."""

_MEMO_LIMIT = 20_000
"""How many different lines are remembered with their meaning: most connections share most of their lines."""

_AFTER_NAME = re.compile(r'"([^"]*)"((?:\[\d+\])*)(?: .*?)?:( +)(.*)')


class _Connection:
    """The lines of one connection, as far as they have come."""

    __slots__ = ("fields", "instance", "local", "name", "remote", "selectors")

    def __init__(self, name: str, instance: str | None) -> None:
        self.name = name
        self.instance = instance
        self.fields: Fields = {}
        self.local: Fields = {}
        self.remote: Fields = {}
        self.selectors: list[SelectorPair] = []

    def add(self, line: Line) -> None:
        if line.connection:
            self.fields.update(line.connection)
        if line.local:
            self.local.update(line.local)
        if line.remote:
            self.remote.update(line.remote)
        if line.selectors is not None and line.selectors not in self.selectors[-8:]:
            self.selectors.append(line.selectors)

    def built(self) -> ConnectionState:
        if self.fields.get("routing") == "ondemand" and {"AUTH_NEVER", "NEVER"}.intersection(
            self.fields.get("authby", ())
        ):
            self.fields["routing"] = "never_negotiate"
        return ConnectionState(
            name=self.name,
            instance=self.instance,
            kind=self._kind(),
            local=End(**self.local),
            remote=End(**self.remote),
            selectors=tuple(self.selectors),
            **self.fields,
        )

    def _kind(self) -> Kind:
        if self.instance is not None:
            return "instance"
        hosts = (self.local.get("host"), self.remote.get("host"))
        policy = self.fields.get("policy", ())
        if "GROUP" in policy or "%group" in hosts or "%opportunisticgroup" in hosts:
            return "group"
        if any(host in ("%any", "%opportunistic", "%virtual") for host in hosts if host):
            return "template"
        virtual = any(
            chosen is not None and chosen.net.endswith("?")
            for pair in self.selectors
            for chosen in (pair.local, pair.remote)
        )
        labelled = self.fields.get("security_label") is not None
        return "template" if virtual or labelled else "permanent"


class _Parser:
    def __init__(self) -> None:
        self._connections: dict[tuple[str, str | None], _Connection] = {}
        self._prefix = "\n"
        self._current = _Connection("", None)
        self._sas: dict[int, Fields] = {}
        self._kinds: dict[int, Literal["ike", "child"]] = {}
        self._pending: list[tuple[Pending, bool]] = []
        self._memo: dict[str, Line | None] = {}
        self._unparsed: list[str] = []
        self._unparsed_count = 0
        self._brief: list[_Connection] = []
        self._daemon = Daemon()

    def line(self, text: str) -> None:
        if text.startswith(self._prefix):
            line = self._memo.get(text[len(self._prefix) :])
            if line is not None:
                if line is not NOTHING:
                    self._current.add(line)
                return
        if not text.isascii():
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        first = text[:1]
        is_known = (
            self._connection_line(text)
            if first == '"'
            else self._sa_line(text)
            if first == "#" and text[1:2].isdecimal()
            else self._brief_line(text) or self._daemon.line(text.strip())
        )
        if not is_known:
            self._unparsed_count += 1
            if len(self._unparsed) < UNPARSED_KEPT:
                self._unparsed.append(text)

    def _connection(self, name: str, brackets: str) -> _Connection:
        instance = brackets[1:-1].replace("][", ".") if brackets else None
        connection = self._connections.get((name, instance))
        if connection is None:
            connection = self._connections[name, instance] = _Connection(name, instance)
        return connection

    def _connection_line(self, text: str) -> bool:
        end = text.find('"', 1)
        name = text[1:end]
        if end > 0 and text[end + 1 : end + 2] == ":":
            brackets, rest = "", text[end + 2 :]
        else:
            match = _AFTER_NAME.fullmatch(text)
            if match is None:
                return False
            name, brackets, blanks, rest = match.groups()
            rest = blanks + rest
        line: Line | None
        if rest[:3] == "   " or rest.startswith(" banner:"):
            if rest in self._memo:
                line = self._memo[rest]
            else:
                line = connection_detail(rest.strip())
                if len(self._memo) < _MEMO_LIMIT:
                    self._memo[rest] = line
        else:
            line = connection_topology(rest[1:])
        if line is None:
            return False
        self._current = self._connection(name, brackets)
        self._current.add(line)
        self._prefix = text[: len(text) - len(rest)]
        return True

    def _sa_line(self, text: str) -> bool:
        line = sa_line(text)
        if line is None:
            return False
        if isinstance(line, Pending):
            self._pending.append((line, names_the_owner(text)))
            return True
        kind, fields = line
        serial = fields["serial"]
        earlier = self._sas.get(serial)
        if earlier is None:
            self._sas[serial] = fields
        elif earlier.get("bytes_kind") == "exact" and "bytes_kind" in fields:
            self._sas[serial] = {**earlier, **{k: v for k, v in fields.items() if not k.startswith("bytes_")}}
        else:
            earlier.update(fields)
        if kind is not None:
            self._kinds[serial] = kind
        return True

    def _brief_line(self, text: str) -> bool:
        brief = brief_line(text) if " <==> " in text else None
        if brief is None:
            return False
        connection = self._connection(brief.name, brief.brackets)
        connection.add(brief.line)
        self._brief.append(connection)
        return True

    def finish(self, time: float | None) -> Generator[None, None, State]:
        """The State. Yields now and then if there are many connections or SAs."""
        if self._daemon.brief_total:
            for brief in self._brief:
                brief.fields.setdefault("routing", "tunnel")
        connections = []
        for count, connection in enumerate(self._connections.values(), 1):
            connections.append(connection.built())
            if count % 250 == 0:
                yield
        by_label = {(c.name, c.instance): c for c in connections}
        ike_sas: list[IkeSa] = []
        child_sas: list[ChildSa] = []
        self._find_hidden_children()
        for count, serial in enumerate(sorted(self._sas), 1):
            fields = self._sas[serial]
            connection_state = by_label.get((fields["connection"], fields.get("instance")))
            if connection_state is not None:
                _from_connection(fields, connection_state)
            if self._kinds.get(serial) == "child":
                for key in ("peer_port", "tcp"):
                    fields.pop(key, None)
                child_sas.append(ChildSa(**fields))
            else:
                ike_sas.append(_ike_sa(fields, connection_state))
            if count % 500 == 0:
                yield
        release = self._daemon.setup.get("pluto_version")
        return State(
            release=release,
            time=time,
            setup=self._daemon.setup,
            interfaces=tuple(self._daemon.interfaces),
            connections=tuple(connections),
            ike_sas=tuple(ike_sas),
            child_sas=tuple(child_sas),
            pending=self._waiting(release),
            totals=Totals(**self._daemon.totals),
            shunts=tuple(self._daemon.shunts),
            address_pools=tuple(self._daemon.pools),
            counters=self._daemon.counters,
            refused=tuple(self._daemon.refused),
            unparsed=Unparsed(self._unparsed_count, tuple(self._unparsed)),
        )

    def _waiting(self, release: str | None) -> tuple[Pending, ...]:
        """On 3.x only --status has pending lines, and it tells the release: a state without one is not of 3.x."""
        is_3 = release is not None and release.startswith("3.")
        return tuple(
            Pending(pending.ike_sa, replaces=pending.replaces) if owner and not is_3 else pending
            for pending, owner in self._pending
        )

    def _find_hidden_children(self) -> None:
        """3.27 and 3.32 call the Child SA of an IKE_AUTH by the state of its IKE SA: the later one is the child."""
        parents: dict[tuple[str, str | None], int] = {}
        for serial in sorted(self._sas):
            fields = self._sas[serial]
            if not str(fields.get("text", "")).startswith("STATE_PARENT_I2 "):
                continue
            owner = (fields["connection"], fields.get("instance"))
            parent = parents.setdefault(owner, serial)
            if parent != serial and "ike_sa" not in fields:
                self._kinds[serial] = "child"
                fields.update(phase="negotiating", ike_sa=parent)
                fields.pop("peer_port", None)
                fields.pop("tcp", None)


def _from_connection(fields: Fields, connection: ConnectionState) -> None:
    if connection.remote.id is not None:
        fields.setdefault("peer_id", connection.remote.id)
    if connection.remote.address is not None:
        fields.setdefault("peer_address", connection.remote.address)


def _ike_sa(fields: Fields, connection: ConnectionState | None) -> IkeSa:
    values: dict[str, Any] = {key: value for key, value in fields.items() if key in IkeSa.__struct_fields__}
    life = connection.ike_lifetime if connection is not None and connection.ike_version == 2 else None
    until_replaced = fields.get("replace_in")
    if (
        life is not None
        and until_replaced is not None
        and "rekey_in" in fields
        and 0 <= until_replaced <= life
    ):
        values["age"] = life - until_replaced
    return IkeSa(**values)


def parse_in_slices(
    replies: Sequence[Reply], *, slice: int = 5000, time: float | None = None
) -> Generator[None, None, State]:
    """Parse, and yield after each `slice` lines (5,000 take about 10 ms). The generator returns the State.

        steps = parse_in_slices(replies)
        while True:
            try:
                next(steps)
            except StopIteration as done:
                return done.value
            await trio.lowlevel.checkpoint()

    A step does not wait for anything, so the caller decides what runs between two steps.
    """
    parser = _Parser()
    take = parser.line
    for start in range(0, len(replies), slice):
        for reply in replies[start : start + slice]:
            take(reply.text)
        yield
    return (yield from parser.finish(time))


def parse(replies: Iterable[Reply], *, time: float | None = None) -> State:
    """The State that `replies` describe: those of one status request, or of several one after another.

    A value that is in none of them is None or empty. No text makes it raise.
    """
    parser = _Parser()
    for reply in replies:
        parser.line(reply.text)
    steps = parser.finish(time)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return cast("State", done.value)
