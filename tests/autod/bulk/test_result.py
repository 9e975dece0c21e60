"""The sums of a run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autod.bulk.result import Attempt, ConnectionResult, ResultState, percentile, summarise


def result(name: str, state: ResultState, *attempts: Attempt, cause: str = "") -> ConnectionResult:
    return ConnectionResult(name, state, cause, "", None, attempts)


def attempt(admitted: float, ended: float, retransmissions: int = 0, cause: str = "") -> Attempt:
    return Attempt(admitted, ended, cause, retransmissions, ())


def test_the_summary_names_the_connections_of_each_cause() -> None:
    """The most frequent cause first, each with its connections; times are of those that are done."""
    summary = summarise(
        [
            result("a", ResultState.DONE, attempt(0.0, 2.0, 3)),
            result("b", ResultState.DONE, attempt(0.0, 1.0, 1, "silent"), attempt(3.0, 4.0)),
            result("c", ResultState.FAILED, attempt(0.0, 9.0), cause="authentication"),
            result("d", ResultState.FAILED, attempt(0.0, 64.0, 7), cause="silent"),
            result("e", ResultState.FAILED, attempt(0.0, 64.0, 7), cause="silent"),
            result("f", ResultState.ALREADY),
            result("g", ResultState.UNKNOWN, attempt(0.0, 5.0)),
            result("h", ResultState.NOT_STARTED),
        ],
        operation="up",
        started=0.0,
        seconds=64.0,
        limits=((0.0, 32),),
        restarts=0,
        interrupted=True,
    )
    assert list(summary.failed.items()) == [("silent", ("d", "e")), ("authentication", ("c",))]
    assert (summary.done, summary.already, summary.total) == (2, 1, 8)
    assert (summary.median, summary.p95) == (2.0, 4.0)
    assert (summary.attempts, summary.retransmissions) == (7, 18)
    assert (summary.unknown, summary.not_started) == (("g",), ("h",))
    assert not summary.ok


def test_all_done_is_ok() -> None:
    """Up, up before, and taken where no more was wanted."""
    results = [
        result("a", ResultState.DONE, attempt(0, 1)),
        result("b", ResultState.ALREADY),
        result("c", ResultState.TAKEN),
    ]
    assert summarise(
        results, operation="up", started=0, seconds=1, limits=(), restarts=0, interrupted=False
    ).ok


@given(values=st.lists(st.floats(0, 1e6), min_size=1), share=st.floats(0, 1))
def test_a_percentile_is_one_of_the_values_that_enough_others_do_not_exceed(
    values: list[float], share: float
) -> None:
    """By definition, and the smallest such."""
    values.sort()
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
