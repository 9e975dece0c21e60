"""From the words of a command line to names of connections: aliases, patterns and --all, for every operation.

Owns: the matching, and the question or the file that it needs. A pattern that matches nothing is a mistake. Must not
know: what the names are for.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from autod.cli.names import is_pattern, natural
from autod.protocol import commands as c
from autod.protocol.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from autod.cli.session import Session
    from autod.config import Configuration
    from autod.status import ConnectionState, State

__all__ = [
    "ASK_PEERS_FROM",
    "Resolved",
    "all_of",
    "known_names",
    "look",
    "match",
    "match_known",
    "peers_of",
    "resolve",
]

ASK_PEERS_FROM = 64
"""From so many names on, pluto is asked which connections share a peer. Fewer go out at once anyway (the client's
limit)."""


class Resolved(NamedTuple):
    """The names, and the state or configuration that they were looked up in."""

    names: Sequence[str]
    state: State | None = None
    configuration: Configuration | None = None


async def resolve(session: Session, *, loads: bool) -> Resolved:
    """Patterns and --all, among the connections of the configuration if the operation loads, else among pluto's.

    UsageError if a pattern matches nothing. A plain name stands for itself.
    """
    options = session.options
    if not options.all and not any(map(is_pattern, options.names)):
        wants_peers = options.operation in ("up", "start") and len(options.names) >= ASK_PEERS_FROM
        return Resolved(options.names, await look(session) if wants_peers else None)
    if loads:
        from autod.cli.configuration import names_to_load, read

        configuration = read(options.config, session.pluto.release, via_addconn=options.via_addconn)
        return Resolved(names_to_load(configuration, options.names), None, configuration)
    state = await look(session)
    if options.all:
        return Resolved(all_of(state), state)
    return Resolved(match(options.names, known_names(state), "those that pluto has loaded"), state)


async def look(session: Session) -> State:
    """pluto's state, by one --status."""
    from autod.status import parse

    return parse(await session.pluto.replies(c.Status()))


def known_names(state: State) -> list[str]:
    """The connections that pluto has, and their aliases."""
    return [name for connection in state.connections for name in (connection.name, *connection.aliases)]


def match(words: Sequence[str], existing: Iterable[str], where: str) -> list[str]:
    """The names that `words` stand for, each once, in order (those of a pattern as people
    count: branch-9, branch-10); a word that is not a pattern stands for itself.

    A name that is spelled like a pattern stands for itself if it exists. UsageError if a pattern matches
    no name of `existing`, which `where` describes.
    """
    candidates = dict.fromkeys(existing)
    names: dict[str, None] = {}
    for word in words:
        if not is_pattern(word) or word in candidates:
            names[word] = None
            continue
        hits = sorted((name for name in candidates if fnmatchcase(name, word)), key=natural)
        if not hits:
            raise UsageError(f"{word!r} matches no connection of {where}", name=word)
        names.update(dict.fromkeys(hits))
    return list(names)


def match_known(words: Sequence[str], existing: Sequence[str], where: str) -> list[str]:
    """As `match`, but a name that is not among `existing` is a mistake, too."""
    names = match(words, existing, where)
    for name in names:
        if name not in existing:
            raise UsageError(f"{where} has no connection or alias {name!r}", name=name)
    return names


def all_of(state: State) -> list[str]:
    """Every loaded connection that can be initiated: not templates, groups and their instances. UsageError if there
    is no such connection."""
    names = dict.fromkeys(
        connection.name for connection in state.connections if connection.kind == "permanent"
    )
    if not names:
        raise UsageError("pluto has no connection loaded that could be initiated")
    return list(names)


def peers_of(state: State) -> Mapping[str, str]:
    """Connection -> the key of its IKE SA: the peer's address and both identities."""
    return {
        connection.name: _peer(connection)
        for connection in state.connections
        if connection.kind == "permanent"
    }


def _peer(connection: ConnectionState) -> str:
    local, remote = connection.local, connection.remote
    return "|".join(str(part) for part in (remote.address or remote.host, local.id, remote.id))
