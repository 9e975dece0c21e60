"""What a comparison means to the supervisor: what is replaced, deleted, left."""

from __future__ import annotations

import pytest

from autod.config.comparison import Comparison, Detail, Difference, Doubt, Uncompared
from autod.supervisor.differing import differences, differing, doomed, edited
from autod.supervisor.link import Compared
from autod.supervisor.wanted import Definition, Reading

NOTHING = Comparison((), (), (), (), ())


def other(setting: str, *, elements: tuple[str, ...] = ("a",)) -> Comparison:
    difference = Difference("a", ("a",), (Detail(setting, "1", "2"),), elements=elements)
    return Comparison((), (), (difference,), (), ())


@pytest.mark.parametrize(
    ("comparison", "up", "changed", "expected"),
    [
        (NOTHING, (), (), set()),
        (other("ike"), (), (), {"a"}),
        (other("ike"), ("a",), (), {"a"}),
        (other("auto", elements=()), (), (), set()),
        (other("right"), ("a",), (), set()),
        (other("right"), (), (), {"a"}),
        (other("right"), ("a",), ("a",), {"a"}),
        (Comparison((), (), (), ("a",), (), (), (Uncompared("a", ("reqid",)),)), (), (), set()),
        (Comparison((), (), (), ("a",), (), (), (Uncompared("a", ("reqid",)),)), (), ("a",), {"a"}),
        (Comparison((), (), (), ("a",), ()), ("a",), ("a",), set()),
    ],
)
def test_what_is_replaced(
    comparison: Comparison, up: tuple[str, ...], changed: tuple[str, ...], expected: set[str]
) -> None:
    """Not what only auto= says, nor a tunnel that is up because a name has another address; nor what was edited and
    comes to the same."""
    assert set(differing(Compared(comparison, frozenset(up)), changed)) == expected


def gone(
    *names: str, same: int = 0, foreign: tuple[str, ...] = (), doubtful: tuple[str, ...] = ()
) -> Compared:
    there = tuple(f"s{number}" for number in range(same))
    return Compared(
        Comparison(
            (), (*names, *foreign), (), there, (), foreign, (), tuple(Doubt(one, "why") for one in doubtful)
        )
    )


@pytest.mark.parametrize(
    ("compared", "deleted", "left"),
    [
        (gone("a", same=3), {"a"}, set()),
        (gone("a", same=3, foreign=("b",)), {"a"}, set()),
        (gone("a", "b", same=3, doubtful=("b",)), {"a"}, {"b"}),
        (gone("a"), set(), {"a"}),
        (gone(*"abcdef", same=6), set(), set("abcdef")),
    ],
)
def test_what_is_deleted(compared: Compared, deleted: set[str], left: set[str]) -> None:
    """What the file had once, but not all of it, nor what it may have lost by mistake, unless that is forced."""
    names, kept = doomed(compared, percent=20)
    assert (set(names), {one.connection for one in kept}) == (deleted, left)
    assert set(doomed(compared, percent=20, force=True)[0]) == deleted | left


def test_edited_is_what_has_other_settings_than_before() -> None:
    before = Reading({"a": Definition(name="a", digest="1"), "b": Definition(name="b", digest="1")})
    now = Reading(
        {"a": Definition(name="a", digest="2"), "b": before.connections["b"], "c": Definition(name="c")}
    )
    assert edited(before, now) == {"a"}
    assert edited(None, now) == set()


def test_what_somebody_wants_here_is_not_told_as_extra() -> None:
    compared = gone("old", same=1, foreign=("wanted", "strange"))
    told = differences(compared, ["m"], (), ours={"wanted"})
    assert (told.missing, told.extra, told.forgotten) == (("m",), ("strange",), ("old",))
