"""Many connections at once.

    async with bulk(pluto, ["a", "b"], "up", timeout=90, retries=2) as run:
        async for event in run:
            ...
    run.result.summary

Owns: the way in. The parts: `plan` (the order), `limit` (how many in flight), `retry` (delays), `operations` (what
can be done), `driver` (how pluto is asked), `engine` (the course of a run), `events`, `result` and `report` (what
is told of it).
"""

from __future__ import annotations

from autod.bulk.call import Waited, bulk, wait
from autod.bulk.engine import Run
from autod.bulk.events import BulkEvent, render
from autod.bulk.operations import OPERATIONS
from autod.bulk.options import Options
from autod.bulk.result import BulkResult, ConnectionResult, Phase, ResultState, Summary, from_json
from autod.bulk.retry import Backoff

__all__ = [
    "OPERATIONS",
    "Backoff",
    "BulkEvent",
    "BulkResult",
    "ConnectionResult",
    "Options",
    "Phase",
    "ResultState",
    "Run",
    "Summary",
    "Waited",
    "bulk",
    "from_json",
    "render",
    "wait",
]
