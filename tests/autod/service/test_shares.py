"""How connections are shared out, how refusals are logged: what one person, or thousands of users of one, can take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog.testing
import trio

from autod.service.access import Peer, Right
from autod.service.audit import BURST, BURST_OF_ALL, METHOD, USERS, Audit
from autod.service.shares import Shares

if TYPE_CHECKING:
    from trio.testing import MockClock

SERVICE = 999


def peer(uid: int) -> Peer:
    return Peer(1, uid, frozenset())


def fill(shares: Shares, right: Right, uids: range) -> int:
    """How many connections these users get, each asking for as many as it can."""
    taken = 0
    for uid in uids:
        while shares.refusal(peer(uid), right) is None:
            shares.take(peer(uid), right)
            taken += 1
    return taken


@pytest.mark.parametrize(
    ("right", "users", "taken"),
    [
        (Right.NOTHING, 1, 4),
        (Right.NOTHING, 7, 28),
        (Right.NOTHING, 8, 32),
        (Right.NOTHING, 50, 32),
        (Right.LOOK, 1, 64),
        (Right.LOOK, 3, 192),
        (Right.CHANGE, 50, 224),
    ],
)
def test_nobody_takes_more_than_a_share(right: Right, users: int, taken: int) -> None:
    shares = Shares(256, own=SERVICE)
    assert fill(shares, right, range(1000, 1000 + users)) == taken == shares.open


@pytest.mark.parametrize("root", [0, SERVICE])
def test_root_and_the_service_get_in_whatever_others_took(root: int) -> None:
    shares = Shares(256, own=SERVICE)
    fill(shares, Right.NOTHING, range(1000, 2000))
    fill(shares, Right.LOOK, range(1000, 2000))
    assert shares.refusal(peer(1), Right.LOOK) == "224 connections are open, and the rest is kept for root"
    assert fill(shares, Right.CHANGE, range(root, root + 1)) == 32
    assert shares.refusal(peer(root), Right.CHANGE) == "256 connections are open"


def test_strangers_do_not_keep_those_out_who_may_look() -> None:
    shares = Shares(256)
    fill(shares, Right.NOTHING, range(1000, 2000))
    assert shares.refusal(peer(3000), Right.NOTHING) == "32 connections of users who may do nothing are open"
    assert fill(shares, Right.LOOK, range(3000, 3001)) == 64
    assert shares.refusal(peer(3000), Right.LOOK) == "64 connections of this user are open"


def test_a_connection_that_was_closed_can_be_had_again() -> None:
    shares = Shares(256)
    fill(shares, Right.NOTHING, range(1000, 2000))
    assert (
        shares.refusal(peer(1000), Right.NOTHING)
        == "4 connections of this user, who may do nothing, are open"
    )
    shares.give(peer(1000), Right.NOTHING)
    assert shares.refusal(peer(1000), Right.NOTHING) is None
    for uid in range(1000, 1008):
        for _ in range(3 if uid == 1000 else 4):
            shares.give(peer(uid), Right.NOTHING)
    assert (shares.open, dict(shares._users), shares._strangers, shares._others) == (0, {}, 0, 0)


@pytest.mark.parametrize(("all_", "others"), [(3, 2), (2, 1), (1, 1), (100, 68)])
def test_few_connections_are_shared_too(all_: int, others: int) -> None:
    assert fill(Shares(all_), Right.LOOK, range(1000, 2000)) == others


# The log ------------------------------------------------------------------------------------------------


async def test_one_user_has_a_bounded_number_of_lines(autojump_clock: MockClock) -> None:
    audit = Audit()
    # A look at the name service would let the clock jump.
    audit._names |= {uid: (trio.current_time(), "somebody") for uid in (1000, 1001)}
    with structlog.testing.capture_logs() as lines:
        for _ in range(500):
            await audit.refused(peer(1000), "x")
            audit.dropped(peer(1000), "it was idle")
        assert len(lines) == BURST
        await audit.refused(peer(1001), "x")
        assert (lines[-1]["event"], lines[-1]["uid"]) == ("refused", 1001)
        await trio.sleep(3.1)
        audit.dropped(peer(1000), "it was idle")
        assert lines[-1] == {
            "event": "client dropped",
            "log_level": "warning",
            "reason": "it was idle",
            "uid": 1000,
            "pid": 1,
            "left_out": 1000 - BURST,
        }
        audit.dropped(peer(1000), "it was idle")
    assert len(lines) == BURST + 2


async def test_thousands_of_users_have_a_bounded_number_of_lines_together(autojump_clock: MockClock) -> None:
    audit = Audit()
    with structlog.testing.capture_logs() as lines:
        for uid in range(1000, 1000 + 3 * USERS):
            audit.dropped(peer(uid), "x")
        assert len(lines) == BURST_OF_ALL
        await trio.sleep(5.1)
        for uid in range(1000, 2000):
            audit.dropped(peer(uid), "x")
    assert len(lines) == BURST_OF_ALL + 10
    assert len(audit._refused) <= USERS


@pytest.mark.parametrize(
    ("length", "shown"), [(METHOD, METHOD), (METHOD + 1, METHOD + 3), (60_000, METHOD + 3)]
)
async def test_a_line_is_no_longer_than_it_needs_to_be(length: int, shown: int) -> None:
    with structlog.testing.capture_logs() as lines:
        await Audit().refused(peer(1000), "m" * length)
    assert len(lines[0]["method"]) == shown
