"""ipsec.conf, read as a release of Libreswan reads it."""

from __future__ import annotations

from autod.config.choose import autoall, select
from autod.config.model import Connection, Diagnostic, Place, Setting, Severity
from autod.config.reader import Configuration, load

__all__ = [
    "Configuration",
    "Connection",
    "Diagnostic",
    "Place",
    "Setting",
    "Severity",
    "autoall",
    "load",
    "select",
]
