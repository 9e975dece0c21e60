"""What --trafficstatus says of an outcome that pluto's lines left open."""

from __future__ import annotations

import msgspec
import pytest

from autod.judging.resolve import is_unknown, settled, stands_for_others, undecided
from autod.outcomes import Outcome, Result, gather
from autod.protocol.codes import CODES_3_27
from autod.protocol.replies import Reply, ReplyDecoder

UNKNOWN = '021 no such connection or aliased connection named "a"\n'


def replies(*up: str, more: str = "") -> tuple[Reply, ...]:
    told = "type=ESP, add_time=1, inBytes=0, outBytes=0, id='@e'"
    lines = [f'006 #{number}: "{name}", {told}\n' for number, name in enumerate(up, 2)]
    decoder = ReplyDecoder(CODES_3_27)
    return tuple(decoder.feed("".join([*lines, more]).encode()))


def open_outcome(operation: str, result: Result, *, ok: bool, name: str = "a") -> Outcome:
    return Outcome(operation=operation, connection=name, result=result, ok=ok, sentence="?", needs_state=True)


@pytest.mark.parametrize(
    ("up", "members", "ok"),
    [
        (("a",), (), True),
        ((), (), False),
        (("b",), (), False),
        (("a/1x1", "a/1x2"), ("a/1x1", "a/1x2"), True),
        (("a/1x1", "b"), ("a/1x1", "a/1x2"), False),
        (("a/1x1", "a/1x2", "b"), ("a/1x1", "a/1x2"), True),
    ],
)
def test_an_up_is_settled_by_what_is_up(up: tuple[str, ...], members: tuple[str, ...], ok: bool) -> None:
    found = settled(open_outcome("up", Result.ALREADY_NEGOTIATING, ok=False), replies(*up), members)
    assert (found.ok, found.needs_state) == (ok, False)


@pytest.mark.parametrize("operation", ["up", "route"])
def test_where_the_look_failed_nobody_knows_and_it_may_be_tried_again(operation: str) -> None:
    outcome = undecided(open_outcome(operation, Result.ROUTED, ok=True))
    assert (outcome.operation, outcome.connection) == (operation, "a")
    assert (outcome.result, outcome.ok, outcome.retryable) == (Result.UNDECIDED, False, True)
    assert outcome.sentence != "?"


def test_each_member_is_settled_by_itself() -> None:
    parts = [open_outcome("up", Result.UNDECIDED, ok=False, name=name) for name in ("b", "c")]
    done = msgspec.structs.replace(parts[0], connection="d", result=Result.UP, ok=True, needs_state=False)
    whole = gather("up", "a", (*parts, done))
    found = settled(whole, replies("b"), ("b", "c", "d"))
    assert [(one.connection, one.ok) for one in found.members] == [("b", True), ("c", False), ("d", True)]
    assert not found.ok


@pytest.mark.parametrize(
    ("up", "more", "members", "result", "code"),
    [
        ((), "", (), Result.DOWN, None),
        (("a",), "", (), Result.FAILED, None),
        ((), UNKNOWN, (), Result.UNKNOWN, 21),
        ((), UNKNOWN, ("b",), Result.DOWN, None),
        (("b",), "", ("b", "c"), Result.FAILED, None),
        (("x",), "", ("b", "c"), Result.DOWN, None),
    ],
)
def test_a_down_is_settled_by_what_is_still_up(
    up: tuple[str, ...], more: str, members: tuple[str, ...], result: Result, code: int | None
) -> None:
    found = settled(open_outcome("down", Result.DOWN, ok=True), replies(*up, more=more), members)
    assert (found.result, found.ok, found.code, found.needs_state) == (
        result,
        result is Result.DOWN,
        code,
        False,
    )


@pytest.mark.parametrize(("operation", "ok"), [("down", False), ("route", True)])
def test_what_is_no_success_or_neither_up_nor_down_stays_as_it_is(operation: str, ok: bool) -> None:
    before = open_outcome(operation, Result.FAILED, ok=ok)
    assert settled(before, replies("a")) is before


@pytest.mark.parametrize(
    ("up", "others"), [((), False), (("a",), False), (("a", "b"), False), (("b",), True), (("a/1x1",), True)]
)
def test_a_name_that_is_not_up_itself_stands_for_what_pluto_tells(up: tuple[str, ...], others: bool) -> None:
    assert stands_for_others("a", replies(*up)) is others


def test_pluto_says_that_it_has_no_such_name() -> None:
    assert is_unknown(replies(more=UNKNOWN))
    assert not is_unknown(replies("a"))
    assert not is_unknown(())
