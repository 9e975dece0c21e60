"""The connections that ipsec.conf defines, as the supervisor wants to know them.

Owns what makes two definitions differ and what tells one peer from another. The reading itself is autod.config's.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from autod.config.meaning import Meaning
from autod.errors import ConfigurationError, Unsupported
from autod.supervisor.wanted import Definition, Reading

if TYPE_CHECKING:
    from autod.config import Configuration, ConfiguredConnection
    from autod.protocol.releases import Release

__all__ = ["IpsecConf", "reading_of"]

_PEER = ("left", "leftid", "leftikeport", "right", "rightid", "rightikeport", "ikev2", "keyexchange")
"""Connections that agree in these share an IKE SA, or could."""


class IpsecConf:
    """The file at `path`. `release` is the one that pluto was last found to be, as each reads the file its own
    way; without one nothing can be read. `leaves`: keywords that are not known are left to the addconn that loads."""

    def __init__(self, path: str, release: Release | None = None, *, leaves: bool = False) -> None:
        self.path = path
        self.leaves = leaves
        self.release = release
        self.groups: frozenset[str] = frozenset()
        """The connections that stand for the networks of a policy file, as they were last read."""

    def read(self) -> Reading:
        """All connections of the file; none as long as no release is known. Raises ConfigurationError where the
        release's own addconn would refuse it. May take some tenths of a second for thousands of connections."""
        from autod.config import load
        from autod.config.policies import is_group

        if self.release is None:
            return Reading()
        try:
            found = load(self.path, self.release, leaves_unknown=self.leaves)
        except Unsupported as error:
            raise ConfigurationError(str(error), where=self.path) from error
        if found.refusal is not None:
            place = str(found.refusal.place) if found.refusal.place else self.path
            raise ConfigurationError(found.refusal.sentence, where=place)
        self.groups = frozenset(one.name for one in found.connections if is_group(one))
        return reading_of(found)


def reading_of(configuration: Configuration) -> Reading:
    """What the supervisor wants to know of a configuration."""
    from autod.config.choose import auto

    return Reading(
        {
            one.name: Definition(
                name=one.name, auto=auto(one), peer=_peer(one), digest=_digest(one), ends=_ends(one)
            )
            for one in configuration.connections
        },
        configuration.files,
        tuple(configuration.sources.unmatched),
        (configuration,),
    )


def _ends(connection: ConfiguredConnection) -> tuple[str, str]:
    meaning = Meaning(connection.settings, "5.2")
    return meaning.text("left"), meaning.text("right")


def _peer(connection: ConfiguredConnection) -> str:
    said = connection.settings
    return "|".join(f"{said[k].text or said[k].number}" if k in said else "" for k in _PEER)


def _digest(connection: ConfiguredConnection) -> str:
    """Differs when any setting in force does. `auto` does not count: it says what to do, not what the connection is."""
    said = sorted(
        (slot, one.text or "", one.number if one.number is not None else -1)
        for slot, one in connection.settings.items()
        if slot != "auto"
    )
    return hashlib.blake2s(repr(said).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
