"""What all commands share that talk to pluto: the event loop, signals, the deadline, the output, the client.

Must not know what an operation does.
"""

from __future__ import annotations

import signal
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import trio

from autod.cli.ending import heed_no_more
from autod.cli.output import standard_streams
from autod.cli.printing import Outputs, Printer, end_early
from autod.cli.sums import left_over
from autod.client import TIMEOUT, Pluto
from autod.client.operation import BUFFER
from autod.errors import DeadlinePassed, UnknownRelease
from autod.exchange.descriptors import raise_own_limit
from autod.identify.cache import usual
from autod.operations import BY_NAME

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncGenerator, Awaitable, Callable

    Work: TypeAlias = Callable[[argparse.Namespace, "Outputs", "Interrupts"], Awaitable[int]]

__all__ = ["Interrupts", "Outputs", "Session", "open_session", "run"]

GRACE = 1.5
"""Seconds after the deadline for a run of many, to end by itself and to print the state of each connection."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Interrupts:
    """What ends a command early.

    Ctrl-C takes the next of `steps`, SIGTERM the last; when no step is left, all is cancelled. `left` then says what
    pluto goes on with, and how to end that. `scope` has the deadline of the whole.
    """

    steps: list[Callable[[], None]] = field(default_factory=list)
    caught: list[int] = field(default_factory=list)
    left: Callable[[], str] = lambda: left_over(None, ())
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)

    def remaining(self) -> float | None:
        """Seconds until the deadline of the whole; None without one."""
        end = self.scope.deadline
        return None if end == float("inf") else max(end - trio.current_time(), 0.01)

    def leave_the_deadline(self, grace: float = GRACE) -> None:
        """For work that ends itself at the deadline: it is cancelled only `grace` seconds later."""
        self.scope.deadline += grace


@dataclass(frozen=True)
class Session(Printer):
    """A pluto, and where its lines go."""

    pluto: Pluto
    outputs: Outputs
    options: argparse.Namespace
    interrupts: Interrupts
    quiet: bool = False


def run(options: argparse.Namespace, work: Work) -> int:
    """Run `work` to its exit status. Ctrl-C and SIGTERM cancel it; pluto goes on with what it was asked.

    DeadlinePassed if --deadline passed before it ended.
    """
    raise_own_limit()
    # The output is closed outside the event loop, so that Ctrl-C ends a program that waits for its reader.
    with standard_streams() as (out, err):
        row = BY_NAME.get(getattr(options, "operation", ""))
        names = getattr(options, "names", ())
        interrupts = Interrupts(left=lambda: left_over(row, names, surely=False))
        status = trio.run(_run, options, work, Outputs(out, err), interrupts)
        if interrupts.caught:
            return end_early(interrupts.left(), interrupts.caught[-1], Outputs(out, err), options)
        return status


async def _run(options: argparse.Namespace, work: Work, outputs: Outputs, interrupts: Interrupts) -> int:
    status = 1
    deadline = getattr(options, "deadline", None)
    if deadline is not None:
        # The deadline counts from the start of the program, before the imports.
        spent = time.monotonic() - getattr(options, "begun", time.monotonic())
        interrupts.scope.deadline = trio.current_time() + deadline - spent
    async with trio.open_nursery() as nursery:
        await nursery.start(_watch_signals, nursery.cancel_scope, interrupts)
        with interrupts.scope:
            status = await work(options, outputs, interrupts)
        nursery.cancel_scope.cancel()
    if interrupts.scope.cancelled_caught:
        raise DeadlinePassed(
            f"the deadline of {deadline:g} s passed; {interrupts.left()}",
            seconds=deadline,
            option="deadline",
        )
    return status


async def _watch_signals(
    scope: trio.CancelScope,
    interrupts: Interrupts,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    try:
        with trio.open_signal_receiver(*_SIGNALS) as signals:
            task_status.started()
            async for number in signals:
                interrupts.caught.append(number)
                if interrupts.steps:
                    if number == signal.SIGTERM:
                        del interrupts.steps[:-1]
                    interrupts.steps.pop(0)()
                else:
                    scope.cancel()
    finally:
        if interrupts.caught:
            heed_no_more()


@asynccontextmanager
async def open_session(
    options: argparse.Namespace, outputs: Outputs, interrupts: Interrupts
) -> AsyncGenerator[Session, None]:
    """The pluto of --ctlsocket, --release and --seccomp, with the limit and the timeout of the options."""
    pluto = _client(Pluto, options)
    try:
        await pluto.find()
    except UnknownRelease:
        from autod.learn.pluto import AnyPluto

        pluto = _client(AnyPluto, options)
        await pluto.find()
    yield Session(pluto, outputs, options, interrupts, quiet=getattr(options, "quiet", False))


def _client(kind: type[Pluto], options: argparse.Namespace) -> Pluto:
    return kind(
        options.ctlsocket,
        options.release,
        seccomp=options.seccomp,
        limit=options.limit or 64,
        buffer=BUFFER,
        known=usual(),
        timeout=TIMEOUT if options.timeout is None else options.timeout,
    )
