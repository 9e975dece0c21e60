"""What the comparison of limits makes of its rounds."""

from __future__ import annotations

import pytest

from tests.bench.paired import Limit, Paired, turns


def paired(**seconds: list[float]) -> Paired:
    named: dict[str, Limit] = {"found": None, "few": 16, "many": 256}
    return Paired({named[name]: [{"seconds": one} for one in found] for name, found in seconds.items()})


@pytest.mark.parametrize(
    ("found", "few", "many", "best", "ratio"),
    [
        pytest.param([2.0], [1.0], [4.0], 16, 2.0, id="one round"),
        pytest.param(
            [3.0, 30.0, 3.0], [3.0, 30.0, 3.0], [4.0, 4.0, 4.0], 16, 1.0, id="a slow round for both"
        ),
        pytest.param(
            [2.0, 9.0, 2.0], [2.0, 2.0, 2.0], [1.0, 3.0, 3.0], 16, 1.0, id="one round that was disturbed"
        ),
        pytest.param(
            [1.0, 2.0, 4.0], [2.0, 4.0, 8.0], [1.0, 9.0, 9.0], 16, 0.5, id="a machine that slows down"
        ),
        pytest.param(
            [1.2, 1.2, 1.2], [9.0, 1.0, 9.0], [1.0, 1.0, 1.0], 256, 1.2, id="the best by its median"
        ),
    ],
)
def test_the_found_limit_is_held_against_the_best_fixed_one(
    found: list[float], few: list[float], many: list[float], best: int, ratio: float
) -> None:
    """Round for round."""
    result = paired(found=found, few=few, many=many)
    assert (result.best, result.ratio) == (best, pytest.approx(ratio))


def test_every_limit_is_first_once() -> None:
    """And all are in every round."""
    rounds = list(turns(4))
    assert [each[0] for each in rounds] == [16, 64, 256, None]
    assert all(sorted(each, key=str) == [16, 256, 64, None] for each in rounds)
