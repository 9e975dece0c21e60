"""ipsec.conf, read as a release of Libreswan reads it, and loaded into pluto.

Owns: the reader's public names. Reading opens the file and what it includes, and nothing else.
"""

from __future__ import annotations

from autod.config.check import check, describe, show
from autod.config.choose import Chosen, all_names, autoall, choose, select
from autod.config.model import ConfiguredConnection, Diagnostic, Place, Setting, Severity
from autod.config.reader import Configuration, load, load_text
from autod.config.written import Connection
from autod.protocol.connection.keywords import native

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
