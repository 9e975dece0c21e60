"""An addconn of another release than the pluto that listens: nothing of it is sent on.

The addconn is a script that sends recorded messages, so that every release's can be sent to every release's pluto.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from autod.errors import ForeignMessage
from autod.exchange.control import Control
from autod.exchange.relay import open_relay
from autod.loading.addconn import AddconnLoader, load
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
    from collections.abc import Sequence
    from pathlib import Path

SENDS = """#!{python}
import socket, sys
path = sys.argv[sys.argv.index("--ctlsocket") + 1]
for message in {messages}:
    kind = socket.SOCK_SEQPACKET if {seqpacket} else socket.SOCK_STREAM
    with socket.socket(socket.AF_UNIX, kind) as pluto:
        pluto.connect(path)
        pluto.send(bytes.fromhex(message))
        while pluto.recv(4096):
            pass
"""

FAMILIES = [family.releases[0] for family in releases.FAMILIES]


def adds(release: str) -> list[bytes]:
    """What the release's addconn sent for `baz`; where none was recorded, what its whack sends for a connection."""
    rows = captures(release)
    own = [row.message for row in rows if row.program == "addconn" and row.argv[-1] == "baz"]
    return own or [encode(c.AddConnection("foo"), built(release))]


def addconn(
    folder: Path, messages: Sequence[bytes], *, whack: str | None = None, seqpacket: bool = False
) -> str:
    """A program that sends these messages, and a whack beside it that says its version."""
    program = folder / "addconn"
    program.write_text(
        SENDS.format(python=sys.executable, messages=[one.hex() for one in messages], seqpacket=seqpacket)
    )
    program.chmod(0o755)
    if whack is not None:
        (folder / "whack").write_text(f"#!/bin/sh\necho 'Libreswan {whack}'\n")
        (folder / "whack").chmod(0o755)
    return str(program)


@pytest.mark.parametrize("listener", FAMILIES)
async def test_only_messages_of_the_layout_that_listens_are_sent_on(listener: str, tmp_path: Path) -> None:
    """One message of each family's addconn through the relay: only the family's own reaches its pluto."""
    pluto = built(listener)
    path = tmp_path / "pluto.ctl"
    sent = []
    async with fake_pluto(path, answers(b"002 loaded\n"), seqpacket=pluto.seqpacket) as fake:
        control = Control(path, codes=pluto.codes, seqpacket=pluto.seqpacket)
        async with open_relay(
            control, seqpacket=pluto.seqpacket, check=lambda message: check(message, pluto)
        ) as relay:
            for release in FAMILIES:
                for message in adds(release):
                    relayed = await relay._carry(message, None)
                    if release == listener:
                        assert relayed.error is None
                        sent.append(message)
                    else:
                        assert isinstance(relayed.error, ForeignMessage), release
                        assert relayed.ending is None
        assert fake.messages == sent
        assert sent


@pytest.mark.parametrize(
    ("listener", "program"),
    [("4.6", "4.12"), ("4.5", "4.15"), ("5.0", "5.3.2"), ("4.3", "4.10"), ("5.2", "5.1")],
)
async def test_an_addconn_of_another_release_is_asked_first(
    listener: str, program: str, tmp_path: Path
) -> None:
    """Its whack says the version, so it does not even run."""
    pluto = built(listener)
    path = tmp_path / "pluto.ctl"
    async with fake_pluto(path, answers(b"")) as fake:
        with pytest.raises(ForeignMessage, match=rf"addconn is of Libreswan {program}.*pluto {listener} "):
            await load(
                ["baz"],
                program=addconn(tmp_path, adds(program), whack=program),
                config=None,
                release=pluto,
                control=Control(path, codes=pluto.codes, seqpacket=False),
            )
        assert fake.messages == []


@pytest.mark.parametrize(("listener", "program"), [("4.6", "4.12"), ("4.5", "4.15"), ("5.0", "5.3.2")])
async def test_an_addconn_that_nobody_can_ask_is_found_out_by_its_message(
    listener: str, program: str, tmp_path: Path
) -> None:
    """No whack stands beside it, or one of another version: the first message ends it, and none is sent."""
    pluto = built(listener)
    path = tmp_path / "pluto.ctl"
    for whack in (None, listener):
        async with fake_pluto(path, answers(b"")) as fake:
            with pytest.raises(ForeignMessage, match=f"pluto {listener} would misread this message"):
                await load(
                    ["baz"],
                    program=addconn(tmp_path, adds(program), whack=whack),
                    config=None,
                    release=pluto,
                    control=Control(path, codes=pluto.codes, seqpacket=False),
                )
            assert fake.messages == []
        path.unlink()


@pytest.mark.parametrize("release", [text for text in FAMILIES if text != "3.28"])
async def test_an_addconn_of_the_release_that_listens_loads(release: str, tmp_path: Path) -> None:
    """Every message that was recorded of it reaches pluto as it is."""
    pluto = built(release)
    path = tmp_path / "pluto.ctl"
    program = addconn(tmp_path, adds(release), whack=release, seqpacket=pluto.seqpacket)
    async with fake_pluto(path, answers(b"002 loaded\n"), seqpacket=pluto.seqpacket) as fake:
        result = await load(
            ["baz"],
            program=program,
            config=None,
            release=pluto,
            control=Control(path, codes=pluto.codes, seqpacket=pluto.seqpacket),
        )
        assert fake.messages == adds(release)
    assert [one.error for one in result.messages] == [None] * len(adds(release))


async def test_what_addconn_does_not_ask_is_not_sent_on(tmp_path: Path) -> None:
    """A message of the right layout that would end pluto."""
    pluto = built("4.10")
    path = tmp_path / "pluto.ctl"
    program = addconn(tmp_path, [encode(c.Shutdown(), pluto)], whack="4.10")
    async with fake_pluto(path, answers(b"")) as fake:
        with pytest.raises(ForeignMessage, match="a command to pluto"):
            await load(
                ["baz"],
                program=program,
                config=None,
                release=pluto,
                control=Control(path, codes=pluto.codes, seqpacket=False),
            )
        assert fake.messages == []


@pytest.mark.parametrize(("listener", "program"), [("5.3.2", "5.4"), ("5.4", "5.3.2"), ("5.4", "4.10")])
async def test_an_addconn_that_expects_another_type_of_socket_is_of_another_release(
    listener: str, program: str, tmp_path: Path
) -> None:
    """It cannot even connect, which is not to say that the configuration has no such connection."""
    pluto = built(listener)
    path = tmp_path / "pluto.ctl"
    sends = addconn(tmp_path, adds(program), seqpacket=built(program).seqpacket)
    async with fake_pluto(path, answers(b""), seqpacket=pluto.seqpacket) as fake:
        with pytest.raises(ForeignMessage, match=f"another release than pluto {listener}"):
            await load(
                ["baz"],
                program=sends,
                config=None,
                release=pluto,
                control=Control(path, codes=pluto.codes, seqpacket=pluto.seqpacket),
            )
        assert fake.messages == []


@pytest.mark.parametrize("whack", [None, "4.6", "4.12"])
@pytest.mark.parametrize("program", ["4.6", "4.12"])
async def test_before_anything_is_deleted_addconn_is_looked_at_and_nothing_is_sent(
    program: str, whack: str | None, tmp_path: Path
) -> None:
    """Its whack is asked, or where there is none, what it would send is read."""
    pluto = built("4.6")
    path = tmp_path / "pluto.ctl"
    sends = addconn(tmp_path, adds(program), whack=whack)
    async with fake_pluto(path, answers(b"")) as fake:
        control = Control(path, codes=pluto.codes, seqpacket=False)
        loader = AddconnLoader(SimpleNamespace(release=pluto, control=control), sends, None)  # type: ignore[arg-type]
        if "4.12" in (whack or program):
            with pytest.raises(ForeignMessage):
                await loader.check()
        else:
            await loader.check()
        assert fake.messages == []


LEARNED = Outline(None, ("9.9",), releases.find("5.2").magic, "CODES_5_0", head=1608, slot=24)


@pytest.mark.parametrize(("program", "passes"), [("5.2", True), ("5.1", False), ("4.10", False)])
async def test_a_release_that_was_learned_gets_messages_with_its_magic_and_name_in_its_place(
    program: str, passes: bool, tmp_path: Path
) -> None:
    """Nobody can read them, but the learned ones showed that much."""
    pluto = Release("9.9", (9, 9), LEARNED)
    path = tmp_path / "pluto.ctl"
    sends = addconn(tmp_path, adds(program), whack="9.9")
    async with fake_pluto(path, answers(b"")) as fake:
        control = Control(path, codes=pluto.codes, seqpacket=False)
        try:
            await load(["baz"], program=sends, config=None, release=pluto, control=control)
        except ForeignMessage:
            assert not passes
            assert fake.messages == []
        else:
            assert passes
            assert fake.messages == adds(program)


async def test_the_supervisor_says_what_to_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """4.3 listens, and 4.10's programs are on the disk: nothing is sent, so that what is loaded stays."""
    path = tmp_path / "pluto.ctl"
    addconn(tmp_path, adds("4.10"), whack="4.10")
    monkeypatch.setenv("IPSEC_EXECDIR", str(tmp_path))
    monkeypatch.setattr("autod.loading.loader.native", lambda release: None)
    async with fake_pluto(path, answers(b"000 total traffic 0\n")) as fake:
        link = PlutoLink(str(path), release="4.3")
        await link.find()
        asked = list(fake.messages)
        for act in (Act.ADD, Act.REPLACE):
            with pytest.raises(ForeignMessage, match=r"addconn is of Libreswan 4\.10.*restart pluto"):
                await link.act(act, "baz", 30.0, lambda: None)
        assert fake.messages == asked
