"""`autod --version`."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Print the version of the distribution."""
    try:
        number = version("libreswan-autod")
    except PackageNotFoundError:
        number = "(not installed)"
    print(f"autod {number}")
    return 0
