"""Whether a supervisor keeps what a command is about to end, and what to say of that.

Owns: the look, which starts nothing: a supervisor's socket may be held by systemd, which would start one for a
connection. Must not know: what is asked of pluto.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from autod.errors import UsageError, WhackError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["advice", "ask", "refuse_shutdown"]

_PATIENCE = 0.5
"""Seconds for the supervisor to answer: it is advice, and must not hold up what was done."""


def refuse_shutdown(api: str, ctlsocket: str) -> None:
    """UsageError where a supervisor keeps the connections of this pluto."""
    from autod.exchange.peer import listener

    figures = ask(api, "Statistics")
    pluto = None if figures is None else figures.get("pluto", {}).get("pid")
    if pluto is not None and pluto == listener(ctlsocket).pid:
        raise UsageError(
            "a supervisor keeps connections of this pluto up, and would take its end for a failure: "
            "`systemctl stop autod` first, or --force",
            option="force",
        )


def advice(api: str, names: Sequence[str]) -> str | None:
    """What to say after `names` were taken down or unloaded beside a supervisor that keeps one of them up."""
    kept = []
    for name in names[:100]:
        found = ask(api, "List", pattern=name)
        kept += [one["name"] for one in (found or {}).get("connections", ()) if one.get("wanted") == "up"]
    if not kept:
        return None
    some = ", ".join(kept[:5]) + (f" and {len(kept) - 5} more" if len(kept) > 5 else "")
    return f"the supervisor will bring {some} up again; `autod --service --down NAME` keeps it down"


def ask(api: str, method: str, *, patience: float = _PATIENCE, **parameters: object) -> dict[str, Any] | None:
    """The supervisor's answer; None where no process but systemd holds the socket, or it does not answer within
    `patience` seconds."""
    if not _runs(api):
        return None
    from autod.service.client import Client

    try:
        with Client(api, timeout=patience) as client:
            return client.call(method, **parameters)
    except WhackError:
        return None


def _runs(api: str) -> bool:
    """Whether a supervisor runs, as far as the processes of this namespace tell, and its socket is there."""
    if not os.path.exists(api):
        return False
    with os.scandir("/proc") as folders:
        return any(_is_supervisor(folder.path) for folder in folders if folder.name.isdigit())


def _is_supervisor(folder: str) -> bool:
    """Whether a process, by its folder in /proc, is `autod supervise`."""
    try:
        with open(f"{folder}/cmdline", "rb") as file:
            words = file.read(4096).split(b"\0")
    except OSError:
        return False
    return b"supervise" in words and any(b"autod" in word for word in words)
