"""Names that stand for several connections, on real tunnels: never a Child SA more than wanted.

AUTOD_MEMBERS_SECONDS says how long the supervisor is watched (30; 600 was tried).
"""

from __future__ import annotations

import json
import os
import re
import socket
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
from tests.real.plutos import EAST, WEST, connection
from tests.real.test_supervisor import supervising

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.gateways import Lab
    from tests.real.test_supervisor import Autod

TIMEOUT = 120
ROOT = Path(__file__).resolve().parents[2]
PAIRS = ("nets/1x1", "nets/1x2", "nets/2x1", "nets/2x2")
NAMES = {"nets": PAIRS, "al": ("one", "two", "three")}
SECONDS = float(os.environ.get("AUTOD_MEMBERS_SECONDS", "30"))
MESH = "192.1.2.24"
FAST = {"leftupdown": "/bin/true", "rightupdown": "/bin/true"}


def load(lab: Lab) -> None:
    """`nets` with four pairs of subnets under one IKE SA; the alias `al` of three connections."""
    nets = {
        "leftsubnets": "{10.51.0.0/24 10.52.0.0/24}",
        "rightsubnets": "{10.53.0.0/24 10.54.0.0/24}",
        "auto": "add",
    }
    sections = [connection("nets", leftid="@w", rightid="@e", **nets, **FAST)]
    for number, name in enumerate(NAMES["al"]):
        own = {
            "leftid": f"@w{number}",
            "rightid": f"@e{number}",
            "leftsubnet": f"10.60.{number}.0/24",
            "rightsubnet": f"10.61.{number}.0/24",
            "connalias": "al",
            "auto": "add",
        }
        sections.append(connection(name, **own, **FAST))
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
        assert (await wait(pluto, [name], timeout=90)).ok
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


def load_instances(lab: Lab) -> None:
    """The template `road`, of which east makes one instance, and the group `private` of one network, a second address
    of east's: there pluto has no other connection to choose from."""
    lab.east.namespace.ip("addr", "add", f"{MESH}/24", "dev", "eth1")
    road = {
        "leftid": "@wr",
        "rightid": "@er",
        "leftsubnet": "10.71.0.0/24",
        "rightsubnet": "10.72.0.0/24",
        "auto": "add",
    }
    group = {
        "leftid": "%null",
        "rightid": "%null",
        "authby": "null",
        "right": "%opportunisticgroup",
        "failureshunt": "drop",
        "negotiationshunt": "drop",
        "auto": "ondemand",
    }
    for pluto, here, peer in ((lab.west, WEST, "%any"), (lab.east, MESH, EAST)):
        folder = pluto.folder / "ipsec.d" / "policies"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "private").write_text(f"{MESH if pluto is lab.west else WEST}/32\n")
        sections = (connection("road", **road, right=peer, **FAST), connection("private", **group, left=here))
        pluto.conf.write_text("config setup\n\n" + "\n".join(sections))
        pluto.whack("--listen")
        done = pluto.addconn("road", "private", timeout=300)
        assert done.returncode == 0, done.stdout
        pluto.whack("--listen")


@pytest.mark.timeout(300 + 2 * SECONDS)
def test_the_supervisor_keeps_names_up_and_adds_nothing(lab: Lab) -> None:
    """A member goes down again and again: it is brought up, and nothing else, however often is looked."""
    load(lab)
    keep = (
        f"{scraped(lab)}[policy]\nflap_count = 0\n"
        "[[group]]\nname = 'all'\nconnections = ['nets', 'al']\nkeep = 'up'\n"
    )
    down = "--down" if lab.release == "5.2" else "--terminate"
    with supervising(lab.west, keep) as autod:
        until(lambda: (autod.state("nets"), autod.state("al")) == ("up", "up"), autod.states)
        before = serials(lab)
        assert sorted(before.values()) == sorted(once("nets", "al"))
        looks, end = 0, time.monotonic() + SECONDS
        while time.monotonic() < end:
            looks += 1
            assert (autod.state("nets"), autod.state("al")) == ("up", "up")
            assert serials(lab) == before
            time.sleep(2)
        assert shown(autod, "nets", "al") == [("up", "all", 1.0)] * 2
        assert not [event for event in autod.events() if event.get("cause") in ("lost", "flapping")]
        for turn in range(1 + int(SECONDS / 60)):
            gone = (*PAIRS, *NAMES["al"])[(1 + turn * 3) % 7]
            lab.west.whack("--name", gone, down)
            until(lambda: sorted(serials(lab).values()) == sorted(once("nets", "al")), lambda: serials(lab))
            after = serials(lab)
            kept = {number: name for number, name in after.items() if name != gone}
            assert kept == {number: name for number, name in before.items() if name != gone}, gone
            before = after
        print(f"{looks} looks in {SECONDS:.0f} s, {turn + 1} losses")


@pytest.mark.parametrize("lab", ["4.10", "5.2"], indirect=True)
def test_an_instance_and_a_connection_of_a_group_count_as_their_name(lab: Lab) -> None:
    """East makes an instance of `road`, a packet one of `private`: no verb and no supervisor adds to them."""
    load_instances(lab)
    keep = (
        f"{scraped(lab)}"
        "[[group]]\nname = 'road'\nconnections = ['road']\nkeep = 'loaded'\n"
        "[[group]]\nname = 'mesh'\nconnections = ['private']\nkeep = 'routed'\n"
    )
    with supervising(lab.west, keep) as autod:
        until(lambda: (autod.state("road"), autod.state("private")) == ("loaded", "routed"), autod.states)
        lab.east.whack("--name", "road", "--initiate")
        lab.west.namespace.run("ping", "-n", "-q", "-c", "5", "-W", "2", MESH, check=False)
        until(lambda: len(serials(lab)) == 2, lambda: lab.west.whack("--trafficstatus").stdout)
        before = serials(lab)
        assert sorted(before.values()) == [f"private#{MESH}/32", "road"]
        until(lambda: (autod.state("road"), autod.state("private")) == ("up", "up"), autod.states)
        assert shown(autod, "road", "private") == [("up", "road", 1.0), ("up", "mesh", 1.0)]
        for name in ("road", "private"):
            told = autod_cli(lab, "--status", name, "--json")
            assert told.returncode == 0, told.stderr
            assert any(one["instance"] for one in json.loads(told.stdout)["connections"])
            assert autod_cli(lab, "--wait", name, "--timeout", "20").returncode == 0
        done = autod_cli(lab, "--up", "road", "private", "--if-down", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        assert serials(lab) == before
        for name in ("private", "road"):
            done = autod_cli(lab, "--down", name)
            assert done.returncode == 0, done.stdout + done.stderr
        # East brings its end of `road` up again by itself, and makes another instance.
        assert before.keys().isdisjoint(serials(lab))
        until(lambda: autod.state("private") == "routed", autod.states)
        assert shown(autod, "private") == [("routed", "mesh", 0.0)]


def scraped(lab: Lab) -> str:
    return f"[metrics]\nlisten = 'unix:{lab.west.folder}/metrics.sock'\n"


def shown(autod: Autod, *names: str) -> list[tuple[str, str, float]]:
    """Of each name its state in the API's list; its group of autod.toml and whether it is up, as they are scraped."""
    states = {one["name"]: one["state"] for one in autod.call("List")["connections"]}
    with socket.socket(socket.AF_UNIX) as scrape:
        scrape.settimeout(60)
        scrape.connect(str(autod.pluto.folder / "metrics.sock"))
        scrape.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        text = b"".join(iter(lambda: scrape.recv(65536), b"")).decode()
    groups = dict(re.findall(r'^autod_connection_wanted{connection="([^"]*)",group="([^"]*)"', text, re.M))
    up = dict(re.findall(r'^autod_connection_up{connection="([^"]*)"} (\S+)$', text, re.M))
    assert states.keys() == groups.keys() == up.keys()
    return [(states[name], groups[name], float(up[name])) for name in names]


def autod_cli(lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autod", *arguments, "--ctlsocket", lab.west.socket]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def serials(lab: Lab) -> dict[int, str]:
    """The Child SAs that pluto has, by their numbers."""
    command = [sys.executable, "-m", "autod", "--ctlsocket", lab.west.socket, "--status", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    state = json.loads(done.stdout)
    return {sa["serial"]: sa["connection"] for sa in state["child_sas"] if sa["phase"] == "established"}


def until(is_so: Callable[[], bool], instead: Callable[[], object]) -> None:
    """Wait until it is so, two minutes at most."""
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline, instead()
        time.sleep(0.5)
