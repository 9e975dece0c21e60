"""Results of runs that never were, for pages and pictures."""

from __future__ import annotations

import random

from autod.bulk.result import Attempt, BulkResult, ConnectionResult, Phase, ResultState, summarise

__all__ = ["HOSTILE", "a_run"]

HOSTILE = (
    "</script><script>document.title='taken'</script>",
    "<img src=x onerror=document.title='taken'>",
    "<!-- <script>",
    "a&amp;b \"quoted\" 'single' \\u003c",
    "\u2028\u2029\ufeff\udcff",
    "x" * 3000,
)
"""Names that would be more than text where somebody forgot to treat them as text."""

FAILURES = (
    ("authentication_failed", 0.2),
    ("peer_silent", 6.0),
    ("no_proposal", 0.2),
    ("child_rejected", 0.3),
)


def a_run(count: int, *, seed: int = 3, names: tuple[str, ...] = ()) -> BulkResult:
    """`count` connections (the first of them called `names`), 48 in flight: most up, some retried, some failed."""
    lot = random.Random(seed)
    free = [0.0] * 48
    results: dict[str, ConnectionResult] = {}
    for number in range(count):
        name = names[number] if number < len(names) else f"branch-{number:04d}"
        free.sort()
        begun, kind = free[0], lot.random()
        attempts: tuple[Attempt, ...] = ()
        state, cause = ResultState.DONE, ""
        if kind < 0.02:
            state = ResultState.ALREADY
        elif kind < 0.85:
            attempts = (good(begun, lot),)
        elif kind < 0.9:
            silent = Attempt(begun, begun + 4, "peer_silent", 3, ((Phase.IKE_SA_INIT, begun),))
            attempts = (silent, good(begun + 4 + lot.uniform(0.5, 1), lot))
        else:
            state = ResultState.FAILED
            cause, seconds = lot.choice(FAILURES)
            attempts = (
                Attempt(begun, begun + seconds, cause, 3 * (seconds > 1), ((Phase.IKE_SA_INIT, begun),)),
            )
        if attempts:
            free[0] = attempts[-1].ended
        peer = f"192.0.2.{number % 250}"
        results[name] = ConnectionResult(name, state, cause, f"{cause or 'up'} {name}", peer, attempts)
    summary = summarise(
        results.values(),
        operation="up",
        started=1_795_000_000.0,
        seconds=max(
            (attempt.ended for result in results.values() for attempt in result.attempts), default=0.0
        ),
        limits=((0.0, 32), (0.4, 64), (2.0, 48)),
        restarts=0,
        interrupted=False,
    )
    return BulkResult(summary, results)


def good(begun: float, lot: random.Random) -> Attempt:
    """An attempt that came to a Child SA."""
    init, auth, child = lot.uniform(0.05, 0.3), lot.uniform(0.05, 0.3), lot.uniform(0.01, 0.1)
    return Attempt(
        begun,
        begun + init + auth + child,
        "",
        0,
        ((Phase.IKE_SA_INIT, begun), (Phase.IKE_AUTH, begun + init), (Phase.CHILD, begun + init + auth)),
    )
