"""What an operation came to, in words."""

from __future__ import annotations

import pytest

from autod.cli.sums import left_over
from autod.operations import BY_NAME, ROWS

NOTHING = "pluto was not asked to change anything"


@pytest.mark.parametrize(
    ("operation", "names", "sentence"),
    [
        ("up", ["a"], "pluto goes on with a; `autod --down a` takes it down"),
        ("start", ["a b"], "pluto goes on with a b; `autod --down 'a b'` takes it down"),
        ("up", ["-a"], "pluto goes on with -a; `autod --down -- -a` takes it down"),
        ("up", ["@a"], "pluto goes on with @a; `autod --down -- @a` takes it down"),
        ("up", ["a", "b"], "pluto goes on with 2 (a, b); `autod --down NAME ...` takes them down"),
        ("down", ["a"], "pluto goes on with a"),
        ("delete", ["a", "b"], "pluto goes on with 2 (a, b)"),
        ("ready", [], "pluto goes on with what it was asked"),
        ("wait", ["a"], NOTHING),
        ("status", [], NOTHING),
    ],
)
def test_what_is_left_is_said_and_how_to_end_it(operation: str, names: list[str], sentence: str) -> None:
    assert left_over(BY_NAME[operation], names) == sentence
    assert left_over(BY_NAME[operation], names, surely=False) == sentence.replace("goes", "may go")


def test_of_many_names_the_first_are_said() -> None:
    names = [f"c{number}" for number in range(12)]
    assert left_over(BY_NAME["down"], names).endswith("c9 and 2 more)")


def test_what_is_no_operation_leaves_nothing() -> None:
    assert left_over(None, ["a"]) == NOTHING


def test_only_these_ask() -> None:
    """The lists, the states, and what autod answers itself."""
    asks = {row.name for row in ROWS if row.only_asks}
    lists = {row.name for row in ROWS if row.lists}
    assert asks == lists - {"purgeocsp"} | {"wait", "listgroups", "check", "diff"}
