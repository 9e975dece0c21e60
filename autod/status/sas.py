"""Lines about SAs, of every release: the values of one line, as fields of the model.

Owns: the shapes of the lines that begin with `#serial`. Must not know: connections' lines (lines.py), how the
fields of several lines are joined (parsing.py).

    #4: "t01", type=ESP, add_time=1795439288, inBytes=0, ...            --trafficstatus
    #3: "t01":500 STATE_PARENT_I3 (PARENT SA established); EVENT_...;   --showstates and --status, to 5.3.2
    #3: "t01":500 established IKE SA; REKEY in 28112s; newest; idle;    the same on 5.4
    #4: "t01" esp.c66578cc@192.1.2.23 esp.bce52a65@192.1.2.45 Traffic:  beneath an established Child SA
    #18: pending CHILD SA for "t01" replacing #4                        waits for IKE SA #18
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

from autod.protocol.states import state_word
from autod.status.model import Pending
from autod.status.words import TIMERS

__all__ = ["Fields", "SaLine", "names_the_owner", "number", "octets", "sa_line", "traffic_line"]

Fields = dict[str, Any]
"""Fields of a struct of the model, by name."""


class SaLine(NamedTuple):
    """One line about an SA: `kind` is None if the line does not tell which SA it is."""

    kind: Literal["ike", "child"] | None
    fields: Fields


_TRAFFIC = re.compile(
    r'#(\d{1,18}): "([^"]*)"((?:\[\d+\])*)( [^,]*)?(?:, username=(.*?))?'
    r", type=([^,(]*)(?:\([^)]*\))?, add_time=(\d{1,18})"
    r"(?:, inBytes=(\d{1,18}))?(?:, outBytes=(\d{1,18}))?(?:, maxBytes=([^,]*))?(?:, id='(.*?)')?(?:, lease=(.*))?"
)
_STATE = re.compile(r'#(\d{1,18}): "([^"]*)"((?:\[\d+\])*)(?: (.*?))?:(\d{1,18})(\(tcp\))? (.*)')
_DETAIL = re.compile(r'#(\d{1,18}): "([^"]*)"((?:\[\d+\])*)(.*?) Traffic:(.*)')
_PLAIN_DETAIL = re.compile(
    r'#(\d{1,18}): "([^"]*)" (esp|ah)\.([0-9a-f]+)@(\S+) \3\.([0-9a-f]+)@\S+( tun\.0@\S+ tun\.0@\S+)?'
    r"(?: ref=\d+ refhim=\d+)? Traffic: \w+in=(\d{1,12})(B|KB|MB) \w+out=(\d{1,12})(B|KB|MB)!? \w+max=\S* ?"
)
_PENDING = re.compile(
    r'#(\d{1,18}): pending ([^"]*) for "([^"]*)"((?:\[\d+\])*).*?(?: replacing #(\d{1,18}))?'
)
_SAID = re.compile(r" (esp|ah|comp|tun)\.([0-9a-f]+)@(\S+)")
_COUNT = re.compile(r"(AH|ESP|IPCOMP)(in|out)=(\d{1,12})(B|KB|MB)")
_PARENT = re.compile(r"(?:IKE SA |ISAKMP SA |isakmp)#(\d{1,18})")
_TIMER = re.compile(r"(?:EVENT_)?(?:v[12]_)?(?:S[AO]_)?([A-Z_]+) in (-?\d{1,18})s")
_HEARD = re.compile(r"last(?:dpd|live)=(\d{1,18})s")
_OCTETS = re.compile(r"(\d{1,18})(?:\^(\d\d?))?([KMGTPE]?)i?B?")

_FLAGS: dict[str, tuple[str, bool]] = {
    "idle": ("idle", True),
    "crypto_calculating": ("idle", False),
    "crypto/dns-lookup": ("idle", False),
    "newest": ("newest", True),
    "newest ISAKMP": ("newest", True),
    "newest IPSEC": ("newest", True),
    "eroute owner": ("routed", True),
}
_PROTOCOLS = {"esp": "ESP", "ah": "AH", "comp": "IPCOMP"}
_UNITS = {"B": 1, "KB": 1024, "MB": 1024 * 1024}
_POWERS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40, "P": 50, "E": 60}


def number(text: str | None) -> int | None:
    """Digits as a number; None if the text is not digits, or has more digits than any counter of pluto's."""
    return int(text) if text is not None and text.isdecimal() and len(text) < 19 else None


def octets(text: str) -> int | None:
    """A size as pluto writes limits (`0B`, `4194303B`, `10MiB`, `2^63B`) in bytes; None if it is not a size."""
    match = _OCTETS.fullmatch(text)
    if match is None:
        return None
    digits, power, unit = match.groups()
    size = int(digits) << _POWERS[unit] if power is None else 1 << int(power) if digits == "2" else 0
    return size if size < 1 << 64 else None


def _instance(brackets: str) -> str | None:
    """`[1][2]` as `1.2`."""
    return brackets[1:-1].replace("][", ".") if brackets else None


def traffic_line(text: str) -> SaLine | None:
    """A line of --trafficstatus. Only established Child SAs are listed there."""
    match = _TRAFFIC.fullmatch(text)
    if match is None:
        return None
    serial, name, brackets, peer, user, protocol, added, incoming, outgoing, most, peer_id, lease = (
        match.groups()
    )
    fields: Fields = {
        "serial": int(serial),
        "connection": name,
        "phase": "established",
        "protocol": protocol,
        "bytes_kind": "exact",
    }
    if brackets:
        fields["instance"] = _instance(brackets)
    if peer:
        fields["peer_address"] = peer[1:]
    if user is not None:
        fields["username"] = user
    if added != "0":
        fields["add_time"] = int(added)
    if incoming is not None:
        fields["bytes_in"] = int(incoming)
    if outgoing is not None:
        fields["bytes_out"] = int(outgoing)
    if most is not None and most != "2^63B":
        fields["bytes_max"] = octets(most)
    if peer_id is not None:
        fields["peer_id"] = peer_id
    if lease is not None:
        fields["lease"] = lease
    return SaLine("child", fields)


def _state_line(text: str) -> SaLine | None:
    match = _STATE.fullmatch(text)
    if match is None:
        return None
    serial, name, brackets, peer, port, tcp, rest = match.groups()
    state, *items = rest.removesuffix(";").split("; ")
    word = state_word(state)
    fields: Fields = {"serial": int(serial), "connection": name, "text": state}
    kind: Literal["ike", "child"] | None = None
    if word is not None:
        kind, fields["phase"] = word
    if brackets:
        fields["instance"] = _instance(brackets)
    if peer:
        fields["peer_address"] = peer
    parent = False
    for item in items:
        parent |= _state_item(item, fields)
    if parent and kind is None:
        kind = "child"
    if kind != "child":
        fields["peer_port"] = int(port)
        if tcp:
            fields["tcp"] = True
    return SaLine(kind, fields)


def _state_item(item: str, fields: Fields) -> bool:
    """Take one of the words after the state. True if it names a parent, because only a Child SA has one."""
    flag = _FLAGS.get(item)
    if flag is not None:
        fields[flag[0]] = flag[1]
        return False
    timer = _TIMER.fullmatch(item)
    if timer is not None:
        field = TIMERS.get(timer[1])
        if field is not None:
            fields.setdefault(field, int(timer[2]))
        return False
    parent = _PARENT.fullmatch(item)
    if parent is not None:
        fields["ike_sa"] = int(parent[1])
        return True
    heard = _HEARD.match(item)
    if heard is not None:
        fields["heard"] = int(heard[1])
    return False


def _plain_detail(text: str) -> SaLine | None:
    """The usual form: one protocol, no instance, no user. Three times as fast as `_detail_line`, which reads all."""
    match = _PLAIN_DETAIL.fullmatch(text)
    if match is None:
        return None
    serial, name, protocol, out, peer, into, tunnel, incoming, unit_in, outgoing, unit_out = match.groups()
    return SaLine(
        "child",
        {
            "serial": int(serial),
            "connection": name,
            "phase": "established",
            "mode": "tunnel" if tunnel else "transport",
            "protocol": _PROTOCOLS[protocol],
            "spi_out": out,
            "spi_in": into,
            "peer_address": peer,
            "bytes_in": int(incoming) * _UNITS[unit_in],
            "bytes_out": int(outgoing) * _UNITS[unit_out],
            "bytes_kind": "rounded",
        },
    )


def _detail_line(text: str) -> SaLine | None:
    match = _DETAIL.fullmatch(text)
    if match is None:
        return None
    serial, name, brackets, middle, traffic = match.groups()
    fields: Fields = {"serial": int(serial), "connection": name, "phase": "established", "mode": "transport"}
    if brackets:
        fields["instance"] = _instance(brackets)
    _, used, ago = middle.partition(" used ")
    if used:
        fields["used"] = number(ago.partition("s ago;")[0])
    for protocol, spi, address in _SAID.findall(middle):
        if protocol == "tun":
            fields["mode"] = "tunnel"
        elif "protocol" not in fields or (protocol == "esp" and fields["protocol"] == "AH"):
            fields.update(protocol=_PROTOCOLS[protocol], spi_out=spi, peer_address=address)
            fields.pop("spi_in", None)
        elif _PROTOCOLS[protocol] == fields["protocol"]:
            fields.setdefault("spi_in", spi)
    for _, direction, digits, unit in _COUNT.findall(traffic):
        if f"bytes_{direction}" not in fields:
            fields[f"bytes_{direction}"] = int(digits) * _UNITS[unit]
            fields["bytes_kind"] = "rounded"
    _, user, who = traffic.partition(" username=")
    if user:
        fields["username"] = who
    return SaLine("child", fields)


def _pending_line(text: str) -> Pending | None:
    match = _PENDING.fullmatch(text)
    if match is None:
        return None
    serial, _, name, brackets, replaces = match.groups()
    return Pending(
        connection=name,
        instance=_instance(brackets),
        ike_sa=int(serial),
        replaces=None if replaces is None else int(replaces),
    )


def names_the_owner(text: str) -> bool:
    """Whether a pending line has the words of 3.x and 4.x. 4.x prints the IKE SA's connection in such a line."""
    return " pending CHILD SA for " in text or " pending Phase 2 for " in text


def sa_line(text: str) -> SaLine | Pending | None:
    """A line that begins with `#`, of any reply and release; None if it does not have a known shape."""
    start = text.find(" ") + 1
    if text.startswith("pending ", start):
        return _pending_line(text)
    end = text.find('"', start + 1) + 1
    after = text[end : end + 1]
    if after == ":":
        return _state_line(text)
    if after == ",":
        return traffic_line(text)
    return _plain_detail(text) or traffic_line(text) or _detail_line(text) or _state_line(text)
