"""The record of loads of a configuration, and the writer of its digests: for loading and for comparing.

Must not know: what is compared (autod.loading.holding).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod import __version__
from autod.config.record import Record

if TYPE_CHECKING:
    from autod.config.reader import Configuration
    from autod.exchange.peer import Listener

__all__ = ["record_of", "writer"]


def record_of(configuration: Configuration, socket: str, pluto: Listener | None) -> Record:
    """The record of loading this configuration into this pluto."""
    return Record(socket, configuration.path, pluto=pluto)


def writer(configuration: Configuration) -> str:
    """The writer of a digest: digests of the same autod and the same rules can be compared."""
    return f"{__version__} {configuration.rules} bytes"
