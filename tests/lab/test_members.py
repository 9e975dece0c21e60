"""Names that stand for several connections, on real tunnels: never a Child SA more than wanted."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autod.bulk import bulk, wait
from autod.client import Pluto, open_pluto
from autod.outcomes import Result
from autod.protocol import commands as c
from autod.status import parse
from tests.real.plutos import connection
from tests.real.test_supervisor import supervising

if TYPE_CHECKING:
    from tests.lab.gateways import Lab

TIMEOUT = 120
ROOT = Path(__file__).resolve().parents[2]
PAIRS = ("nets/1x1", "nets/1x2", "nets/2x1", "nets/2x2")
NAMES = {"nets": PAIRS, "al": ("one", "two", "three")}


def load(lab: Lab) -> None:
    """`nets` with four pairs of subnets under one IKE SA; the alias `al` of three connections."""
    fast = {"leftupdown": "/bin/true", "rightupdown": "/bin/true"}
    nets = {
        "leftsubnets": "{10.51.0.0/24 10.52.0.0/24}",
        "rightsubnets": "{10.53.0.0/24 10.54.0.0/24}",
        "auto": "add",
    }
    sections = [connection("nets", leftid="@w", rightid="@e", **nets, **fast)]
    for number, name in enumerate(NAMES["al"]):
        own = {
            "leftid": f"@w{number}",
            "rightid": f"@e{number}",
            "leftsubnet": f"10.60.{number}.0/24",
            "rightsubnet": f"10.61.{number}.0/24",
            "connalias": "al",
            "auto": "add",
        }
        sections.append(connection(name, **own, **fast))
    for pluto in (lab.west, lab.east):
        pluto.conf.write_text("config setup\n\n" + "\n".join(sections))
        done = pluto.addconn("nets", *NAMES["al"], timeout=300)
        assert done.returncode == 0, done.stdout


async def counted(pluto: Pluto) -> Counter[str]:
    """How many established Child SAs each connection has."""
    state = parse(await pluto.replies(c.TrafficStatus()))
    return Counter(sa.connection for sa in state.child_sas)


def once(*names: str) -> Counter[str]:
    return Counter(member for name in names for member in NAMES.get(name, (name,)))


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_goes_up_is_waited_for_and_goes_down_as_one(lab: Lab, name: str) -> None:
    load(lab)
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        outcome = await pluto.up(name)
        assert (outcome.result, len(outcome.members)) == (Result.UP, len(NAMES[name])), outcome
        assert await counted(pluto) == once(name)
        assert (await wait(pluto, [name], timeout=20)).ok
        async with bulk(pluto, [name]) as run:
            pass
        assert run.result.results[name].state.value == "already"
        assert await counted(pluto) == once(name)
        gone = NAMES[name][1]
        assert (await pluto.down(gone)).ok
        assert (await wait(pluto, [name], timeout=2)).missing == (name,)
        async with bulk(pluto, [name]) as run:
            pass
        assert run.result.results[name].ok
        assert await counted(pluto) == once(name)
        assert (await pluto.down(name)).ok
        assert await counted(pluto) == Counter()


@pytest.mark.parametrize("name", NAMES)
async def test_an_asynchronous_up_says_how_many_it_began(lab: Lab, name: str) -> None:
    load(lab)
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        outcome = await pluto.up(name, asynchronous=True)
        assert (outcome.result, len(outcome.members)) == (Result.ACCEPTED, len(NAMES[name])), outcome
        assert (await wait(pluto, [name], timeout=60)).ok
        assert await counted(pluto) == once(name)


@pytest.mark.parametrize("name", NAMES)
async def test_to_unroute_a_name_with_a_member_that_is_up_is_refused(lab: Lab, name: str) -> None:
    """It would kill 4.0 to 4.15, also by the name that stands for it."""
    load(lab)
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        member = NAMES[name][2]
        assert (await pluto.up(member)).ok
        for asked in (member, name):
            outcome = await pluto.unroute(asked)
            assert outcome.result is Result.REFUSED, outcome
        assert await counted(pluto) == once(member)
        assert (await pluto.unroute(name, force=True)).ok
        assert await counted(pluto) == Counter()
    assert lab.west.whack("--briefstatus").returncode == 0


def test_the_supervisor_keeps_a_name_up_and_adds_nothing(lab: Lab) -> None:
    """Ten looks at least, by the state of pluto and by what the supervisor did; then a member goes down."""
    load(lab)
    keep = "[[group]]\nname = 'all'\nconnections = ['nets', 'al']\nkeep = 'up'\n"
    with supervising(lab.west, keep) as autod:
        deadline = time.monotonic() + 120
        while (autod.state("nets"), autod.state("al")) != ("up", "up"):
            assert time.monotonic() < deadline, autod.states()
            time.sleep(0.5)
        before = serials(lab)
        time.sleep(30)
        assert (autod.state("nets"), autod.state("al")) == ("up", "up")
        assert serials(lab) == before
        assert sorted(before.values()) == sorted(once("nets", "al"))
        assert not [event for event in autod.events() if event.get("cause") in ("lost", "flapping")]
        lab.west.whack("--name", "nets/1x2", *(("--down",) if lab.release == "5.2" else ("--terminate",)))
        deadline = time.monotonic() + 60
        while sorted(serials(lab).values()) != sorted(once("nets", "al")):
            assert time.monotonic() < deadline, serials(lab)
            time.sleep(0.5)
        after = serials(lab)
        assert {number: name for number, name in after.items() if name != "nets/1x2"} == {
            number: name for number, name in before.items() if name != "nets/1x2"
        }


def serials(lab: Lab) -> dict[int, str]:
    """The Child SAs that pluto has, by their numbers."""
    command = [sys.executable, "-m", "autod", "--ctlsocket", lab.west.socket, "--status", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    state = json.loads(done.stdout)
    return {sa["serial"]: sa["connection"] for sa in state["child_sas"] if sa["phase"] == "established"}
