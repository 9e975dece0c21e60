"""`autod --version`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod import __version__

if TYPE_CHECKING:
    import argparse

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Print the version of the distribution."""
    print(f"autod {__version__}")
    return 0
