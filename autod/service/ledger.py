"""The sums of the changes of one connection: how long it was up and down, how often it was lost, and its outages.

Owns the rule of what counts. Pure: no clock, no file. Times are milliseconds since 1970.

Time counts as up or down if the connection should be up and a supervisor runs. Time without a supervisor, time in which
the connection was suspended, and time in which it need not be up counts as neither. A loss is the change from up to
down, unless an operator asked for it. Sums of parts can be put together (`Tally.then`), so an hour is added up once.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import msgspec

__all__ = ["UNKNOWN", "Change", "Outage", "Sums", "Tally", "Truth", "outages", "pack", "tally", "unpack"]

UNKNOWN = "unknown"
"""The state of a connection that no supervisor looks at."""

_NEITHER = frozenset({UNKNOWN, "suspended"})
_WANTED_SO = frozenset({"taken-down"})
"""Causes of an end that an operator asked for."""


class Truth(NamedTuple):
    """The state of a connection at one moment, and whether it should be up."""

    state: str = UNKNOWN
    expected: bool = False

    @property
    def up(self) -> bool | None:
        """Whether it is up; None if the time does not count."""
        return _counts(self.state, self.expected)

    @property
    def word(self) -> str:
        """Both as one word, as the file of the history has them."""
        return f"{int(self.expected)}{self.state}"

    @classmethod
    def of(cls, word: str) -> Truth:
        """The truth of a `word`."""
        return cls(word[1:], word[:1] == "1")


class Change(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """An event at `at`, of `kind`. If it has a `state`, the truth from then on is (`state`, `expected`). `by` is the
    operator, `act` the operation."""

    at: int
    kind: str
    state: str = ""
    expected: bool = False
    cause: str = ""
    detail: str = ""
    act: str = ""
    by: str = ""

    @property
    def truth(self) -> Truth | None:
        return Truth(self.state, self.expected) if self.state else None


class Tally(NamedTuple):
    """Sums over a stretch of time, in milliseconds and counts.

    `lead` and `trail` are the time down at the beginning and at the end of the stretch, `longest` is the longest time
    down without a break. `whole`: it was down all the time (or the stretch is empty).
    """

    up: int = 0
    down: int = 0
    losses: int = 0
    held: int = 0
    lead: int = 0
    trail: int = 0
    longest: int = 0
    whole: bool = True

    def then(self, after: Tally) -> Tally:
        """The sums of both stretches; `after` follows this one."""
        return Tally(
            up=self.up + after.up,
            down=self.down + after.down,
            losses=self.losses + after.losses,
            held=self.held + after.held,
            lead=self.lead + after.lead if self.whole else self.lead,
            trail=self.trail + after.trail if after.whole else after.trail,
            longest=max(self.longest, after.longest, self.trail + after.lead),
            whole=self.whole and after.whole,
        )

    @property
    def availability(self) -> float | None:
        """The time up as a share of the time that counts; None if no time counts."""
        counts = self.up + self.down
        return self.up / counts if counts else None


class Sums:
    """Puts tallies together in place, faster than `Tally.then`."""

    __slots__ = ("down", "held", "lead", "longest", "losses", "trail", "up", "whole")

    def __init__(self) -> None:
        self.up = self.down = self.losses = self.held = self.lead = self.trail = self.longest = 0
        self.whole = True

    def add(
        self,
        up: int,
        down: int,
        losses: int,
        held: int,
        lead: int,
        trail: int,
        longest: int,
        whole: bool | int,
    ) -> None:
        """Add the next tally, by its fields."""
        self.up += up
        self.down += down
        self.losses += losses
        self.held += held
        across = self.trail + lead
        if longest > self.longest:
            self.longest = longest
        if across > self.longest:
            self.longest = across
        if self.whole:
            self.lead += lead
        self.trail = self.trail + trail if whole else trail
        self.whole = self.whole and bool(whole)

    def stretch(self, counts: bool | None, length: int) -> None:
        """A stretch of time in which nothing changes."""
        if length <= 0:
            return
        if counts is False:
            self.add(0, length, 0, 0, length, length, length, True)
        else:
            self.add(length if counts else 0, 0, 0, 0, 0, 0, 0, False)

    def tally(self) -> Tally:
        """The sums as a tally."""
        return Tally(
            self.up, self.down, self.losses, self.held, self.lead, self.trail, self.longest, self.whole
        )


def tally(truth: Truth, begin: int, end: int, changes: Iterable[Change]) -> tuple[Tally, Truth]:
    """The sums from `begin` to `end`, if `truth` holds at `begin`; and the truth at `end`.

    `changes` are in order; changes outside of the stretch only change the truth. A clock that is set back adds no time.
    """
    up = down = losses = held = lead = run = longest = 0
    whole = True
    at, counts, last = begin, truth.up, None
    for change in changes:
        if not change.state:
            continue
        here = min(max(change.at, at), end)
        if here > at:
            if counts is False:
                down += here - at
                run += here - at
                if run > longest:
                    longest = run
                if whole:
                    lead = run
            else:
                up += here - at if counts else 0
                whole, run = False, 0
        after = _counts(change.state, change.expected)
        if begin <= change.at <= end:
            if counts and after is False and change.cause not in _WANTED_SO:
                losses += 1
            held += change.cause == "flapping"
        at, counts, last = here, after, change
    sums = Sums()
    sums.add(up, down, losses, held, lead, run, longest, whole)
    sums.stretch(counts, end - at)
    return sums.tally(), truth if last is None else Truth(last.state, last.expected)


@cache
def _counts(state: str, expected: bool) -> bool | None:
    return None if not expected or state in _NEITHER else state == "up"


class Outage(NamedTuple):
    """A stretch of time in which it was down. `end` is None if it is still down. `cause` and `detail` are those of the
    last change that has a cause."""

    begin: int
    end: int | None
    cause: str
    detail: str


def outages(truth: Truth, begin: int, end: int, changes: Iterable[Change]) -> Iterator[Outage]:
    """The outages between `begin` and `end`, in order."""
    since = begin if truth.up is False else None
    cause = detail = ""
    for change in changes:
        after = change.truth
        if after is None or change.at > end:
            continue
        at = max(change.at, begin)
        if after.up is False:
            if since is None:
                since, cause, detail = at, "", ""
            if change.cause:
                cause, detail = change.cause, change.detail
        elif since is not None:
            yield Outage(since, at, cause, detail)
            since, cause, detail = None, "", ""
    if since is not None:
        yield Outage(since, None, cause, detail)


def pack(changes: Iterable[Change]) -> bytes:
    """The changes, compressed. A day of a connection that is lost 500 times takes some 10 kB."""
    return zlib.compress(msgspec.msgpack.encode(list(changes)), 6)


_decoder = msgspec.msgpack.Decoder(list[Change])


def unpack(data: bytes) -> list[Change]:
    """The changes of `pack`. Raises ValueError if `data` is something else."""
    try:
        return _decoder.decode(zlib.decompress(data))
    except (zlib.error, msgspec.MsgspecError) as problem:
        raise ValueError(str(problem)) from None
