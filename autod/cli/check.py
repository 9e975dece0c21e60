"""`--check`: read the configuration, send nothing, show every error and warning."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import msgspec

from autod.cli.configuration import DEFAULT, release_to_check
from autod.cli.resolve import match
from autod.config import Severity, check, describe, load, show
from autod.config.check import needs_ikev1
from autod.config.include import Files
from autod.config.peers import hold
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
    """0 where there is nothing wrong, else 3."""
    release, known = _release(options)
    configuration = load(options.config or DEFAULT, release)
    policy = _ikev1_policy(options, configuration)
    there = [connection.name for connection in configuration.connections]
    names = match(options.names, there, str(configuration.path))
    found = [one for one in check(configuration, ikev1_policy=policy) if _concerns(one, names)]
    missing = [name for name in names if not configuration.find(name)]
    pairs: tuple[Pair, ...] | None = None
    if options.peer is not None:
        peer = load(options.peer, release)
        found += [one for one in check(peer) if one.severity in _SERIOUS]
        pairs = hold(configuration, peer, FileNames(), names)
    if options.json:
        _print_json(configuration, found, missing, options.peer, pairs)
    else:
        _print_text(options, configuration, found, missing, release, known)
        for line in _told(pairs or (), options.peer):
            print(line)
    apart = any(not pair.fits for pair in pairs or ())
    return 3 if missing or apart or any(one.severity in _SERIOUS for one in found) else 0


def _told(pairs: Sequence[Pair], peer: str) -> Iterator[str]:
    """What will not match: a connection a line, and below it each setting with both places."""
    for pair in pairs:
        if pair.peer is None:
            yield f'"{pair.connection}": nothing in {peer} is its other end'
            continue
        like = f' "{pair.peer}"' if pair.peer != pair.connection else ""
        yield f'"{pair.connection}": {"fits" if pair.fits else "does not fit"}{like} of {peer}'
        for one in pair.mismatches:
            yield f"  {'error' if one.serious else 'warning'}: {one.sentence}"
            yield f"    {one.place}: {one.setting} is {one.value}"
            yield f"    {one.peer_place}: {one.peer_setting} is {one.peer_value}"


def _release(options: argparse.Namespace) -> tuple[Release, str]:
    """The release whose rules count: as given, of the pluto at the control socket, else of the one installed."""
    if options.release is not None or not os.path.exists(options.ctlsocket):
        return release_to_check(options)
    release, why = _ask(options, _release_of)
    if release is not None:
        return release, f"of the pluto at {options.ctlsocket}"
    release, known = release_to_check(options)
    return release, f"{known}; the pluto at {options.ctlsocket} was not asked: {why}"


def _release_of(pluto: Pluto) -> Release:
    return pluto.release


def _ikev1_policy(options: argparse.Namespace, configuration: Configuration) -> str | None:
    """What the pluto that runs says of IKEv1, where a connection wants it; None where it cannot be asked."""
    if not any(needs_ikev1(one, configuration.rules) for one in configuration.connections):
        return None
    policy, _ = _ask(options, _policy_of)
    return None if policy is None else policy.lower()


def _policy_of(pluto: Pluto) -> str | None:
    from autod.protocol import commands as c
    from autod.status import parse

    return parse(pluto.replies(c.Status())).setup.get("ikev1-policy")


def _ask(options: argparse.Namespace, question: Callable[[Pluto], T]) -> tuple[T | None, str]:
    """The answer of the pluto that runs; None, and why there is none."""
    from autod.errors import WhackError
    from autod.identify.cache import Known, default_folder
    from autod.sync import Pluto

    folder = default_folder()
    try:
        pluto = Pluto(
            options.ctlsocket,
            None,
            seccomp=options.seccomp,
            known=None if folder is None else Known(folder),
            timeout=options.timeout or 5,
        )
        pluto.find()
        return question(pluto), ""
    except (WhackError, OSError) as error:
        return None, str(error).removesuffix(".")


def _concerns(one: Diagnostic, names: Sequence[str]) -> bool:
    return not names or one.connection is None or one.connection in names


def _print_json(
    configuration: Configuration,
    found: Sequence[Diagnostic],
    missing: Sequence[str],
    peer: str | None,
    pairs: Sequence[Pair] | None,
) -> None:
    from autod.cli.render import json_line

    document = describe(configuration)
    document["diagnostics"] = found
    document["missing"] = missing
    if pairs is not None:
        document["peer"] = {
            "path": peer,
            "connections": [{**msgspec.to_builtins(pair), "fits": pair.fits} for pair in pairs],
        }
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
        what += f"; autod does not know the rules of {release}"
    print(
        f"{configuration.path}: {_counted(len(configuration.connections), 'connection')}, "
        f"{_counted(serious, 'error')}, {_counted(warnings, 'warning')}, {what}"
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
