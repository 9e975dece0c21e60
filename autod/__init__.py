"""Asynchronous client, command line and supervisor for pluto, the IKE daemon of Libreswan.

    async with autod.open_pluto() as pluto:
        outcome = await pluto.up("branch-17")

General layout, each layer knowing only those above it in this list (pyproject.toml has all of them):

* `errors`, `ending`: what can go wrong, how an exchange can end
* `control`, `dial`, `answers`, `slots`, `process`: one exchange with pluto
* `detect`, `known`, `binary`, `programs`: which release listens
* `events`, `recognise/`, `evidence`, `verdict`, `judge`, `outcomes`: reply to typed event, events to an outcome
* `status/`: pluto's state as typed values
* `operation`, `emulation`, `guards`, `settle`, `client`: an operation a method
* `relay`, `addconn`, `config/`: ipsec.conf, and loading what it says
* `bulk/`, `supervisor/`: many connections at once, and for years
* `learn/`, `doctor`, `service/`, `metrics`, `notify`, `cli/`: unknown releases, the local API, the command line

Names are loaded on first use: `autod --help` needs neither trio nor construct.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autod.client import Pluto as Pluto
    from autod.client import open_pluto as open_pluto
    from autod.errors import BadString as BadString
    from autod.errors import ConfigurationError as ConfigurationError
    from autod.errors import ConnectionLost as ConnectionLost
    from autod.errors import DeadlinePassed as DeadlinePassed
    from autod.errors import NoSocket as NoSocket
    from autod.errors import NotPermitted as NotPermitted
    from autod.errors import PlutoGone as PlutoGone
    from autod.errors import PlutoReplaced as PlutoReplaced
    from autod.errors import ProtocolViolation as ProtocolViolation
    from autod.errors import Refused as Refused
    from autod.errors import UnknownRelease as UnknownRelease
    from autod.errors import Unsupported as Unsupported
    from autod.errors import UsageError as UsageError
    from autod.errors import WhackError as WhackError
    from autod.events import Event as Event
    from autod.exchange.prompts import Answers as Answers
    from autod.operation import Operation as Operation
    from autod.outcomes import Outcome as Outcome
    from autod.outcomes import Result as Result

_HOME = {
    "Answers": "autod.exchange.prompts",
    "BadString": "autod.errors",
    "ConfigurationError": "autod.errors",
    "ConnectionLost": "autod.errors",
    "DeadlinePassed": "autod.errors",
    "Event": "autod.events",
    "NoSocket": "autod.errors",
    "NotPermitted": "autod.errors",
    "Operation": "autod.operation",
    "Outcome": "autod.outcomes",
    "Pluto": "autod.client",
    "PlutoGone": "autod.errors",
    "PlutoReplaced": "autod.errors",
    "ProtocolViolation": "autod.errors",
    "Refused": "autod.errors",
    "Result": "autod.outcomes",
    "UnknownRelease": "autod.errors",
    "Unsupported": "autod.errors",
    "UsageError": "autod.errors",
    "WhackError": "autod.errors",
    "open_pluto": "autod.client",
}

__all__ = [
    "Answers",
    "BadString",
    "ConfigurationError",
    "ConnectionLost",
    "DeadlinePassed",
    "Event",
    "NoSocket",
    "NotPermitted",
    "Operation",
    "Outcome",
    "Pluto",
    "PlutoGone",
    "PlutoReplaced",
    "ProtocolViolation",
    "Refused",
    "Result",
    "UnknownRelease",
    "Unsupported",
    "UsageError",
    "WhackError",
    "open_pluto",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'autod' has no attribute {name!r}")
