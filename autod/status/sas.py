"""Lines about SAs, of every release: what one line tells, as fields of the model.

Owns: the shapes of the lines that begin with `#serial`. Must not know: connections' lines (lines.py), how the
fields of several lines are joined (parse.py).

    #4: "t01", type=ESP, add_time=1795439288, inBytes=0, ...            --trafficstatus
    #3: "t01":500 STATE_PARENT_I3 (PARENT SA established); EVENT_...;   --showstates and --status, to 5.3.2
    #3: "t01":500 established IKE SA; REKEY in 28112s; newest; idle;    the same on 5.4
    #4: "t01" esp.c66578cc@192.1.2.23 esp.bce52a65@192.1.2.45 Traffic:  beneath an established Child SA
    #18: pending CHILD SA for "t01" replacing #4                        waits for IKE SA #18
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

from autod.status.model import Pending
from autod.status.words import TIMERS, state_word

__all__ = ["Fields", "SaLine", "octets", "sa_line", "traffic_line"]

Fields = dict[str, Any]
"""Fields of a struct of the model, by name."""


class SaLine(NamedTuple):
    """One line about an SA: `kind` is None where the line does not tell which SA it is."""

    kind: Literal["ike", "child"] | None
    fields: Fields


_TRAFFIC = re.compile(
    r'#(\d+): "([^"]*)"((?:\[\d+\])*)( [^,]*)?(?:, username=(.*?))?, type=([^,(]*)(?:\([^)]*\))?, add_time=(\d+)'
    r"(?:, inBytes=(\d+))?(?:, outBytes=(\d+))?(?:, maxBytes=([^,]*))?(?:, id='(.*?)')?(?:, lease=(.*))?"
)
_STATE = re.compile(r'#(\d+): "([^"]*)"((?:\[\d+\])*)(?: (.*?))?:(\d+)(\(tcp\))? (.*)')
_DETAIL = re.compile(r'#(\d+): "([^"]*)"((?:\[\d+\])*)(.*?) Traffic:(.*)')
_PENDING = re.compile(r'#(\d+): pending ([^"]*) for "([^"]*)"((?:\[\d+\])*).*?(?: replacing #(\d+))?')
_SAID = re.compile(r" (esp|ah|comp|tun)\.([0-9a-f]+)@(\S+)")
_COUNT = re.compile(r"(AH|ESP|IPCOMP)(in|out)=(\d+)(B|KB|MB)")
_PARENT = re.compile(r"(?:IKE SA |ISAKMP SA |isakmp)#(\d+)")
_OCTETS = re.compile(r"(\d+)(?:\^(\d+))?([KMGTPE]?)i?B?")

_PROTOCOLS = {"esp": "ESP", "ah": "AH", "comp": "IPCOMP"}
_UNITS = {"B": 1, "KB": 1024, "MB": 1024 * 1024}
_POWERS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40, "P": 50, "E": 60}
_FROM_5_0 = ("Child SA", "IPsec SA")


def octets(text: str) -> int | None:
    """A size as pluto writes limits (`0B`, `4194303B`, `10MiB`, `2^63B`) in bytes; None if it is no size."""
    found = _OCTETS.fullmatch(text)
    if found is None:
        return None
    number, power, unit = found.groups()
    if power is not None:
        return 1 << int(power) if number == "2" and len(power) < 3 else None
    return int(number) << _POWERS[unit]


def _instance(brackets: str) -> str | None:
    """`[1][2]` as `1.2`."""
    return brackets[1:-1].replace("][", ".") if brackets else None


def traffic_line(text: str) -> SaLine | None:
    """A line of --trafficstatus. Only established Child SAs are listed there."""
    found = _TRAFFIC.fullmatch(text)
    if found is None:
        return None
    serial, name, brackets, peer, user, protocol, added, incoming, outgoing, most, peer_id, lease = (
        found.groups()
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
    found = _STATE.fullmatch(text)
    if found is None:
        return None
    serial, name, brackets, peer, port, tcp, rest = found.groups()
    words = rest.split("; ")
    state = words[0].removesuffix(";")
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
    for item in words[1:]:
        parent |= _state_item(item.removesuffix(";"), fields)
    if parent and kind is None:
        kind = "child"
    if kind != "child":
        fields["peer_port"] = int(port)
        if tcp:
            fields["tcp"] = True
    return SaLine(kind, fields)


def _state_item(item: str, fields: Fields) -> bool:
    """One of the words after the state. True if it names a parent, which only a Child SA has."""
    if item in ("idle", "newest", "eroute owner", "newest ISAKMP", "newest IPSEC"):
        key, value = {"idle": ("idle", True), "eroute owner": ("routed", True)}.get(item, ("newest", True))
        fields[key] = value
    elif item in ("crypto_calculating", "crypto/dns-lookup"):
        fields["idle"] = False
    elif (parent := _PARENT.fullmatch(item)) is not None:
        fields["ike_sa"] = int(parent[1])
        return True
    elif item.startswith(("lastdpd=", "lastlive=")):
        seconds = item.partition("=")[2].partition("s")[0]
        if seconds.isdecimal():
            fields["heard"] = int(seconds)
    else:
        timer, _, when = item.partition(" in ")
        timer = timer.removeprefix("EVENT_").removeprefix("v1_").removeprefix("v2_")
        field = TIMERS.get(timer.removeprefix("SA_").removeprefix("SO_"))
        if field is not None and when[-1:] == "s" and when[:-1].removeprefix("-").isdecimal():
            fields.setdefault(field, int(when[:-1]))
    return False


def _detail_line(text: str) -> SaLine | None:
    found = _DETAIL.fullmatch(text)
    if found is None:
        return None
    serial, name, brackets, middle, traffic = found.groups()
    fields: Fields = {"serial": int(serial), "connection": name, "phase": "established", "mode": "transport"}
    if brackets:
        fields["instance"] = _instance(brackets)
    _, used, ago = middle.partition(" used ")
    seconds = ago.partition("s ago;")[0]
    if used and seconds.isdecimal():
        fields["used"] = int(seconds)
    for protocol, spi, address in _SAID.findall(middle):
        if protocol == "tun":
            fields["mode"] = "tunnel"
        elif "protocol" not in fields or (protocol == "esp" and fields["protocol"] == "AH"):
            fields.update(protocol=_PROTOCOLS[protocol], spi_out=spi, peer_address=address)
            fields.pop("spi_in", None)
        elif _PROTOCOLS[protocol] == fields["protocol"]:
            fields.setdefault("spi_in", spi)
    for _, way, number, unit in _COUNT.findall(traffic):
        if f"bytes_{way}" not in fields:
            fields[f"bytes_{way}"] = int(number) * _UNITS[unit]
            fields["bytes_kind"] = "rounded"
    _, user, who = traffic.partition(" username=")
    if user:
        fields["username"] = who
    return SaLine("child", fields)


def _pending_line(text: str) -> Pending | None:
    found = _PENDING.fullmatch(text)
    if found is None:
        return None
    serial, what, name, brackets, replaces = found.groups()
    named = what in _FROM_5_0
    return Pending(
        connection=name if named else None,
        instance=_instance(brackets) if named else None,
        ike_sa=int(serial),
        replaces=None if replaces is None else int(replaces),
    )


def sa_line(text: str) -> SaLine | Pending | None:
    """A line that begins with `#`, of any reply and release; None if it has none of the shapes."""
    start = text.find(" ") + 1
    if text.startswith("pending ", start):
        return _pending_line(text)
    end = text.find('"', start + 1) + 1
    after = text[end : end + 1]
    if after == ":":
        return _state_line(text)
    if after == ",":
        return traffic_line(text)
    return traffic_line(text) or _detail_line(text) or _state_line(text)
