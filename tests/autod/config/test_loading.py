"""Loading into a scripted pluto: order, names, refusals, and a pluto that goes away in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.config import load
from autod.errors import NoSocket, PlutoGone
from autod.exchange.control import Control
from autod.loading.native import _AHEAD, load_native
from autod.protocol.decode import decode
from autod.protocol.releases import find
from tests.fakes.fakepluto import answers, fake_pluto
from tests.helpers.probing import Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from autod.config import Configuration
    from autod.protocol.replies import Reply
    from tests.fakes.fakepluto import Client

COUNT = 250
KEYED = """
conn keyed
\tleft=192.1.2.45
\tright=10.1.0.1
\tleftid=@l
\tleftrsasigkey=0x0103abcd
conn pairs
\tleft=192.1.2.45
\tright=10.1.0.2
\tleftsubnets={10.2.0.0/24,10.3.0.0/24}
\trightsubnet=10.4.0.0/24
"""


def configuration(folder: Path, release: str) -> Configuration:
    text = "".join(f"conn c{i}\n\tleft=192.1.2.45\n\tright=10.0.0.{i}\n\tauto=add\n" for i in range(COUNT))
    (folder / "ipsec.conf").write_text(text + KEYED)
    return load("ipsec.conf", find(release), folder=str(folder))


def control(path: Path, release: str) -> Control:
    found = find(release)
    return Control(path, codes=found.codes, seqpacket=found.seqpacket)


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
async def test_connections_go_in_order_each_with_its_own_replies(release: str, tmp_path: Path) -> None:
    """Also while the next message waits at the door."""

    async def script(client: Client) -> None:
        message = await client.read()
        await client.write(f'002 "{decode(message, find(release)).name}": added\n'.encode())

    heard: list[tuple[str | None, Reply]] = []
    names = [f"c{i}" for i in range(COUNT)]
    async with fake_pluto(tmp_path / "ctl", script, seqpacket=find(release).seqpacket) as pluto:
        loaded = await load_native(
            names,
            configuration=configuration(tmp_path, release),
            control=control(tmp_path / "ctl", release),
            on_reply=lambda name, reply: heard.append((name, reply)),
            lookup=Recorded(),
        )
    assert [decode(message, find(release)).name for message in pluto.messages] == names
    for name, one in zip(names, loaded, strict=True):
        assert (one.asked, one.names) == (name, (name,))
        assert [reply.text for message in one.messages for reply in message.replies] == [f'"{name}": added']
    assert [name for name, _ in heard] == names


@pytest.mark.parametrize(("reply", "expected"), [(b"002 fine\n", [2, 2]), (b"036 no\n", [1, 1])])
async def test_a_refusal_stops_the_keys_and_the_other_pairs(
    reply: bytes, expected: list[int], tmp_path: Path
) -> None:
    """As addconn stops: the first message of a connection decides."""
    async with fake_pluto(tmp_path / "ctl", answers(reply)):
        loaded = await load_native(
            ["keyed", "pairs"],
            configuration=configuration(tmp_path, "4.10"),
            control=control(tmp_path / "ctl", "4.10"),
            lookup=Recorded(),
        )
    assert [len(one.messages) for one in loaded] == expected


async def test_no_pluto_at_all_is_an_error(tmp_path: Path) -> None:
    """Nothing was sent."""
    with pytest.raises(NoSocket):
        await load_native(
            ["c1"],
            configuration=configuration(tmp_path, "5.2"),
            control=control(tmp_path / "ctl", "5.2"),
            lookup=Recorded(),
        )


async def test_what_was_not_sent_says_so_when_pluto_goes_away(tmp_path: Path) -> None:
    """What pluto took before stays reported."""

    async def script(client: Client) -> None:
        await client.read()
        await client.write(b"002 added\n")
        if len(client.pluto.messages) == 120:
            client.pluto.path.unlink()

    async with fake_pluto(tmp_path / "ctl", script):
        loaded = await load_native(
            [f"c{i}" for i in range(COUNT)],
            configuration=configuration(tmp_path, "5.2"),
            control=control(tmp_path / "ctl", "5.2"),
            lookup=Recorded(),
        )
    # Those after the last that pluto answered may have been at its door already.
    sent = sum(one.sent for one in loaded)
    assert 120 <= sent <= 120 + _AHEAD + 1
    for one in loaded[sent:]:
        assert isinstance(one.messages[0].error, PlutoGone)
        assert "no such socket" in one.complaints[0]
