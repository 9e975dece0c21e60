"""Messages of every release to every family's pluto, by every path that loads: those of its own layout arrive, others
never do, and the sentence says what to restart.

The programs are played in this process; with real ones, one pair at a time: tests/autod/loading/test_addconn.py.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager, nullcontext
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import trio

from autod.client import open_pluto
from autod.config import load as read
from autod.errors import ForeignMessage
from autod.exchange.control import Control
from autod.exchange.relay import open_relay
from autod.loading import addconn
from autod.loading.native import NativeLoader
from autod.protocol import commands as c
from autod.protocol import releases
from autod.protocol.check import check
from autod.protocol.encode import encode
from autod.protocol.outlines import Outline
from autod.protocol.releases import Release
from autod.supervisor.plutolink import PlutoLink
from autod.supervisor.states import Act
from tests.fakes.fakepluto import answers, fake_pluto
from tests.helpers.goldens import built, captures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.helpers.goldens import Capture

FAMILIES = [family.releases[0] for family in releases.FAMILIES]
TO_DO = "restart pluto if Libreswan was upgraded"
LOADED = answers(b'002 "baz": added IKEv2 connection\n')


def passes(release: str, listener: str) -> bool:
    return built(release).outline is built(listener).outline and built(release).magic == built(listener).magic


def adds(release: str) -> list[bytes]:
    """What the release's addconn sent for `baz`; of 3.28 and 3.29 none was recorded."""
    own = [one.message for one in captures(release) if one.program == "addconn" and one.argv[-1] == "baz"]
    return own or [encode(c.AddConnection("baz"), built(release))]


class Played:
    """An addconn that sends these messages, wherever it is started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.messages: Sequence[bytes] = ()
        self.seqpacket = False
        (folder / "addconn").write_text("#!/bin/false\n")
        (folder / "addconn").chmod(0o755)
        monkeypatch.setenv("IPSEC_EXECDIR", str(folder))
        monkeypatch.setattr(addconn, "open_program", self.opened)
        # No whack stands beside it that could be asked.
        monkeypatch.setattr(addconn, "version_beside", self.unknown)
        monkeypatch.setattr(
            "autod.protocol.check._of", lambda message: []
        )  # what the sentence says costs most

    def of(self, release: str) -> None:
        """Be the one of this release."""
        self.messages, self.seqpacket = adds(release), built(release).seqpacket

    @contextmanager
    def opened(self, path: str) -> Iterator[Played]:
        yield self

    async def unknown(self, path: str) -> None:
        """It cannot be asked."""

    async def run(self, *arguments: str, prefix: Sequence[str] = ()) -> SimpleNamespace:
        path = arguments[arguments.index("--ctlsocket") + 1]
        kind = trio.socket.SOCK_SEQPACKET if self.seqpacket else trio.socket.SOCK_STREAM
        for message in self.messages:
            with trio.socket.socket(trio.socket.AF_UNIX, kind) as pluto:
                try:
                    await pluto.connect(path)
                except OSError:
                    return SimpleNamespace(stdout=b"", stderr=b"Protocol wrong type for socket", returncode=1)
                await pluto.send(message)
                while await pluto.recv(4096):
                    pass
        return SimpleNamespace(stdout=b"", stderr=b"", returncode=0)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Played:
    return Played(monkeypatch, tmp_path)


@functools.cache
def recorded() -> Mapping[bytes, Sequence[Capture]]:
    """Each message that was recorded, and whose it is: the same bytes may be of several releases."""
    found: dict[bytes, list[Capture]] = {}
    for text in releases.ALL:
        for one in captures(text):
            found.setdefault(one.message, []).append(one)
    return found


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.thorough, id="all"), 10])
@pytest.mark.parametrize("listener", FAMILIES)
async def test_of_all_recorded_messages_the_relay_sends_on_those_that_this_pluto_reads(
    listener: str, every: int, tmp_path: Path, program: Played
) -> None:
    """What is of the layout arrives byte for byte, if it is something that addconn asks for."""
    pluto = built(listener)
    sent: list[bytes] = []
    refused = 0
    run = partial(addconn._Run, "addconn", pluto, None, False, "baz")
    async with (
        fake_pluto(tmp_path / "pluto.ctl", LOADED, seqpacket=pluto.seqpacket) as fake,
        open_relay(
            Control(fake.path, codes=pluto.codes, seqpacket=pluto.seqpacket),
            seqpacket=pluto.seqpacket,
            check=lambda message: run().check(message),
        ) as relay,
    ):
        for message, owners in list(recorded().items())[::every]:
            relayed = await relay._carry(message, None)
            reads = any(passes(one.release, listener) for one in owners)
            if isinstance(relayed.error, ForeignMessage):
                refused += 1
                assert not (reads and owners[0].program == "addconn"), owners
            else:
                assert relayed.error is None
                assert reads, owners
                sent.append(message)
        assert fake.messages == sent
    assert refused > 900 / every
    assert every > 1 or set(adds(listener)) <= set(sent) or listener == "3.28"


async def outcome(path: Path, way: str, listener: str, program: Played, release: str) -> None:
    """Load by this way what is made for `release`, where `listener` listens."""
    pluto = built(listener)
    if way == "supervisor":
        link = PlutoLink(str(path))
        await link.find()
        await link.act(Act.ADD, "baz", 30.0, lambda: None)
        return
    client: Any
    loader: Any
    if way == "native":
        async with open_pluto(path) as client:
            own = client.release if release == listener else built(release)
            configuration = read(str(path.parent / "ipsec.conf"), own)
            loader = NativeLoader(client, lambda _: configuration)
            await loader.load(["baz"], hear=lambda *_: None, told=lambda *_: None)
        return
    if way == "addconn":
        async with open_pluto(path) as client:
            loader = addconn.AddconnLoader(client, str(path.parent / "addconn"), None)
            await loader.load(["baz"], hear=lambda *_: None, told=lambda *_: None)
        return
    head = pluto.family.layout.head
    slot = pluto.family.layout["name"].offset if pluto.family.packing.lengths else None
    outline = Outline(
        None, ("9.9",), pluto.magic, "CODES_5_3", head=head, slot=slot, seqpacket=pluto.seqpacket
    )
    control = Control(path, codes=pluto.codes, seqpacket=pluto.seqpacket)
    learned = Release("9.9", (9, 9), outline)
    client = SimpleNamespace(release=learned, control=control, reads_messages=False, path=str(path))
    loader = addconn.AddconnLoader(client, str(path.parent / "addconn"), None)
    await loader.load(["baz"], hear=lambda *_: None, told=lambda *_: None)


@pytest.mark.parametrize("way", ["addconn", "supervisor", "native", "learned"])
@pytest.mark.parametrize("listener", FAMILIES)
async def test_what_is_made_for_another_release_reaches_no_pluto(
    listener: str, way: str, tmp_path: Path, program: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "supervisor":
        monkeypatch.setattr("autod.loading.loader.native", lambda release: None)
    (tmp_path / "ipsec.conf").write_text("conn baz\n\tleft=192.1.2.45\n\tright=10.1.0.1\n")
    path = tmp_path / "pluto.ctl"
    arrived = []
    pluto = built(listener)
    async with fake_pluto(
        path, LOADED, seqpacket=pluto.seqpacket, release=listener, labeled=bool(pluto.labeled)
    ) as fake:
        for release in FAMILIES:
            program.of(release)
            fake.messages.clear()
            foreign = release != listener
            with pytest.raises(ForeignMessage, match=TO_DO) if foreign else nullcontext():
                await outcome(path, way, listener, program, release)
            # Before it loads, it may ask what it would replace.
            looks = {encode(c.ConnectionStatus("baz"), pluto)} if pluto.at_least(5) else set()
            long = [message for message in fake.messages if b"baz\0" in message and message not in looks]
            if long:
                arrived.append(release)
                assert all(check(message, built(listener)).commands for message in long)
    assert arrived == [listener]
