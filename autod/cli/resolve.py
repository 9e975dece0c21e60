"""Patterns and --all to names, against what pluto has loaded or what the configuration has. Pure.

Owns: the matching, and who can be initiated at all. Must not know: where the two lists come from.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from autod.cli.names import is_pattern
from autod.protocol.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from autod.status import ConnectionState, State

__all__ = ["all_of", "match", "peers_of"]


def match(words: Sequence[str], known: Iterable[str], where: str) -> list[str]:
    """The names that `words` stand for, each once, in order; a word that is no pattern stands for itself.

    A name that is spelled like a pattern is taken as it is if it is known. UsageError where a pattern matches
    nothing of `known`, which `where` describes.
    """
    candidates = dict.fromkeys(known)
    found: dict[str, None] = {}
    for word in words:
        if not is_pattern(word) or word in candidates:
            found[word] = None
            continue
        hits = [name for name in candidates if fnmatchcase(name, word)]
        if not hits:
            raise UsageError(f"{word!r} matches no connection of {where}")
        found.update(dict.fromkeys(hits))
    return list(found)


def all_of(state: State) -> list[str]:
    """Every loaded connection that can be initiated: no template, group or instance of one. UsageError if
    none."""
    names = dict.fromkeys(one.name for one in state.connections if one.kind == "permanent")
    if not names:
        raise UsageError("pluto has no connection loaded that could be initiated")
    return list(names)


def peers_of(state: State) -> Mapping[str, str]:
    """Connection -> what tells its IKE SA from others: the peer's address and both identities."""
    return {one.name: _peer(one) for one in state.connections if one.kind == "permanent"}


def _peer(connection: ConnectionState) -> str:
    local, remote = connection.local, connection.remote
    return "|".join(str(part) for part in (remote.address or remote.host, local.id, remote.id))
