"""`--set KEYWORD=VALUE`: one connection that stands in no file. It takes the place of the configuration."""

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
    """Make the settings of `--set` the configuration. UsageError if another option contradicts that."""
    check_one(options)
    if options.config_given:
        raise UsageError("--set stands for a configuration: give it or --config, not both", option="set")
    if options.showonly:
        raise UsageError("--set does not go with --showonly", option="set")
    take_as_standard_input(written(options.names[0], parted(options.set)))
    options.config = STANDARD_INPUT


def check_one(options: argparse.Namespace) -> None:
    """UsageError unless there is one name, and settings."""
    if options.all or len(options.names) != 1 or is_pattern(options.names[0]):
        raise UsageError("--set is about one connection: give its name", option="set")
    if not options.set:
        raise UsageError("a connection that stands in no file wants --set KEYWORD=VALUE", option="set")
