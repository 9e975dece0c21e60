"""Runs a command, and is the one place where a failure becomes a sentence and an exit status.

Must not import a module that only some commands need: each operation's module is imported when it runs.
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from autod.cli.asked import parse
from autod.operations import BY_NAME, CONNECTIONS, Takes, find
from autod.protocol.errors import WhackError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = [
    "OUTPUT_CLOSED",
    "ended",
    "error_line",
    "main",
    "open_standard_streams",
    "pass_bytes",
    "tell_end",
]

OUTPUT_CLOSED = 141
"""Exit status when standard output was closed under us (`autod --status | head -1`): as if by SIGPIPE."""

_MODULES = {
    "version": "autod.cli.version",
    "complete": "autod.cli.complete",
    "listgroups": "autod.cli.listgroups",
    "check": "autod.cli.check",
    "diff": "autod.cli.differences",
    "sync": "autod.cli.differences",
}
"""Operation -> module with run(options) -> int. Other operations have the module of their group."""


def _module_of(operation: str) -> str:
    if operation in _MODULES:
        return _MODULES[operation]
    return "autod.cli.quick" if find(operation).group == CONNECTIONS else "autod.cli.daemon"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on `arguments` (None: those of the process). Returns an exit status, raises nothing."""
    begun = time.monotonic()
    open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        pass_bytes(stream)
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else 0
        if status == 2 and "--json" in (sys.argv[1:] if arguments is None else arguments):
            _print_error("UsageError", getattr(ending, "sentence", ""), 2)
        return status
    options.begun = begun
    return ended(lambda: _run(options), json=getattr(options, "json", False))


def ended(run: Callable[[], int], *, json: bool = False, program: str = "autod") -> int:
    """The exit status of `run`. If it raises, the exit status of the error, after a sentence that names `program`."""
    try:
        status = run()
        sys.stdout.flush()
    except BrokenPipeError:
        return _output_closed()
    except BaseException as error:
        return _explain(error, json=json, program=program)
    return status


def _run(options: argparse.Namespace) -> int:
    if options.module is not None:
        return _call(options.module, options)
    row = BY_NAME.get(options.operation)
    if row is not None and row.takes in (Takes.NAMES, Takes.OPTIONAL):
        from autod.cli.names import expand_files

        words = options.names or options.literal
        options.names = expand_files(options.names, options.literal) if words else []
    else:
        options.names += options.literal
    if options.old_form:
        print("autod: warning: obsolete command syntax used", file=sys.stderr)
    if options.set and not options.service:
        from autod.cli.given import use_settings

        use_settings(options)
    if options.showonly:
        return _call("autod.cli.show", options)
    if options.service:
        return _call("autod.cli.through", options)
    return _call(_module_of(options.operation), options)


def _call(module: str, options: argparse.Namespace) -> int:
    # The objects that imports make stay to the end. So the collector need not look at them, neither now nor when the
    # interpreter ends: that would be a fifth of the time of a short command.
    gc.disable()
    try:
        run = importlib.import_module(module).run
    finally:
        gc.freeze()
        gc.enable()
    status: int = run(options)
    return status


def open_standard_streams() -> None:
    """Open each standard stream that is closed (`autod ... >&-`). Else the next file or socket would get its number,
    and its lines."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115


def pass_bytes(stream: TextIO) -> None:
    """Let the bytes of names and of pluto's text pass unchanged, in UTF-8 or not, in every locale."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="surrogateescape")


def _output_closed() -> int:
    """The exit status if nobody reads any more. Points the stream elsewhere: the interpreter flushes it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return OUTPUT_CLOSED


def error_line(kind: str, sentence: str, status: int, fields: Mapping[str, object] | None = None) -> str:
    """A mistake or a failure as a line of JSON, for a program that reads JSON."""
    import json

    error = {"event": "error", "error": kind, "sentence": sentence, "status": status, **(fields or {})}
    return json.dumps(error, ensure_ascii=False)


def _print_error(kind: str, sentence: str, status: int, fields: Mapping[str, object] | None = None) -> None:
    # If standard output cannot be written, the sentence on standard error is enough.
    with suppress(OSError):
        from autod.cli.output import say

        say(error_line(kind, sentence, status, fields), flush=True)


def _explain(error: BaseException, *, json: bool, program: str) -> int:
    """The exit status for an error that a user can cause, after a sentence on standard error, and an object with
    --json. Raises every other error again."""
    leaves = list(_leaves(error))
    if any(isinstance(leaf, KeyboardInterrupt) for leaf in leaves):
        import signal

        from autod.cli.ending import heed_no_more
        from autod.cli.sums import left_over

        heed_no_more()
        return tell_end(left_over(None, ()), signal.SIGINT, json=json, program=program)
    if any(isinstance(leaf, BrokenPipeError) for leaf in leaves):
        return _output_closed()
    for leaf in leaves:
        sentence = _sentence(leaf)
        if sentence is None:
            raise error
        _complain(f"{program}: {sentence.removesuffix('.')}")
        if json:
            fields = leaf.fields if isinstance(leaf, WhackError) else None
            _print_error(type(leaf).__name__, sentence, _status(leaf), fields)
    return _status(leaves[0])


def _complain(line: str) -> None:
    from autod.cli.output import say

    say(line, file=sys.stderr)


def tell_end(left: str, number: int, *, json: bool, program: str = "autod") -> int:
    """The exit status after a signal, 128 and its number as shells have it, when a sentence said what is `left`."""
    status = 128 + number
    sentence = f"interrupted; {left}"
    _complain(f"{program}: {sentence}")
    if json:
        _print_error("Interrupted", sentence, status)
    return status


_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO)
"""Errors of a stream that takes no more bytes; they carry no file name."""

_OPTIONS = {"path": "--ctlsocket", "answers": "--xauthpass-file", "xauth_username": "--xauthname"}
"""Argument of the library -> its option, if that has another name."""


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors that a nursery wrapped in groups."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _sentence(error: BaseException) -> str | None:
    if isinstance(error, WhackError):
        return _with_options(error)
    if isinstance(error, OSError) and error.strerror:
        if error.filename:
            return f"{error.filename}: {error.strerror}"
        return f"the output cannot be written: {error.strerror}" if error.errno in _FULL else error.strerror
    if isinstance(error, ImportError) and error.name in ("rich", "prometheus_client"):
        return f"this needs the Python package {error.name}, which is not installed"
    return None


def _with_options(error: WhackError) -> str:
    """The error's sentence, with the name of the option in place of the library's argument."""
    if error.option is None:
        return str(error)
    option = _OPTIONS.get(error.option, f"--{error.option.replace('_', '-')}")
    return str(error).replace(f"{error.option}=", option)


def _status(error: BaseException) -> int:
    from autod.errors import exit_status

    return exit_status(error) if isinstance(error, WhackError) else 1
