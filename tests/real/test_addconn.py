"""Loading through Debian's own addconn 4.10, with its pluto behind the relay."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from autod.errors import ConfigurationError, ForeignMessage, NoSocket
from autod.exchange.control import Control
from autod.loading.addconn import load
from autod.protocol.releases import find
from tests.lab.gateways import ROOTS
from tests.real.addconn_network import ADDCONN, network
from tests.real.plutos import gateway, probe

if TYPE_CHECKING:
    from pathlib import Path

    from autod.protocol.replies import Reply
    from tests.real.plutos import Pluto


CONFIG = """
conn a
\tleft=192.1.2.45
\tright=192.1.2.23
\tauthby=secret
\tconnalias="first one"
conn nets
\talso=a
\tleftsubnet=10.1.0.0/16
\trightsubnets={10.2.0.0/16 10.3.0.0/16}
conn faulty
\tleft=192.1.2.45
\tright=192.1.2.23
\tauthby=nonsense
conn refused
\tleft=192.1.2.45
\tright=192.1.2.23
\tike=nonsense
"""


async def test_each_name_gets_its_messages_and_pluto_s_replies(shared_pluto: Pluto, tmp_path: Path) -> None:
    """A connection, an alias, subnets=, one that addconn refuses, one that pluto refuses, one that is nowhere."""
    config = tmp_path / "ipsec.conf"
    config.write_text(CONFIG)
    release = find("4.10")
    control = Control(shared_pluto.socket, codes=release.codes, seqpacket=False)
    heard: list[tuple[str | None, Reply]] = []
    result = await load(
        ["one", "nets", "faulty", "refused", "nowhere"],
        program=ADDCONN,
        config=str(config),
        release=release,
        control=control,
        on_reply=lambda name, reply: heard.append((name, reply)),
        prefix=shared_pluto.namespace.enter,
    )
    one, nets, faulty, refused, nowhere = result.loaded
    assert one.names == ("a",)
    assert nets.names == ("nets/0x1", "nets/0x2")
    assert (faulty.names, refused.names, nowhere.names) == ((), ("refused",), ())
    assert any("did not load properly" in line for line in faulty.complaints)
    assert any("not found" in line for line in nowhere.complaints)
    assert all(reply.code == 2 for message in one.messages for reply in message.replies)
    assert [reply.code for message in refused.messages for reply in message.replies][-1] not in (0, 2, 4)
    assert {name for name, _ in heard} >= {"a", "nets/0x1", "nets/0x2", "refused"}


async def test_a_file_that_addconn_refuses_is_an_error_and_nothing_is_sent(
    shared_pluto: Pluto, tmp_path: Path
) -> None:
    """An unknown keyword stops the whole file."""
    config = tmp_path / "ipsec.conf"
    config.write_text("conn a\n\tbogus=1\n")
    release = find("4.10")
    control = Control(shared_pluto.socket, codes=release.codes, seqpacket=False)
    with pytest.raises(ConfigurationError, match="bogus"):
        await load(["a"], program=ADDCONN, config=str(config), release=release, control=control)


async def test_no_pluto_is_said_as_such(tmp_path: Path) -> None:
    """The relay answers addconn, but pluto's own socket is missing."""
    config = tmp_path / "ipsec.conf"
    config.write_text(CONFIG)
    release = find("4.10")
    control = Control(tmp_path / "nowhere.ctl", codes=release.codes, seqpacket=False)
    with network() as inside, pytest.raises(NoSocket):
        await load(
            ["a"], program=ADDCONN, config=str(config), release=release, control=control, prefix=inside
        )


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("release", ["4.3", "5.2"])
async def test_a_pluto_of_another_release_gets_nothing_of_this_addconn(
    release: str, alone: bool, tmp_path: Path
) -> None:
    """4.10's addconn and another release's pluto: its whack is asked, or where that is not there, its message read."""
    config = tmp_path / "ipsec.conf"
    config.write_text(CONFIG)
    program = tmp_path / "addconn"
    shutil.copy(ADDCONN, program)
    found = find(release)
    with gateway(root=ROOTS[release], label="foreign") as pluto:
        control = Control(pluto.socket, codes=found.codes, seqpacket=False)
        with pytest.raises(ForeignMessage, match=r"misread this message" if alone else r"addconn is of"):
            await load(
                ["a"],
                program=str(program) if alone else ADDCONN,
                config=str(config),
                release=found,
                control=control,
            )
        assert pluto.alive()
        assert b"Total IPsec connections: loaded 0" in probe(pluto.socket)
