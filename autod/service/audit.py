"""Who did it: what clients of the API ask for, allowed or refused, with who they are.

Owns the names of users and the bound on lines about refusals: whoever may do nothing must not be able to fill the
log either. Decides no right (see `access`).
"""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

import structlog
import trio

from autod.supervisor.views import Operator

if TYPE_CHECKING:
    from autod.service.access import Peer

__all__ = ["Audit"]

log = structlog.get_logger("autod.service")

NAMED_FOR = 300.0
"""Seconds for which the name of a user is taken to be the same."""
LOOKUP = 1.0
"""Seconds that the name service may take: a name that comes later is not waited for."""
BURST = 20
EVERY = 3.0
"""Refusals of one user that have a line of their own: so many, and then one in so many seconds."""
USERS = 1000
_NOBODY_LOGGED_IN = 4294967295


class Audit:
    """Who the clients are, and what they were refused."""

    def __init__(self) -> None:
        self._names: dict[int, tuple[float, str]] = {}
        self._refused: dict[int, tuple[float, float, int]] = {}

    async def operator(self, peer: Peer) -> Operator:
        """`peer` by name. Takes a second at most."""
        login = _login(peer.pid)
        user = await self._name(peer.uid)
        behind = "" if login in (None, peer.uid) else await self._name(login or 0)
        return Operator(uid=peer.uid, pid=peer.pid, user=user, login=behind)

    async def refused(self, peer: Peer, method: str) -> None:
        """Log that `peer` was refused `method`."""
        now = trio.current_time()
        tokens, at, left_out = self._refused.pop(peer.uid, (float(BURST), now, 0))
        tokens = min(tokens + (now - at) / EVERY, float(BURST))
        told = tokens >= 1.0
        while len(self._refused) >= USERS:
            del self._refused[next(iter(self._refused))]
        self._refused[peer.uid] = (tokens - told, now, 0 if told else left_out + 1)
        if told:
            by = await self.operator(peer)
            more = {"left_out": left_out} if left_out else {}
            log.warning(
                "refused", method=method, uid=by.uid, user=by.user, login=by.login, pid=by.pid, **more
            )

    async def _name(self, uid: int) -> str:
        now = trio.current_time()
        at, name = self._names.get(uid, (0.0, ""))
        if name and now - at < NAMED_FOR:
            return name
        with trio.move_on_after(LOOKUP):
            name = await trio.to_thread.run_sync(_name_of, uid, abandon_on_cancel=True)
            if len(self._names) >= USERS:
                self._names.clear()
            self._names[uid] = (now, name)
            return name
        return ""


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _login(pid: int) -> int | None:
    """Who logged in, for process `pid` (pam_loginuid); None where nobody did or it cannot be seen."""
    try:
        with open(os.path.join("/proc", str(pid), "loginuid")) as file:
            found = int(file.read())
    except (OSError, ValueError):
        return None
    return None if found == _NOBODY_LOGGED_IN else found
