"""The shares of users in the connections to the API, like the shares of sources in those of sshd.

Owns the counting and the bounds. Pure: knows no socket and no clock.

No user may keep another one out. One user gets a part of the connections. A user who may do nothing gets a few, and all
such users together a part. A person may have 65,000 users of a namespace, so some connections are reserved for root and
the service's own user.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autod.service.access import Right

if TYPE_CHECKING:
    from autod.service.access import Peer

__all__ = ["Shares"]


@dataclass
class Shares:
    """The open connections, and the bounds. `own` is the service's user, who counts as root.

    `reserved` of `all` are for root only. `each` is the bound for one user that is not root, `stranger` for one that
    may do nothing, `strangers` for all of those together.
    """

    all: int
    reserved: int = 32
    each: int = 64
    strangers: int = 32
    stranger: int = 4
    own: int = 0

    def __post_init__(self) -> None:
        self.reserved = min(self.reserved, self.all // 2)
        self._users: Counter[int] = Counter()
        self._strangers = 0
        self._others = 0
        self.open = 0

    def refusal(self, peer: Peer, right: Right) -> str | None:
        """Why this user gets no further connection; None if it gets one (then call `take`)."""
        if self.open >= self.all:
            return f"{self.open} connections are open"
        if self._is_root(peer):
            return None
        if self._others >= self.all - self.reserved:
            return f"{self._others} connections are open, and the rest is kept for root"
        mine = self._users[peer.uid]
        if mine >= self.each:
            return f"{mine} connections of this user are open"
        if right is Right.NOTHING:
            if mine >= self.stranger:
                return f"{mine} connections of this user, who may do nothing, are open"
            if self._strangers >= self.strangers:
                return f"{self._strangers} connections of users who may do nothing are open"
        return None

    def take(self, peer: Peer, right: Right) -> None:
        """Count a connection that was opened."""
        self._count(peer, right, 1)

    def give(self, peer: Peer, right: Right) -> None:
        """Count a connection that was closed."""
        self._count(peer, right, -1)

    def _count(self, peer: Peer, right: Right, change: int) -> None:
        self.open += change
        if self._is_root(peer):
            return
        self._others += change
        self._users[peer.uid] += change
        if not self._users[peer.uid]:
            del self._users[peer.uid]
        if right is Right.NOTHING:
            self._strangers += change

    def _is_root(self, peer: Peer) -> bool:
        return peer.uid in (0, self.own)
