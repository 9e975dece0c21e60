"""Where the lines of a command go: standard output or error, as text or as JSON.

Must not know what an operation does, nor how pluto is asked.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Protocol

import msgspec

from autod.cli.ending import heed_no_more
from autod.cli.output import say
from autod.cli.program import error_line
from autod.cli.render import event_line, json_line, outcome_line, reply_line

if TYPE_CHECKING:
    import argparse

    from autod.cli.output import Output
    from autod.events import Event
    from autod.outcomes import Outcome
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["Outputs", "Printer", "end_early"]


class Outputs(msgspec.Struct, frozen=True):
    """Where lines go: results to `out`, failures to `err`."""

    out: Output
    err: Output


def end_early(left: str, number: int, outputs: Outputs, options: argparse.Namespace) -> int:
    """Say what is `left` after a signal of this number: the exit status. Nobody is waited for who does not read."""
    heed_no_more()
    status = 128 + number
    sentence = f"interrupted; {left}"
    if getattr(options, "json", False):
        outputs.out.line(error_line("Interrupted", sentence, status), keep=True)
    for output in (outputs.out, outputs.err):
        output.hurry()
        output.settle(0.5)
    say(f"autod: {sentence}", file=sys.stderr)
    return status


class _Released(Protocol):
    """The pluto whose lines are shown. Its reply codes say which of them people see."""

    @property
    def release(self) -> Release: ...


class Printer:
    """Shows events, replies and outcomes."""

    pluto: _Released
    outputs: Outputs
    options: argparse.Namespace
    quiet: bool
    """No line about a success."""

    def show(self, event: Event) -> None:
        """An event."""
        if self.options.json:
            if not self.quiet:
                self.outputs.out.line(json_line(event))
            return
        line = event_line(event, self.pluto.release.codes, verbose=self.options.verbose)
        if line is not None and not (self.quiet and not self.options.verbose):
            self.outputs.out.line(line)

    def show_reply(self, reply: Reply) -> None:
        """A line of a list or a status."""
        self.outputs.out.line(reply_line(reply, verbose=self.options.verbose), keep=True)

    def conclude(self, outcome: Outcome) -> None:
        """The outcome: one object; or one line, on standard error if the operation failed."""
        if self.options.json:
            self.outputs.out.line(json_line(outcome), keep=True)
        elif not outcome.ok:
            self.complain(outcome_line(outcome))
        elif not self.quiet:
            self.outputs.out.line(outcome_line(outcome), keep=True)

    def say(self, sentence: str) -> None:
        """A line for people; none with --json."""
        if not self.options.json:
            self.outputs.out.line(sentence, keep=True)

    def complain(self, sentence: str) -> None:
        """A line for people about a failure; none with --json."""
        if not self.options.json:
            self.outputs.err.line(sentence, keep=True)

    def note(self, sentence: str) -> None:
        """Advice for people, on standard error; none with --json or --quiet."""
        if not (self.options.json or self.quiet):
            self.outputs.err.line(f"autod: {sentence}", keep=True)

    def remark(self, name: str, text: str) -> None:
        """A complaint about a connection that was loaded all the same."""
        if self.options.json:
            self.put({"event": "remark", "time": time.time(), "connection": name, "text": text})
        else:
            self.complain(text)

    def line(self, line: str, *, keep: bool) -> None:
        """A line that is ready to print."""
        self.outputs.out.line(line, keep=keep)

    def put(self, value: object) -> None:
        """An object for programs."""
        self.outputs.out.line(json_line(value), keep=True)
