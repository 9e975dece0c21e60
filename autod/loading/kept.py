"""Where what was loaded is kept, and who wrote it: for those who load, and for those who compare.

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
    """What is kept of loading this configuration into this pluto."""
    return Record(socket, configuration.path, pluto=pluto)


def writer(configuration: Configuration) -> str:
    """Who makes a digest: two of the same autod and the same rules can be compared."""
    return f"{__version__} {configuration.rules} bytes"
