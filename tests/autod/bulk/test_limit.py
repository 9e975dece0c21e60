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
