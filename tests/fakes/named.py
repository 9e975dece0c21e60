"""A scripted 4.10 that has names which stand for several connections, as a real one tells of them.

pluto = Named({"nets": ["nets/1x1", "nets/1x2"]}, up=["nets/1x1"])
async with fake_pluto(path, pluto, release="4.10"): ...
pluto.initiated        the names that were to be brought up, each of which is up since
pluto.doubled          the connections that were up and were to be brought up once more
pluto.negotiating      what it brings up by itself
pluto.looks            how often all of --status was asked for

Of `up` and `negotiating` an entry with a quote in it is shown as it is: `"road"[1] 192.1.2.77`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.protocol import commands as c
from autod.protocol.decode import decode
from autod.protocol.releases import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.fakes.fakepluto import Client

__all__ = ["Named"]

RELEASE = find("4.10")


class Named:
    """The script. `members`: name -> its connections, one with several Child SAs so many times. `lines` are added to
    the list of connections."""

    def __init__(
        self, members: Mapping[str, Sequence[str]], up: Iterable[str] = (), lines: Sequence[str] = ()
    ) -> None:
        self.members = members
        self.up = list(up)
        self.lines = lines
        self.initiated: list[str] = []
        self.doubled: list[str] = []
        self.negotiating: list[str] = []
        self.looks = 0

    async def __call__(self, client: Client) -> None:
        asked = decode(await client.read(), RELEASE)
        name = asked.name
        if asked.kind is c.Status:
            self.looks += 1
            await client.write(*self._status())
        elif asked.kind is c.TrafficStatus:
            own = [one for one in self.up if name in (None, one)]
            for number, one in enumerate(own, 2):
                line = (
                    f"006 #{number}: {_shown(one)}, type=ESP, add_time=1, inBytes=3, outBytes=4, id='@east'\n"
                )
                await client.write(line.encode())
            here = {one for parts in self.members.values() for one in parts}
            here |= {line.split('"')[1] for line in self.lines}
            if name is not None and not own and name not in here:
                # Up to 4.15 it knows no alias here.
                await client.write(f'021 no such connection or aliased connection named "{name}"\n'.encode())
        elif asked.kind is c.ShowStates:
            await client.write(*self._states())
        elif asked.kind is c.Terminate and name is not None:
            # Instances go by the name of their template; a group is no template.
            self.up = [one for one in self.up if one != name and not one.startswith(f'"{name}"[')]
        elif asked.kind is c.Initiate and name is not None:
            self.initiated.append(name)
            parts = self.members.get(name, [name])
            self.doubled += [one for one in dict.fromkeys(parts) if one in self.up or one in self.negotiating]
            for one in parts:
                self.up.append(one)
                await client.write(
                    f'002 "{one}" #1: initiating IKEv2 connection\n'.encode(),
                    f'004 "{one}" #2: initiator established Child SA using #1; IPsec tunnel [x]\n'.encode(),
                )

    def _status(self) -> list[bytes]:
        aliases: dict[str, list[str]] = {}
        for name, parts in self.members.items():
            for part in parts:
                aliases.setdefault(part, []).append(name)
        lines = ["Connection list:"]
        for one, names in aliases.items():
            lines.append(
                f'"{one}": 10.1.0.0/24===192.1.2.45...192.1.2.77===10.3.0.0/24; unrouted; eroute owner: #0'
            )
            lines.append(f'"{one}":   newest IKE SA: #0; newest IPsec SA: #0; conn serial: $1;')
            if set(names) != {one}:
                lines.append(f'"{one}":   aliases: {" ".join(names)}')
        return [f"000 {line}\n".encode() for line in (*lines, *self.lines)] + self._states()

    def _states(self) -> list[bytes]:
        began = "STATE_V2_PARENT_I1 (sent IKE_SA_INIT request); RETRANSMIT in 1s; idle;"
        return [
            f"000 #{number}: {_shown(one)}:500 {began}\n".encode()
            for number, one in enumerate(self.negotiating, 900)
        ]


def _shown(one: str) -> str:
    return one if '"' in one else f'"{one}"'
