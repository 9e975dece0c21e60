"""What the changes of one connection come to: how long it was up and down, how often it was lost, when.

Owns the rule of what counts. Pure: no clock, no file. Times are milliseconds since 1970.

A connection counts as up or down while it should be up and somebody knows: time in which no supervisor ran, in which
it was suspended, or in which it need not be up counts as neither. A loss is the end of being up, except where somebody
asked for it. Sums of parts can be put together (`Tally.then`), so that an hour has to be added up only once.
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
"""Causes of an end that somebody asked for."""


class Truth(NamedTuple):
    """What is so at one moment: the state, and whether the connection should be up."""

    state: str = UNKNOWN
    expected: bool = False

    @property
    def up(self) -> bool | None:
        """Whether it is up; None where that does not count."""
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
    """Something that happened at `at`. `kind` is that of the event; a `state` makes (`state`, `expected`) the truth
    from then on. `by` is who did it, `act` what."""

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

    `lead` and `trail` are how long it was down at the beginning and at the end, `longest` without a break anywhere;
    `whole`: it was down all the time (or the stretch is empty).
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
        """Both, one after the other."""
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
        """The share of the time that counts in which it was up; None where none counts."""
        counts = self.up + self.down
        return self.up / counts if counts else None


class Sums:
    """Tallies put together one after the other, quickly: `Tally.then`, in place."""

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
        """The fields of the next tally."""
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
        """What it comes to."""
        return Tally(
            self.up, self.down, self.losses, self.held, self.lead, self.trail, self.longest, self.whole
        )


def tally(truth: Truth, begin: int, end: int, changes: Iterable[Change]) -> tuple[Tally, Truth]:
    """The sums from `begin` to `end`, where `truth` is so at `begin`; and what is so at `end`.

    `changes` are in order; those outside of the stretch only make the truth. A clock that was put back makes no time.
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
    found = Sums()
    found.add(up, down, losses, held, lead, run, longest, whole)
    found.stretch(counts, end - at)
    return found.tally(), truth if last is None else Truth(last.state, last.expected)


@cache
def _counts(state: str, expected: bool) -> bool | None:
    return None if not expected or state in _NEITHER else state == "up"


class Outage(NamedTuple):
    """A stretch in which it was down. `end` is None where it still is. `cause` and `detail` are the last that said
    why."""

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
    """Changes as few bytes. A day of a connection that is lost 500 times is some 10 kB."""
    return zlib.compress(msgspec.msgpack.encode(list(changes)), 6)


_decoder = msgspec.msgpack.Decoder(list[Change])


def unpack(data: bytes) -> list[Change]:
    """The changes of `pack`. Raises ValueError where it is something else."""
    try:
        return _decoder.decode(zlib.decompress(data))
    except (zlib.error, msgspec.MsgspecError) as problem:
        raise ValueError(str(problem)) from None
