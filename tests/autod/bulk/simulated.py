"""A pluto in numbers: one thread, messages served in turn, retransmissions that cost as much as the first.

Made after the measurements of real ones (300 and 500 connections, with and without 50 ms to the peers): an up
is three pieces of work (begin, the answer to IKE_SA_INIT, the answer to IKE_AUTH) with a round trip after
each of the first two; an answer not there after 0.5, 1.5, 3.5 ... seconds is asked for again.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autod.bulk.limit import Limit

__all__ = ["Run", "simulate"]


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it: seconds in all, retransmissions, and (time, limit) each time the limit moved."""

    seconds: float
    retransmissions: int
    limits: tuple[tuple[float, int], ...]
    highest: int


def simulate(
    limit: Limit, *, connections: int, round_trip: float, work: float, silent: frozenset[int] = frozenset()
) -> Run:
    """Bring `connections` up; `work` is pluto's processor time for one, in seconds."""
    order = count()
    agenda: list[tuple[float, int, str, int, int]] = []
    served_until = 0.0
    waiting = list(range(connections))[::-1]
    begun: dict[int, float] = {}
    step: dict[int, int] = {}
    untaken: set[int] = set()
    again: dict[int, int] = {}
    retransmissions = 0
    limits = [(0.0, limit.value)]
    highest = now = 0.0
    done = 0

    def at(time: float, what: str, who: int, stage: int = 0) -> None:
        heapq.heappush(agenda, (time, next(order), what, who, stage))

    def serve(share: float) -> float:
        nonlocal served_until
        served_until = max(served_until, now) + work * share
        return served_until

    def send(who: int, stage: int, when: float) -> None:
        at(when, "sent", who, stage)

    def admit() -> None:
        nonlocal highest
        while waiting and len(begun) < limit.value:
            who = waiting.pop()
            begun[who], again[who], step[who] = now, 0, 0
            untaken.add(who)
            send(who, 1, serve(0.3))
        highest = max(highest, len(begun))

    admit()
    while done < connections:
        now, _, what, who, stage = heapq.heappop(agenda)
        if what == "sent":
            step[who] = stage
            if who in untaken:
                untaken.remove(who)
                if not untaken:
                    limit.all_taken(now - begun[who])
                    admit()
            at(now + 0.5, "again", who, stage * 100)
            if who not in silent:
                at(now + round_trip, "answer", who, stage)
        elif what == "again":
            stage, times = divmod(stage, 100)
            if who in begun and step[who] == stage:
                if times == 7:
                    begun_at = begun.pop(who)
                    done += 1
                    limit.ended(now, now - begun_at, answered=False, retransmissions=again[who])
                    admit()
                    continue
                retransmissions += 1
                again[who] += 1
                serve(0.1)
                at(now + 2.0**times, "again", who, stage * 100 + times + 1)
        elif what == "answer":
            at(serve(0.4 if stage == 1 else 0.3), "worked", who, stage)
        elif what == "worked" and step.get(who) == stage:
            if stage == 1:
                step[who] = 2
                send(who, 2, now)
            else:
                step[who] = 3
                begun_at = begun.pop(who)
                done += 1
                before = limit.value
                limit.ended(now, now - begun_at, answered=True, retransmissions=again[who])
                if limit.value != before:
                    limits.append((now, limit.value))
                admit()
    return Run(now, retransmissions, tuple(limits), int(highest))
