"""How the connections to the API are shared out between users, as sshd shares its own between sources.

Owns the counting and the bounds. Pure: knows no socket and no clock.

Nobody is to keep another one out. Whoever may do nothing gets few connections, and all of them together a part; one
user gets a part. A person may have 65,000 users of a namespace, so what is kept for root and the service's own user is
never given away.
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
    """Connections that are open, and how many may be. `own` is the service's user, who is as root.

    `kept` of `all` are for root alone. `each` is for one user that is not root, `stranger` for one that may do nothing,
    `strangers` for all such together.
    """

    all: int
    kept: int = 32
    each: int = 64
    strangers: int = 32
    stranger: int = 4
    own: int = 0

    def __post_init__(self) -> None:
        self.kept = min(self.kept, self.all // 2)
        self._users: Counter[int] = Counter()
        self._strangers = 0
        self._others = 0
        self.open = 0

    def refusal(self, peer: Peer, right: Right) -> str | None:
        """Why this user gets no further connection; None if it gets one, which is then to be `taken`."""
        if self.open >= self.all:
            return f"{self.open} connections are open"
        if self._is_root(peer):
            return None
        if self._others >= self.all - self.kept:
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
        """One more connection is open."""
        self._count(peer, right, 1)

    def give(self, peer: Peer, right: Right) -> None:
        """One that was taken is closed."""
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
