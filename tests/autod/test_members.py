"""A name that stands for several connections counts as one, whoever looks at it: up, settling, wait, bulk, supervisor.

The real ones, with ESP, are in tests/lab/test_members.py.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import trio

from autod.bulk import bulk, wait
from autod.client import open_pluto
from autod.outcomes import Result
from autod.status import ConnectionState, State
from autod.status.members import Members
from autod.status.model import ChildSa, IkeSa
from autod.supervisor.loop import Supervisor
from autod.supervisor.plutolink import PlutoLink, snapshot
from autod.supervisor.settingsfile import parse
from autod.supervisor.states import Act, Keep, Policy
from autod.supervisor.states import State as Shown
from autod.supervisor.table import Traffic, Wanted
from tests.fakes.fakepluto import answers, fake_pluto
from tests.fakes.named import Named

if TYPE_CHECKING:
    from pathlib import Path

    from trio.testing import MockClock

PAIRS = ["nets/1x1", "nets/1x2", "nets/2x1", "nets/2x2"]
NAMES = {"nets": PAIRS, "al": ["one", "two", "three"], "plain": ["plain"]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pluto.ctl"


# One operation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        [
            b"000 initiating all conns with alias='nets'\n",
            b'181 "nets/2x2" #1: initiating IKEv2 connection\n',
        ],
        [
            b'002 initiating all connections with alias "nets"\n',
            b'002 "nets/1x1" #1: initiating IKEv2 connection to 192.1.2.77 using UDP\n',
            b"002 initiating 4 connections\n",
        ],
    ],
)
async def test_an_asynchronous_up_says_how_many_it_began(path: Path, lines: list[bytes]) -> None:
    """pluto names only the first of those that share an IKE SA (4.10 and 5.2)."""
    named = Named(NAMES)

    async def script(client: object) -> None:
        await (answers(*lines) if not named.initiated else named)(client)  # type: ignore[arg-type]
        named.initiated.append("once")

    async with fake_pluto(path, script, release="4.10"), open_pluto(path) as pluto:
        outcome = await pluto.up("nets", asynchronous=True)
    assert outcome.result is Result.ACCEPTED
    assert [member.connection for member in outcome.members] == PAIRS
    assert "all 4 connections" in outcome.sentence


@pytest.mark.parametrize(("up", "ok"), [(PAIRS, True), (PAIRS[:3], False), ([], False)])
async def test_an_end_without_a_word_is_settled_by_all_its_members(
    path: Path, up: list[str], ok: bool
) -> None:
    """--trafficstatus knows no alias up to 4.15, and one member is not all."""
    named = Named(NAMES, up)
    first = True

    async def script(client: object) -> None:
        nonlocal first
        await (answers() if first else named)(client)  # type: ignore[arg-type]
        first = False

    async with fake_pluto(path, script, release="4.10"), open_pluto(path) as pluto:
        assert (await pluto.up("nets")).ok is ok


# Waiting ------------------------------------------------------------------------------------------------


async def test_waiting_for_a_name_ends_when_its_members_are_up(path: Path, autojump_clock: MockClock) -> None:
    named = Named(NAMES, PAIRS[:2])

    async def come_up() -> None:
        await trio.sleep(10)
        named.up += PAIRS[2:]
        await trio.sleep(10)
        named.up += NAMES["al"]

    async with (
        fake_pluto(path, named, release="4.10"),
        open_pluto(path) as pluto,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(come_up)
        start = trio.current_time()
        assert (await wait(pluto, ["nets"], timeout=60)).ok
        assert 9 < trio.current_time() - start < 13
        assert (await wait(pluto, ["al", "nets"], timeout=60)).ok
        assert 19 < trio.current_time() - start < 23


async def test_what_names_stand_for_is_looked_at_seldom(path: Path, autojump_clock: MockClock) -> None:
    """All of --status stops pluto: once where it may help, and again after half a minute at the soonest."""
    named = Named(NAMES, ["plain"])
    async with fake_pluto(path, named, release="4.10"), open_pluto(path) as pluto:
        assert (await wait(pluto, ["nets", "plain"], timeout=100)).missing == ("nets",)
        assert named.looks == 0
        assert (await wait(pluto, ["nets"], timeout=100)).missing == ("nets",)
        assert named.looks == 1
        assert (await wait(pluto, ["nosuch"], timeout=100)).missing == ("nosuch",)
        assert named.looks == 5


# Many ---------------------------------------------------------------------------------------------------


async def test_what_is_up_as_a_whole_is_left_alone(path: Path) -> None:
    named = Named(NAMES, [*PAIRS, *NAMES["al"]])
    async with fake_pluto(path, named, release="4.10"), open_pluto(path) as pluto:
        async with bulk(pluto, ["nets", "al", "plain"]) as run:
            pass
        assert run.result.results["nets"].state.value == "already"
        assert run.result.results["al"].state.value == "already"
    assert named.initiated == ["plain"]


async def test_of_what_is_up_in_part_the_rest_is_brought_up(path: Path) -> None:
    """pluto would add a Child SA to those that are."""
    named = Named(NAMES, PAIRS[1:])
    async with fake_pluto(path, named, release="4.10"), open_pluto(path) as pluto:
        async with bulk(pluto, ["nets"]) as run:
            pass
        result = run.result.results["nets"]
        assert result.ok
        assert result.outcome is not None
        assert [member.connection for member in result.outcome.members] == PAIRS
    assert named.initiated == ["nets/1x1"]


async def test_of_what_is_down_all_is_brought_up_at_once(path: Path) -> None:
    named = Named(NAMES)
    async with fake_pluto(path, named, release="4.10"), open_pluto(path) as pluto:
        async with bulk(pluto, ["nets", "al"]) as run:
            pass
        assert run.result.ok
    assert sorted(named.initiated) == ["al", "nets"]


async def test_whoever_wants_one_more_of_each_gets_it(path: Path) -> None:
    named = Named(NAMES, PAIRS[1:])
    async with fake_pluto(path, named, release="4.10"), open_pluto(path) as pluto:
        async with bulk(pluto, ["nets"], if_down=False) as run:
            pass
        assert run.result.ok
    assert named.initiated == ["nets"]


# The supervisor -----------------------------------------------------------------------------------------


def state(up: list[str], negotiating: list[str] = []) -> State:  # noqa: B006
    return State(
        connections=tuple(
            ConnectionState(part, aliases=(name,), routing="tunnel" if part in up else "unrouted")
            for name, parts in NAMES.items()
            for part in parts
        ),
        child_sas=tuple(
            ChildSa(serial, name, phase="established", bytes_in=1, bytes_out=2)
            for serial, name in enumerate(up)
        ),
        ike_sas=tuple(
            IkeSa(100 + serial, name, phase="half_open") for serial, name in enumerate(negotiating)
        ),
    )


@pytest.mark.parametrize("name", ["nets", "al"])
def test_the_supervisor_sees_a_name_up_when_all_its_members_are(name: str) -> None:
    parts = NAMES[name]
    members = Members(state([]).connections)
    for up, is_up in ((parts, True), (parts[1:], False), ([], False)):
        seen = snapshot(state(up), 0.0, members, states=True, everything=True)
        assert (name in seen.up) is is_up
        assert seen.present is not None
        assert seen.present[name] is is_up
    whole = snapshot(state(parts), 0.0, members, states=False, everything=False)
    assert whole.up[name] == Traffic(len(parts), 2 * len(parts))


def test_the_supervisor_sees_a_name_negotiate_when_a_member_does() -> None:
    members = Members(state([]).connections)
    seen = snapshot(state(PAIRS[:2], PAIRS[2:3]), 0.0, members, states=True, everything=False)
    assert seen.negotiating is not None
    assert "nets" in seen.negotiating
    assert "al" not in seen.negotiating


async def test_the_supervisor_adds_no_child_sa_to_a_member_that_is_up(path: Path) -> None:
    named = Named(NAMES, PAIRS[:3])
    heard: list[bool] = []
    async with fake_pluto(path, named, release="4.10"):
        link = PlutoLink(str(path))
        await link.find()
        await link.look(states=True, everything=True)
        done = await link.act(Act.UP, "nets", 30.0, lambda: heard.append(True))
        assert done.cause is None
        assert named.initiated == ["nets/2x2"]
        assert heard == [True]
        again = await link.look(states=False, everything=False)
        assert "nets" in again.up
        done = await link.act(Act.UP, "al", 30.0, lambda: None)
        assert (done.cause, named.initiated) == (None, ["nets/2x2", "al"])


OTHERS = (
    '"road": 10.71.0.0/24===192.1.2.45[@wr]...%any[@er]===10.72.0.0/24; unrouted; eroute owner: #0',
    '"road":   newest IKE SA: #0; newest IPsec SA: #0; conn serial: $8;',
    '"road"[1]: 10.71.0.0/24===192.1.2.45[@wr]...192.1.2.77[@er]===10.72.0.0/24; erouted; eroute owner: #2',
    '"road"[1]:   newest IKE SA: #1; newest IPsec SA: #2; conn serial: $11, instantiated from: $8;',
    '"mesh": 192.1.2.45[ID_NULL]...%opportunisticgroup[ID_NULL]; unrouted; eroute owner: #0',
    '"mesh":   policy: IKEv2+AUTH_NULL+ENCRYPT+TUNNEL+OPPORTUNISTIC+GROUP+GROUTED+failureDROP;',
    '"mesh":   newest IKE SA: #0; newest IPsec SA: #0; conn serial: $9;',
    '"mesh#10.9.0.0/16": 192.1.2.45...%opportunistic===10.9.0.0/16; prospective erouted; eroute owner: #0',
    '"mesh#10.9.0.0/16":   newest IKE SA: #0; newest IPsec SA: #0; conn serial: $10, instantiated from: $9;',
)
"""A template with an instance, and a group with a connection for one network, as 4.10 shows them."""

STANDING = ['"road"[1] 192.1.2.77', '"mesh#10.9.0.0/16"[1] 10.9.0.7']


async def test_a_group_is_taken_down_by_its_networks(path: Path) -> None:
    """4.10 does nothing by the name of the group, and says nothing."""
    named = Named(NAMES, [*STANDING, "mesh#1"], OTHERS)
    async with fake_pluto(path, named, release="4.10"), open_pluto(path) as pluto:
        outcome = await pluto.down("mesh")
        assert (outcome.result, [one.connection for one in outcome.members]) == (
            Result.DOWN,
            ["mesh#10.9.0.0/16"],
        )
        assert named.up == [STANDING[0], "mesh#1"]
        looks = named.looks
        assert (await pluto.down("road")).ok
        assert named.up == ["mesh#1"]
        assert named.looks == looks


async def test_in_an_hour_of_losses_no_name_gets_a_child_sa_too_many(
    path: Path, autojump_clock: MockClock
) -> None:
    """Pairs of subnets, an alias of three, an instance, a connection of a group, and one with three clones. A member
    goes down each minute, and pluto brings some back by itself; what is up already is never asked for again."""
    chance = random.Random(13)
    names = {**NAMES, "clones": ["clones"] * 3}
    every = Counter([*PAIRS, *NAMES["al"], "plain", *names["clones"], *STANDING])
    named = Named(names, STANDING, OTHERS)
    keep = dict.fromkeys(names, Keep.UP) | {"road": Keep.LOADED, "mesh": Keep.ROUTED}
    alone = 0

    async def revive(one: str) -> None:
        named.negotiating.append(one)
        await trio.sleep(4)
        named.negotiating.remove(one)
        named.up.append(one)

    async with (
        fake_pluto(path, named, release="4.10"),
        trio.open_nursery() as nursery,
    ):
        supervisor = Supervisor(parse("[supervise]\npoll_min = 20"), PlutoLink(str(path)))
        supervisor.adopt(
            [
                Wanted(name=name, peer=name, policy=Policy(keep=one, flap_count=0))
                for name, one in keep.items()
            ]
        )
        nursery.start_soon(supervisor.run)
        await trio.sleep(60)
        assert sorted(named.initiated) == sorted(names)
        for _ in range(59):
            assert Counter(named.up) == every
            assert {entry.record.state for entry in supervisor.engine.table.values()} == {Shown.UP}
            lost = chance.choice([*PAIRS, *NAMES["al"], "plain"])
            named.up.remove(lost)
            if chance.random() < 0.3:
                alone += 1
                nursery.start_soon(revive, lost)
            await trio.sleep(60)
        assert len(named.initiated) == len(names) + 59 - alone
        assert alone > 5
        nursery.cancel_scope.cancel()
    assert named.doubled == []
