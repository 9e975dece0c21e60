"""`--set KEYWORD=VALUE`: one connection that stands in no file. What reads the configuration reads it instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.cli.names import is_pattern
from autod.config.include import STANDARD_INPUT, take_as_standard_input
from autod.config.written import parted, written
from autod.errors import UsageError

if TYPE_CHECKING:
    import argparse

__all__ = ["check_one", "use_settings"]


def use_settings(options: argparse.Namespace) -> None:
    """From now on the configuration is what `--set` says. UsageError where it cannot be."""
    check_one(options)
    if options.config_given:
        raise UsageError("--set stands for a configuration: give it or --config, not both", option="set")
    if options.showonly:
        raise UsageError("--set does not go with --showonly", option="set")
    take_as_standard_input(written(options.names[0], parted(options.set)))
    options.config = STANDARD_INPUT


def check_one(options: argparse.Namespace) -> None:
    """UsageError where that is not one connection with its settings."""
    if options.all or len(options.names) != 1 or is_pattern(options.names[0]):
        raise UsageError("--set is about one connection: give its name", option="set")
    if not options.set:
        raise UsageError("a connection that stands in no file wants --set KEYWORD=VALUE", option="set")
