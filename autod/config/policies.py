"""Policy groups: the files of the policies folder, and the group connections that pluto has loaded. Pure.

Owns: how a policy file is read, and which connections of a status are groups. Must not know: files, sockets.

pluto no longer answers --listgroups; the result here is what it would print. A file is read in the way of pluto at
--listen (4.10): a record begins at the left margin, indented lines continue it, # begins a comment. A record is
`network`, or `network protocol source-port destination-port`. A record without a valid network is left out; any other
mistake ends the file.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from autod.config.model import ConfiguredConnection
    from autod.status import ConnectionState, State

__all__ = ["Group", "PolicyFile", "Routed", "groups", "is_group", "loaded_groups", "read_policy", "routed"]


class PolicyFile(msgspec.Struct, frozen=True):
    """A policy file: its networks as they are used, and its faults (`line: sentence`)."""

    networks: tuple[str, ...]
    problems: tuple[str, ...] = ()


class Group(msgspec.Struct, frozen=True):
    """A policy group: `networks` is None if the folder has no file for it.

    `loaded`: pluto has a group connection of this name (None: not known). `instances`: how many connections it has
    made of the file's networks.
    """

    name: str
    networks: tuple[str, ...] | None
    loaded: bool | None = None
    instances: int = 0
    problems: tuple[str, ...] = ()


def read_policy(text: str) -> PolicyFile:
    """Read the text of a policy file."""
    networks: dict[str, None] = {}
    problems = []
    for number, words in _records(text):
        try:
            network = _network(words[0])
        except ValueError:
            problems.append(f"{number}: {words[0]!r} is not a network, and is left out")
            continue
        wrong = _wrong(words[1:])
        if wrong:
            problems.append(f"{number}: {wrong}; pluto ignores the rest of the file")
            break
        networks[" ".join([network, *words[1:]])] = None
    return PolicyFile(tuple(networks), tuple(problems))


def _records(text: str) -> Iterable[tuple[int, list[str]]]:
    number, words = 0, list[str]()
    for at, line in enumerate(text.splitlines(), 1):
        words_of_line = re.sub(r"(^|\s)#.*", "", line).split()
        if not words_of_line:
            continue
        if line[0] in " \t" and words:
            words += words_of_line
            continue
        if words:
            yield number, words
        number, words = at, words_of_line
    if words:
        yield number, words


def _network(word: str) -> str:
    """The network as pluto shows it: 192.0.2.1/32. ValueError if it is neither an address nor a network."""
    if "/" not in word:
        address = ipaddress.ip_address(word)
        return f"{address}/{address.max_prefixlen}"
    if not word.partition("/")[2].isdigit():
        raise ValueError(word)
    return str(ipaddress.ip_network(word, strict=False))


def _wrong(rest: list[str]) -> str | None:
    """The fault behind the network; None if there is none."""
    if not rest:
        return None
    if len(rest) < 3:
        return "a protocol needs a source port and a destination port behind it"
    if len(rest) > 3:
        return f"{rest[3]!r} is too much"
    if rest[0].lower() in ("0", "all", "50", "esp", "51", "ah"):
        return f"{rest[0]!r} cannot be a policy's protocol"
    if not all(port.isdigit() and int(port) < 65536 for port in rest[1:]):
        return "a port is a number below 65536"
    return None


def loaded_groups(connections: Sequence[ConnectionState]) -> dict[str, int]:
    """The group connections among those loaded, each with the number of its instances ("NAME#10.0.0.0/8")."""
    names = [connection.name for connection in connections if connection.kind != "group"]
    instances = Counter(name.partition("#")[0] for name in names if "#" in name)
    return {
        connection.name: instances[connection.name]
        for connection in connections
        if connection.kind == "group"
    }


_GROUP_HOSTS = frozenset({"%group", "%opportunisticgroup", "%oppogroup"})
_CATCHES = frozenset(
    {"ondemand", "negotiating", "inbound", "tunnel", "failure", "never_negotiate", "eclipsed"}
)
"""Routing of a connection whose packets do not leave in clear, or leave in clear because it says so."""


def is_group(connection: ConfiguredConnection) -> bool:
    """Whether a connection of a configuration stands for the networks of a policy file."""
    for side in ("left", "right"):
        setting = connection.settings.get(side)
        if setting is None:
            continue
        word = (setting.text or "").lower()
        if word in _GROUP_HOSTS or (
            setting.text is None
            and any(setting.key.keyword.values.get(host) == setting.number for host in _GROUP_HOSTS)
        ):
            return True
    return False


class Routed(msgspec.Struct, frozen=True):
    """A group connection that pluto has loaded: how many instances it has made, and those that are not routed."""

    instances: int
    unrouted: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the packets of each of its networks are caught."""
        return self.instances > 0 and not self.unrouted


def routed(state: State, name: str) -> Routed | None:
    """The group connection `name` of pluto's; None if it is not a group, or not loaded."""
    template = next(
        (
            connection
            for connection in state.connections
            if connection.name == name and connection.kind == "group"
        ),
        None,
    )
    if template is None:
        return None
    instances = [
        connection
        for connection in state.connections
        if connection.instance is None and _is_of(connection, template)
    ]
    return Routed(
        len(instances),
        tuple(connection.name for connection in instances if connection.routing not in _CATCHES),
    )


def _is_of(connection: ConnectionState, template: ConnectionState) -> bool:
    if connection.template_serial is not None and template.serial is not None:
        return connection.template_serial == template.serial
    return connection.name.startswith(f"{template.name}#")


def groups(files: Mapping[str, PolicyFile], loaded: Mapping[str, int] | None) -> list[Group]:
    """The groups of the files and of pluto, by name. `loaded` None: pluto could not be asked."""
    names = sorted({*files, *(loaded or ())})
    return [
        Group(
            name,
            files[name].networks if name in files else None,
            None if loaded is None else name in loaded,
            (loaded or {}).get(name, 0),
            files[name].problems if name in files else (),
        )
        for name in names
    ]
