"""`autod learn`: learn the messages of an installed release from its own whack. pluto is never contacted."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from autod.cli.output import say

if TYPE_CHECKING:
    import argparse

    from autod.identify.likeness import Binary
    from autod.learn.infer import Learned

__all__ = ["Found", "Source", "configure", "find_source", "learn_installed", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `autod learn`."""
    parser.add_argument(
        "--whack", metavar="PROGRAM", help="the whack to learn from (default: the one beside pluto)"
    )
    parser.add_argument(
        "--pluto", metavar="PROGRAM", help="the pluto it belongs to (default: the one that runs)"
    )
    parser.add_argument("--ctlsocket", metavar="PATH", help="control socket, to find the pluto that runs")
    parser.add_argument(
        "--cache", metavar="FOLDER", help="where to keep it (default: XDG_CACHE_HOME or /var/cache)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: argparse.Namespace) -> int:
    """Learn the messages, keep them, and print which they are."""
    import trio

    from autod.identify.likeness import keep
    from autod.learn.store import save

    source = find_source(options.ctlsocket, options.whack, options.pluto)
    binary, learned, equals = trio.run(learn_installed, source)
    folder = None if options.cache is None else Path(options.cache)
    path = save(binary, learned, folder)
    keep(binary, equals, folder)
    if options.json:
        from autod.cli.render import json_line

        say(
            json_line(
                {
                    "event": "learned",
                    "release": learned.release,
                    "pluto": binary.path,
                    "seqpacket": learned.seqpacket,
                    "requests": sorted(learned.templates),
                    "missing": dict(learned.missing),
                    "file": os.fspath(path),
                    "equals": equals or None,
                }
            )
        )
        return 0
    say(f"learned {len(learned.templates)} requests of Libreswan {learned.release} for {binary.path}")
    for key, reason in learned.missing.items():
        say(f"without {key}: {reason}")
    if equals:
        say(f"its messages are those of Libreswan {equals}: it is spoken to like that release")
    say(f"kept in {path}")
    return 0


class Source(NamedTuple):
    """The whack to learn from, and the pluto to learn for: its path to open, and its name. `named`: the user named
    these programs, so they may belong to anybody."""

    whack: str
    pluto: str
    name: str
    named: bool


def find_source(ctlsocket: str, whack: str | None, pluto: str | None) -> Source:
    """The programs named, else those beside the pluto that listens at `ctlsocket`, else those installed.

    CannotLearn if one of them is not there.
    """
    from autod.exchange.peer import executable, listener
    from autod.identify.programs import find_programs
    from autod.learn.infer import CannotLearn

    named = bool(pluto or whack)
    pid = None if pluto or whack else listener(ctlsocket).pid
    programs = find_programs(pid)
    whack = whack or programs.whack
    if whack is None:
        raise CannotLearn("no whack was found to learn from: name it with --whack")
    if pid is not None and (name := executable(pid)) is not None:
        return Source(whack, f"/proc/{pid}/exe", name, named=False)
    beside = os.path.join(os.path.dirname(whack), "pluto")
    pluto = pluto or (beside if os.path.exists(beside) else programs.pluto)
    if pluto is None or not os.path.exists(pluto):
        raise CannotLearn(f"there is no pluto beside {whack} to learn for: name it with --pluto")
    return Source(whack, pluto, os.path.realpath(pluto), named)


class Found(NamedTuple):
    """The learned messages, their pluto, and the release that has the same messages ("" if there is none)."""

    binary: Binary
    learned: Learned
    equals: str


async def learn_installed(source: Source) -> Found:
    """Learn from `source`, and compare the messages with those of the known releases.

    CannotLearn if whack is of another release than pluto: then pluto was not restarted after an update, and
    whack's messages are not for the pluto that runs.
    """
    from autod.identify.binary import version_of
    from autod.identify.likeness import Binary
    from autod.identify.programs import open_program
    from autod.learn.equals import equal_release
    from autod.learn.infer import CannotLearn
    from autod.learn.record import learn, program_version

    with (
        open_program(source.whack, anyones=source.named) as whack,
        open_program(source.pluto, name=source.name, anyones=source.named) as pluto,
        ExitStack() as stack,
    ):
        version, of_pluto = await program_version(whack), await program_version(pluto)
        if version.removeprefix("v") != of_pluto.removeprefix("v"):
            raise CannotLearn(
                f"{source.whack} is of Libreswan {version}, and pluto of {of_pluto}: restart pluto, or name its own"
                " with --whack"
            )
        learned, full_version = await learn(whack, of_pluto), await version_of(pluto)
        addconn = None
        with suppress(OSError):
            beside = os.path.join(os.path.dirname(source.whack), "addconn")
            addconn = stack.enter_context(open_program(beside, anyones=source.named))
        equals = "" if full_version is None else await equal_release(learned, full_version, addconn)
        return Found(Binary.of(pluto, of_pluto), learned, equals)
