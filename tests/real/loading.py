"""Loading one configuration into a real pluto by its own addconn and by us, and what it shows of it each time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from autod.client import open_pluto
from autod.config import load
from autod.exchange.control import Control
from autod.protocol.releases import find
from tests.helpers.loads import load_natively

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from autod.outcomes import Outcome
    from tests.real.plutos import Pluto

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
"""What pluto takes; it refuses `refused`, and addconn `faulty`."""

_SERIAL = re.compile(r"[$#][0-9]+")


def status(pluto: Pluto, name: str) -> list[str]:
    """The lines of --status about a connection, without the serial numbers that differ each time."""
    lines = pluto.whack("--status").stdout.splitlines()
    return [_SERIAL.sub("N", line) for line in lines if re.match(rf'(000 )?"{name}(/[0-9]+x[0-9]+)?"', line)]


def control(pluto: Pluto, release: str) -> Control:
    return Control(pluto.socket, codes=find(release).codes, seqpacket=False)


def accept_ikev1(pluto: Pluto) -> None:
    """Start pluto anew, so that it takes IKEv1."""
    pluto.conf.write_text("config setup\n\tikev1-policy=accept\n")
    pluto.restart()


def write(file: Path, text: str) -> None:
    file.write_text(text)


async def compare(pluto: Pluto, release: str, file: Path) -> dict[str, Outcome]:
    """Load NAMES by addconn, delete them, load them by ourselves with the two that fail, and compare the status."""
    write(file, CONFIG)
    pluto.addconn("--config", pluto.path(file), *NAMES)
    theirs = {name: status(pluto, name) for name in NAMES}
    assert [name for name in NAMES if not theirs[name]] == []
    delete(pluto, NAMES)
    async with open_pluto(pluto.socket, release) as client:
        loads = await load_natively(
            client, [*NAMES, "faulty", "refused", "nowhere"], load(str(file), find(release))
        )
    assert {name: status(pluto, name) for name in NAMES} == theirs
    return loads.outcomes


def delete(pluto: Pluto, names: Sequence[str]) -> None:
    """4.10 deletes the pairs of subnets= one by one, 5.2 by the name of the connection."""
    for name in (*names, *(f"many/{pair}" for pair in ("1x1", "1x2", "2x1", "2x2"))):
        pluto.whack("--delete", "--name", name)
    assert not any(status(pluto, name) for name in names)
