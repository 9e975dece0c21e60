"""How many requests are in flight: a number, moved by what comes back.

Owns: the controllers. Must not know: tasks, sockets, events; time is a number it is told.

What it is up against (facts measured on 4.10 and 5.2, 300 and 500 connections): with 50 ms to the peers,
16 in flight are half as fast as 64, and 256 are no faster than 64 but retransmit; without latency all of them
are alike. pluto has one thread, so beyond the point where it always has something to do, more in flight buys
only longer answer times, and from 0.5 s (its first retransmission) more work.
"""

from __future__ import annotations

from statistics import median
from typing import Protocol

from autod.protocol.errors import UsageError

__all__ = ["AdaptiveLimit", "FixedLimit", "Limit"]

START = 32
"""Where the search begins: with 50 ms to the peers the first round of a smaller one is time lost for good."""

EAGER = 96
"""And how far it goes before the first answer, as long as pluto has nothing to do meanwhile."""

PROMPT = 0.1
"""Seconds within which a pluto that keeps up has sent the first messages of 32 requests (measured: 35 to 65 ms)."""

FLOOR = 4
"""Never fewer in flight: two exchanges of two messages each keep pluto busy while two are on the wire."""

RETRANSMITTED = 0.08
"""The share of answered requests that may have needed a retransmission before the limit shrinks."""

GAIN = 1.08
"""What a step up must bring (times the best rate so far) to be kept."""

QUEUEING = 1.5
"""Times the answer time of the first round: what takes longer stood in pluto's queue, and more would too."""

PATIENT = 0.2
"""Seconds above the answer time of the first round: half a second in the queue and pluto retransmits."""

INSTANT = 1000.0
"""Answers a second above which, each within 40 ms, no negotiation can be behind them (the fastest measured is
260 ups a second)."""

FEW = 12
"""In flight then: what pluto's backlog holds and as many as it does meanwhile keep it busy, and more only wait for
their turn to connect."""

SHORT = 0.02
"""Seconds: an answer time below this is never called long, whatever the first round's was."""


class Limit(Protocol):
    """What the engine asks of a controller."""

    @property
    def value(self) -> int:
        """Requests that may be in flight now."""

    @property
    def spares_silent(self) -> bool:
        """Whether requests whose peers are silent may be left out of the count."""

    def all_taken(self, seconds: float) -> None:
        """pluto has sent the first message of all requests in flight, that of the last `seconds` after it was asked."""

    def ended(self, at: float, seconds: float, *, answered: bool, retransmissions: int) -> None:
        """A request ended: when, how long it took, whether the peer (or pluto) gave an answer."""


class FixedLimit:
    """The limit that the caller named."""

    spares_silent = False
    """The caller named the number, and meant it."""

    def __init__(self, value: int) -> None:
        if value < 1:
            raise UsageError(
                f"the limit of requests in flight must be 1 or more; it was given {value}", option="limit"
            )
        self.value = value

    def all_taken(self, seconds: float) -> None:
        """Nothing moves it."""

    def ended(self, at: float, seconds: float, *, answered: bool, retransmissions: int) -> None:
        """Nothing moves it."""


class AdaptiveLimit:
    """Finds the limit: doubles while that pays, then tries steps up, and shrinks where it is too much.

    It counts in rounds; a round is as many answers as were in flight when it began. Requests that nobody
    answered (a silent peer) say nothing about pluto and are left out.
    """

    def __init__(self, ceiling: int, *, start: int = START, floor: int = FLOOR) -> None:
        if ceiling < 1:
            raise UsageError(f"the ceiling of requests in flight must be 1 or more; it was given {ceiling}")
        self._floor = min(floor, ceiling)
        self._ceiling = ceiling
        self._limit = float(max(self._floor, min(start, ceiling)))
        self._doubling = True
        self._trying = False
        self._hold = 0
        self._patience = 2
        self._kept = self._limit
        self._best_rate = 0.0
        self._best_seconds = 0.0
        self._crowded = False
        self._shrunk = float("-inf")
        self._base = 0.0
        self._quickest = float("inf")
        self._begun: float | None = None
        self._size = self._needed = 0
        self._answers: list[float] = []

    @property
    def value(self) -> int:
        """Requests that may be in flight now."""
        return int(self._limit)

    @property
    def ceiling(self) -> int:
        """What the limit never exceeds; may be moved while running (pluto restarted with another limit)."""
        return self._ceiling

    @ceiling.setter
    def ceiling(self, ceiling: int) -> None:
        self._ceiling = max(1, ceiling)
        self._floor = min(self._floor, self._ceiling)
        self._set(self._limit)
        self._kept = min(self._kept, self._limit)

    @property
    def spares_silent(self) -> bool:
        """As long as the others are answered without retransmissions: then it is not pluto that is slow."""
        return not self.crowded

    @property
    def crowded(self) -> bool:
        """Whether answered requests needed retransmissions in the last round, or do in this one."""
        return self._crowded or self._is_much_of(self._size)

    def all_taken(self, seconds: float) -> None:
        """pluto has sent the first message of all requests in flight, that of the last `seconds` after it was asked."""
        if self._begun is None and seconds < PROMPT and self._limit < EAGER:
            # Two, so that one is on its way while pluto begins with the other.
            self._set(self._limit + 2)

    def ended(self, at: float, seconds: float, *, answered: bool, retransmissions: int) -> None:
        """A request ended `at` (seconds of any clock that only goes forward) after `seconds`."""
        if not answered:
            return
        if self._begun is None:
            self._begin(at - seconds)
        self._answers.append(seconds)
        # A request that began before the limit last shrank says nothing about the new one: it must not shrink it again.
        self._needed += retransmissions > 0 and at - seconds >= self._shrunk
        if self._doubling:
            if self._is_much_of(self._size):
                self._end(at)
                return
            self._quickest = min(self._quickest, seconds)
            # What waits for the others of its round (Child SAs of one IKE SA do) would only wait for more.
            longest = (
                min(self._base * QUEUEING, self._base + PATIENT) if self._base else self._quickest + PATIENT
            )
            if seconds <= longest:
                self._set(self._limit + 1)
        if len(self._answers) >= self._size:
            self._end(at)

    def _is_much_of(self, count: int) -> bool:
        """Whether too many of `count` requests needed retransmissions."""
        return self._needed > max(2, RETRANSMITTED * count)

    def _begin(self, at: float) -> None:
        self._begun = at
        self._size = max(self.value, 8)
        self._answers = []
        self._needed = 0

    def _set(self, limit: float) -> None:
        self._limit = max(float(self._floor), min(limit, float(self._ceiling)))

    def _end(self, at: float) -> None:
        """A round is over: decide, and begin the next."""
        assert self._begun is not None
        count = len(self._answers)
        rate = count / max(at - self._begun, 1e-9)
        seconds = median(self._answers)
        self._crowded = self._is_much_of(count)
        if rate > INSTANT and seconds < 2 * SHORT:
            self._set(FEW)
            self._begin(at)
            return
        if self._doubling:
            self._after_doubling(at, rate, seconds)
        else:
            self._after_step(at, rate, seconds)
        self._begin(at)

    def _after_doubling(self, at: float, rate: float, seconds: float) -> None:
        self._base = self._base or max(seconds, SHORT)
        if self._crowded:
            self._doubling = False
            self._shrunk = at
            self._set(self._size * 0.7)
            self._kept, self._hold = self._limit, self._patience
        elif rate < self._best_rate * GAIN:
            # Twice as many were no faster: go back to the number that was enough, with some room above it.
            self._doubling = False
            self._set(self._size * 0.75)
            self._kept, self._hold = self._limit, self._patience
        self._remember(rate, seconds)

    def _after_step(self, at: float, rate: float, seconds: float) -> None:
        slower = seconds > 1.5 * self._best_seconds and rate < 0.9 * self._best_rate
        if self._crowded:
            self._shrunk = at
            self._set(self._limit * 0.7)
            self._kept, self._trying, self._hold = self._limit, False, self._patience
        elif self._trying:
            self._trying = False
            if rate >= self._best_rate * GAIN:
                self._kept, self._patience, self._hold = self._limit, 2, 0
            else:
                self._set(self._kept)
                self._patience = min(self._patience * 2, 16)
                self._hold = self._patience
        elif slower:
            self._set(self._limit * 0.85)
            self._kept, self._hold = self._limit, self._patience
        elif self._hold:
            self._hold -= 1
        else:
            self._trying = True
            self._set(self._limit * 1.25 + 1)
        self._remember(rate, seconds)

    def _remember(self, rate: float, seconds: float) -> None:
        # The best is forgotten slowly: peers, their distance and pluto's load change during a long run.
        if rate >= self._best_rate:
            self._best_rate, self._best_seconds = rate, seconds
        else:
            self._best_rate += (rate - self._best_rate) * 0.1
            self._best_seconds += (seconds - self._best_seconds) * 0.1
