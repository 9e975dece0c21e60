"""The live table of connections, without a terminal: what the rows are, how they follow from two looks at pluto.

Owns: states and since when, rates, what went wrong last, sorting, filtering, keys. Must not know: rich, trio, how
pluto is asked (autod.cli.top).

A look is one --trafficstatus and, if the release has it, one --showstates. The list of loaded connections comes from
one --status at the start, and from another when the user asks for it. So a connection that was loaded or routed after
that --status, and has no SA, does not show.

    picture = advance(None, state, loaded, at=time.time())
    picture = advance(picture, later, loaded, at=time.time())       # now with rates
    for row in arrange(picture.rows, options): ...
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from autod.cli.names import natural
from autod.status import ChildSa, ConnectionState, IkeSa, State
from autod.status.model import End, label
from autod.status.render import state_text

__all__ = [
    "KEYS",
    "SORTS",
    "Memory",
    "Options",
    "Picture",
    "Row",
    "Trouble",
    "advance",
    "arrange",
    "counts",
    "forget",
    "press",
]

Negotiating = Literal["half_open", "authenticating", "child"]
"""How far a negotiation has come: IKE_SA_INIT (or Main Mode), IKE_AUTH, the Child SA."""

_FAILED: dict[Negotiating, str] = {
    "half_open": "IKE_SA_INIT failed, or no answer",
    "authenticating": "IKE_AUTH failed",
    "child": "Child SA failed",
}
_WRAP = 1 << 32
"""--trafficstatus prints 32 bits of a counter up to 4.15 (bytes in) and 4.7 (bytes out)."""


class Trouble(Struct, frozen=True):
    """The last failure, and the time of the look that showed it (seconds since 1970)."""

    text: str
    at: float


class Row(Struct, frozen=True):
    """A connection, or an instance of a template.

    `state` is `up`, `negotiating`, `ike_only` (an IKE SA that no Child SA uses), `down`, or what the list of loaded
    connections says (`ondemand`, `unoriented`, `template`, ...). `since` is when this state began: pluto says it of
    a connection that is up at the first look, else it is the time of the look that saw it first. It is None for a
    state that has not changed since the first look. Bytes are those of its established Child SAs; rates are in bytes
    per second since the previous look, None if they are not known.
    """

    label: str
    name: str
    peer: str | None = None
    state: str = "down"
    since: float | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    rate_in: float | None = None
    rate_out: float | None = None
    rekey_in: int | None = None
    children: int = 0
    trouble: Trouble | None = None


class Memory(Struct, frozen=True, gc=False):
    """The parts of a row that the next look needs: the counters of each Child SA, and its negotiations."""

    counters: Mapping[int, tuple[int, int]] = {}
    serials: frozenset[int] = frozenset()
    stage: Negotiating | None = None


class Picture(Struct, frozen=True):
    """All rows at one time. `interval` is how many seconds the rates cover; None at the first look."""

    time: float
    interval: float | None
    rows: tuple[Row, ...]
    memory: Mapping[str, Memory] = {}

    def to_json(self) -> bytes:
        """One JSON document: time, interval, rows."""
        rows = {"schema": 1, "time": self.time, "interval": self.interval, "rows": self.rows}
        return msgspec.json.encode(rows)


class _Sas:
    """The SAs of one label, as one look shows them."""

    __slots__ = ("children", "negotiating", "own_ike", "peer", "peer_id", "stage")

    def __init__(self) -> None:
        self.children: list[ChildSa] = []
        self.negotiating: set[int] = set()
        self.own_ike: list[IkeSa] = []
        self.stage: Negotiating | None = None
        self.peer: str | None = None
        self.peer_id: str | None = None


def _look(state: State) -> tuple[dict[str, _Sas], frozenset[int | None]]:
    """The SAs of each label, and the IKE SAs that some Child SA uses."""
    by_label: dict[str, _Sas] = {}
    for ike in state.ike_sas:
        sas = by_label.setdefault(label(ike.connection, ike.instance), _Sas())
        sas.peer, sas.peer_id = sas.peer or ike.peer_address, sas.peer_id or ike.peer_id
        if ike.phase == "established":
            sas.own_ike.append(ike)
        elif ike.phase in ("half_open", "authenticating"):
            sas.negotiating.add(ike.serial)
            if sas.stage is None or ike.phase == "authenticating":
                sas.stage = "authenticating" if ike.phase == "authenticating" else "half_open"
    for child in state.child_sas:
        sas = by_label.setdefault(label(child.connection, child.instance), _Sas())
        sas.peer, sas.peer_id = sas.peer or child.peer_address, sas.peer_id or child.peer_id
        if child.phase == "established":
            sas.children.append(child)
        elif child.phase == "negotiating":
            sas.negotiating.add(child.serial)
            sas.stage = sas.stage or "child"
    for exchange in state.pending:
        if exchange.connection is not None:
            sas = by_label.setdefault(label(exchange.connection, exchange.instance), _Sas())
            sas.negotiating.add(exchange.ike_sa)
            sas.stage = sas.stage or "half_open"
    return by_label, frozenset(child.ike_sa for child in state.child_sas)


def advance(
    previous: Picture | None, state: State, loaded: Collection[ConnectionState], *, at: float
) -> Picture:
    """The picture after another look; `at` is the time of that look, in seconds since 1970.

    A connection stays until `forget`, an instance as long as it has an SA.
    """
    by_label, used = _look(state)
    connections = {connection.label: connection for connection in loaded}
    before = {row.label: row for row in previous.rows} if previous is not None else {}
    memory = previous.memory if previous is not None else {}
    interval = at - previous.time if previous is not None else None
    names = dict.fromkeys(name for name in connections if connections[name].instance is None)
    names.update(dict.fromkeys(by_label))
    names.update(dict.fromkeys(name for name in before if "[" not in name))
    rows, remembered = [], {}
    for name in names:
        sas = by_label.get(name, _Sas())
        rows.append(
            _row(name, sas, used, connections.get(name), before.get(name), memory.get(name), at, interval)
        )
        counters = {sa.serial: (sa.bytes_in or 0, sa.bytes_out or 0) for sa in sas.children}
        remembered[name] = Memory(counters, frozenset(sas.negotiating), sas.stage)
    return Picture(at, interval, tuple(rows), remembered)


def forget(picture: Picture, loaded: Collection[ConnectionState]) -> Picture:
    """The picture without the rows that are neither loaded nor in an SA. For a new list of loaded connections."""
    names = {connection.label for connection in loaded}
    remaining = tuple(
        row for row in picture.rows if row.label in names or row.state in ("up", "negotiating", "ike_only")
    )
    return msgspec.structs.replace(picture, rows=remaining)


def _row(
    name: str,
    sas: _Sas,
    used: frozenset[int | None],
    connection: ConnectionState | None,
    before: Row | None,
    memory: Memory | None,
    at: float,
    interval: float | None,
) -> Row:
    word = _word(sas, used, connection)
    exact = bool(sas.children) and all(sa.bytes_kind == "exact" for sa in sas.children)
    rate_in, rate_out = _rates(sas.children, memory, interval) if exact else (None, None)
    timers = [sa.rekey_in for sa in sas.children if sa.rekey_in is not None]
    return Row(
        label=name,
        name=name.partition("[")[0] if connection is None else connection.name,
        peer=_peer(sas, connection, before),
        state=word,
        since=_since(word, sas, before, at),
        bytes_in=_sum(sa.bytes_in for sa in sas.children),
        bytes_out=_sum(sa.bytes_out for sa in sas.children),
        rate_in=rate_in,
        rate_out=rate_out,
        rekey_in=min(timers) if timers else None,
        children=len(sas.children),
        trouble=_trouble(word, sas, before, memory, at),
    )


def _peer(sas: _Sas, connection: ConnectionState | None, before: Row | None) -> str | None:
    """The peer's address of an SA, else the configured one, else the peer's name or identity."""
    remote = connection.remote if connection is not None else End()
    remembered = before.peer if before is not None else None
    return sas.peer or remote.address or remembered or sas.peer_id or remote.host or remote.id


def _word(sas: _Sas, used: frozenset[int | None], connection: ConnectionState | None) -> str:
    if sas.children:
        return "up"
    if sas.negotiating:
        return "negotiating"
    if any(ike.serial not in used for ike in sas.own_ike):
        return "ike_only"
    word = "down" if connection is None else state_text(connection)
    return "down" if word in ("up", "negotiating") else word


def _since(word: str, sas: _Sas, before: Row | None, at: float) -> float | None:
    if before is not None:
        return before.since if before.state == word else at
    times = [sa.add_time for sa in sas.children if sa.add_time is not None]
    return float(min(times)) if times else None


def _sum(numbers: Iterable[int | None]) -> int | None:
    values = [number for number in numbers if number is not None]
    return sum(values) if values else None


def _rates(
    children: Sequence[ChildSa], memory: Memory | None, interval: float | None
) -> tuple[float | None, float | None]:
    """Bytes per second in and out, summed over the Child SAs; a new Child SA counts from zero."""
    if memory is None or interval is None or interval <= 0:
        return None, None
    totals = [0, 0]
    for sa in children:
        old = memory.counters.get(sa.serial, (0, 0))
        for way, new in enumerate((sa.bytes_in or 0, sa.bytes_out or 0)):
            grown = new - old[way]
            if grown < 0 and old[way] < _WRAP:
                grown += _WRAP
            totals[way] += max(0, grown)
    return totals[0] / interval, totals[1] / interval


def _trouble(word: str, sas: _Sas, before: Row | None, memory: Memory | None, at: float) -> Trouble | None:
    """The failure that happened since the previous look; if there is none, the failure before it."""
    if before is None or memory is None:
        return Trouble("IKE SA without a Child SA", at) if word == "ike_only" else None
    if word == before.state == "ike_only":
        return before.trouble
    if word == "ike_only":
        return Trouble("IKE SA without a Child SA", at)
    if before.state == "up" and word != "up":
        return Trouble("went down", at)
    if word != "up" and memory.stage is not None and not memory.serials & sas.negotiating:
        return Trouble(_FAILED[memory.stage], at)
    return before.trouble


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """How many rows are in each state, the most first."""
    by_state: dict[str, int] = {}
    for row in rows:
        by_state[row.state] = by_state.get(row.state, 0) + 1
    return dict(sorted(by_state.items(), key=lambda item: -item[1]))


class Options(Struct, frozen=True):
    """The choice of rows and their order. `typing`: keys go into the pattern."""

    sort: str = "name"
    descending: bool = False
    only: Literal["all", "up", "not_up", "trouble"] = "all"
    pattern: str = ""
    typing: bool = False
    paused: bool = False
    offset: int = 0
    reload: bool = False
    quit: bool = False


SORTS: dict[str, tuple[str, Callable[[Row], Any], bool]] = {
    "n": ("name", lambda row: natural(row.label), False),
    "s": ("state", lambda row: row.state, False),
    "p": ("peer", lambda row: natural(row.peer or ""), False),
    "t": ("since", lambda row: row.since or 0.0, True),
    "i": ("in", lambda row: row.bytes_in or 0, True),
    "o": ("out", lambda row: row.bytes_out or 0, True),
    "r": ("rate", lambda row: (row.rate_in or 0) + (row.rate_out or 0), True),
    "f": ("failure", lambda row: row.trouble.at if row.trouble else 0.0, True),
}
"""By key: what it sorts by, how, and whether the largest stands first unless the key is pressed twice."""

_ONLY: dict[str, Literal["all", "up", "not_up", "trouble"]] = {
    "a": "all",
    "u": "up",
    "d": "not_up",
    "x": "trouble",
}
KEYS = (
    "sort: n name, s state, p peer, t since, i in, o out, r rate, f failure (again: reverse)",
    "show: a all, u up, d not up, x trouble, / pattern",
    "space pause, R list again, arrows and pages scroll, q quit",
)
"""Help for the keys, for the foot of the table."""


def arrange(rows: Iterable[Row], options: Options) -> list[Row]:
    """The rows that are shown, in order; rows that are equal stand by name."""
    chosen = sorted((row for row in rows if _shown(row, options)), key=lambda row: natural(row.label))
    order = next((order for name, order, _ in SORTS.values() if name == options.sort), SORTS["n"][1])
    chosen.sort(key=order, reverse=options.descending)
    return chosen


def _shown(row: Row, options: Options) -> bool:
    if options.only == "up" and row.state != "up":
        return False
    if options.only == "not_up" and row.state in ("up", "template", "group"):
        return False
    if options.only == "trouble" and row.trouble is None:
        return False
    pattern = options.pattern.casefold()
    if not pattern:
        return True
    texts = (row.label.casefold(), (row.peer or "").casefold())
    if any(wild in pattern for wild in "*?["):
        return any(fnmatch.fnmatchcase(text, pattern) for text in texts)
    return any(pattern in text for text in texts)


_MOVES = {"up": -1, "down": 1, "page_up": -20, "page_down": 20}


def press(options: Options, key: str) -> Options:
    """The options after a key: a character, or one of enter, escape, backspace, up, down, page_up, page_down, home."""
    change = msgspec.structs.replace
    if key in _MOVES:
        return change(options, offset=max(0, options.offset + _MOVES[key]))
    if options.typing:
        if key in ("enter", "escape"):
            return change(options, typing=False, pattern="" if key == "escape" else options.pattern)
        if key == "backspace":
            return change(options, pattern=options.pattern[:-1])
        return change(options, pattern=options.pattern + key, offset=0) if len(key) == 1 else options
    if key in SORTS:
        name, _, largest_first = SORTS[key]
        descending = not options.descending if options.sort == name else largest_first
        return change(options, sort=name, descending=descending, offset=0)
    if key in _ONLY:
        return change(options, only=_ONLY[key], offset=0)
    match key:
        case "/":
            return change(options, typing=True, pattern="")
        case "escape":
            return change(options, pattern="", only="all")
        case " ":
            return change(options, paused=not options.paused)
        case "R":
            return change(options, reload=True)
        case "home":
            return change(options, offset=0)
        case "q":
            return change(options, quit=True)
        case _:
            return options
