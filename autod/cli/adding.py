"""`--add` of many connections without an event loop, as long as nothing fails.

Owns: the choice of this way, and the line about its success. The way with an event loop (autod.cli.many) does all the
rest, and goes on from where this one stopped.
"""

from __future__ import annotations

import gc
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from autod.asking.guards import with_ikev1_sa
from autod.cli.configuration import names_to_load, read, warn_of_includes
from autod.cli.names import is_pattern
from autod.cli.output import standard_streams
from autod.cli.printing import Outputs, Printer
from autod.cli.sums import done_line
from autod.config.choose import auto
from autod.config.policies import is_group
from autod.errors import UnknownRelease
from autod.identify.cache import usual
from autod.loading.plain import begin
from autod.loading.remembering import Look, remembering
from autod.protocol import commands as c
from autod.protocol.connection.keywords import native
from autod.status.goingdown import goes_down
from autod.sync import TIMEOUT, Pluto
from autod.values import percentile

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from autod.config.reader import Configuration
    from autod.loading.plain import Begun

__all__ = ["Ahead", "add"]


class Ahead:
    """The work before the event loop: names and configuration, the progress of loading, and the signals that came
    meanwhile."""

    def __init__(
        self,
        names: Sequence[str],
        configuration: Configuration,
        begun: Begun,
        signals: Sequence[int],
        seconds: float,
    ) -> None:
        self.names = names
        self.configuration = configuration
        self.begun = begun
        self.signals = signals
        self.seconds = seconds
        """How long that took."""


class _Printer(Printer):
    def __init__(self, pluto: Pluto, outputs: Outputs, options: argparse.Namespace) -> None:
        self.pluto = pluto
        self.outputs = outputs
        self.options = options
        self.quiet = options.quiet


def add(options: argparse.Namespace) -> int | Ahead | None:
    """The exit status. An Ahead: the way with an event loop has to do the rest. None: it has to do all, and pluto was
    asked for nothing but its release."""
    if not _is_plain(options):
        return None
    # Nothing here makes a cycle, and the collector would look at all of the configuration again and again.
    gc.disable()
    try:
        with standard_streams() as (out, err):
            return _add(options, Outputs(out, err))
    finally:
        gc.enable()


def _is_plain(options: argparse.Namespace) -> bool:
    """Whether it is an --add of many, without a live view and without options that need an event loop."""
    return (
        options.operation == "add"
        and (options.all or len(options.names) > 1 or any(map(is_pattern, options.names)))
        and not sys.stdout.isatty()
        and not (
            options.json
            or options.verbose
            or options.via_addconn
            or options.limit
            or options.retries
            or options.report is not None
            or options.deadline is not None
        )
    )


def _add(options: argparse.Namespace, outputs: Outputs) -> int | Ahead | None:
    pluto = Pluto(
        options.ctlsocket,
        options.release,
        seccomp=options.seccomp,
        known=usual(),
        timeout=TIMEOUT if options.timeout is None else options.timeout,
    )
    try:
        pluto.find()
    except UnknownRelease:
        if options.release is not None:
            raise
        return None
    if native(pluto.release) is None:
        return None
    configuration = read(options.config, pluto.release, warns=False)
    names = names_to_load(configuration, options.names)
    if len(names) < 2 or any(
        is_group(connection) and auto(connection) != "ignore" for connection in configuration.connections
    ):
        return None
    assert pluto.timeout is not None
    if pluto.drive(with_ikev1_sa(pluto, pluto.now() + pluto.timeout)):
        return None
    warn_of_includes(configuration)
    printer = _Printer(pluto, outputs, options)
    going_down = goes_down(pluto.replies(c.TrafficStatus()), names)
    if going_down is not None:
        printer.note(going_down[1])
    started = time.monotonic()
    with _gently() as signals:
        begun = begin(
            pluto.path,
            pluto.detected,
            configuration,
            names,
            autoall=options.all,
            stopped=lambda: bool(signals),
        )
    seconds = time.monotonic() - started
    if signals or not begun.is_done:
        return Ahead(names, configuration, begun, signals, seconds)
    if not options.quiet:
        times = sorted(answer.ended - answer.started for answer in begun.answered)
        printer.say(
            done_line("add", len(names), len(names), seconds, percentile(times, 0.5), percentile(times, 0.95))
        )
    _remember(pluto, begun, whole=options.all)
    return 0


def _remember(pluto: Pluto, begun: Begun, *, whole: bool) -> None:
    """Remember the connections that were loaded, for --diff and --sync."""
    asks = remembering(
        begun.configuration,
        pluto.path,
        pluto.detected,
        loaded={each.connection.name for each in begun.answered},
        whole=whole,
        sent=begun.sent,
    )
    answer: object = None
    while True:
        try:
            ask = asks.send(answer)
        except StopIteration:
            return
        answer = pluto.replies_with(ask.command, ask.only) if isinstance(ask, Look) else ask.work()


@contextmanager
def _gently() -> Iterator[list[int]]:
    """SIGINT and SIGTERM end nothing in the block: they are collected."""
    caught: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: caught.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
