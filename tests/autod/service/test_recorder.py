"""The recorder under a supervisor: what is told was written, a disk that fails or hangs is not pluto's end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from autod.service import recorder as module
from autod.service.recorder import Recorder
from autod.service.store import Reader, Store
from autod.supervisor.configured import ConfiguredSupervisor
from autod.supervisor.settingsfile import parse
from autod.supervisor.states import Cause
from autod.supervisor.views import Operator
from autod.supervisor.wanted import Definition, Reading
from tests.fakes.scripted_link import ScriptedLink

NAMES = ["a", "b", "c"]


class Source:
    def read(self) -> Reading:
        return Reading({name: Definition(name=name, auto="add") for name in NAMES})


@asynccontextmanager
async def recorded(
    folder: Path, link: ScriptedLink
) -> AsyncIterator[tuple[ConfiguredSupervisor, Recorder, list[str]]]:
    settings = parse(
        f"[supervise]\nstate = ''\npoll_min = 0.2\n[policy]\nkeep = 'up'\n[history]\nfile = '{folder}/history.db'"
    )
    supervisor = ConfiguredSupervisor(settings, link, Source())
    recorder = Recorder(supervisor)
    said: list[str] = []
    async with trio.open_nursery() as nursery:
        await supervisor.start()
        nursery.start_soon(recorder.run, settings, said.append)
        nursery.start_soon(supervisor.run)
        yield supervisor, recorder, said
        nursery.cancel_scope.cancel()


async def until(true: Any) -> None:
    with trio.fail_after(20):
        while not true():  # noqa: ASYNC110
            await trio.sleep(0.02)


def written(folder: Path) -> list[tuple[str, str, str]]:
    with Reader.open(f"{folder}/history.db") as reader:
        return [(n, c.kind, c.state or c.act) for n, c in reader.changes(["", *NAMES], 0, 10**14, 10**6)]


async def test_what_is_told_was_written_before(tmp_path: Path) -> None:
    link = ScriptedLink(NAMES, takes=0.05, fails={"c": Cause.AUTHENTICATION})
    async with recorded(tmp_path, link) as (supervisor, recorder, said):
        await until(lambda: recorder.path)
        link.start()
        number, ordered = 0, False
        told: set[tuple[object, object]] = set()
        with trio.fail_after(20):
            while not {("a", "suspended"), ("b", "up")} <= told:
                await supervisor.feed.wait(number)
                events, _ = supervisor.feed.after(number)
                number = events[-1].sequence
                told |= {(e.connection, e.after) for e in events if e.kind == "state"}
                assert told <= {(n, s) for n, k, s in written(tmp_path) if k == "state"}
                if ("a", "up") in told and not ordered:
                    ordered = True
                    supervisor.order("down", ["a"], Operator(uid=0, pid=7, user="root", login="alice"))
        assert not any(said)
        now = recorder._wall()
        (one,) = await recorder.accounts(now - 60, now, ["b"])
        assert one.state == "up"
        (change,) = [c for c in await recorder.changes(now - 60, now + 1, ["a"], 100) if c.kind == "operator"]
        assert (change.act, change.by) == ("down", "root (alice)")
        supervisor.tell("pluto", after="the last word")
    assert written(tmp_path)[-1] == ("", "pluto", "the last word")
    assert next(row for row in written(tmp_path) if not row[0]) == ("", "life", "begins")


async def test_who_asks_while_the_history_is_opened_waits_for_it(tmp_path: Path) -> None:
    link = ScriptedLink(NAMES)
    async with recorded(tmp_path, link) as (_, recorder, __):
        assert not recorder.path
        now = recorder._wall()
        assert await recorder.accounts(now - 60, now) == []
        assert recorder.path


async def test_a_full_disk_is_told_and_what_happened_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.1)
    full = True
    append = Store.append

    def sometimes(store: Store, changes: Any, now: int) -> None:
        if full:
            raise sqlite3.OperationalError("database or disk is full")
        append(store, changes, now)

    link = ScriptedLink(NAMES, takes=0.05)
    link.start()
    monkeypatch.setattr(Store, "begin", lambda store, now: None)
    monkeypatch.setattr(Store, "append", sometimes)
    async with recorded(tmp_path, link) as (_, __, said):
        await until(lambda: link.up == set(NAMES))
        await until(lambda: any("disk is full" in one for one in said))
        assert written(tmp_path) == []
        full = False
        await until(lambda: said[-1] == "")
        assert ("b", "state", "up") in written(tmp_path)


async def test_a_disk_that_hangs_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    goes = threading.Event()
    append = Store.append

    def late(store: Store, changes: Any, now: int) -> None:
        if not goes.wait(15):
            raise sqlite3.OperationalError("it hung")
        append(store, changes, now)

    link = ScriptedLink(NAMES, takes=0.05)
    link.start()
    monkeypatch.setattr(Store, "begin", lambda store, now: None)
    monkeypatch.setattr(Store, "append", late)
    async with recorded(tmp_path, link) as (supervisor, _, __):
        await until(lambda: sum(e.after == "up" for e in supervisor.feed.after(0)[0]) == 3)
        goes.set()
    assert ("b", "state", "up") in written(tmp_path)
