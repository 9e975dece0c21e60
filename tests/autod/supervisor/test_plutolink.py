"""The link to a pluto: deadlines that no program of the release may break."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from autod.errors import DeadlinePassed
from autod.exchange.peer import Listener
from autod.identify.programs import Programs
from autod.outcomes import Result
from autod.protocol.releases import find
from autod.protocol.replies import Reply
from autod.status import parse
from autod.status.members import Members
from autod.supervisor.plutolink import PlutoLink, _foreign_programs, snapshot
from autod.supervisor.states import Act, Cause
from autod.testing import FakePluto
from tests.fakes.fakepluto import answers, fake_pluto

if TYPE_CHECKING:
    from pathlib import Path

    from trio.testing import MockClock


def nothing() -> None:
    """Nobody wants to know that the peer was heard."""


async def test_loading_that_hangs_is_ended_at_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    """Every connection of the batch is told so, and the next batch is begun."""
    begun: list[list[str]] = []

    async def hang(_: object, names: list[str], **more: object) -> None:
        begun.append(names)
        await trio.sleep_forever()

    monkeypatch.setattr("autod.loading.native.NativeLoader.load", hang)
    path = tmp_path / "pluto.ctl"
    late: list[tuple[str, float]] = []

    async def add(name: str) -> None:
        with pytest.raises(DeadlinePassed, match="within 30 s"):
            await link.act(Act.ADD, name, 30.0, nothing)
        late.append((name, trio.current_time() - start))

    async with fake_pluto(path, answers(b"000 total traffic 0\n")):
        link = PlutoLink(str(path), release="4.10")
        await link.find()
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(add, "a")
            nursery.start_soon(add, "b")
        await add("c")
    assert [sorted(names) for names in begun] == [["a", "b"], ["c"]]
    assert [round(seconds) for _, seconds in sorted(late)] == [30, 30, 60]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("release", ["3.27", "4.10", "5.2", "5.4"])
async def test_a_link_acts_and_looks_and_sees_pluto_go(release: str) -> None:
    with FakePluto(release, connections=["a", "b"]) as pluto:
        pluto.fails("b", Result.AUTHENTICATION_FAILED)
        link = PlutoLink(pluto.path)
        instance = await link.find()
        assert (instance.release, instance.pid) == (release, pluto.pid)
        assert (await link.act(Act.UP, "a", 30.0, nothing)).cause is None
        refused = await link.act(Act.UP, "b", 30.0, nothing)
        assert refused.cause is Cause.AUTHENTICATION
        seen = await link.look(states=True, everything=True)
        assert set(seen.up) == {"a"}
        assert set(seen.present or ()) == {"a", "b"}
        assert (await link.act(Act.DOWN, "a", 30.0, nothing)).cause is None
        assert not (await link.look(states=False, everything=False)).up
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.gone)
            await trio.testing.wait_all_tasks_blocked()
            await trio.to_thread.run_sync(pluto.restart)
        assert (await link.find()).pid == pluto.pid


@pytest.mark.parametrize(
    ("executable", "version", "told"),
    [
        ("/usr/libexec/ipsec/pluto", "4.3", False),
        ("/usr/libexec/ipsec/pluto", "4.10", True),
        ("/usr/libexec/ipsec/pluto (deleted)", "4.10", True),
        (None, "4.10", True),
        ("/usr/bin/python3", "4.10", False),
        ("/usr/libexec/ipsec/pluto", None, False),
    ],
)
async def test_programs_of_another_release_are_told_of_once_for_each_pluto(
    executable: str | None, version: str | None, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that do not belong to a pluto at all, as beside a scripted one, are not."""
    whack = tmp_path / "whack"
    whack.write_text(f"#!/bin/sh\necho Libreswan {version}\n" if version else "#!/bin/sh\n")
    for path in (whack, tmp_path / "addconn"):
        path.touch()
        path.chmod(0o755)
    programs = Programs(None, str(whack), str(tmp_path / "addconn"))
    monkeypatch.setattr("autod.supervisor.plutolink.find_programs", lambda pid: programs)
    listens = Listener(None if executable is None else 4711)
    monkeypatch.setattr(Listener, "executable", lambda self: executable)
    said = await _foreign_programs(listens, find("4.3"))
    assert bool(said) is told
    assert not told or ("of Libreswan 4.10, and pluto 4.3 runs" in said and "restart pluto" in said)


def test_what_host_names_mean_to_pluto_is_read_from_its_status() -> None:
    """As 3.27 to 5.4 draw an end; of subnets= for each pair; an instance has its peer from elsewhere."""
    lines = """\
"sub/1x0": 10.0.1.0/24===192.1.2.45[@west]...192.1.2.23<gw.example>[@east]===10.9.0.0/24; unrouted; my_ip=; their_ip=;
"sub/1x0":   aliases: sub
"sub/2x0": 10.0.2.0/24===192.1.2.45[@west]...192.1.2.24<gw.example>[@east]===10.9.0.0/24; unrouted; my_ip=; their_ip=;
"sub/2x0":   aliases: sub
"both": 192.1.2.45<my.example>[@west]...%dns<none.example>[@east]; unrouted; my_ip=; their_ip=;
"old": 192.1.2.45<192.1.2.45>[@west]...2001:db8::2<six.example>[@east]; unrouted; eroute owner: #0
"road": 192.1.2.45...%any[@east]; unrouted; eroute owner: #0
"road"[1]: 192.1.2.45...192.1.2.23<gw.example>[@east]; unrouted; eroute owner: #0
"""
    state = parse(Reply(0, line) for line in lines.splitlines())
    seen = snapshot(state, 0.0, Members(state.connections), states=True, everything=True)
    assert seen.hosts == {
        "sub/1x0": {"gw.example": {"192.1.2.23"}},
        "sub/2x0": {"gw.example": {"192.1.2.24"}},
        "sub": {"gw.example": {"192.1.2.23", "192.1.2.24"}},
        "both": {"my.example": {"192.1.2.45"}, "none.example": {""}},
        "old": {"six.example": {"2001:db8::2"}},
        "road": {},
    }
