"""The connections of ipsec.conf, for the supervisor.

Owns when two definitions differ, and when two connections have the same peer. autod.config reads the file.
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
"""Connections with the same values of these share an IKE SA, or could."""


class IpsecConf:
    """The file at `path`. `release` is that of the last pluto: each release reads the file its own way, so without one
    nothing can be read. `leaves`: keywords that are not known are left to the addconn that loads."""

    def __init__(self, path: str, release: Release | None = None, *, leaves: bool = False) -> None:
        self.path = path
        self.leaves = leaves
        self.release = release
        self.groups: frozenset[str] = frozenset()
        """The group connections of the last reading: they stand for the networks of a policy file."""

    def read(self) -> Reading:
        """All connections of the file; none while no release is known. Raises ConfigurationError if the release's own
        addconn would refuse the file. May take some tenths of a second for thousands of connections."""
        from autod.config import load
        from autod.config.policies import is_group

        if self.release is None:
            return Reading()
        try:
            configuration = load(self.path, self.release, leaves_unknown=self.leaves)
        except Unsupported as error:
            raise ConfigurationError(str(error), where=self.path) from error
        if configuration.refusal is not None:
            place = str(configuration.refusal.place) if configuration.refusal.place else self.path
            raise ConfigurationError(configuration.refusal.sentence, where=place)
        self.groups = frozenset(
            connection.name for connection in configuration.connections if is_group(connection)
        )
        return reading_of(configuration)


def reading_of(configuration: Configuration) -> Reading:
    """The reading of a configuration, for the supervisor."""
    from autod.config.choose import auto

    return Reading(
        {
            connection.name: Definition(
                name=connection.name,
                auto=auto(connection),
                peer=_peer(connection),
                digest=_digest(connection),
                ends=_ends(connection),
            )
            for connection in configuration.connections
        },
        configuration.files,
        tuple(configuration.sources.unmatched),
        (configuration,),
        tuple(map(str, configuration.sources.warnings)),
    )


def _ends(connection: ConfiguredConnection) -> tuple[str, str]:
    meaning = Meaning(connection.settings, "5.2")
    return meaning.text("left"), meaning.text("right")


def _peer(connection: ConfiguredConnection) -> str:
    settings = connection.settings
    return "|".join(f"{settings[k].text or settings[k].number}" if k in settings else "" for k in _PEER)


def _digest(connection: ConfiguredConnection) -> str:
    """A digest of the settings in force. `auto` does not count: it is not a property of the connection itself."""
    slots = sorted(
        (slot, setting.text or "", setting.number if setting.number is not None else -1)
        for slot, setting in connection.settings.items()
        if slot != "auto"
    )
    return hashlib.blake2s(repr(slots).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
