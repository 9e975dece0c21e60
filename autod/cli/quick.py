"""One operation on one connection without an event loop, which is most of the time that such a command takes to start.

Owns: the choice between this way and the one with an event loop (autod.cli.connections), which does all the rest. Both
ways drive the same course of an operation (autod.asking.course); this one by autod.sync.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.cli.ending import Ended, ending
from autod.cli.names import is_pattern, read_password
from autod.cli.one import asked, is_under_way, left_alone
from autod.cli.output import standard_streams
from autod.cli.printing import Outputs, Printer, end_early
from autod.cli.sums import left_over
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

    from autod.events import Event
    from autod.operations import Row

__all__ = ["run"]


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
    with standard_streams() as (out, err), ending():
        heard: list[Event] = []
        try:
            return _do(options, row, Outputs(out, err), heard)
        except UnknownRelease:
            if options.release is not None:
                raise
            return None
        except Ended as end:
            left = left_over(row, options.names, surely=bool(heard))
            return end_early(left, end.number, Outputs(out, err), options)


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
