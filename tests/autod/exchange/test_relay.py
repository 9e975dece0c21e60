"""The relay between a helper program and pluto: what each of them gets, and who may connect."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

from autod.errors import ForeignMessage
from autod.exchange import relay as relay_module
from autod.exchange.control import Control
from autod.exchange.relay import Relay, Relayed, open_relay
from autod.protocol.exchange import Ending
from autod.protocol.releases import find
from autod.protocol.replies import Reply
from tests.fakes.fakepluto import Client, answers, fake_pluto

if TYPE_CHECKING:
    from collections.abc import Callable

CODES = find("4.10").codes
MESSAGE = b"x" * 1500


def allowed(message: bytes) -> None:
    """Everything passes."""


def refused(message: bytes) -> None:
    raise ForeignMessage("not this one")


class Carrying:
    """A relay that serves, and what it tells."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.relayed: list[Relayed] = []
        self.said: list[tuple[bytes, Reply]] = []

    async def serve(self) -> None:
        await self.relay.serve(self.relayed.append, lambda message, reply: self.said.append((message, reply)))


async def ask(path: str, message: bytes) -> bytes:
    """As a helper does: connect, send, read to the end."""
    with trio.socket.socket(trio.socket.AF_UNIX) as sock:
        await sock.connect(path)
        await sock.send(message)
        sock.shutdown(trio.socket.SHUT_WR)
        said = b""
        while data := await sock.recv(4096):
            said += data
        return said


async def carried(
    path: Path,
    script: Callable[[Client], object],
    *messages: bytes,
    check: Callable[[bytes], object] = allowed,
) -> tuple[list[bytes], Carrying, list[bytes]]:
    """What the helper heard of each message, what the relay told, and what pluto got."""
    async with fake_pluto(path, script) as pluto, trio.open_nursery() as nursery:  # type: ignore[arg-type]
        control = Control(path, codes=CODES, seqpacket=False)
        async with open_relay(control, seqpacket=False, check=check) as relay:
            carrying = Carrying(relay)
            nursery.start_soon(carrying.serve)
            heard = [await ask(relay.path, message) for message in messages]
            nursery.cancel_scope.cancel()
        return heard, carrying, pluto.messages
    raise AssertionError


async def test_the_helper_hears_what_pluto_says_and_so_does_the_caller(tmp_path: Path) -> None:
    script = answers(b"002 one\n", b"no code\n021 \xfftwo\n")
    heard, carrying, got = await carried(tmp_path / "s", script, MESSAGE, b"y" * 1400)
    replies = (Reply(2, "one"), Reply(None, "no code"), Reply(21, "\udcfftwo"))
    assert heard == [b"002 one\nno code\n021 \xfftwo\n"] * 2
    assert got == [MESSAGE, b"y" * 1400]
    assert carrying.relayed == [Relayed(message, replies, Ending.EOF) for message in (MESSAGE, b"y" * 1400)]
    assert carrying.said == [(message, reply) for message in got for reply in replies]


async def test_a_message_that_may_not_pass_is_told_to_nobody_but_the_caller(tmp_path: Path) -> None:
    heard, carrying, got = await carried(tmp_path / "s", answers(b"002 one\n"), MESSAGE, check=refused)
    assert (heard, got) == ([b""], [])
    (relayed,) = carrying.relayed
    assert (relayed.message, relayed.replies, relayed.ending) == (MESSAGE, (), None)
    assert isinstance(relayed.error, ForeignMessage)
    assert "xxx" not in repr(relayed)


async def test_a_helper_that_leaves_without_a_word_is_no_message(tmp_path: Path) -> None:
    """Also one that resets the stream; the next one is served."""
    heard, carrying, got = await carried(tmp_path / "s", answers(b"002 one\n"), b"", MESSAGE)
    assert heard == [b"", b"002 one\n"]
    assert (got, len(carrying.relayed)) == ([MESSAGE], 1)


@pytest.mark.parametrize("fault", [ConnectionResetError, BrokenPipeError, OSError])
async def test_a_fault_of_the_helper_is_its_own(fault: type[OSError]) -> None:
    class Broken:
        async def recv(self, size: int) -> bytes:
            raise fault

        async def send(self, data: bytes) -> int:
            raise fault

    assert await relay_module._receive(Broken()) == b""  # type: ignore[arg-type]
    await relay_module._answer(Broken(), (Reply(2, "one"),))  # type: ignore[arg-type]


async def test_what_is_taken_in_pieces_is_sent_to_the_end() -> None:
    class Slow:
        sent = b""

        async def send(self, data: bytes) -> int:
            self.sent += bytes(data[:3])
            return min(3, len(data))

    slow = Slow()
    await relay_module._answer(slow, (Reply(2, "one"), Reply(None, "two")))  # type: ignore[arg-type]
    assert slow.sent == b"002 one\ntwo\n"


@pytest.mark.parametrize("seqpacket", [False, True])
async def test_only_this_user_may_connect_and_nothing_stays(seqpacket: bool, tmp_path: Path) -> None:
    control = Control(tmp_path / "s", codes=CODES, seqpacket=False)
    async with open_relay(control, seqpacket=seqpacket, check=allowed) as relay:
        path = Path(relay.path)
        modes = [stat.S_IMODE(os.stat(one).st_mode) for one in (path, path.parent)]
        assert modes == [0o600, 0o700]
        kind = trio.socket.SOCK_SEQPACKET if seqpacket else trio.socket.SOCK_STREAM
        with trio.socket.socket(trio.socket.AF_UNIX, kind) as sock:
            await sock.connect(relay.path)
    assert not os.access(path.parent, os.F_OK)


async def test_a_long_folder_for_temporary_files_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of a socket has no room for it."""
    long = tmp_path / ("x" * 100)
    long.mkdir()
    control = Control(tmp_path / "s", codes=CODES, seqpacket=False)
    for folder, expected in ((long, Path("/tmp")), (Path("/var/tmp"), Path("/var/tmp"))):
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        async with open_relay(control, seqpacket=False, check=allowed) as relay:
            assert Path(relay.path).parent.parent == expected
    assert not os.listdir(long)
