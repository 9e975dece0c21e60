"""Many at once against a real pluto, and what becomes of them when it is killed, stopped or out of descriptors."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

import trio

from autod.bulk import ResultState, bulk, wait
from autod.bulk.events import Admitted, Ended, PlutoBack, PlutoLost, Said
from autod.bulk.loading import configured
from autod.client import open_pluto
from autod.config import load as load_configuration
from autod.protocol import commands as c
from autod.status import parse
from tests.fakes.fakepluto import answers, fake_pluto
from tests.real.plutos import EAST, Pluto, connection, gateway, silent_peer

if TYPE_CHECKING:
    from pathlib import Path

    from autod.bulk.engine import Run
    from autod.client import Pluto as Client
    from tests.fakes.fakepluto import Client as Served


EMFILE = "Too many open files"


def states(run: Run) -> dict[str, int]:
    found: dict[str, int] = {}
    for result in run.result.results.values():
        key = result.cause or result.state.value
        found[key] = found.get(key, 0) + 1
    return found


async def routed(client: Client) -> frozenset[str]:
    """What pluto itself says is routed."""
    state = parse(await client.replies(c.Status()))
    return frozenset(one.name for one in state.connections if one.routing not in (None, "unrouted"))


async def test_no_request_of_ten_thousand_is_lost(shared_pluto: Pluto) -> None:
    """Each name gets pluto's own answer to it, whatever the limit is while it moves."""
    names = [f"nosuch-{number}" for number in range(10_000)]
    async with open_pluto(shared_pluto.socket) as client, bulk(client, names, if_down=False) as run:
        said = [event async for event in run if isinstance(event, Said)]
    assert states(run) == {"unknown": 10_000}
    assert list(run.result.results) == names
    assert all(f'"{result.connection}"' in result.sentence for result in run.result.results.values())
    assert all(
        event.connection in event.said.text for event in said if "no connection named" in event.said.text
    )


async def test_a_stopped_pluto_does_not_hold_the_run_past_its_deadline(pluto: Pluto) -> None:
    """Nothing is counted done that was only in flight, and nothing is begun after it."""
    async with open_pluto(pluto.socket) as client:
        pluto.stop()
        try:
            started = trio.current_time()
            names = [f"nosuch-{number}" for number in range(100)]
            async with bulk(client, names, if_down=False, limit=8, deadline=1.5) as run:
                pass
            assert trio.current_time() - started < 20
        finally:
            pluto.cont()
    assert states(run) == {"deadline": 8, "not-started": 92}
    assert run.result.exit_status == 124


async def test_a_pluto_that_stops_for_five_seconds_loses_nothing(pluto: Pluto) -> None:
    """Everyone is answered afterwards, and only those."""
    async with open_pluto(pluto.socket) as client:
        names = [f"nosuch-{number}" for number in range(3000)]
        async with bulk(client, names, if_down=False) as run, trio.open_nursery() as nursery:

            async def pause() -> None:
                pluto.stop()
                try:
                    await trio.sleep(5)
                finally:
                    pluto.cont()

            nursery.start_soon(pause)
            async for _ in run:
                pass
    assert states(run) == {"unknown": 3000}
    assert run.result.summary.seconds > 4.5


async def test_a_pluto_killed_and_started_again_is_given_everything_again(pluto: Pluto) -> None:
    """Routes that the first one had are gone with it: at the end all are there, as pluto's state says."""
    names = [f"r{number}" for number in range(60)]
    pluto.load(
        *(
            connection(name, auto="add", leftsubnet=f"10.1.0.{number}/32", rightsubnet=f"10.2.0.{number}/32")
            for number, name in enumerate(names, 1)
        )
    )
    async with open_pluto(pluto.socket) as client:
        async with bulk(client, names, "route", limit=4, deadline=60) as run, trio.open_nursery() as nursery:
            done = 0
            async for event in run:
                done += isinstance(event, Ended)
                if done == 20:
                    done += 1
                    pluto.kill()
                    nursery.start_soon(partial(trio.to_thread.run_sync, pluto.start))
        assert states(run) == {"done": 60}
        assert run.result.summary.restarts >= 1
        assert await routed(client) == set(names)


async def test_a_pluto_that_stays_dead_ends_the_run_at_the_deadline(pluto: Pluto) -> None:
    """And nothing is counted done."""
    names = [f"nosuch-{number}" for number in range(2000)]
    async with open_pluto(pluto.socket) as client:
        seen = []
        async with bulk(client, names, if_down=False, deadline=4) as run:
            async for event in run:
                seen.append(type(event))
                if seen.count(Ended) == 50 and pluto.alive():
                    pluto.kill()
    assert PlutoLost in seen
    assert PlutoBack not in seen
    assert run.result.summary.done == 0
    assert 4 <= run.result.summary.seconds < 30


async def test_a_pluto_with_few_descriptors_is_not_flooded() -> None:
    """100 silent peers and `ulimit -n 64`: what is in flight stays below, others are still answered."""
    with gateway(files=64) as pluto:
        silent_peer(pluto.namespace, EAST)
        names = [f"s{number}" for number in range(100)]
        pluto.load(
            *(
                connection(name, leftid=f"@w{number}", rightid=f"@e{number}")
                for number, name in enumerate(names)
            )
        )
        before = pluto.descriptors()
        highest = 0
        async with open_pluto(pluto.socket) as client, bulk(client, names, limit=90, deadline=8) as run:
            async for event in run:
                if isinstance(event, Admitted):
                    highest = max(highest, event.in_flight)
                if isinstance(event, Said) and random.random() < 0.05:
                    assert pluto.descriptors() < 64
        assert before + highest < 64
        assert EMFILE not in pluto.text()
        assert pluto.whack("--briefstatus").returncode == 0
    assert run.result.summary.done == 0


async def test_what_was_given_up_still_counts_until_pluto_lets_go() -> None:
    """Attempts that time out leave their descriptors in pluto: no storm, however many there are."""
    with gateway(files=96) as pluto:
        silent_peer(pluto.namespace, EAST)
        names = [f"s{number}" for number in range(120)]
        pluto.load(
            *(
                connection(name, leftid=f"@w{number}", rightid=f"@e{number}")
                for number, name in enumerate(names)
            )
        )
        async with (
            open_pluto(pluto.socket) as client,
            bulk(client, names, limit=64, timeout=0.3, deadline=6) as run,
        ):
            async for _ in run:
                assert pluto.descriptors() < 90
        assert EMFILE not in pluto.text()
    assert run.result.summary.done == 0
    assert len(run.result.summary.not_started) > 50


async def test_taken_down_after_a_failure_the_descriptors_come_back() -> None:
    """With on_failure="down" all silent peers have their turn."""
    with gateway(files=96) as pluto:
        silent_peer(pluto.namespace, EAST)
        names = [f"s{number}" for number in range(60)]
        pluto.load(
            *(
                connection(name, leftid=f"@w{number}", rightid=f"@e{number}")
                for number, name in enumerate(names)
            )
        )
        async with (
            open_pluto(pluto.socket) as client,
            bulk(client, names, timeout=0.3, on_failure="down", deadline=60) as run,
        ):
            pass
        assert not run.result.summary.not_started
        assert EMFILE not in pluto.text()
        assert "#" not in "".join(
            line for line in pluto.whack("--showstates").stdout.splitlines() if '"s' in line
        )
    assert set(states(run)) <= {"deadline", "peer_silent"}


async def test_connections_are_loaded_and_routed_from_the_configuration(pluto: Pluto) -> None:
    """The whole of --ondemand in one run; what is not in the file says so."""
    names = [f"r{number}" for number in range(1, 21)]
    pluto.conf.write_text(
        "config setup\n\n"
        + "\n".join(
            connection(name, leftsubnet=f"10.1.0.{number}/32", rightsubnet=f"10.2.0.{number}/32")
            for number, name in enumerate(names, 1)
        )
    )
    async with open_pluto(pluto.socket) as client:
        load = configured(client, load_configuration(str(pluto.conf), client.release))
        async with bulk(client, [*names, "absent"], "ondemand", load=load, timeout=120) as run:
            pass
        assert states(run) == {"done": 20, "unknown": 1}
        assert await routed(client) == set(names)
        async with bulk(client, names[:10], "replace", load=load) as run:
            pass
        assert run.result.summary.done == 10
        assert await routed(client) == set(names[10:])


async def test_wait_says_what_is_missing(pluto: Pluto) -> None:
    """It initiates nothing; the names in the order given."""
    pluto.load(connection("a"), connection("b"))
    async with open_pluto(pluto.socket) as client:
        waited = await wait(client, ["b", "a"], timeout=0.5, poll=0.1)
    assert not waited.ok
    assert waited.missing == ("b", "a")
    assert "initiat" not in pluto.text()


GARBAGE = (
    b"",
    b"\n",
    b"004",
    b'004 "c1" #2: STATE_V2_IPSEC_I: something else\n',
    b"\xff\xfe\x00\x80" * 50 + b"\n",
    b'002 "other" #9: initiator established Child SA using #8; IPsec tunnel [a-b] {ESP=>0x1 <0x2}\n',
    b"x" * 200_000,
    b'000 "c1" #1: retransmission; will wait 1e999999 seconds for response\n' * 100,
    b"999 \n" * 3,
    b'036 "c1" #1: encountered fatal error in state STATE_V2_PARENT_I2\n',
)


async def test_garbage_is_no_success_and_no_hang(tmp_path: Path) -> None:
    """Whatever a pluto gone mad says: nothing is counted up, and the run ends."""
    turn = 0

    async def mad(client: Served) -> None:
        nonlocal turn
        turn += 1
        await answers(GARBAGE[turn % len(GARBAGE)])(client)

    path = tmp_path / "ctl"
    async with fake_pluto(path, mad, release="4.10"), open_pluto(path) as client:
        names = [f"c{number}" for number in range(200)]
        async with bulk(client, names, if_down=False, deadline=20, timeout=5) as run:
            async for _ in run:
                pass
    assert run.result.summary.done == 0
    assert run.result.summary.seconds < 60


async def test_a_slow_pluto_is_not_given_up_while_there_is_time(tmp_path: Path) -> None:
    """Half a second for an answer, line by line."""

    async def slow(client: Served) -> None:
        await client.read()
        await trio.sleep(0.02)
        await client.write(b"000 initiating all conns with alias='x'\n")
        await trio.sleep(0.02)
        await client.write(b'021 no connection named "x"\n')

    path = tmp_path / "ctl"
    async with fake_pluto(path, slow, release="4.10"), open_pluto(path) as client:
        names = [f"c{number}" for number in range(50)]
        async with bulk(client, names, if_down=False, deadline=100) as run:
            pass
    assert run.result.summary.not_started == ()
    assert all(result.state is ResultState.FAILED for result in run.result.results.values())
    assert run.result.summary.seconds >= 2
