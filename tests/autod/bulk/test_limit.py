"""The limit of requests in flight: as good as the best fixed one, and always within its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.bulk.limit import EAGER, PROMPT, START, AdaptiveLimit, FixedLimit
from autod.protocol.errors import UsageError
from tests.autod.bulk.simulated import simulate

SITUATIONS = [
    pytest.param(300, 0.05, 0.0038, id="5.2, 50 ms away"),
    pytest.param(300, 0.05, 0.005, id="4.10, 50 ms away"),
    pytest.param(500, 0.0005, 0.004, id="5.2, no latency"),
    pytest.param(500, 0.0005, 0.0069, id="4.10, no latency"),
    pytest.param(200, 0.0005, 0.1, id="the lab, 100 ms of processor each"),
    pytest.param(200, 0.002, 0.02, id="a slow gateway"),
    pytest.param(2000, 0.05, 0.002, id="a fast gateway"),
    pytest.param(5000, 0.3, 0.001, id="peers on the other side of the world"),
    pytest.param(10000, 0.0, 0.00003, id="requests without any negotiation"),
]


@pytest.mark.parametrize(("connections", "round_trip", "work"), SITUATIONS)
def test_found_limit_is_within_a_tenth_of_the_best_fixed_one(
    connections: int, round_trip: float, work: float
) -> None:
    """Seconds for the whole run, against 16, 64 and 256 in flight."""
    situation = {"connections": connections, "round_trip": round_trip, "work": work}
    best = min(simulate(FixedLimit(fixed), **situation).seconds for fixed in (16, 64, 256))
    found = simulate(AdaptiveLimit(960), **situation)
    assert found.seconds <= 1.1 * best
    assert found.highest <= 960


@pytest.mark.parametrize("work", [0.0038, 0.005, 0.0069])
@pytest.mark.parametrize("round_trip", [0.0005, 0.05])
def test_the_search_causes_few_retransmissions(round_trip: float, work: float) -> None:
    """Fewer than one for ten connections where 256 in flight cause hundreds."""
    found = simulate(AdaptiveLimit(960), connections=500, round_trip=round_trip, work=work)
    assert found.retransmissions < 50


def test_an_overloaded_pluto_gets_fewer_at_a_time() -> None:
    """Where 32 in flight retransmit, the limit goes down and stays down."""
    found = simulate(AdaptiveLimit(960), connections=400, round_trip=0.0005, work=0.1)
    assert found.limits[-1][1] < 20
    assert (
        found.retransmissions
        < simulate(FixedLimit(16), connections=400, round_trip=0.0005, work=0.1).retransmissions
    )


def test_silent_peers_do_not_shrink_the_limit() -> None:
    """A peer that never answers says nothing about pluto's load."""
    limit = AdaptiveLimit(960)
    for second in range(200):
        limit.ended(64.0 + second, 64.0, answered=False, retransmissions=7)
    assert limit.value == START
    assert not limit.crowded


def test_crowded_says_that_answered_requests_needed_retransmissions() -> None:
    """That is load, not silence; it ends with rounds that need none."""
    limit = AdaptiveLimit(960)
    for number in range(10):
        limit.ended(2 + number / 10, 1.0, answered=True, retransmissions=2)
    assert limit.crowded
    for number in range(200):
        limit.ended(4 + number / 10, 0.1, answered=True, retransmissions=0)
    assert not limit.crowded


def test_before_the_first_answer_an_idle_pluto_gets_more() -> None:
    """As long as it takes up at once what it is sent, and up to a bound: the peers may be silent, all of them."""
    limit = AdaptiveLimit(960)
    limit.all_taken(PROMPT / 2)
    assert limit.value == START + 2
    limit.all_taken(PROMPT * 2)
    assert limit.value == START + 2
    for _ in range(EAGER):
        limit.all_taken(0.001)
    assert limit.value == EAGER


def test_after_the_first_answer_the_answers_decide() -> None:
    """Then an idle pluto waits for peers that are known to answer."""
    limit = AdaptiveLimit(960)
    limit.ended(0.1, 0.1, answered=True, retransmissions=0)
    value = limit.value
    limit.all_taken(0.001)
    assert limit.value == value


def test_requests_that_are_served_one_after_the_other_are_not_made_more() -> None:
    """Child SAs of one IKE SA in the lab: each answer takes as much longer as there are before it."""
    limit = AdaptiveLimit(960)
    for number in range(START):
        limit.ended(0.1 * (number + 1), 0.1 * (number + 1), answered=True, retransmissions=0)
    assert limit.value <= START + 3


def test_an_idle_pluto_gets_no_more_than_the_ceiling() -> None:
    """Which is what it has descriptors for."""
    limit = AdaptiveLimit(START + 1)
    limit.all_taken(0.001)
    assert limit.value == START + 1


SAMPLES = st.lists(
    st.tuples(st.floats(0, 1, allow_subnormal=False), st.floats(0, 100), st.booleans(), st.integers(0, 9)),
    max_size=300,
)


@given(ceiling=st.integers(1, 2000), start=st.integers(1, 3000), samples=SAMPLES, later=st.integers(0, 2000))
def test_the_limit_stays_between_one_and_the_ceiling(
    ceiling: int, start: int, samples: list[tuple[float, float, bool, int]], later: int
) -> None:
    """Whatever comes back, in whatever order, also after the ceiling was moved."""
    limit = AdaptiveLimit(ceiling, start=start)
    now = 0.0
    for turn, (step, seconds, answered, retransmissions) in enumerate(samples):
        if turn == len(samples) // 2:
            limit.ceiling = later
        now += step
        limit.ended(now, seconds, answered=answered, retransmissions=retransmissions)
        assert 1 <= limit.value <= max(1, limit.ceiling)


def test_a_fixed_limit_is_fixed() -> None:
    """Retransmissions do not move it."""
    limit = FixedLimit(16)
    limit.ended(1.0, 9.0, answered=True, retransmissions=9)
    assert (limit.value, limit.spares_silent) == (16, False)


@pytest.mark.parametrize("make", [FixedLimit, AdaptiveLimit])
def test_a_limit_below_one_is_refused(make: type[FixedLimit] | type[AdaptiveLimit]) -> None:
    """Nothing would ever be sent."""
    with pytest.raises(UsageError, match="1 or more"):
        make(0)


COURSES: list[tuple[str, str, str]] = [
    (
        "more and more until it brings nothing",
        "32 0.01 0.1 0; 64 0.005 0.1 0; 128 0.004 0.25 0; 100 0.004 0.25 0",
        "63 127 128 128 128",
    ),
    (
        "no more where the answers take longer",
        "8 0.01 0.1 0; 24 0.01 0.35 0; 40 0.01 0.1 0; 40 0.01 0.14 0; 40 0.01 0.16 0",
        "39 40 79 119 159 60",
    ),
    (
        "steps up that bring something and steps that do not",
        (
            "32 0.01 0.1 0; 64 0.01 0.2 0; 3 x 60 0.01 0.2 0; 2 x 60 0.008 0.2 0; 4 x 80 0.008 0.2 0; 3 x 100 "
            "0.007 0.2 0; 6 x 100 0.006 0.2 0; 30 x 61 0.0061 0.2 0"
        ),
        (
            "63 64 64 64 48 48 48 61 61 61 77 77 61 61 61 61 77 77 61 61 61 61 61 61 61 77 61 61 61 61 61 61 61 "
            "61 61 61 61 61 61 61 61 61 61 61 77 77 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61"
        ),
    ),
    (
        "crowded while it doubles",
        "32 0.01 0.1 0; 10 0.01 0.1 2; 2 x 40 0.01 0.1 0",
        "63 73 113 153 154",
    ),
    (
        "crowded later",
        (
            "32 0.01 0.1 0; 64 0.01 0.2 0; 60 0.01 0.2 1; 60 0.01 1.0 1; 60 0.01 0.2 0; 90 0.01 0.2 1; 300 0.01 "
            "0.2 0"
        ),
        "63 64 64 44 31 31 40 40 28 19 13 13 18 13 18 13 18 13 13",
    ),
    (
        "slower and slower",
        "32 0.01 0.1 0; 64 0.01 0.2 0; 4 x 50 0.02 0.5 0; 4 x 50 0.03 0.9 0; 6 x 50 0.01 0.1 0",
        (
            "63 64 64 64 48 48 40 40 34 29 29 25 21 21 18 15 13 13 11 9 12 12 9 9 12 17 12 12 12 17 12 12 12 17 "
            "12 12 12"
        ),
    ),
    (
        "longer answers at the same rate, and fewer at the same time",
        "32 0.01 0.1 0; 64 0.01 0.1 0; 4 x 60 0.01 0.1 0; 4 x 60 0.01 0.4 0; 4 x 60 0.015 0.12 0",
        "63 127 187 200 200 96 96 96 96 96 121 121 121 96 96 96 96 96",
    ),
    (
        "no negotiation at all",
        "2 x 40 0.0001 0.001 0; 40 0.01 0.1 0; 40 0.0001 0.03 0; 40 0.0009 0.045 0",
        "63 19 23 23 23 23 47 18 18 12 12 16 16",
    ),
]


@pytest.mark.parametrize(("story", "course"), [one[1:] for one in COURSES], ids=[one[0] for one in COURSES])
def test_the_course_of_a_limit(story: str, course: str) -> None:
    """Each value that it takes, in order: what every rule and every number in it comes to."""
    assert " ".join(map(str, values(AdaptiveLimit(200), story))) == course


def values(limit: AdaptiveLimit, story: str) -> list[int]:
    """The values, each time that one ends a run of steps of one up or down.

    Of the story each piece is: so many answers, so many seconds apart, each so many seconds after it was asked, every
    third with so many retransmissions; "3 x" before it: three times.
    """
    now, seen = 0.0, [limit.value]
    for part in story.split("; "):
        times, _, piece = part.rpartition(" x ")
        count, gap, seconds, again = (float(word) for word in piece.split())
        for number in range(int(count)) if not times else [*range(int(count))] * int(times):
            now += gap
            limit.ended(now, seconds, answered=True, retransmissions=int(again) if number % 3 == 0 else 0)
            if abs(limit.value - seen[-1]) > 1 or number == int(count) - 1:
                seen.append(limit.value)
            elif limit.value != seen[-1]:
                seen[-1] = limit.value
    return seen


@pytest.mark.parametrize("ceiling", [8, 960])
def test_crowded_is_more_than_a_twelfth_of_those_in_flight_and_more_than_two(ceiling: int) -> None:
    limit = AdaptiveLimit(ceiling)
    limit.ended(0.2, 0.1, answered=True, retransmissions=0)
    for number in range(2):
        limit.ended(0.3 + number / 100, 0.1, answered=True, retransmissions=1)
        assert (limit.crowded, limit.spares_silent) == (False, True)
    limit.ended(0.4, 0.1, answered=True, retransmissions=1)
    assert limit.crowded


def test_what_was_asked_before_the_limit_shrank_does_not_shrink_it_again() -> None:
    limit = AdaptiveLimit(960)
    for number in range(8):
        limit.ended(1.0 + number / 100, 0.5, answered=True, retransmissions=1)
    shrunk = limit.value
    assert shrunk < START
    for number in range(80):
        limit.ended(1.1 + number / 1000, 0.5, answered=True, retransmissions=1)
    assert limit.value >= shrunk
    for number in range(80):
        limit.ended(2.0 + number / 100, 0.5, answered=True, retransmissions=1)
    assert limit.value < shrunk


def test_a_ceiling_that_comes_down_takes_the_limit_along() -> None:
    limit = AdaptiveLimit(960)
    limit.ceiling = 20
    assert (limit.value, limit.ceiling) == (20, 20)
    limit.ceiling = 2
    assert limit.value == 2
    limit.ceiling = 0
    assert (limit.value, limit.ceiling) == (1, 1)
    limit.ceiling = 960
    assert limit.value == 1
