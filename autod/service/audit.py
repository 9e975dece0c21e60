"""The log of who did what: the operators of the API, and the refusals.

Owns the names of users, and the bound on lines about refusals: a user who may do nothing must not be able to fill the
log. Decides no right (see `access`).
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
"""Seconds for which the name of a user is kept."""
LOOKUP = 1.0
"""Seconds for the name service. A later answer is not used."""
BURST = 20
EVERY = 3.0
"""Refusals of one user that have a line each: BURST, and then one in EVERY seconds."""
BURST_OF_ALL = 100
EVERY_OF_ALL = 0.5
"""The same for all users together: one person may have thousands of them."""
METHOD = 100
"""The most characters of a method's name in the log."""
USERS = 1000
_NOBODY_LOGGED_IN = 4294967295


class Audit:
    """The names of clients, and the lines about refusals."""

    def __init__(self) -> None:
        self._names: dict[int, tuple[float, str]] = {}
        self._refused: dict[int, _Bucket] = {}
        self._all = _Bucket(BURST_OF_ALL, EVERY_OF_ALL)

    async def operator(self, peer: Peer) -> Operator:
        """`peer` by name. Takes a second at most."""
        login = _login(peer.pid)
        user = await self._name(peer.uid)
        behind = "" if login in (None, peer.uid) else await self._name(login or 0)
        return Operator(uid=peer.uid, pid=peer.pid, user=user, login=behind)

    async def refused(self, peer: Peer, method: str) -> None:
        """Log that `peer` was refused `method`."""
        left_out = self._left_out(peer)
        if left_out is None:
            return
        by = await self.operator(peer)
        more = {"left_out": left_out} if left_out else {}
        shortened = method if len(method) <= METHOD else f"{method[:METHOD]}..."
        log.warning("refused", method=shortened, uid=by.uid, user=by.user, login=by.login, pid=by.pid, **more)

    def dropped(self, peer: Peer, why: str) -> None:
        """Log that the connection of `peer` was closed."""
        left_out = self._left_out(peer)
        if left_out is not None:
            more = {"left_out": left_out} if left_out else {}
            log.warning("client dropped", reason=why, uid=peer.uid, pid=peer.pid, **more)

    def _left_out(self, peer: Peer) -> int | None:
        """How many lines about this user were left out since the last one; None if this line must be left out, too."""
        now = trio.current_time()
        bucket = self._refused.pop(peer.uid, None) or _Bucket(BURST, EVERY)
        while len(self._refused) >= USERS:
            del self._refused[next(iter(self._refused))]
        self._refused[peer.uid] = bucket
        if bucket.has(now) and self._all.has(now):
            self._all.take()
            return bucket.take()
        bucket.left_out += 1
        return None

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


class _Bucket:
    """A token bucket: `burst` at once, and then one in `every` seconds."""

    def __init__(self, burst: int, every: float) -> None:
        self._burst = self._tokens = float(burst)
        self._every = every
        self._at: float | None = None
        self.left_out = 0

    def has(self, now: float) -> bool:
        """Whether there is a token at `now`, in seconds."""
        if self._at is not None:
            self._tokens = min(self._tokens + (now - self._at) / self._every, self._burst)
        self._at = now
        return self._tokens >= 1.0

    def take(self) -> int:
        """Take a token. Returns how many lines were left out before."""
        self._tokens -= 1.0
        left_out, self.left_out = self.left_out, 0
        return left_out


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _login(pid: int) -> int | None:
    """The user of the login session of process `pid` (pam_loginuid); None if there is no session, or no right to see
    it."""
    try:
        with open(os.path.join("/proc", str(pid), "loginuid")) as file:
            uid = int(file.read())
    except (OSError, ValueError):
        return None
    return None if uid == _NOBODY_LOGGED_IN else uid
