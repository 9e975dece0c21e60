"""Loading without an event loop, and going on with one from where that came to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio

from autod.client import open_pluto
from autod.config.around import Machine
from autod.config.digests import digests
from autod.loading import plain
from autod.loading.native import NativeLoader
from autod.outcomes import Result
from autod.protocol.decode import decode
from autod.protocol.releases import find
from tests.autod.loading.test_native import NAMES, adds, answered, configuration
from tests.fakes.fakepluto import fake_pluto
from tests.helpers.loads import Loads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from autod.loading.plain import Begun
    from tests.fakes.fakepluto import Client, FakePluto

    Play = Callable[[Client], Awaitable[None]]


def sent_to(pluto: FakePluto, release: str) -> list[str | None]:
    return [decode(message, find(release)).name for message in pluto.messages]


async def loaded(
    folder: Path, release: str, play: Play, names: Sequence[str], stop_at: int = 10**6
) -> tuple[Begun, Loads, list[str | None]]:
    """What came of the names in this thread, what came of the rest, and what pluto was sent in all."""
    path, read, asked = folder / release, configuration(folder, release), 0

    def stopped() -> bool:
        nonlocal asked
        asked += 1
        return asked > stop_at

    async with (
        fake_pluto(path, play, seqpacket=find(release).seqpacket) as pluto,
        open_pluto(path, release) as client,
    ):
        begun = await trio.to_thread.run_sync(
            partial(plain.begin, str(path), client.detected, read, names, autoall=False, stopped=stopped)
        )
        left, loads = begun.waiting + len(begun.flight), Loads()
        loader = NativeLoader(client, lambda release: read, notes=True, begun=begun)
        await loader.load(names, hear=loads.hear, told=loads.told)
        known = [name for name in names if read.find(name)]
        assert loader.sent == digests(read, known, around=Machine(None))
        assert left or begun.unusual is not None or loads.outcomes.keys() == set(names)
        return begun, loads, sent_to(pluto, release)


@pytest.mark.parametrize("release", ["4.3", "4.10", "5.2", "5.4"])
async def test_all_that_go_as_they_should_are_loaded_in_order(release: str, tmp_path: Path) -> None:
    begun, loads, sent = await loaded(tmp_path, release, answered(adds), NAMES)
    assert begun.is_done
    assert [one.connection.name for one in begun.answered] == NAMES == sent
    assert {one.result for one in loads.outcomes.values()} == {Result.LOADED}


async def test_one_that_is_refused_is_told_with_the_others_and_none_is_sent_twice(tmp_path: Path) -> None:
    async def script(client: Client, message: bytes) -> None:
        if decode(message, find("4.10")).name == "c40":
            await client.write(b'003 "c40": failed to add connection: nobody knows why\n')
        else:
            await adds(client, message)

    begun, loads, sent = await loaded(tmp_path, "4.10", answered(script), NAMES)
    assert not begun.is_done
    assert sorted(map(str, sent)) == sorted(NAMES)
    assert [name for name, one in loads.outcomes.items() if not one.ok] == ["c40"]
    assert loads.outcomes.keys() == set(NAMES)


async def test_what_takes_several_messages_is_left_and_so_is_what_stands_behind_it(tmp_path: Path) -> None:
    """`pairs` has two pairs of subnets= and `keyed` a key of its own, up to 4.15."""
    names = [*NAMES[:5], "pairs", *NAMES[5:9], "keyed"]
    begun, loads, sent = await loaded(tmp_path, "4.10", answered(adds), names)
    assert (len(begun.answered), begun.waiting) == (5, 6)
    assert list(dict.fromkeys(str(name).partition("/")[0] for name in sent if name)) == [*names[:-1], "keyed"]
    assert loads.outcomes.keys() == set(names)


async def test_what_pluto_has_not_answered_is_followed_and_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain, "_PATIENCE", 0.05)
    resumed = trio.Event()

    async def script(client: Client, message: bytes) -> None:
        if decode(message, find("4.10")).name == "c7":
            with trio.move_on_after(1):
                await resumed.wait()
        await adds(client, message)

    begun, loads, sent = await loaded(tmp_path, "4.10", answered(script), NAMES[:30])
    assert len(begun.answered) < 30
    assert sorted(map(str, sent)) == sorted(NAMES[:30])
    assert {one.result for one in loads.outcomes.values()} == {Result.LOADED}
    assert len(loads.outcomes) == 30


async def test_a_signal_stops_it_after_those_in_flight(tmp_path: Path) -> None:
    begun, loads, sent = await loaded(tmp_path, "4.10", answered(adds), NAMES, stop_at=40)
    assert (len(begun.answered), begun.waiting, len(begun.flight)) == (40, len(NAMES) - 40, 0)
    assert sent == NAMES
    assert len(loads.outcomes) == len(NAMES)


async def test_a_pluto_that_is_gone_ends_it(tmp_path: Path) -> None:
    """Its last answer is cut, and nobody takes what comes after it."""

    async def script(client: Client, message: bytes) -> None:
        if decode(message, find("4.10")).name == "c12":
            await client.write(b"002 hal")
        else:
            await adds(client, message)

    begun, loads, sent = await loaded(tmp_path, "4.10", answered(script), NAMES[:20])
    assert begun.unusual is not None
    assert not loads.outcomes["c12"].ok
    assert sorted(map(str, sent)) == sorted(NAMES[:20])


async def test_a_name_that_the_file_does_not_have_is_told(tmp_path: Path) -> None:
    begun, loads, sent = await loaded(tmp_path, "4.10", answered(adds), ["c1", "nosuch", "c2"])
    assert not begun.is_done
    assert sent == ["c1", "c2"]
    assert {name: one.result for name, one in loads.outcomes.items()} == {
        "c1": Result.LOADED,
        "nosuch": Result.UNKNOWN,
        "c2": Result.LOADED,
    }
