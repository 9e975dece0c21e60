"""How a line of pluto's is taken apart, and the type of the tables' rows.

Owns: the prefix of a line, and how the named groups of a pattern become the fields of an event. Must not know:
any phrase of pluto's beyond the prefix.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from autod.events import Event, Exchange
from autod.protocol.states import state_word

__all__ = ["NUMBER", "Line", "Row", "by_first_word", "parse"]

NUMBER = "0"
"""Stands in `Row.words` for any number that follows a state ("STATE_MAIN_I1: 60 second timeout ...")."""

_PREFIX = re.compile(
    r'(?P<lead>(?:ERROR|WARNING|EXPECTATION FAILED|FATAL ERROR): )?"(?P<name>.+?)"'
    r"(?:(?P<instance>(?:\[\d[^\]\s]*\])+(?: [^\"#]+?)?))?"
    r"(?: #(?P<serial>\d{1,18}))?: ",
    re.DOTALL,
)
"""`"NAME" #N: `, `"NAME"[2] 192.0.2.7 #N: `, and for an opportunistic instance `"NAME"[2] NET===...PEER===NET: `
(jam_connection and jam_state of 3.27 to 5.4). 5.x puts ERROR: in front of it for errors of the kernel, and others alike."""

_LEADS = ('"', 'ERROR: "', 'WARNING: "', 'EXPECTATION FAILED: "', 'FATAL ERROR: "')

_STATE = re.compile(r"(?P<state>STATE_[A-Z0-9_]+|[A-Z0-9]+_[A-Z0-9_]+): ")


class Line(NamedTuple):
    """A line without its prefix: `"NAME"[instance] #serial: STATE: body`."""

    connection: str | None
    instance: str | None
    serial: int | None
    state: str | None
    body: str


def parse(text: str) -> Line:
    """Split the prefix from the body. A line without a prefix is all body. Never raises; linear time in the text."""
    if text.startswith(_LEADS):
        prefix = _PREFIX.match(text)
        if prefix is not None:
            name, instance, serial = prefix.group("name", "instance", "serial")
            body = text[prefix.end() :]
            if text[0] != '"':
                body = prefix["lead"] + body
            number = int(serial) if serial is not None else None
            if body[:1].isupper():
                state = _STATE.match(body)
                if state is not None:
                    return Line(name, instance, number, state[1], body[state.end() :])
            return Line(name, instance, number, None, body)
    return Line(None, None, None, None, text)


def role(state: str | None) -> Literal["ike", "child"] | None:
    """Which kind of SA is in `state`; None if the state does not tell ("UNDEFINED").

    STATE_PARENT_I2 belongs to a Child SA: 3.x prints its lines about IKE_AUTH with this state.
    """
    if state is None:
        return None
    if state == "STATE_PARENT_I2":
        return "child"
    word = state_word(state)
    return word.sa if word is not None else None


_STATE_EXCHANGES = (
    (re.compile(r"MAIN"), "MAIN_MODE"),
    (re.compile(r"AGGR"), "AGGRESSIVE_MODE"),
    (re.compile(r"QUICK"), "QUICK_MODE"),
    (re.compile(r"PARENT_I1|IKE_SA_INIT"), "IKE_SA_INIT"),
    (re.compile(r"PARENT_I2|IKE_AUTH"), "IKE_AUTH"),
    (re.compile(r"V2_CREATE|CHILD_I|REKEY"), "CREATE_CHILD_SA"),
)


def exchange_in(state: str | None) -> str | None:
    """The exchange whose answer an SA in `state` waits for."""
    if state is not None:
        for pattern, exchange in _STATE_EXCHANGES:
            if pattern.search(state):
                return exchange
    return None


_DIGITS = 18
"""How many digits a number has at most: no counter of pluto's has more, and JSON can carry them."""


def _whole(text: str) -> int:
    """A whole number. Raises ValueError for a text that cannot be a counter of pluto's."""
    if len(text) > _DIGITS:
        raise ValueError(text)
    return int(text)


def _seconds(text: str) -> float:
    """A number like that of `_whole`, with a fraction."""
    if len(text) > _DIGITS:
        raise ValueError(text)
    return float(text)


_ALGORITHM = re.compile(r"(?P<key>cipher|integ|prf|group|ke)=(?P<value>\S+)")


def _ike_algorithms(text: str) -> dict[str, str] | None:
    """`cipher=AES_GCM_16_256 integ=n/a prf=HMAC_SHA2_512 group=DH19` (ke= on 5.4), without the parts that are n/a."""
    pairs = {match["key"]: match["value"].rstrip("}") for match in _ALGORITHM.finditer(text)}
    if "ke" in pairs:
        pairs["group"] = pairs.pop("ke")
    return {key: value for key, value in pairs.items() if value not in ("n/a", "NONE")} or None


def _esp_algorithms(text: str) -> str:
    """AES_GCM_16_256-NONE-MODP2048 (up to 5.3) and AES_GCM_16_256-MODP2048 (5.4) are the same."""
    return text.replace("-NONE", "")


def _selector(text: str) -> str:
    """`10.1.1.0-10.1.1.255:0-65535 0` (up to 4.15) and `10.1.1.0/24` (later) are the same."""
    addresses, ports, rest = text.partition(":0-65535 0")
    first, dash, last = addresses.partition("-")
    if not (ports and dash) or rest:
        return text
    try:
        low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
        networks = list(ipaddress.summarize_address_range(low, high))
    except (ValueError, TypeError):
        return text
    return str(networks[0]) if len(networks) == 1 else addresses


_APART = re.compile(r"\] -> \[|===| ?--\(\d+\)--> ?")


def _selectors(text: str) -> dict[str, str]:
    """`[10.1.1.0/24===10.2.1.0/24] [..===..]`, `[..] -> [..]`: this end's and the peer's, each once, with commas."""
    local: list[str] = []
    remote: list[str] = []
    for pair in re.split(r"(?<!>) (?=\[)", text):
        ours, apart, theirs = pair.strip("[]"), "", ""
        divider = _APART.search(pair)
        if divider is not None:
            ours, apart, theirs = (
                pair[: divider.start()].strip("[]"),
                divider[0],
                pair[divider.end() :].strip("[]"),
            )
        for side, selector in ((local, _selector(ours)), (remote, _selector(theirs))):
            if selector and selector not in side and apart:
                side.append(selector)
    return {"local": ",".join(local), "remote": ",".join(remote)} if local and remote else {}


_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def _bytes(text: str) -> int:
    """`0B`, `12KB`: pluto rounds to the unit that it prints."""
    unit = text[-2:-1] if text[-2:-1] in ("K", "M", "G") else ""
    return _whole(text[: -1 - len(unit)]) * _UNITS[unit]


def _notification(text: str) -> str:
    """v2N_NO_PROPOSAL_CHOSEN (3.27), ISAKMP_N_PAYLOAD_MALFORMED, without the prefix, which tells the version."""
    return re.sub(r"^(?:v[12]N_|ISAKMP_N_)", "", text).rstrip(".,;:")


_EXCHANGES = {
    "SA_INIT": "IKE_SA_INIT",
    "AUTH": "IKE_AUTH",
    "CREATE_CHILD_SA": "CREATE_CHILD_SA",
    "Main": "MAIN_MODE",
    "Aggressive": "AGGRESSIVE_MODE",
    "Quick": "QUICK_MODE",
}


def _exchange(text: str) -> str | None:
    """3.32 writes ISAKMP_v2_SA_INIT, IKEv1 Main Mode. None for an exchange without a name in autod."""
    name = text.removeprefix("ISAKMP_v2_")
    return _EXCHANGES.get(name, name if name in get_args(Exchange) else None)


_CONVERT: dict[str, Callable[[str], Any]] = {
    "after": _seconds,
    "age": _seconds,
    "algorithms": _ike_algorithms,
    "attempt": _whole,
    "child_sa": _whole,
    "count": _whole,
    "deleted": _whole,
    "delay": _seconds,
    "esp": _esp_algorithms,
    "exchange": _exchange,
    "ike_sa": _whole,
    "in_bytes": _bytes,
    "local": _selector,
    "message": _exchange,
    "mode": str.lower,
    "notification": _notification,
    "out_bytes": _bytes,
    "remote": _selector,
    "replaced": _whole,
    "replaces": _whole,
    "retransmits": _whole,
    "selectors": _selectors,
    "version": _whole,
    "wait": _seconds,
}
"""The conversion of the text of each named group. A group that is not here stays text."""

_RENAME = {"esp": "algorithms", "named": "connection", "quoted": "name", "certified": "peer_id"}


class Row(msgspec.Struct, frozen=True, dict=True):
    """One phrase of pluto's, as a row of the tables.

    `words`: the first words of such lines, behind prefix and state. `pattern`: matches such a line from its start; its
    named groups become fields. `sa`: the SA that has the serial number in the prefix ("state": the state tells it).
    `fixed`: fields that are always the same. `within`: only in a state that this pattern matches.
    `seen`: the first and last of the recorded releases that print it. `sources`: the releases that have it only in
    their source code.
    """

    kind: type[Event]
    words: tuple[str, ...]
    pattern: str
    sa: Literal["ike", "child", "state", None] = None
    fixed: Mapping[str, Any] = {}
    within: str | None = None
    seen: str = "3.27-5.4"
    sources: str = ""

    @cached_property
    def starts(self) -> tuple[str, ...]:
        """The beginnings of such a phrase as plain text. They are enough to rule out most rows, so that the pattern of
        these is never compiled."""
        return tuple(_starts(self.pattern))

    @cached_property
    def _match(self) -> Callable[[str], re.Match[str] | None]:
        return re.compile(self.pattern, re.DOTALL | re.ASCII).match

    @cached_property
    def _inside(self) -> Callable[[str], re.Match[str] | None]:
        return re.compile(self.within or "").search

    @cached_property
    def _takes_state(self) -> bool:
        return "state" in self.kind.__struct_fields__

    @cached_property
    def _takes_exchange(self) -> bool:
        return "exchange" in self.kind.__struct_fields__

    def event(self, line: Line, text: str, code: int | None, time: float) -> Event | None:
        """The event, if `line` is this phrase."""
        if self.within is not None and (line.state is None or not self._inside(line.state)):
            return None
        match = self._match(line.body)
        if match is None:
            return None
        fields: dict[str, Any] = dict(self.fixed)
        try:
            for name, value in match.groupdict().items():
                if value is not None:
                    convert = _CONVERT.get(name)
                    if convert is _selectors:
                        fields.update(_selectors(value))
                        continue
                    fields[_RENAME.get(name, name)] = convert(value) if convert is not None else value
        except ValueError:
            return None  # a group for a number does not hold one, so this is another phrase
        if self._takes_state and "state" not in fields:
            fields["state"] = line.state
        if self._takes_exchange and "exchange" not in fields:
            fields["exchange"] = exchange_in(line.state)
        which = role(fields.get("state")) if self.sa == "state" else self.sa
        if which is not None and line.serial is not None:
            fields.setdefault("ike_sa" if which == "ike" else "child_sa", line.serial)
        if which is not None and self.sa == "state" and "sa" in self.kind.__struct_fields__:
            fields.setdefault("sa", which)
        fields.setdefault("connection", line.connection)
        return self.kind(time=time, instance=line.instance, code=code, text=text, **fields)


_TOKENS = re.compile(r"\\.|\[[^]]*\]|[()|]", re.DOTALL)
_GROUP = re.compile(r"\(\?(?:P<\w+>|:)")
_PLAIN = re.compile(r"(?:[^\\.^$*+?{}\[\]|()]|\\[^\w])*", re.DOTALL)


def _starts(pattern: str) -> Iterator[str]:
    """For each alternative of the pattern, the plain text that its matches begin with; "" if there is none."""
    depth = begun = 0
    closed = -1
    for token in _TOKENS.finditer(pattern):
        depth += (token[0] == "(") - (token[0] == ")")
        if not depth and token[0] == ")" and closed < begun:
            closed = token.start()
        if not depth and token[0] == "|":
            yield from _starts_of(pattern[begun : token.start()], closed - begun)
            begun = token.end()
    yield from _starts_of(pattern[begun:], closed - begun)


def _starts_of(alternative: str, closed: int) -> Iterator[str]:
    """The same for one alternative. If it begins with a group, this group ends at `closed`."""
    group = _GROUP.match(alternative)
    if group is not None and alternative[closed + 1 : closed + 2] not in ("*", "?", "{"):
        yield from _starts(alternative[group.end() : closed])
        return
    plain = _PLAIN.match(alternative)
    assert plain is not None
    text = plain[0]
    if alternative[plain.end() : plain.end() + 1] in ("*", "?", "{"):
        text = re.sub(r"\\?.\Z", "", text, flags=re.DOTALL)
    yield re.sub(r"\\(.)", r"\1", text) if "\\" in text else text


def by_first_word(rows: Iterable[Row]) -> dict[str, tuple[Row, ...]]:
    """The rows of each first word, in their order."""
    table: dict[str, tuple[Row, ...]] = {}
    for row in rows:
        for word in row.words:
            table[word] = (*table.get(word, ()), row)
    return table
