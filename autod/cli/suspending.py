"""Ctrl-Z and `fg` for a program that draws: the shell has the terminal while the program is stopped.

Must not know what is drawn.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["has_terminal", "suspending"]


async def suspending(
    leave: Callable[[], object],
    again: Callable[[], object],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """On Ctrl-Z call `leave`, which restores the terminal, and stop; after `fg` call `again`.

    `leave` runs in a thread, as a terminal can block a write. `again` is called after SIGSTOP too, without `leave`
    before it: then it must do nothing. Never returns; a cancellation takes the handlers away.
    """
    with trio.open_signal_receiver(signal.SIGTSTP, signal.SIGCONT) as signals:
        task_status.started()
        async for number in signals:
            if number == signal.SIGTSTP:
                await trio.to_thread.run_sync(leave)
                _stop()
            again()


def _stop() -> None:
    """Stop as if the signal were not caught: the kernel knows whether a shell could let the program go on."""
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    try:
        signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGTSTP, before)


def has_terminal(descriptor: int) -> bool:
    """Whether this process may draw on the terminal `descriptor`. After `bg` the shell has the terminal."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return True  # no terminal, or not the one that controls this process
