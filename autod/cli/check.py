"""`--check`: read the configuration, send nothing, show every error and warning."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, TypeVar

import msgspec

from autod.cli.configuration import DEFAULT, release_to_check
from autod.cli.output import say
from autod.config import Severity, check, describe, load, show
from autod.config.check import needs_ikev1
from autod.config.include import Files
from autod.config.routes import FileNames

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from autod.config import Configuration, Diagnostic
    from autod.config.peers import Pair
    from autod.protocol.releases import Release
    from autod.sync import Pluto

__all__ = ["run"]

T = TypeVar("T")

_SERIOUS = (Severity.FATAL, Severity.ERROR)


def run(options: argparse.Namespace) -> int:
    """0 if nothing is wrong, else 3."""
    # Nothing here makes a cycle, and the collector would look at all of the configuration again and again.
    gc.disable()
    try:
        return _check(options)
    finally:
        gc.enable()


def _check(options: argparse.Namespace) -> int:
    release, origin = _release(options)
    configuration = load(options.config or DEFAULT, release)
    policy = _ikev1_policy(options, configuration)
    there = [connection.name for connection in configuration.connections]
    names: list[str] = []
    if options.names:
        from autod.cli.resolve import match

        names = match(options.names, there, str(configuration.path))
    diagnostics = [
        diagnostic for diagnostic in check(configuration, ikev1_policy=policy) if _concerns(diagnostic, names)
    ]
    missing = [name for name in names if not configuration.find(name)]
    pairs: tuple[Pair, ...] | None = None
    if options.peer is not None:
        from autod.config.peers import hold

        peer = load(options.peer, release)
        diagnostics += [diagnostic for diagnostic in check(peer) if diagnostic.severity in _SERIOUS]
        pairs = hold(configuration, peer, FileNames(), names)
    if options.json:
        _print_json(configuration, diagnostics, missing, options.peer, pairs)
    else:
        _print_text(options, configuration, diagnostics, missing, release, origin)
        for line in _told(pairs or (), options.peer):
            say(line)
    apart = any(not pair.fits for pair in pairs or ())
    return 3 if missing or apart or any(diagnostic.severity in _SERIOUS for diagnostic in diagnostics) else 0


def _told(pairs: Sequence[Pair], peer: str) -> Iterator[str]:
    """The lines about both ends: one for each connection, and below it each mismatch with both places."""
    for pair in pairs:
        if pair.peer is None:
            yield f'"{pair.connection}": nothing in {peer} is its other end'
            continue
        other_end = f'"{pair.peer}" of {peer}' if pair.peer != pair.connection else peer
        yield f'"{pair.connection}" {"fits" if pair.fits else "does not fit"} {other_end}'
        for mismatch in pair.mismatches:
            yield f"  {'error' if mismatch.serious else 'warning'}: {mismatch.sentence}"
            yield f"    {mismatch.place}: {mismatch.setting} is {mismatch.value}"
            yield f"    {mismatch.peer_place}: {mismatch.peer_setting} is {mismatch.peer_value}"


def _release(options: argparse.Namespace) -> tuple[Release, str]:
    """The release whose rules count, and where it comes from: the options, the pluto at the control socket, or the
    installed one."""
    if options.release is not None or not os.path.exists(options.ctlsocket):
        return release_to_check(options)
    release, why = _ask(options, _release_of)
    if release is not None:
        return release, f"of the pluto at {options.ctlsocket}"
    release, origin = release_to_check(options)
    return release, f"{origin}; the pluto at {options.ctlsocket} was not asked: {why}"


def _release_of(pluto: Pluto) -> Release:
    return pluto.release


def _ikev1_policy(options: argparse.Namespace, configuration: Configuration) -> str | None:
    """The running pluto's policy for IKEv1. None if no connection needs IKEv1, or pluto cannot be asked."""
    if not any(needs_ikev1(connection, configuration.rules) for connection in configuration.connections):
        return None
    policy, _ = _ask(options, _policy_of)
    return None if policy is None else policy.lower()


def _policy_of(pluto: Pluto) -> str | None:
    from autod.protocol import commands as c
    from autod.status import parse

    return parse(pluto.replies(c.Status())).setup.get("ikev1-policy")


def _ask(options: argparse.Namespace, question: Callable[[Pluto], T]) -> tuple[T | None, str]:
    """The answer of the running pluto; or None, and the reason why there is no answer."""
    from autod.errors import WhackError
    from autod.identify.cache import usual
    from autod.sync import Pluto

    try:
        pluto = Pluto(
            options.ctlsocket,
            None,
            seccomp=options.seccomp,
            known=usual(),
            timeout=options.timeout or 5,
        )
        pluto.find()
        return question(pluto), ""
    except (WhackError, OSError) as error:
        return None, str(error).removesuffix(".")


def _concerns(diagnostic: Diagnostic, names: Sequence[str]) -> bool:
    return not names or diagnostic.connection is None or diagnostic.connection in names


def _print_json(
    configuration: Configuration,
    diagnostics: Sequence[Diagnostic],
    missing: Sequence[str],
    peer: str | None,
    pairs: Sequence[Pair] | None,
) -> None:
    from autod.cli.render import json_line

    document = describe(configuration)
    document["diagnostics"] = diagnostics
    document["missing"] = missing
    if pairs is not None:
        document["peer"] = {
            "path": peer,
            "connections": [{**msgspec.to_builtins(pair), "fits": pair.fits} for pair in pairs],
        }
    say(json_line(document))


def _print_text(
    options: argparse.Namespace,
    configuration: Configuration,
    diagnostics: Sequence[Diagnostic],
    missing: Sequence[str],
    release: Release,
    origin: str,
) -> None:
    files = Files()
    files.read_so_far = list(configuration.files)
    for line in show(diagnostics, files):
        say(line)
    for name in missing:
        say(f"{configuration.path}: there is no connection or alias {name!r}")
    serious = sum(diagnostic.severity in _SERIOUS for diagnostic in diagnostics)
    warnings = len(diagnostics) - serious
    rules = configuration.release
    dialect = f", in its dialect {rules.dialect}," if rules.dialect else ""
    reading = f"as Libreswan {rules}{dialect} reads it ({origin})"
    if rules.text != release.text:
        reading += f"; autod does not know the rules of {release}"
    say(
        f"{configuration.path}: {_counted(len(configuration.connections), 'connection')}, "
        f"{_counted(serious, 'error')}, {_counted(warnings, 'warning')}, {reading}"
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
