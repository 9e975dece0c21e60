"""Times as people write and read them."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.cli.times import duration, moment, when

NOW = time.mktime((2026, 11, 25, 12, 0, 0, 0, 0, -1))


def local(*fields: int) -> float:
    return time.mktime((*fields, *(0,) * (6 - len(fields)), 0, 0, -1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("now", NOW),
        ("today", local(2026, 11, 25)),
        ("yesterday", local(2026, 11, 24)),
        ("Yesterday 22:30", local(2026, 11, 24, 22, 30)),
        ("11:59", local(2026, 11, 25, 11, 59)),
        ("12:01", local(2026, 11, 24, 12, 1)),
        ("2026-11-20", local(2026, 11, 20)),
        ("2026-11-20 08:15:30", local(2026, 11, 20, 8, 15, 30)),
        ("2026-11-20T08:15", local(2026, 11, 20, 8, 15)),
        ("90s", NOW - 90),
        ("2h ago", NOW - 7200),
        ("1.5d", NOW - 129600),
        ("@1795000000", 1795000000),
        ("1795000000.5", 1795000000.5),
    ],
)
def test_a_time_is_understood(text: str, told: float) -> None:
    assert when(text, NOW) == told


@pytest.mark.parametrize("text", ["", " ", "soon", "25:00", "yesterday 9:99", "2026-13-01", "-2h", "5"])
def test_what_is_not_a_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time: say yesterday"):
        when(text, NOW)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(when(text, NOW), float)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.25, "0.2 s"),
        (42, "42 s"),
        (60, "1 min"),
        (252.4, "4 min 12 s"),
        (7260, "2 h 1 min"),
        (266400, "3 d 2 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_moment_has_its_date_where_that_is_another_day() -> None:
    assert moment(local(2026, 11, 25, 8, 1, 2), NOW) == "08:01:02"
    assert moment(local(2026, 11, 24, 8, 1, 2), NOW) == "2026-11-24 08:01:02"
