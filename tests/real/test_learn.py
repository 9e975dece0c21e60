"""Learning 4.10 from its own whack, as if it were unknown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from autod.identify.programs import open_program
from autod.learn.infer import CannotLearn, learned_message
from autod.learn.record import learn, open_trap, program_version
from autod.protocol import commands
from autod.protocol.decode import decode
from autod.protocol.encode import encode
from autod.protocol.releases import find

WHACK = "/usr/libexec/ipsec/whack"
COMMANDS = [
    commands.Initiate("west-east"),
    commands.Initiate("west-east", asynchronous=True),
    commands.Terminate("west-east"),
    commands.Delete("köln"),
    commands.Route("a"),
    commands.Unroute("a" * 1000),
    commands.Listen(),
    commands.RereadSecrets(),
    commands.RereadCerts(),
    commands.RereadAll(),
    commands.FetchCrls(),
    commands.PurgeOcsp(),
    commands.ListAll(),
    commands.ListAll(utc=True),
    commands.ListPubkeys(),
    commands.CheckPubkeys(utc=True),
    commands.Status(),
    commands.TrafficStatus(),
    commands.TrafficStatus("west-east"),
    commands.BriefStatus(),
    commands.GlobalStatus(),
    commands.ShowStates(),
    commands.FipsStatus(),
    commands.ShuntStatus(),
]


async def test_what_is_learned_is_what_is_declared() -> None:
    """Every simple operation asks for the same, but for whack's idle defaults."""
    release = find("4.10", labeled=True)
    with open_program(WHACK) as whack:
        learned = await learn(whack, "4.10")
    assert (learned.seqpacket, learned.missing) == (False, {})
    idle = decode(learned_message(commands.FipsStatus(), learned), release).members
    for command in COMMANDS:
        theirs = decode(learned_message(command, learned), release)
        ours = decode(encode(command, release), release)
        said = {path: value for path, value in theirs.members.items() if path not in idle}
        own = {path: value for path, value in ours.members.items() if path not in idle}
        assert (theirs.magic, theirs.name, theirs.trailing) == (ours.magic, ours.name, ours.trailing), command
        assert said == own, command


async def test_what_is_learned_is_what_whack_sends(tmp_path: Path) -> None:
    """Byte for byte but for the padding, for a name that was not used in learning."""
    with open_program(WHACK) as whack:
        learned = await learn(whack, "4.10")
    release = find("4.10", labeled=True)
    async with open_trap(seqpacket=False) as trap:
        with open_program(WHACK) as whack:
            (sent,) = await trap.capture(whack, ["--name", "some-name", "--initiate"])
    message = learned_message(commands.Initiate("some-name"), learned)
    assert len(message) == len(sent)
    assert decode(message, release) == decode(sent, release)


async def test_a_whack_of_the_later_kind_of_socket_is_learned_too(tmp_path: Path) -> None:
    """SOCK_SEQPACKET (5.4 on) is tried where nothing comes on the other; here a program that wants it."""
    program = tmp_path / "whack"
    program.write_text(
        "#!/usr/bin/python3\n"
        "import socket, sys\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "s.connect(sys.argv[2])\n"
        "name = sys.argv[4] if sys.argv[3] == '--name' else ''\n"
        "what = next(a for a in sys.argv[3:] if a not in ('--name', '--utc', name))\n"
        "if what in ('--status', '--initiate'):\n"
        "    head = b'MAGI' + bytes(4) + (len(name) + 1 if name else 0).to_bytes(8, 'little')\n"
        "    s.send(head + what.encode() + (name.encode() + b'\\0' if name else b'') + bytes(8))\n"
        "    s.recv(100)\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with open_program(os.fspath(program)) as whack:
        learned = await learn(whack, "6.0")
    assert learned.seqpacket
    assert set(learned.templates) == {"status", "initiate", "initiate+asynchronous"}
    assert learned.templates["initiate"].slot == 8
    assert learned_message(commands.Initiate("abc"), learned) == (
        b"MAGI" + bytes(4) + b"\4" + bytes(7) + b"--initiate" + b"abc\0" + bytes(8)
    )


async def test_a_program_that_sends_nothing_cannot_be_learned_from() -> None:
    """One sentence, and no hang."""
    with open_program("/bin/true") as silent, pytest.raises(CannotLearn):
        await learn(silent, "6.0")


async def test_the_version_is_what_the_program_says() -> None:
    """`whack --version`, and a program that says nothing of Libreswan."""
    with open_program(WHACK) as whack, open_program("/bin/true") as silent:
        assert await program_version(whack) == "4.10"
        with pytest.raises(CannotLearn):
            await program_version(silent)
