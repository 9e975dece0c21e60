"""`--check`: read the configuration, send nothing, show every error and warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.cli.configuration import DEFAULT, release_to_check
from autod.config import Severity, check, describe, load, nearest_native, show
from autod.config.include import Files

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from autod.config import Configuration, Diagnostic
    from autod.protocol.releases import Release

__all__ = ["run"]

_SERIOUS = (Severity.FATAL, Severity.ERROR)


def run(options: argparse.Namespace) -> int:
    """0 where there is nothing wrong, else 3."""
    release, known = release_to_check(options)
    configuration = load(options.config or DEFAULT, nearest_native(release))
    found = [one for one in check(configuration) if _concerns(one, options.names)]
    missing = [name for name in options.names if not configuration.find(name)]
    if options.json:
        _print_json(configuration, found, missing)
    else:
        _print_text(options, configuration, found, missing, release, known)
    return 3 if missing or any(one.severity in _SERIOUS for one in found) else 0


def _concerns(one: Diagnostic, names: Sequence[str]) -> bool:
    return not names or one.connection is None or one.connection in names


def _print_json(configuration: Configuration, found: Sequence[Diagnostic], missing: Sequence[str]) -> None:
    from autod.cli.render import json_line

    document = describe(configuration)
    document["diagnostics"] = found
    document["missing"] = missing
    print(json_line(document))


def _print_text(
    options: argparse.Namespace,
    configuration: Configuration,
    found: Sequence[Diagnostic],
    missing: Sequence[str],
    release: Release,
    known: str,
) -> None:
    files = Files()
    files.read_so_far = list(configuration.files)
    for line in show(found, files):
        print(line)
    for name in missing:
        print(f"{configuration.path}: there is no connection or alias {name!r}")
    serious = sum(one.severity in _SERIOUS for one in found)
    warnings = len(found) - serious
    rules = configuration.release
    what = f"as Libreswan {rules} reads it ({known})"
    if rules.text != release.text:
        what += f", for want of the rules of {release}"
    print(
        f"{configuration.path}: {_counted(len(configuration.connections), 'connection')}, "
        f"{_counted(serious, 'error')}, {_counted(warnings, 'warning')}, {what}"
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
