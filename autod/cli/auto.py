"""The program `auto`: the arguments and lines of `ipsec auto` of Libreswan 4.10, for scripts that call it.

pluto's lines go to standard output with their codes, as whack prints them; complaints about the configuration go to
standard error, as addconn's do. What differs is documented in docs/cli.md: the exit status is autod's, --fetchcrls does
what its name says, and a failure to load a connection is reported on standard error.

Owns: the arguments of that script, and its lines. Must not know: how pluto is asked.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import msgspec

from autod.cli.asked import parse
from autod.cli.output import say
from autod.cli.program import ended, open_standard_streams, pass_bytes
from autod.operations import BY_NAME, Takes, steps_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from autod.cli.session import Interrupts, Outputs, Session
    from autod.operations import Row
    from autod.outcomes import Outcome

__all__ = ["main"]

_WITH_VALUE = frozenset({"--config", "--ctlsocket", "--remote-host"})
_PLAIN = frozenset({"--showonly", "--utc", "--asynchronous", "--verbose"})


class _Usage(Exception):
    """The arguments cannot be understood."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script's command line: an exit status."""
    open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        pass_bytes(stream)
    try:
        option_words, operation, names = _read(sys.argv[1:] if arguments is None else list(arguments))
    except _Usage as problem:
        say(f"ipsec auto: {problem}" if str(problem) else _usage(), file=sys.stderr)
        return 2
    if operation in ("help", "version"):
        say(_usage() if operation == "help" else f"ipsec auto {_version()}")
        return 0
    if operation == "rereadcrls":
        say("ipsec auto --rereadcrls has been obsoleted - please see: ipsec crls")
        return 1
    try:
        options = parse([*option_words, f"--{operation}", "--", *names])
    except SystemExit:
        return 2
    if options.showonly:
        from autod.cli.show import run

        options.names = list(names)
        return run(options)
    options.verbose, options.names, options.answers = True, list(names), None
    return ended(lambda: _run(options), program="ipsec auto")


def _read(words: list[str]) -> tuple[list[str], str, list[str]]:
    """The options for autod, the operation, and the names."""
    option_words: list[str] = []
    names: list[str] = []
    operation = ""
    while words:
        word = words.pop(0)
        name = word.removeprefix("--")
        row = BY_NAME.get(name) if word.startswith("--") else None
        if word in ("--help", "--version"):
            return [], name, []
        if word in _WITH_VALUE:
            if not words:
                raise _Usage
            option_words += [word, words.pop(0)]
        elif word in _PLAIN:
            option_words.append(word)
        elif word == "--show":
            continue
        elif word == "--":
            names += words
            break
        elif row is not None and _known(row):
            if operation:
                raise _Usage
            operation = name
        elif word.startswith("-"):
            raise _Usage(f'unknown option "{word}"')
        else:
            names.append(word)
    if not operation:
        operation, names = _old_form(names)
    wants_names = BY_NAME[operation].takes == Takes.NAMES
    if wants_names != bool(names):
        raise _Usage
    return _fitting(option_words, operation), operation, names


def _known(row: Row) -> bool:
    """Whether `ipsec auto` of 4.10 had it."""
    return "showonly" in row.options and row.name != "wait"


def _old_form(names: list[str]) -> tuple[str, list[str]]:
    """`NAME VERB`, or `VERB` alone."""
    row = BY_NAME.get(names[-1]) if names and len(names) < 3 else None
    if row is None or not row.old or (len(names) == 2) != (row.takes == Takes.NAMES):
        raise _Usage
    say("ipsec auto: warning: obsolete command syntax used", file=sys.stderr)
    return row.name, names[:-1]


def _fitting(option_words: list[str], operation: str) -> list[str]:
    """The options that the operation honours; the script took every option with every operation."""
    if "--showonly" in option_words:
        return option_words
    honoured = BY_NAME[operation].options
    fitting: list[str] = []
    words = list(option_words)
    while words:
        word = words.pop(0)
        option = [word, words.pop(0)] if word in _WITH_VALUE else [word]
        if word[2:].replace("-", "_") in honoured:
            fitting += option
    return fitting


def _run(options: argparse.Namespace) -> int:
    from autod.cli import session
    from autod.errors import NoSocket, exit_status

    if not os.path.exists(options.ctlsocket):
        say(f'whack: Pluto is not running (no "{options.ctlsocket}")', file=sys.stderr)
        return exit_status(NoSocket(options.ctlsocket))
    return session.run(options, _work)


async def _work(options: argparse.Namespace, outputs: Outputs, interrupts: Interrupts) -> int:
    from autod.cli.session import open_session

    status = 0
    async with open_session(options, outputs, interrupts) as opened:
        for name in options.names or [None]:
            # Each step is taken even if the previous one failed, as in the script.
            for step in steps_of(options.operation):
                ended = await _step(opened, step, name)
                status = ended or status
    return status


async def _step(opened: Session, step: Row, name: str | None) -> int:
    from autod.cli.daemon import command, refusal
    from autod.cli.one import asked as operation_of

    if step.name == "add":
        assert name is not None
        return await _load(opened, name)
    if step.lists:
        replies = await opened.pluto.replies(command(step, opened.options))
        log = next((code for code, name in opened.pluto.release.codes.names.items() if name == "log"), None)
        for reply in replies:
            # 5.0 to 5.2 call the lines of a list log lines; scripts count those that begin with 000.
            listed = msgspec.structs.replace(reply, code=0) if reply.code == log else reply
            opened.show_reply(listed)
        return refusal(opened, replies)
    request = None if name is not None else command(step, opened.options)
    operation = (
        opened.pluto.ask(request)
        if request is not None
        else operation_of(opened.pluto, step, name or "", opened.options)
    )
    events_shown = False
    async with operation:
        async for event in operation:
            events_shown = True
            opened.show(event)
    outcome = operation.outcome
    if not outcome.ok and not events_shown:
        opened.complain(f"ipsec auto: {outcome.sentence}")
    return outcome.exit_status


async def _load(opened: Session, name: str) -> int:
    """As addconn: a connection that is loaded makes no line."""
    from autod.cli.loading import loader
    from autod.outcomes import Result

    outcomes: dict[str, Outcome] = {}
    await loader(opened).load(
        [name], hear=lambda _, event: None, told=outcomes.__setitem__, timeout=opened.pluto.timeout
    )
    outcome = outcomes[name]
    if outcome.result is Result.UNKNOWN:
        opened.complain(f"conn '{name}': not found (tried aliases)")
    elif not outcome.ok:
        opened.complain(f"ipsec auto: {outcome.sentence}")
    return outcome.exit_status


def _usage() -> str:
    operations = " ".join(f"--{row.name}" for row in BY_NAME.values() if row.flag and _known(row))
    return f"usage: ipsec auto [{'] ['.join(sorted(_PLAIN | _WITH_VALUE))}] OPERATION [NAME]\n{operations}"


def _version() -> str:
    return os.environ.get("IPSEC_VERSION") or "(autod)"
