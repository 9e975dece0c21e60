"""From a whole answer of pluto's to its events and its outcome.

Must not know: how the answer was received (autod.client, autod.loading).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.judging.judge import Judge
from autod.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autod.events import Event
    from autod.outcomes import Outcome
    from autod.protocol.exchange import Ending
    from autod.protocol.replies import Reply

__all__ = ["judge_answer"]


def judge_answer(
    operation: str,
    name: str | None,
    replies: Iterable[Reply],
    ending: Ending,
    *,
    members: tuple[str, ...] | None = None,
    asynchronous: bool = False,
    started: float,
    ended: float,
) -> tuple[list[Event], Outcome]:
    """The events and the outcome of an answer: see Judge. Times in UNIX seconds."""
    judge = Judge(operation, name, members=members, asynchronous=asynchronous, started=started)
    events = [recognise(reply, time=ended) for reply in replies]
    for event in events:
        judge.see(event)
    return events, judge.end(ending, at=ended)
