"""One operation on one connection without an event loop, which is most of the time that such a command takes to start.

Owns: the choice between this way and the one with an event loop (autod.cli.connections), which does all the rest. Both
ways drive the same course of an operation (autod.asking.course); this one by autod.sync.
"""

from __future__ import annotations

import shlex
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from autod.cli.names import is_pattern, read_password
from autod.cli.one import asked, is_under_way, left_alone
from autod.cli.output import say, standard_streams
from autod.cli.printing import Outputs, Printer
from autod.errors import UnknownRelease, UsageError
from autod.identify.cache import usual
from autod.operations import find
from autod.outcomes import Outcome, Result
from autod.protocol import commands as c
from autod.protocol.encode import check_string
from autod.protocol.exchange import Answers
from autod.sync import TIMEOUT, Pluto

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from autod.events import Event
    from autod.operations import Row

__all__ = ["run"]

_SIGINT_STATUS, _SIGTERM_STATUS = 130, 143
"""128 and the number of the signal."""


class _Terminated(BaseException):
    """SIGTERM came."""


class _Quick(Printer):
    """A pluto without an event loop, and where its lines go."""

    def __init__(self, pluto: Pluto, outputs: Outputs, options: argparse.Namespace) -> None:
        self.pluto = pluto
        self.outputs = outputs
        self.options = options
        self.quiet = options.quiet


def run(options: argparse.Namespace) -> int:
    """The operation on every name, without an event loop if none is needed."""
    for name in options.names:
        check_string(name, "the name")
    options.answers = None
    if options.xauthname is not None or options.xauthpass_file is not None:
        if options.all or len(options.names) > 1:
            raise UsageError("--xauthname and --xauthpass-file are for one connection", option="answers")
        secret = None if options.xauthpass_file is None else read_password(options.xauthpass_file)
        options.answers = Answers(options.xauthname, secret)
    if options.operation == "add":
        from autod.cli.adding import add

        loaded = add(options)
        if isinstance(loaded, int):
            return loaded
        from autod.cli import connections

        return connections.run(options, ahead=loaded)
    result = _run(options, find(options.operation))
    if isinstance(result, int):
        return result
    from autod.cli import connections

    return connections.run(options, result)


def _run(options: argparse.Namespace, row: Row) -> int | Outcome | None:
    """The exit status. None: the way with an event loop has to do it; pluto was asked for nothing but its release. An
    outcome: the request was sent, and that way has to do the rest."""
    if row.name not in ("up", "down", "delete", "unroute") or not _is_plain(options):
        return None
    with standard_streams() as (out, err), _terminating():
        heard: list[Event] = []
        try:
            return _do(options, row, Outputs(out, err), heard)
        except UnknownRelease:
            if options.release is not None:
                raise
            return None
        except (_Terminated, KeyboardInterrupt) as end:
            for output in (out, err):
                output.hurry()
                output.settle(0.5)
            say(f"autod: interrupted; {_left(row, options.names[0], heard)}", file=sys.stderr)
            return _SIGTERM_STATUS if isinstance(end, _Terminated) else _SIGINT_STATUS


def _left(row: Row, name: str, heard: Sequence[Event]) -> str:
    """What pluto goes on with, and how to end that."""
    sentence = f"pluto {'goes' if heard else 'may go'} on with what it was asked"
    return f"{sentence}; `autod --down {shlex.quote(name)}` takes it down" if row.initiates else sentence


def _is_plain(options: argparse.Namespace) -> bool:
    """Whether it is about one connection by its name, and nobody waits, retries or counts."""
    return not (
        options.all
        or len(options.names) != 1
        or is_pattern(options.names[0])
        or options.wait
        or options.retries
        or options.on_failure == "down"
        or options.report is not None
        or options.deadline is not None
    )


def _do(options: argparse.Namespace, row: Row, outputs: Outputs, heard: list[Event]) -> int | Outcome:
    """As `_run`; pluto's events go to `heard` too."""
    (name,) = options.names

    def show(event: Event) -> None:
        heard.append(event)
        quick.show(event)

    pluto = Pluto(
        options.ctlsocket,
        options.release,
        seccomp=options.seccomp,
        known=usual(),
        timeout=TIMEOUT if options.timeout is None else options.timeout,
        on_event=show,
    )
    quick = _Quick(pluto, outputs, options)
    pluto.find()
    if row.name == "up" and options.if_down is not False and _is_up(pluto, name):
        outcome = left_alone(name)
    else:
        outcome = asked(pluto, row, name, options)
    if outcome.result is Result.NOT_ORIENTED or is_under_way(outcome, heard, options):
        return outcome
    quick.conclude(outcome)
    if row.leaves == "down":
        from autod.cli.supervised import advice

        sentence = advice(options.api, (name,))
        if sentence is not None:
            quick.note(sentence)
    return outcome.exit_status


def _is_up(pluto: Pluto, name: str) -> bool:
    """Whether it has a Child SA, which is to be left alone."""
    replies = pluto.replies(c.TrafficStatus(name))
    if not any(reply.text.startswith("#") for reply in replies):
        return False  # without the time to import the parser
    from autod.status import established

    return name in established(replies)


@contextmanager
def _terminating() -> Iterator[None]:
    """SIGTERM ends the block, as Ctrl-C does."""

    def end(number: int, frame: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
