"""Delays between attempts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.bulk.retry import Backoff
from autod.protocol.errors import UsageError


def test_delays_double_up_to_the_cap() -> None:
    """With the lot at its upper end: 1, 2, 4, then the cap."""
    backoff = Backoff(retries=5, cap=5.0)
    assert [backoff.delay(failure, lambda: 1.0) for failure in range(1, 7)] == [1.0, 2.0, 4.0, 5.0, 5.0, None]


def test_no_retries_means_no_delay() -> None:
    """The first failure is the last."""
    assert Backoff().delay(1, lambda: 0.5) is None


@given(
    failures=st.integers(1, 10**6),
    first=st.floats(0.001, 10),
    factor=st.floats(1, 100),
    lot=st.floats(0, 1),
)
def test_a_delay_is_between_half_and_all_of_its_step(
    failures: int, first: float, factor: float, lot: float
) -> None:
    """Never zero, never above the cap, however often it failed."""
    delay = Backoff(retries=10**6, first=first, factor=factor, cap=30.0).delay(failures, lambda: lot)
    assert delay is not None
    assert first / 2 <= delay <= 30.0


@pytest.mark.parametrize("wrong", [{"retries": -1}, {"first": 0.0}, {"factor": 0.5}, {"cap": 0.5}])
def test_nonsense_is_refused(wrong: dict[str, float]) -> None:
    """Before anything is sent."""
    with pytest.raises(UsageError, match=r"back-off|retries must be"):
        Backoff(**wrong)  # type: ignore[arg-type]
