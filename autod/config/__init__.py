"""ipsec.conf, read as a release of Libreswan reads it, and loaded into pluto.

Owns: the reader's public names. Reading opens the file and what it includes, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.config.check import check, describe, show
from autod.config.choose import Chosen, all_names, autoall, choose, select
from autod.config.model import ConfiguredConnection, Diagnostic, Place, Setting, Severity
from autod.config.reader import Configuration, load, load_text
from autod.protocol.connection.keywords import native

if TYPE_CHECKING:
    from autod.config.written import Connection as Connection

__all__ = [
    "Chosen",
    "Configuration",
    "ConfiguredConnection",
    "Connection",
    "Diagnostic",
    "Place",
    "Setting",
    "Severity",
    "all_names",
    "autoall",
    "check",
    "choose",
    "describe",
    "load",
    "load_text",
    "native",
    "select",
    "show",
]


def __getattr__(name: str) -> object:
    # Only a program makes a connection that stands in no file; commands need not import that.
    if name != "Connection":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from autod.config.written import Connection

    globals()[name] = Connection
    return Connection
