"""What every command that talks to pluto shares: the event loop, signals, the output, the pluto that was
asked for.

Must not know what an operation does.
"""

from __future__ import annotations

import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import trio

from autod.cli.output import Output, standard_output
from autod.cli.render import event_line, json_line, outcome_line, reply_line
from autod.client import TIMEOUT, Pluto
from autod.errors import UnknownRelease
from autod.identify.cache import Known, default_folder
from autod.operation import BUFFER

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from autod.events import Event
    from autod.outcomes import Outcome
    from autod.protocol.replies import Reply

    Work: TypeAlias = Callable[[argparse.Namespace, Output, "Interrupts"], Awaitable[int]]

__all__ = ["Interrupts", "Session", "open_session", "run"]

_SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""Exit status by signal: 128 and its number."""


@dataclass(slots=True)
class Interrupts:
    """What Ctrl-C and SIGTERM do: each takes the next of `steps`; where none is left, all is cancelled."""

    steps: list[Callable[[], None]] = field(default_factory=list)
    caught: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Session:
    """A pluto, and where its lines go in the way that was asked for."""

    pluto: Pluto
    output: Output
    options: argparse.Namespace
    interrupts: Interrupts

    def show(self, event: Event) -> None:
        """An event, as it came."""
        if self.options.json:
            self.output.line(json_line(event))
            return
        line = event_line(event, self.pluto.release.codes, verbose=self.options.verbose)
        if line is not None:
            self.output.line(line)

    def show_reply(self, reply: Reply) -> None:
        """A line of a list or a status."""
        self.output.line(reply_line(reply, verbose=self.options.verbose), keep=True)

    def conclude(self, outcome: Outcome) -> None:
        """The outcome: one line, or one object."""
        self.output.line(json_line(outcome) if self.options.json else outcome_line(outcome), keep=True)

    def say(self, sentence: str) -> None:
        """A line for people, which JSON has no place for."""
        if not self.options.json:
            self.output.line(sentence, keep=True)

    def line(self, line: str, *, keep: bool) -> None:
        """A line that is rendered already."""
        self.output.line(line, keep=keep)

    def put(self, value: object) -> None:
        """An object for programs."""
        self.output.line(json_line(value), keep=True)


def run(options: argparse.Namespace, work: Work) -> int:
    """Run `work` to its exit status. Ctrl-C and SIGTERM cancel it; pluto goes on with what it was asked."""
    # The output is closed outside the event loop: a Ctrl-C while it waits for its reader then ends the program.
    with standard_output() as output:
        interrupts = Interrupts()
        status = trio.run(_run, options, work, output, interrupts)
        if interrupts.caught:
            output.hurry()
            print("autod: interrupted; pluto goes on with what it was asked", file=sys.stderr)
            return _SIGNALS[signal.Signals(interrupts.caught[0])]
        return status


async def _run(options: argparse.Namespace, work: Work, output: Output, interrupts: Interrupts) -> int:
    status = 1
    async with trio.open_nursery() as nursery:
        await nursery.start(_watch_signals, nursery.cancel_scope, interrupts)
        status = await work(options, output, interrupts)
        nursery.cancel_scope.cancel()
    return status


async def _watch_signals(
    scope: trio.CancelScope,
    interrupts: Interrupts,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    with trio.open_signal_receiver(*_SIGNALS) as signals:
        task_status.started()
        async for number in signals:
            interrupts.caught.append(number)
            if interrupts.steps:
                interrupts.steps.pop(0)()
            else:
                scope.cancel()


@asynccontextmanager
async def open_session(
    options: argparse.Namespace, output: Output, interrupts: Interrupts
) -> AsyncGenerator[Session, None]:
    """The pluto of --ctlsocket, --release and --seccomp, with the limit and the deadline that were asked
    for."""
    pluto = _client(Pluto, options)
    try:
        await pluto.find()
    except UnknownRelease as unknown:
        if options.release is not None:
            raise
        from autod.learn.pluto import LearnedPluto

        pluto = _client(LearnedPluto, options)
        try:
            await pluto.find()
        except UnknownRelease:
            raise unknown from None
    yield Session(pluto, output, options, interrupts)


def _client(kind: type[Pluto], options: argparse.Namespace) -> Pluto:
    folder = default_folder()
    return kind(
        options.ctlsocket,
        options.release,
        seccomp=options.seccomp,
        limit=options.limit or 64,
        buffer=BUFFER,
        known=None if folder is None else Known(folder),
        timeout=TIMEOUT if options.timeout is None else options.timeout,
    )
