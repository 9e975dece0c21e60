"""The choice of the loader.

Owns: the choice. The loaders are `native` (messages of our own, the same bytes as addconn's) and `addconn` (the
release's own program, for releases without rules here). Must not know: how ipsec.conf is read, when a connection is
loaded (autod.bulk, autod.supervisor).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.errors import ConfigurationError
from autod.loading.groups import no_group
from autod.protocol.connection.keywords import native

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.client import Pluto
    from autod.config import Configuration
    from autod.loading.groups import Catches
    from autod.loading.interface import Loader
    from autod.protocol.releases import Release

__all__ = ["loader_for"]


def loader_for(
    pluto: Pluto,
    path: str | None,
    read: Callable[[Release], Configuration],
    *,
    via_addconn: bool = False,
    autoall: bool = False,
    notes: bool = False,
    catches: Catches = no_group,
) -> Loader:
    """The loader for the configuration at `path` (None: addconn's own default): the native one if there are rules for
    the release, unless `via_addconn`. `read` reads the file for a release, each time that it is needed.
    `autoall`, `notes`, `catches`: see NativeLoader; addconn itself always gets names.

    ConfigurationError if addconn is needed and is not there.
    """
    if not via_addconn and pluto.reads_messages and native(pluto.release) is not None:
        from autod.loading.native import NativeLoader

        return NativeLoader(pluto, read, autoall=autoall, notes=notes, catches=catches)
    from autod.identify.programs import find_programs
    from autod.loading.addconn import AddconnLoader

    program = find_programs(pluto.detected.pid).addconn
    if program is None:
        raise ConfigurationError(
            "the addconn of this release was not found, so nothing can be loaded: install it, or set IPSEC_EXECDIR"
        )
    return AddconnLoader(pluto, program, path)
