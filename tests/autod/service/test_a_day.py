"""A day in accelerated time: flaps, reloads, restarts of pluto and of autod, with history and hooks on.

Memory, descriptors and the file stay flat, and the history says what was done.
"""

from __future__ import annotations

import gc
import logging
import os
import random
from collections import Counter
from pathlib import Path

import pytest
import structlog
import trio
import trio.testing

from autod.service.history import accounts
from autod.service.hookrunner import HookRunner
from autod.service.recorder import Recorder
from autod.service.sides import Side, keep
from autod.service.store import Reader
from autod.supervisor.configured import ConfiguredSupervisor
from autod.supervisor.settingsfile import parse
from autod.supervisor.states import State
from autod.supervisor.wanted import Definition, Reading
from tests.fakes.scripted_link import ScriptedLink

NAMES = [f"branch-{i}" for i in range(40)]
HOUR = 3600.0
BEGAN = 1.8e9


class Source:
    def read(self) -> Reading:
        return Reading({name: Definition(name=name, auto="start", peer=name) for name in NAMES})


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def size_of(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.iterdir())


async def life(
    folder: Path, link: ScriptedLink, hours: float, chance: random.Random, done: Counter[str]
) -> None:
    """One life of autod, of so many hours. `done` counts the losses that it must have seen."""
    settings = parse(
        f"[supervise]\nstate = ''\npoll_min = 10\n[policy]\nflap_count = 0\n[history]\nfile = '{folder}/history.db'\n"
        "[[hook]]\nname = 'h'\ncommand = ['/bin/true']\nconnections = ['branch-1']\non = ['refused']\n"
    )
    wall = lambda: BEGAN + trio.current_time()  # noqa: E731
    supervisor = ConfiguredSupervisor(settings, link, Source(), wall=wall)
    recorder, hooks = Recorder(supervisor, wall=wall), HookRunner(supervisor, service=False)
    async with trio.open_nursery() as nursery:
        await supervisor.start()
        nursery.start_soon(keep, Side("history", lambda s: s.history, recorder.run), supervisor)
        nursery.start_soon(keep, Side("hooks", lambda s: s.hook, hooks.run), supervisor)
        nursery.start_soon(supervisor.run)
        end = trio.current_time() + hours * HOUR
        await trio.sleep(120)
        while trio.current_time() < end - 300:
            # Threads work in real time: what has come up may not have been seen yet.
            table = supervisor.engine.table
            up = {name for name, entry in table.items() if name in link.up and entry.record.state is State.UP}
            what = chance.random()
            if what < 0.9:
                lost = up.intersection(chance.sample(NAMES, 3))
                link.up -= lost
                done.update(lost)
            elif what < 0.95:
                await supervisor.reload()
            else:
                done.update(up)
                link.kill()
                await trio.sleep(5)
                link.start()
            await trio.sleep(150)
        assert set(NAMES) == link.up
        assert not supervisor.troubles
        nursery.cancel_scope.cancel()


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_a_day_leaves_no_trace_but_its_history(tmp_path: Path) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    chance, done = random.Random(16), Counter[str]()
    link = ScriptedLink(NAMES, takes=0.3)
    link.start()
    figures: list[tuple[int, int, int]] = []

    async def main() -> None:
        for _ in range(8):
            await life(tmp_path, link, 3.0, chance, done)
            link.done.clear()
            gc.collect()
            figures.append((resident(), len(os.listdir("/proc/self/fd")), size_of(tmp_path)))

    try:
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0.002))
    finally:
        structlog.reset_defaults()
    (first, files, _), (last, files_then, size) = figures[1], figures[-1]
    assert files_then == files, figures
    assert last - first < 12_000_000, figures
    assert size < 10_000_000, figures
    with Reader.open(f"{tmp_path}/history.db") as reader:
        found = accounts(reader, BEGAN, BEGAN + 25 * HOUR)
    assert {one.name: one.losses for one in found} == {name: done[name] for name in NAMES}
    assert all(one.availability is not None and 0.98 < one.availability < 1 for one in found), found  # type: ignore[operator]
