"""What loads the connections of a configuration that was read already: the `load` of autod.bulk.bulk.

Owns: that name, which documents promise. Must not know: how anything is loaded (autod.loading).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.loading.native import NativeLoader

if TYPE_CHECKING:
    from autod.client import Pluto
    from autod.config import Configuration
    from autod.loading.interface import Loader

__all__ = ["configured"]


def configured(pluto: Pluto, configuration: Configuration) -> Loader:
    """What loads a connection of `configuration` into `pluto`.

    The configuration must have been read for pluto's release (autod.config.load): ForeignMessage if not, also where
    another pluto listens later.
    """
    return NativeLoader(pluto, lambda release: configuration)
