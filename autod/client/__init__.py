"""A pluto to talk to: `autod.open_pluto` and the Pluto that it gives.

`pluto` is the client for trio, `operation` one operation of it, `presence` a pluto that comes and goes. `plain` is
the same client over plain sockets, for autod.sync, autod.aio and the commands about one name: it needs no trio, and
so this module loads what is named below on first use. Must not know: what lines mean, connections by the thousand.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autod.client.pluto import Pluto as Pluto
    from autod.client.pluto import open_pluto as open_pluto

__all__ = ["CONTROL_SOCKET", "TIMEOUT", "Pluto", "open_pluto"]

CONTROL_SOCKET = "/run/pluto/pluto.ctl"
"""Where pluto of every release makes its control socket, unless it was told otherwise."""

TIMEOUT = 120.0
"""Seconds until an operation is given up, unless the caller says otherwise. pluto itself answers an up after 64 s
at most where the peer is silent (3.27 to 5.3.2: 60 s of retransmissions; 5.4: 32 s), and longer only in a queue."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'autod.client' has no attribute {name!r}")
    value = getattr(importlib.import_module("autod.client.pluto"), name)
    globals()[name] = value
    return value
