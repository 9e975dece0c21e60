"""Metrics: what is told of a supervisor, and how it is fetched; promtool judges the format and the rules."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from prometheus_client.parser import text_string_to_metric_families

from autod.service.history import Account
from autod.service.http import Request
from autod.service.metrics import Exporter
from autod.supervisor.loop import Supervisor
from autod.supervisor.settingsfile import parse
from autod.supervisor.states import Cause
from autod.supervisor.table import Wanted
from tests.fakes.scripted_link import ScriptedLink

CONTRIB = Path(__file__).resolve().parents[3] / "contrib"


@asynccontextmanager
async def exporter(count: int = 4, recorder: Any = None) -> AsyncIterator[Exporter]:
    names = [f"c{i}" for i in range(count)]
    link = ScriptedLink(names, takes=0.2, fails={"c1": Cause.AUTHENTICATION})
    link.start()
    supervisor = Supervisor(parse(""), link, version="1")
    supervisor.adopt([Wanted(name=n, peer=n, group="g" if n == "c0" else "") for n in names])
    metrics = Exporter(supervisor, recorder=recorder)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.run)
        await trio.sleep(30)
        yield metrics
        nursery.cancel_scope.cancel()


class Day:
    """What a recorder knows of the last day."""

    day = (
        Account(
            name="c0", peer="192.0.2.1", availability=0.5, up=10.0, down=10.0, losses=2, held=0, longest=7.0
        ),
        Account(name="c1", peer="192.0.2.1", up=0.0, down=0.0, losses=0, held=0, longest=0.0),
        Account(
            name="c2", peer="192.0.2.1", availability=1.0, up=20.0, down=0.0, losses=0, held=0, longest=0.0
        ),
    )


DAY = Day()


async def test_the_last_day_is_told_by_connection_and_by_peer(autojump_clock: object) -> None:
    async with exporter(recorder=DAY) as metrics:
        told = samples(metrics.text().decode())
    assert told[("autod_connection_day_availability_ratio", (("connection", "c0"),))] == 0.5
    assert ("autod_connection_day_availability_ratio", (("connection", "c1"),)) not in told
    assert told[("autod_connection_day_down_seconds", (("connection", "c0"),))] == 10
    assert told[("autod_connection_day_losses", (("connection", "c0"),))] == 2
    assert told[("autod_peer_day_availability_ratio", (("peer", "192.0.2.1"),))] == 0.75


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


async def test_what_is_told_is_what_is(autojump_clock: object) -> None:
    async with exporter() as metrics:
        told = samples(metrics.text().decode())

        def value(name: str, **labels: str) -> float | None:
            return told.get((name, tuple(sorted(labels.items()))))

        assert value("autod_connection_up", connection="c0") == 1
        assert value("autod_connection_up", connection="c1") == 0
        assert value("autod_connection_state", connection="c1", state="refused") == 1
        assert value("autod_connection_state", connection="c1", state="up") is None
        assert value("autod_connection_wanted", connection="c0", group="g", wanted="up") == 1
        assert value("autod_connection_tries_total", connection="c0") == 1
        assert value("autod_connection_failures_total", connection="c1", cause="authentication-failed") == 3
        assert value("autod_connection_received_bytes_total", connection="c0") == 10
        assert value("autod_connection_sent_bytes_total", connection="c0") == 20
        assert value("autod_time_to_up_seconds_count", group="g") == 1
        assert value("autod_time_to_up_seconds_count", group="") == 2
        assert value("autod_pluto_up") == 1
        assert value("autod_pluto_info", release="5.2") == 1
        assert value("autod_pluto_open_descriptors") == 21
        assert value("autod_pluto_max_descriptors") == 1024
        assert value("autod_pluto_restarts_total") == 0
        assert value("autod_wanted_up") == 4
        assert value("autod_configuration_ok") == 1


async def test_an_odd_name_does_not_spoil_the_scrape() -> None:
    supervisor = Supervisor(parse(""), ScriptedLink(), version="1")
    supervisor.adopt([Wanted(name="caf\udce9")])
    told = samples(Exporter(supervisor).text().decode())
    assert told[("autod_connection_up", (("connection", "caf\\xe9"),))] == 0


async def test_the_series_of_a_connection_are_bounded(autojump_clock: object) -> None:
    """The docstring of the module promises 8 series a connection and one a cause: counted here."""
    async with exporter(4) as few:
        small = len(samples(few.text().decode()))
    async with exporter(24) as many:
        assert (len(samples(many.text().decode())) - small) / 20 == 8


def test_promtool_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    async def main() -> bytes:
        async with exporter() as metrics:
            return metrics.text()

    text = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


async def test_a_scrape_gets_the_text() -> None:
    supervisor = Supervisor(parse(""), ScriptedLink(["a"]), version="1")
    supervisor.adopt([Wanted(name="a")])
    answer = await Exporter(supervisor).answer(Request("/metrics"))
    assert answer.content.startswith("text/plain; version=0.0.4")
    assert samples(answer.body.decode())[("autod_pluto_up", ())] == 0


async def test_the_text_file_is_replaced_whole(tmp_path: Path) -> None:
    metrics = Exporter(Supervisor(parse(""), ScriptedLink(), version="1"))
    troubles, said = trio.open_memory_channel[str](math.inf)
    async with trio.open_nursery() as nursery:
        path = tmp_path / "autod.prom"
        nursery.start_soon(metrics.write, str(path), 0.01, troubles.send_nowait)
        with trio.fail_after(60):
            assert [await said.receive() for _ in range(3)] == [""] * 3
        assert samples(path.read_text())[("autod_pluto_up", ())] == 0
        assert path.stat().st_mode & 0o777 == 0o644
        nursery.cancel_scope.cancel()
    assert os.listdir(tmp_path) == ["autod.prom"]


async def test_a_text_file_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    metrics = Exporter(Supervisor(parse(""), ScriptedLink(), version="1"))
    troubles, said = trio.open_memory_channel[str](math.inf)
    (tmp_path / "taken").mkdir()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(metrics.write, str(tmp_path / "taken"), 15.0, troubles.send_nowait)
        with trio.fail_after(60):
            assert "metrics.textfile" in await said.receive()
        nursery.cancel_scope.cancel()
    assert os.listdir(tmp_path) == ["taken"]


def test_promtool_accepts_the_alert_rules_and_they_fire_when_they_should() -> None:
    folder = CONTRIB / "prometheus"
    for words in (["check", "rules", "autod.rules.yml"], ["test", "rules", "autod.rules.test.yml"]):
        done = subprocess.run(["promtool", *words], cwd=folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboard_use_only_metrics_that_there_are() -> None:
    def main_text() -> str:
        async def main() -> bytes:
            async with exporter(recorder=DAY) as metrics:
                return metrics.text()

        return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0)).decode()

    known = {name for name, _ in samples(main_text())}
    dashboard = json.loads((CONTRIB / "prometheus" / "grafana-dashboard.json").read_text())
    expressions = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    expressions += re.findall(r"expr: (.*)", (CONTRIB / "prometheus" / "autod.rules.yml").read_text())
    used = {name for text in expressions for name in re.findall(r"\bautod_\w+", text)}
    assert used <= known
    assert len(used) > 15


def _a_link(path: Path, other: Path) -> None:
    path.symlink_to(other)


def _another_name(path: Path, other: Path) -> None:
    path.hardlink_to(other)


@pytest.mark.parametrize("lay", [_a_link, _another_name])
async def test_the_text_file_is_written_through_no_link(
    tmp_path: Path, lay: Callable[[Path, Path], None]
) -> None:
    """Whoever may write in the folder must not have root write elsewhere."""
    folder = tmp_path / "textfiles"
    folder.mkdir()
    precious = tmp_path / "precious"
    precious.write_text("as it was")
    precious.chmod(0o600)
    path = folder / "autod.prom"
    lay(path, precious)
    exporter = Exporter(Supervisor(parse(""), ScriptedLink(), version="1"))
    exporter._replace(str(path), exporter.text())
    assert (precious.read_text(), precious.stat().st_mode & 0o777) == ("as it was", 0o600)
    assert path.lstat().st_mode & 0o170777 == 0o100644
    assert b"autod_info" in path.read_bytes()
    assert os.listdir(folder) == ["autod.prom"]


async def test_a_disk_that_is_full_leaves_the_old_text_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "autod.prom"
    exporter = Exporter(Supervisor(parse(""), ScriptedLink(), version="1"))
    exporter._replace(str(path), exporter.text())
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    descriptors = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="No space"):
        exporter._replace(str(path), exporter.text())
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["autod.prom"]
    assert len(os.listdir("/proc/self/fd")) == descriptors
