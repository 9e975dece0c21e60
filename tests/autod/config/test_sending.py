"""Bursts of connections, against a scripted pluto on a real socket: certainty, cancellation, one send each."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import trio

from autod.config import all_names, load
from autod.exchange.control import Control
from autod.exchange.peer import Listener, socket_file
from autod.loading.burst import Unreachable, open_line
from autod.loading.native import _AHEAD, _Sender, load_native
from autod.protocol.releases import find
from tests.fakes.fakepluto import Client, answers, fake_pluto
from tests.helpers.probing import Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from autod.config.reader import Configuration

RELEASE = find("4.10")
MANY = 30


def configuration(folder: Path) -> Configuration:
    """MANY connections, each of which is one message."""
    file = folder / "ipsec.conf"
    ends = "left=192.1.2.45\n\tright=192.1.2.23\n\tleftid=@west\n\tauthby=secret\n\tauto=add\n"
    file.write_text("\n".join(f"conn c{number}\n\t{ends}\trightid=@c{number}\n" for number in range(MANY)))
    return load(str(file), RELEASE)


def control(path: Path) -> Control:
    return Control(path, codes=RELEASE.codes, seqpacket=False, pluto=Listener(None, socket_file(path)))


async def test_each_message_of_a_burst_is_whole_and_followed_by_the_end_of_our_sending(
    tmp_path: Path,
) -> None:
    """So no prompt can wait for an answer; and each reply is put down to its connection."""
    rests: list[bytes] = []
    turns = iter(range(1000))

    async def script(client: Client) -> None:
        await client.read()
        rests.append(await client.until_eof())
        await client.write(b'002 "c%d": added\n' % next(turns))

    path = tmp_path / "pluto.ctl"
    read = configuration(tmp_path)
    async with fake_pluto(path, script) as pluto:
        loaded = await load_native(
            all_names(read), configuration=read, control=control(path), lookup=Recorded()
        )
    assert rests == [b""] * MANY
    assert {len(message) for message in pluto.messages} == {len(one.messages[0].message) for one in loaded}
    assert [one.messages[0].replies[0].text for one in loaded] == [f'"c{n}": added' for n in range(MANY)]


async def test_after_a_cancellation_nothing_more_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by the thread that was abandoned in the middle of its burst: at most what pluto had then."""
    path = tmp_path / "pluto.ctl"
    read = configuration(tmp_path)
    third, go_on, ended = trio.Event(), trio.Event(), threading.Event()
    burst = _Sender.burst

    def watched(sender: _Sender) -> None:
        burst(sender)
        ended.set()

    monkeypatch.setattr(_Sender, "burst", watched)

    async def script(client: Client) -> None:
        await client.read()
        if len(pluto.messages) == 3:
            third.set()
            await go_on.wait()
        await client.write(b"002 added\n")

    async with fake_pluto(path, script) as pluto:
        async with trio.open_nursery() as nursery:

            async def loading() -> None:
                await load_native(
                    all_names(read), configuration=read, control=control(path), lookup=Recorded()
                )

            nursery.start_soon(loading)
            await third.wait()
            nursery.cancel_scope.cancel()
        go_on.set()
        await trio.to_thread.run_sync(ended.wait, 30)
    assert ended.is_set()
    assert 3 <= len(pluto.messages) <= 3 + _AHEAD + 1


async def test_a_line_sends_nothing_to_a_pluto_that_came_in_between(tmp_path: Path) -> None:
    """Of the same process id too: what tells is the socket's file."""
    path = tmp_path / "pluto.ctl"
    async with fake_pluto(path, answers(b"002 first\n")):
        way = control(path)
        await way.exchange(b"first", lambda _: None)
        line = open_line(way, RELEASE.codes)
        assert line is not None
    path.unlink()
    async with fake_pluto(path, answers(b"002 second\n")) as second:
        with pytest.raises(Unreachable):
            line.send(b"not for you")
        await way_is_free(path)
    assert second.messages == [b"", b"asked"]


async def way_is_free(path: Path) -> None:
    """Ask once more, so that everything sent before has been read."""
    await control(path).exchange(b"asked", lambda _: None)
