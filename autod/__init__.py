"""Asynchronous client, command line and supervisor for pluto, the IKE daemon of Libreswan.

    async with autod.open_pluto() as pluto:
        outcome = await pluto.up("branch-17")

What programs import, all of it described in docs/library.md:

* `autod`: the names below, loaded on first use (`autod --help` needs neither trio nor construct)
* `autod.events`, `autod.outcomes`, `autod.errors`, `autod.log`: the events, outcomes and errors of operations
* `autod.bulk`: many connections at once
* `autod.status`: pluto's state as typed values
* `autod.config`: ipsec.conf, and loading its connections
* `autod.metrics`: counts of the requests to a pluto, for Prometheus
* `autod.sync`, `autod.aio`: the client for threads and for asyncio
* `autod.supervised`: a client for the running supervisor, for trio, threads and asyncio
* `autod.testing`: a pluto for the tests of programs
* `autod.protocol`: the whack protocol, bytes to values and back

docs/architecture.md describes the packages behind them. A name that is in no `__all__`, or in a module that is not
public here or there, may change at any time.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autod.client import Pluto as Pluto
    from autod.client import open_pluto as open_pluto
    from autod.client.operation import Operation as Operation
    from autod.errors import BadString as BadString
    from autod.errors import ConfigurationError as ConfigurationError
    from autod.errors import ConnectionLost as ConnectionLost
    from autod.errors import DeadlinePassed as DeadlinePassed
    from autod.errors import DecodeError as DecodeError
    from autod.errors import ForeignMessage as ForeignMessage
    from autod.errors import NoSocket as NoSocket
    from autod.errors import NotPermitted as NotPermitted
    from autod.errors import PlutoGone as PlutoGone
    from autod.errors import PlutoReplaced as PlutoReplaced
    from autod.errors import ProtocolViolation as ProtocolViolation
    from autod.errors import UnknownRelease as UnknownRelease
    from autod.errors import Unsupported as Unsupported
    from autod.errors import UsageError as UsageError
    from autod.errors import WhackError as WhackError
    from autod.events import Event as Event
    from autod.outcomes import Outcome as Outcome
    from autod.outcomes import Result as Result
    from autod.protocol.exchange import Answers as Answers

__version__ = "0.1.0"

__all__ = [
    "Answers",
    "BadString",
    "ConfigurationError",
    "ConnectionLost",
    "DeadlinePassed",
    "DecodeError",
    "Event",
    "ForeignMessage",
    "NoSocket",
    "NotPermitted",
    "Operation",
    "Outcome",
    "Pluto",
    "PlutoGone",
    "PlutoReplaced",
    "ProtocolViolation",
    "Result",
    "UnknownRelease",
    "Unsupported",
    "UsageError",
    "WhackError",
    "open_pluto",
]

_HOME = {
    "Answers": "protocol.exchange",
    "Event": "events",
    "Operation": "client.operation",
    "Outcome": "outcomes",
    "Pluto": "client",
    "Result": "outcomes",
    "open_pluto": "client",
}
"""Name -> its module. Names that are not here are in autod.errors."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'autod' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"autod.{_HOME.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__", "__version__"})
