"""Whether a supervisor keeps the connections that a command ends, and the advice about that.

Owns: the look. It must not start a supervisor: systemd may hold the socket, and starts one for each client. Must not
know: what pluto is asked.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from autod.errors import UsageError, WhackError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["advice", "ask", "refuse_shutdown"]

_PATIENCE = 0.5
"""Seconds for the supervisor to answer: advice must not hold up the command."""


def refuse_shutdown(api: str, ctlsocket: str) -> None:
    """UsageError if a supervisor keeps the connections of this pluto."""
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
    """The advice after `names` were taken down or unloaded, if a supervisor keeps one of them up."""
    kept_up = []
    for name in names[:100]:
        answer = ask(api, "List", pattern=name)
        kept_up += [
            connection["name"]
            for connection in (answer or {}).get("connections", ())
            if connection.get("wanted") == "up"
        ]
    if not kept_up:
        return None
    some = ", ".join(kept_up[:5]) + (f" and {len(kept_up) - 5} more" if len(kept_up) > 5 else "")
    return f"the supervisor will bring {some} up again; `autod --service --down NAME` keeps it down"


def ask(api: str, method: str, *, patience: float = _PATIENCE, **parameters: object) -> dict[str, Any] | None:
    """The supervisor's answer; None if no supervisor runs, or it does not answer within `patience` seconds."""
    if not _runs(api):
        return None
    from autod.service.client import Client

    try:
        with Client(api, timeout=patience) as client:
            return client.call(method, **parameters)
    except WhackError:
        return None


def _runs(api: str) -> bool:
    """Whether the socket is there, and a process of this namespace is a supervisor."""
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
