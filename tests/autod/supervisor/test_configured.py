"""Reloads, changed files and suspensions: a supervisor whose configuration is a real file and its source a script."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing

from autod.errors import ConfigurationError, PlutoGone
from autod.supervisor import configured
from autod.supervisor.configured import ConfiguredSupervisor, signature
from autod.supervisor.settingsfile import parse
from autod.supervisor.states import Act, Cause, State
from autod.supervisor.table import Wanted
from autod.supervisor.wanted import Definition, Reading
from tests.fakes.scripted_link import ScriptedLink


class Conf:
    """A configuration of one line a connection: name, auto=, digest. `!` anywhere is an error."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Reading:
        text = self.path.read_text()
        if "!" in text:
            raise ConfigurationError("an exclamation mark", where=f"{self.path}:1")
        found = {}
        for line in text.splitlines():
            name, auto, digest = line.split()
            found[name] = Definition(name=name, auto=auto, digest=digest, peer=name)
        return Reading(found, (str(self.path),))


class Place:
    def __init__(self, folder: Path) -> None:
        self.conf = folder / "conf"
        self.toml = folder / "autod.toml"
        self.secrets = folder / "secrets"
        self.state = folder / "suspended.json"
        self.secrets.write_text("1")
        self.write("a start 1\nb start 1\nc add 1\n")
        self.set("")

    def write(self, text: str) -> None:
        self.conf.write_text(text)

    def set(self, text: str) -> None:
        self.toml.write_text(
            f'[supervise]\nconfiguration = "{self.conf}"\nsecrets = ["{self.secrets}"]\nstate = "{self.state}"\n{text}'
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def clock() -> trio.testing.MockClock:
    """Jumps only when nothing has happened for a while: files are read in a thread, which the clock cannot see."""
    return trio.testing.MockClock(autojump_threshold=0.02)


@asynccontextmanager
async def supervised(place: Place, link: ScriptedLink) -> AsyncIterator[ConfiguredSupervisor]:
    settings = parse(place.toml.read_text())
    supervisor = ConfiguredSupervisor(settings, link, Conf(place.conf), path=str(place.toml))
    async with trio.open_nursery() as nursery:
        await supervisor.start()
        nursery.start_soon(supervisor.run)
        nursery.start_soon(supervisor.watch)
        yield supervisor
        nursery.cancel_scope.cancel()


async def settled(supervisor: ConfiguredSupervisor) -> None:
    """Wait until the configuration was read, by a thread that a busy machine may keep from it, and ten seconds more."""
    while not states(supervisor):  # noqa: ASYNC110
        await trio.sleep(1)
    await trio.sleep(10)


def states(supervisor: ConfiguredSupervisor) -> dict[str, str]:
    return {n: e.record.state.value for n, e in supervisor.engine.table.items()}


async def test_the_configuration_is_read_as_soon_as_a_pluto_is_found(place: Place, clock: object) -> None:
    link = ScriptedLink(["a", "b", "c"])
    async with supervised(place, link) as supervisor:
        await trio.sleep(5)
        assert states(supervisor) == {}
        link.start()
        await trio.sleep(10)
        assert states(supervisor) == {"a": "up", "b": "up", "c": "loaded"}


async def test_a_reload_adds_changes_and_removes_and_leaves_the_rest_alone(
    place: Place, clock: object
) -> None:
    link = ScriptedLink(["a", "b", "c"])
    link.start()
    async with supervised(place, link) as supervisor:
        await settled(supervisor)
        link.done.clear()
        place.write("a start 1\nb start 2\nd start 1\n")
        synced = await supervisor.reload()
        assert (synced.added, synced.changed, synced.removed) == (("d",), ("b",), ("c",))
        await trio.sleep(15)
        assert states(supervisor) == {"a": "up", "b": "up", "d": "up"}
        assert {act for act, name in link.done if name == "b"} == {Act.REPLACE, Act.UP}
        assert (Act.DELETE, "c") in link.done
        assert not [name for _, name in link.done if name == "a"]
        assert link.secrets_read == 1


@pytest.mark.parametrize("left", ["", "".join(f"c{i} add 1\n" for i in range(20))])
async def test_a_file_that_lost_much_deletes_nothing_until_it_is_forced(
    left: str, place: Place, clock: object
) -> None:
    """An include that matches nothing, an image without its files: it looks just like that."""
    names = [f"c{i}" for i in range(30)]
    link = ScriptedLink(names)
    link.start()
    place.write("".join(f"{name} add 1\n" for name in names))
    async with supervised(place, link) as supervisor:
        await settled(supervisor)
        place.write(left)
        with pytest.raises(ConfigurationError, match="would be deleted"):
            await supervisor.reload()
        await trio.sleep(20)
        assert len(states(supervisor)) == 30
        assert Act.DELETE not in {act for act, _ in link.done}
        assert "would be deleted" in supervisor.statistics().configuration
        synced = await supervisor.reload(force=True)
        assert len(synced.removed) == 30 - left.count("add")
        assert supervisor.statistics().configuration == "ok"


async def test_a_bad_file_changes_nothing_and_is_told_until_it_is_mended(place: Place, clock: object) -> None:
    link = ScriptedLink(["a", "b", "c"])
    link.start()
    async with supervised(place, link) as supervisor:
        await settled(supervisor)
        place.write("!")
        with pytest.raises(ConfigurationError, match="exclamation"):
            await supervisor.reload()
        assert "exclamation" in supervisor.statistics().configuration
        assert supervisor.feed.after(0)[0][-1].cause == "configuration"
        place.write("a start 1\nb start 1\nc add 1\n")
        place.set("[policy]\nkeep = 'upp'\n")
        with pytest.raises(ConfigurationError, match=r"autod.toml:6: policy.keep"):
            await supervisor.reload()
        assert states(supervisor) == {"a": "up", "b": "up", "c": "loaded"}
        place.set("")
        await supervisor.reload()
        assert supervisor.statistics().configuration == "ok"
        await trio.sleep(60)
        assert sorted(n for act, n in link.done if act is Act.UP) == ["a", "b"]


async def test_a_changed_file_is_read_once_it_rests(place: Place, clock: object) -> None:
    link = ScriptedLink(["a", "b", "c"])
    link.start()
    async with supervised(place, link) as supervisor:
        await trio.sleep(5)
        place.write("a start 1\nb start 1\nc add 1\nnew start 1\n")
        await trio.sleep(20)
        assert states(supervisor)["new"] == "up"
        place.set("[policy]\nkeep = 'down'\n")
        await trio.sleep(10)
        assert link.up == set()


async def test_changed_secrets_are_read_again_and_free_what_was_refused(place: Place, clock: object) -> None:
    link = ScriptedLink(["a", "b", "c"], fails={"a": Cause.AUTHENTICATION})
    link.start()
    async with supervised(place, link) as supervisor:
        await trio.sleep(60)
        assert supervisor.engine.table["a"].record.state is State.REFUSED
        link.fails.clear()
        place.secrets.write_text("better")
        await trio.sleep(10)
        assert states(supervisor)["a"] == "up"
        assert link.secrets_read == 1
        seen = supervisor.feed.last
        await trio.sleep(120)
        assert supervisor.feed.last == seen


async def test_a_new_pluto_has_read_the_file_and_so_does_the_supervisor(place: Place, clock: object) -> None:
    place.set("watch = false\n")
    link = ScriptedLink(["a", "b", "c"])
    link.start()
    async with supervised(place, link) as supervisor:
        await settled(supervisor)
        place.write("a start 1\nb start 2\nnew start 1\n")
        link.kill()
        await trio.sleep(2)
        link.done.clear()
        link.start(["a", "b", "new"])
        await trio.sleep(20)
        assert states(supervisor) == dict.fromkeys(["a", "b", "new"], "up")
        assert {act for act, _ in link.done} == {Act.UP}, "pluto has it all already"


async def test_files_are_left_alone_where_nobody_wants_them_watched(place: Place, clock: object) -> None:
    place.set("watch = false\n")
    link = ScriptedLink(["a", "b", "c"])
    link.start()
    async with supervised(place, link) as supervisor:
        await trio.sleep(5)
        place.write("a start 1\nnew start 1\n")
        await trio.sleep(60)
        assert "new" not in states(supervisor)
        await supervisor.reload()
        assert "new" in states(supervisor)


async def test_suspensions_outlive_the_process(place: Place, clock: object) -> None:
    link = ScriptedLink(["a", "b", "c"])
    link.start()
    async with supervised(place, link) as supervisor:
        await trio.sleep(5)
        supervisor.order("down", ["a"])
        supervisor.order("suspend", ["b"])
        supervisor.order("resume", ["b"])
        await trio.sleep(5)
    assert msgspec.json.decode(place.state.read_bytes()) == {"a": True}
    assert "a" not in link.up
    async with supervised(place, link) as supervisor:
        await trio.sleep(60)
        assert states(supervisor)["a"] == "suspended"
        assert "a" not in link.up
        supervisor.order("up", ["a"])
        await trio.sleep(5)
        assert "a" in link.up
    assert msgspec.json.decode(place.state.read_bytes()) == {}


async def test_an_odd_name_is_remembered_too(place: Place) -> None:
    link = ScriptedLink()
    async with supervised(place, link) as supervisor:
        supervisor.adopt([Wanted(name="caf\udce9")])
        supervisor.order("down", ["caf\\xe9"])
    async with supervised(place, link) as supervisor:
        assert supervisor._suspended == {"caf\udce9": True}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"a": 1}', b"\xff"])
async def test_a_spoilt_file_of_suspensions_is_told_and_no_reason_not_to_start(
    place: Place, content: bytes
) -> None:
    place.state.write_bytes(content)
    async with supervised(place, ScriptedLink()) as supervisor:
        assert states(supervisor) == {}
        assert "makes no sense" in supervisor.troubles["supervise.state"]
        supervisor.adopt([Wanted(name="a")])
        supervisor.order("suspend", ["a"])
        assert "supervise.state" not in supervisor.troubles
    assert msgspec.json.decode(place.state.read_bytes()) == {"a": False}


async def test_sync_says_what_differs_and_puts_it_right(place: Place, clock: object) -> None:
    link = ScriptedLink(["a", "b", "c"])
    link.start()
    async with supervised(place, link) as supervisor:
        await trio.sleep(5)
        link.present -= {"c"}
        link.present |= {"stranger", "a/1x1"}
        told = await supervisor.sync(dry=True)
        assert (told.missing, told.changed, told.extra) == (("c",), (), ("stranger",))
        assert "c" not in link.present
        await supervisor.sync(dry=False)
        await trio.sleep(5)
        assert "c" in link.present
        link.kill()
        await trio.sleep(1)
        with pytest.raises(PlutoGone):
            await supervisor.sync(dry=True)


class Peers(Conf):
    """As Conf; the peer of each connection is `gw`."""

    def read(self) -> Reading:
        reading = super().read()
        ends = ("192.0.2.7", "gw")
        named = {name: replace(each, ends=ends) for name, each in reading.connections.items()}
        return Reading(named, reading.files)


async def test_the_record_of_a_peer_is_followed_and_takes_nothing_down(
    place: Place, clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`a` is up and is loaded again when it is lost; `b`, which only waits for packets, at once."""
    records = {"gw": "192.0.2.1"}

    async def look_up(host: str) -> frozenset[str]:
        await trio.lowlevel.checkpoint()
        return frozenset(records[host].split())

    async def no_network(pid: int | None, tell: object) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(configured, "follow_names", partial(configured.follow_names, resolve=look_up))
    monkeypatch.setattr(configured, "follow_network", no_network)
    place.write("a start 1\nb ondemand 1\n")
    link = ScriptedLink(["a", "b"])
    link.held = {name: {"gw": ["192.0.2.1"]} for name in "ab"}
    link.start()
    supervisor = ConfiguredSupervisor(parse(place.toml.read_text()), link, Peers(place.conf))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.run)
        nursery.start_soon(supervisor.follow)
        await settled(supervisor)
        link.done.clear()
        for meaning in ("192.0.2.1", "192.0.2.9 192.0.2.1", "2001:db8::1", ""):
            records["gw"] = meaning
            await trio.sleep(6)
            assert not link.done, meaning
        records["gw"] = "192.0.2.2"
        await trio.sleep(8)
        assert {name for _, name in link.done} == {"b"}
        told = {e.connection: e.detail for e in supervisor.feed.after(0)[0] if "gw has" in str(e.detail)}
        assert told["a"] == "loaded again when it is down: gw has another address: 192.0.2.2"
        assert (Act.REPLACE, "b") in link.done
        assert states(supervisor)["a"] == "up"
        link.up.discard("a")
        lost_at = trio.current_time()
        while (Act.UP, "a") not in link.done:  # noqa: ASYNC110
            await trio.sleep(1)
        assert trio.current_time() - lost_at < 6
        assert [act for act, name in link.done if name == "a"] == [Act.REPLACE, Act.UP]
        nursery.cancel_scope.cancel()


def test_a_signature_changes_with_any_file_of_a_pattern(tmp_path: Path) -> None:
    patterns = [str(tmp_path / "one"), str(tmp_path / "*.conf")]
    seen = [signature(patterns)]
    (tmp_path / "one").write_text("1")
    seen.append(signature(patterns))
    (tmp_path / "x.conf").write_text("1")
    seen.append(signature(patterns))
    os.utime(tmp_path / "x.conf", ns=(1, 1))
    seen.append(signature(patterns))
    (tmp_path / "other").write_text("1")
    assert signature(patterns) == seen[-1]
    assert len(set(seen)) == 4
