"""The configuration of a command, the release whose rules count, and the names that patterns and --all stand for.

Reads files, sends nothing. If autod does not have the rules of pluto's release, it uses those of the nearest release,
and says so.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from autod.cli.names import is_pattern
from autod.config import Configuration, all_names, load
from autod.errors import ConfigurationError, UnknownRelease, UsageError
from autod.protocol import releases

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from autod.identify.binary import Version
    from autod.protocol.releases import Release

__all__ = ["DEFAULT", "names_to_load", "read", "release_around", "release_to_check", "warn_of_includes"]

DEFAULT = "/etc/ipsec.conf"
"""The usual path of every release."""


def release_to_check(options: argparse.Namespace) -> tuple[Release, str]:
    """The release whose rules count, and where it comes from: --release, the running or installed pluto, or the newest.

    Nothing is sent: the programs are asked for their version.
    """
    if options.release is not None:
        return releases.find(options.release, seccomp=options.seccomp), "as --release says"
    return release_around(options.ctlsocket, seccomp=options.seccomp)


def release_around(ctlsocket: str, *, seccomp: bool | None = None) -> tuple[Release, str]:
    """The release of the pluto at this socket or of the installed one, else the newest; and which of these it is."""
    version = _version_around(ctlsocket)
    if version is not None:
        try:
            known_release = releases.find(version.like or version.text, seccomp=seccomp)
            release = known_release.called(version.text).built(dialect=version.dialect or None)
            return release, "of the pluto that runs or is installed"
        except UnknownRelease as error:
            from autod.cli.output import say  # a completion does without

            say(f"autod: {error}", file=sys.stderr)
    return releases.find(releases.ALL[-1]), "the newest that is known"


def _version_around(ctlsocket: str) -> Version | None:
    from autod.exchange.peer import listener
    from autod.identify.binary import version_of_blocking, version_of_process_blocking, with_build
    from autod.identify.programs import find_programs, open_program

    pid = listener(ctlsocket).pid
    if pid is not None:
        running = version_of_process_blocking(pid)
        if running is not None:
            return running
    installed = find_programs().pluto
    if installed is None:
        return None
    try:
        with open_program(installed, name=os.path.realpath(installed)) as program:
            version = version_of_blocking(program)
            return None if version is None else with_build(version, program)
    except OSError:
        return None


def read(
    config: str | None, release: Release, *, via_addconn: bool = False, warns: bool = True
) -> Configuration:
    """The configuration as `release` reads it; ConfigurationError if it is refused. `via_addconn`: addconn loads from
    it, and keywords that are not known are left to it. `warns`: say what addconn says of includes."""
    configuration = load(config or DEFAULT, release, leaves_unknown=via_addconn)
    refusal = configuration.refusal
    if refusal is not None:
        raise ConfigurationError(refusal.sentence, where=str(refusal.place or configuration.path))
    if warns:
        warn_of_includes(configuration)
    return configuration


def warn_of_includes(configuration: Configuration) -> None:
    """Say on standard error which includes cannot be read, where addconn says so."""
    if configuration.sources.warnings:
        from autod.cli.output import say

        for warning in configuration.sources.warnings:
            say(str(warning), file=sys.stderr)


def names_to_load(configuration: Configuration, words: Sequence[str]) -> list[str]:
    """The connections that `words` (with patterns) stand for; if there are no words, those of --all.

    A word that is not a pattern stands for itself. UsageError if a pattern, or --all, matches nothing.
    """
    if not words:
        names = all_names(configuration)
        if not names:
            raise UsageError(f"{configuration.path}: no connection has an auto= that loads it")
        return names
    return list(dict.fromkeys(_matching(configuration, words)))


def _matching(configuration: Configuration, words: Sequence[str]) -> Iterator[str]:
    from autod.config import choose

    for word, chosen in zip(words, choose(configuration, words), strict=True):
        if not is_pattern(word) or configuration.find(word):
            yield word
        elif not chosen.connections:
            raise UsageError(f"{word!r} matches no connection of {configuration.path}")
        else:
            yield from (connection.name for connection in chosen.connections)
