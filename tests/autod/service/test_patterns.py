"""Patterns of clients: the same as the shell's, at a cost that nobody can raise."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from autod.service.patterns import (
    LONGEST,
    MOST,
    SLICE,
    BadPattern,
    Names,
    Pattern,
    _length,
    is_pattern,
)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a", ["a"], ["", "b", "ab"]),
        ("", [""], ["a"]),
        ("*", ["", "a", "a\nb"], []),
        ("a*", ["a", "ab"], ["ba"]),
        ("*a", ["a", "ba"], ["ab"]),
        ("a*a", ["aa", "aba"], ["a", "ab"]),
        ("*a*b*", ["ab", "xaxbx"], ["ba"]),
        ("a?c", ["abc", "a\nc"], ["ac", "abbc"]),
        ("[ab]c", ["ac", "bc"], ["cc", "c"]),
        ("[!ab]c", ["cc"], ["ac", "c"]),
        ("[a-c]", ["b"], ["d", "-"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[]]", ["]"], ["["]),
        ("[!]]", ["["], ["]"]),
        ("[", ["["], ["a"]),
        ("a[b", ["a[b"], ["ab"]),
        ("[z-a]", [], ["z", "a", "m"]),
        ("[!z-a]", ["z"], [""]),
        ("road[1]", ["road1"], ["road[1]"]),
        ("*.*.*", ["a.b.c", ".."], ["a.b"]),
        ("*ab", ["aab", "abab"], ["aba"]),
        ("a^$.|()+{}\\", ["a^$.|()+{}\\"], ["a"]),
    ],
)
def test_a_pattern_means_what_it_means_to_a_shell(pattern: str, yes: list[str], no: list[str]) -> None:
    made = Pattern(pattern)
    assert [name for name in yes if not made.matches(name)] == []
    assert [name for name in no if made.matches(name)] == []


_SOME = st.text("ab-]![*?^\\.\n", max_size=12)


@given(pattern=_SOME, name=st.text("ab-]!^\\.\n", max_size=12))
def test_it_matches_as_fnmatch_does(pattern: str, name: str) -> None:
    assert Pattern(pattern).matches(name) is fnmatchcase(name, pattern)


@pytest.mark.parametrize(
    "pattern", ["[" * LONGEST, "*a" * (LONGEST // 2), "*" * LONGEST, "[!" * (LONGEST // 2)]
)
def test_the_worst_of_patterns_is_made_and_asked(pattern: str) -> None:
    """Where fnmatch takes minutes."""
    made = Pattern(pattern)
    assert made.matches("a" * 200) is (pattern in ("*" * LONGEST, "*a" * (LONGEST // 2)))


def test_a_pattern_is_bounded_in_length_and_number() -> None:
    Pattern("a" * LONGEST)
    with pytest.raises(BadPattern, match=f"{LONGEST + 1} characters"):
        Pattern("a" * (LONGEST + 1))
    Names([f"{number}*" for number in range(MOST)])
    with pytest.raises(BadPattern, match=f"{MOST + 1} patterns"):
        Names([f"{number}*" for number in range(MOST + 1)])
    assert Names([str(number) for number in range(10_000)]).mean("9999")
    assert Names(["a" * 10_000]).mean("a" * 10_000)


def test_a_name_with_the_characters_of_a_pattern_is_itself_too() -> None:
    names = Names(["road[1]", "c*"])
    assert [name for name in ("road[1]", "road1", "c", "c9", "d") if names.mean(name)] == [
        "road[1]",
        "road1",
        "c",
        "c9",
    ]


async def test_others_have_their_turn_while_many_names_are_looked_at() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        found = await Names(["c1*"]).among([f"c{number}" for number in range(5000)])
        nursery.cancel_scope.cancel()
    assert len(found) == 1111
    assert turns >= 50


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("[]a]", ["]", "a"], ["[", ""]),
        ("[!]a]", ["x"], ["]", "a"]),
        ("[a", ["[a"], ["a"]),
        ("[!", ["[!"], ["a", "!"]),
        ("x[]", ["x[]"], ["x"]),
        ("[--0]", ["-", ".", "/", "0"], ["1", ","]),
        ("[0--]", [], ["0", "-"]),
        ("[a-c-e]", ["a", "b", "-", "e"], ["d"]),
        ("[c-ax]", ["x"], ["a", "b", "c"]),
        ("*[ab]*[!c]", ["xaxd", "bd"], ["xaxc", "d"]),
        ("*[a-", ["x[a-"], ["a"]),
        ("**", ["", "abc"], []),
        ("*?", ["a", "ab"], [""]),
        ("?*?", ["ab", "abc"], ["a"]),
        ("a*bc*c", ["abcc", "abxbcxc"], ["abc", "abbc"]),
    ],
)
def test_the_corners_of_a_pattern(pattern: str, yes: list[str], no: list[str]) -> None:
    made = Pattern(pattern)
    assert [name for name in yes if not made.matches(name)] == []
    assert [name for name in no if made.matches(name)] == []


@pytest.mark.parametrize(
    ("piece", "length"),
    [("", 0), ("a.b", 3), (r"\*\[", 2), ("(?!).", 1), ("[^a-b]", 1), (r"[\]\-]x", 2), ("a\n", 2)],
)
def test_a_piece_is_of_so_many_characters(piece: str, length: int) -> None:
    assert _length(piece) == length


@pytest.mark.parametrize(
    ("word", "is_one"), [("a", False), ("a*", True), ("?", True), ("a[", True), ("]!-", False)]
)
def test_what_is_a_pattern(word: str, is_one: bool) -> None:
    assert is_pattern(word) is is_one


@pytest.mark.parametrize(("names", "slices"), [(SLICE - 1, 0), (SLICE, 1), (3 * SLICE, 3)])
async def test_a_slice_of_names_is_looked_at_before_others_have_their_turn(
    names: int, slices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[int] = []

    async def turn() -> None:
        turns.append(1)

    monkeypatch.setattr("autod.service.patterns.trio.lowlevel.checkpoint", turn)
    assert await Names(["5"]).among(str(number) for number in range(names)) == ["5"]
    assert len(turns) == slices
