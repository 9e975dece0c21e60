"""Side features: none ends supervision, each is told, tried again, and begun afresh when its settings change."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import trio

from autod.errors import UsageError
from autod.service.sides import RETRY, Side, keep
from autod.supervisor.configured import ConfiguredSupervisor
from autod.supervisor.settings import Settings
from autod.supervisor.settingsfile import parse
from autod.supervisor.wanted import Reading
from tests.fakes.scripted_link import ScriptedLink


class NoConnections:
    def read(self) -> Reading:
        return Reading()


@dataclass
class Feature:
    """Fails with what `fails` has, in turn; then works until cancelled."""

    fails: list[Exception]
    begun: list[str] = field(default_factory=list)

    async def run(self, settings: Settings, trouble: object) -> None:
        self.begun.append(settings.metrics.listen)
        await trio.lowlevel.checkpoint()
        if self.fails:
            raise self.fails.pop(0)
        await trio.sleep_forever()


def supervisor(text: str) -> ConfiguredSupervisor:
    return ConfiguredSupervisor(parse(f"[supervise]\nstate = ''\n{text}"), ScriptedLink(), NoConnections())


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (
            OSError(98, "Address already in use", "127.0.0.1:1"),
            "metrics: 127.0.0.1:1: Address already in use",
        ),
        (ImportError("no", name="h11"), "metrics: this needs the Python package h11, which is not installed"),
        (UsageError("metrics need a package"), "metrics: metrics need a package"),
        (ExceptionGroup("", [OSError(28, "No space left on device")]), "metrics: No space left on device"),
        (ValueError("a mistake of ours"), "metrics: ValueError('a mistake of ours')"),
    ],
)
async def test_what_fails_is_told_and_tried_again(
    problem: Exception, said: str, autojump_clock: object
) -> None:
    keeper, feature = supervisor(""), Feature([problem])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, Side("metrics", lambda s: s.metrics, feature.run), keeper)
        await trio.sleep(1)
        assert keeper.statistics().troubles == (said,)
        assert keeper.statistics().configuration == "ok"
        await trio.sleep(RETRY)
        assert len(feature.begun) == 2
        nursery.cancel_scope.cancel()


async def test_changed_settings_begin_it_afresh(autojump_clock: object) -> None:
    keeper, feature = supervisor(""), Feature([OSError(1, "no")])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, Side("metrics", lambda s: s.metrics, feature.run), keeper)
        await trio.sleep(1)
        for text in ("", "[metrics]\nlisten = '127.0.0.1:9'"):
            keeper.settings = parse(text)
            event, keeper.new_settings = keeper.new_settings, trio.Event()
            event.set()
            await trio.sleep(1)
        assert feature.begun == ["", "127.0.0.1:9"]
        assert not keeper.troubles
        nursery.cancel_scope.cancel()
