"""Connections that we read and send, in a real pluto: it shows the same as after its own addconn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from autod.config import all_names, load
from autod.config.sending import load_native
from autod.control import Control
from autod.errors import ConfigurationError, NoSocket
from protocol.releases import find
from tests.probing import Recorded
from tests.real.plutos import gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.plutos import Pluto

pytestmark = pytest.mark.real

CONFIG = """
config setup
\tuniqueids=yes

conn %default
\tikelifetime=4h
\trekeymargin=9m

conn hub
\tleft=192.1.2.45
\tleftid=@hub
\tike=aes256-sha2_256;modp2048

conn one
\talso=hub
\tright=192.1.2.23
\trightid=@one
\tauthby=secret
\tleftsubnet=10.1.0.0/24
\trightsubnet=10.2.0.0/24
\tconnalias="eins uno"
\tauto=add

conn many
\talso=hub
\tright=192.1.2.23
\trightid=@many
\tauthby=secret
\tleftsubnets={10.1.0.0/24,10.1.1.0/24}
\trightsubnets="10.3.0.0/24 10.4.0.0/24"
\tauto=add

conn road
\talso=hub
\tright=%any
\trightaddresspool=10.9.0.1-10.9.0.99
\tleftsubnet=0.0.0.0/0
\tmodecfgdns=10.0.0.53
\tnarrowing=yes
\trekey=no
\tauthby=rsasig
\trightid=%fromcert
\trightca=%same

conn old
\tleft=192.1.2.45
\tright=192.1.2.23
\tikev2=no
\taggressive=yes
\tauthby=secret
\tdpddelay=30
\tdpdtimeout=120
\tdpdaction=clear
\tleftxauthclient=yes
\tleftmodecfgclient=yes
\tleftusername=me
\tike=aes128-sha1;modp2048
\tkeyingtries=3

conn shunt
\tleft=192.1.2.45
\tright=192.1.2.23
\ttype=passthrough
\tauthby=never
\tleftsubnet=10.5.0.0/24
\trightsubnet=10.6.0.0/24

conn v6
\tleft=2001:db8:1:2::45
\tright=2001:db8:1:2::23
\tauthby=ecdsa,null
\tleftprotoport=tcp/http
\trightprotoport=17/%any
\tmark=5/0xffffffff
\tpfs=no
\tcompress=yes
\ttype=transport
\tmtu=1300

conn keyed
\tleft=192.1.2.45
\tleftid=@keyed-left
\tright=192.1.2.23
\trightid=@keyed-right
\tleftrsasigkey=%cert
\tauthby=rsasig

conn faulty
\tleft=192.1.2.45
\tright=192.1.2.23
\tauthby=nonsense

conn refused
\tleft=192.1.2.45
\tright=192.1.2.23
\tike=nonsense
"""
NAMES = ["one", "many", "road", "old", "shunt", "v6", "keyed"]
SERIAL = re.compile(r"[$#][0-9]+")


@pytest.fixture(scope="module")
def accepting() -> Iterator[Pluto]:
    """A pluto that takes IKEv1, too."""
    with gateway(label="load") as pluto:
        pluto.conf.write_text("config setup\n\tikev1-policy=accept\n")
        pluto.restart()
        yield pluto


def status(pluto: Pluto, name: str) -> list[str]:
    """The lines of --status about a connection, without the serial numbers that differ each time."""
    lines = pluto.whack("--status").stdout.splitlines()
    return [SERIAL.sub("N", line) for line in lines if re.match(rf'(000 )?"{name}(/\d+x\d+)?"', line)]


def control(pluto: Pluto) -> Control:
    return Control(pluto.socket, codes=find("4.10").codes, seqpacket=False)


async def test_pluto_shows_what_it_shows_after_its_own_addconn(accepting: Pluto, tmp_path: Path) -> None:
    """Line for line, for connections of many kinds; the same connections are not loaded for the same reasons."""
    file = tmp_path / "ipsec.conf"
    file.write_text(CONFIG)
    done = accepting.addconn("--config", str(file), *NAMES)
    assert done.returncode == 0, done.stderr
    theirs = {name: status(accepting, name) for name in NAMES}
    for name in NAMES:
        accepting.whack("--delete", "--name", name)
    for pair in ("0x1", "1x1", "1x2", "2x1", "2x2"):
        accepting.whack("--delete", "--name", f"many/{pair}")
    assert not any(status(accepting, name) for name in NAMES)
    loaded = await load_native(
        [*NAMES, "faulty", "refused", "nowhere"],
        configuration=load(str(file), find("4.10")),
        control=control(accepting),
        lookup=Recorded(),
    )
    assert {name: status(accepting, name) for name in NAMES} == theirs
    assert [name for name in NAMES if not theirs[name]] == []
    by_name = {one.asked: one for one in loaded}
    assert by_name["many"].names == ("many/1x1", "many/1x2", "many/2x1", "many/2x2")
    assert not by_name["faulty"].messages
    assert any("authby" in line and "ipsec.conf:" in line for line in by_name["faulty"].complaints)
    assert by_name["refused"].messages[-1].replies[-1].code not in (0, 2, 4)
    assert not by_name["nowhere"].messages
    assert "not found" in by_name["nowhere"].complaints[0]


async def test_aliases_and_patterns_mean_connections_of_the_file(accepting: Pluto, tmp_path: Path) -> None:
    """`uno` is an alias, `s*` a pattern; a connection that two words mean is sent once."""
    file = tmp_path / "ipsec.conf"
    file.write_text(CONFIG)
    configuration = load(str(file), find("4.10"))
    loaded = await load_native(
        ["uno", "s*", "one"], configuration=configuration, control=control(accepting), lookup=Recorded()
    )
    assert [one.names for one in loaded] == [("one",), ("shunt",), ("one",)]
    assert loaded[0].messages[0] is loaded[2].messages[0]
    assert all_names(configuration) == ["one", "many"]


async def test_a_refused_file_sends_nothing(accepting: Pluto, tmp_path: Path) -> None:
    """The error names the file, the line and the column, and the nearest keyword."""
    file = tmp_path / "ipsec.conf"
    file.write_text("conn a\n\tleft=192.1.2.45\n\tauthbi=secret\n")
    with pytest.raises(ConfigurationError, match=r"ipsec.conf:3:\d+: .*authbi"):
        await load_native(["a"], configuration=load(str(file), find("4.10")), control=control(accepting))


async def test_no_pluto_is_said_as_such(tmp_path: Path) -> None:
    """As long as nothing was sent it is an error, not a result."""
    file = tmp_path / "ipsec.conf"
    file.write_text(CONFIG)
    nowhere = Control(tmp_path / "nowhere", codes=find("4.10").codes, seqpacket=False)
    with pytest.raises(NoSocket):
        await load_native(
            ["one"], configuration=load(str(file), find("4.10")), control=nowhere, lookup=Recorded()
        )
