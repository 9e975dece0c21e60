"""Which tries may begin now, within the limits: tries with few failures first, peers in turn.

Owns the queue of connections that want an Up, and the count of tries in flight. Knows of a connection only its name,
peer and failures, and knows no clock: the caller gives the time, in seconds.

A try to a silent peer takes over a minute (pluto gives up after 64 s). Three hundred of them must not hold up the
others. So a try without an answer for `grace` seconds gives way if another one, that has not failed more often, waits
for a place. `grace` follows the time that Ups took lately.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, deque
from dataclasses import dataclass

__all__ = ["Admission", "Limits"]

GRACE_MIN = 5.0
"""pluto has sent the first packet four times by then (retransmissions after 0.5, 1 and 2 s)."""
GRACE_MAX = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of the supervisor's requests to pluto.

    `in_flight`: Ups at once; each holds a descriptor of pluto. `per_minute`: new Ups per minute, with a burst of
    `in_flight`. `quick`: other requests at once; pluto answers them within milliseconds.
    """

    in_flight: int = 64
    per_minute: float = 6000.0
    quick: int = 16


@dataclass(slots=True)
class _Try:
    failures: int
    began: float
    heard: bool = False
    leaving: bool = False


class Admission:
    """The queue, and the tries in flight. Each method takes O(log n), and a time linear in the tries in flight."""

    def __init__(self, limits: Limits, now: float) -> None:
        self.limits = limits
        self._queue: list[tuple[int, int, int, str]] = []
        self._waiting: dict[str, tuple[int, str]] = {}
        self._peers: Counter[str] = Counter()
        self._flying: dict[str, _Try] = {}
        self._order = itertools.count()
        self._tokens = float(limits.in_flight)
        self._filled = now
        self._took: deque[float] = deque(maxlen=32)

    @property
    def in_flight(self) -> int:
        return len(self._flying)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def grace(self) -> float:
        """Seconds for which a try may be without an answer while others wait."""
        return min(max(3.0 * max(self._took, default=0.0), GRACE_MIN), GRACE_MAX)

    def ask(self, name: str, peer: str, failures: int) -> None:
        """Queue `name`. The n-th of one peer comes after the n-th of every other."""
        if name in self._waiting or name in self._flying:
            return
        rank = self._peers[peer]
        self._peers[peer] += 1
        order = next(self._order)
        self._waiting[name] = (order, peer)
        heapq.heappush(self._queue, (failures, rank, order, name))

    def withdraw(self, name: str) -> None:
        """Take `name` out of the queue."""
        entry = self._waiting.pop(name, None)
        if entry is not None:
            self._left_queue(entry[1])

    def admit(self, now: float) -> list[str]:
        """Take the names that may begin now from the queue; each has a place until `leave`."""
        self._fill(now)
        begun = []
        while self._waiting and len(self._flying) < self.limits.in_flight and self._tokens >= 1.0:
            head = self._pop()
            if head is None:
                break
            failures, name = head
            self._left_queue(self._waiting.pop(name)[1])
            self._flying[name] = _Try(failures, now)
            self._tokens -= 1.0
            begun.append(name)
        return begun

    def giving_way(self, now: float) -> list[str]:
        """Tries in flight that should end now: they had no answer for too long, and tries with as few failures wait.
        Each is returned once."""
        free = self.limits.in_flight - len(self._flying) + sum(t.leaving for t in self._flying.values())
        wanting = len(self._waiting) - free
        if wanting <= 0 or (hope := self._hope()) is None:
            return []
        slow = sorted(
            (t.began, name)
            for name, t in self._flying.items()
            if not t.heard and not t.leaving and t.failures >= hope and now - t.began >= self.grace
        )[:wanting]
        for _, name in slow:
            self._flying[name].leaving = True
        return [name for _, name in slow]

    def heard(self, name: str) -> None:
        """The peer of a try in flight has answered: it does not give way."""
        if name in self._flying:
            self._flying[name].heard = True

    def leave(self, name: str, now: float, *, up: bool) -> float | None:
        """The try of `name` is over. Returns how long it took, in seconds; None if it was not in flight."""
        attempt = self._flying.pop(name, None)
        if attempt is None:
            return None
        if up:
            self._took.append(now - attempt.began)
        return now - attempt.began

    def wake(self, now: float) -> float | None:
        """The next time at which, without another event, a try may begin or must give way."""
        if not self._waiting:
            return None
        if len(self._flying) < self.limits.in_flight:
            missing = max(1.0 - self._tokens, 0.0)
            # Later than now: with an empty bucket the caller would spin.
            return max(self._filled + missing * 60.0 / self.limits.per_minute, now + 0.001)
        pending = [t.began + self.grace for t in self._flying.values() if not t.heard and not t.leaving]
        return max(min(pending), now + 0.05) if pending else None

    def set_limits(self, limits: Limits, now: float) -> None:
        self._fill(now)
        self.limits = limits
        self._tokens = min(self._tokens, float(limits.in_flight))

    def _left_queue(self, peer: str) -> None:
        """Count one less of `peer`: the rank of its next connection is the number of those in the queue."""
        self._peers[peer] -= 1
        if self._peers[peer] <= 0:
            del self._peers[peer]

    def _fill(self, now: float) -> None:
        more = (now - self._filled) * self.limits.per_minute / 60.0
        self._tokens = min(self._tokens + more, float(self.limits.in_flight))
        self._filled = now

    def _pop(self) -> tuple[int, str] | None:
        self._skip_gone()
        if not self._queue:
            return None
        failures, _, _, name = heapq.heappop(self._queue)
        return failures, name

    def _hope(self) -> int | None:
        """The failures of the first one in the queue."""
        self._skip_gone()
        return self._queue[0][0] if self._queue else None

    def _skip_gone(self) -> None:
        while self._queue:
            _, _, order, name = self._queue[0]
            entry = self._waiting.get(name)
            if entry is not None and entry[0] == order:
                return
            heapq.heappop(self._queue)
