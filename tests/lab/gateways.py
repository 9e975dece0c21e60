"""Two gateways with ESP between them: real tunnels, real traffic. Runs on a kernel with ESP (tests/lab/uml.py).

    with tunnels("5.2") as lab:                      # 4.10, 5.2 or 4.3; west and east of tests/real/plutos.py
    with tunnels("5.2", "/opt/x/5.4") as lab:        # east of a release that was installed there, named as its folder
        names = lab.load(100)                        # c0 ... c99 on both, each with ids of its own
        lab.west.whack("--name", "c0", "--initiate")
        assert lab.ping("c0")                        # from 10.1.0.1 to 10.2.0.1
        lab.packets("c0")                            # packets through its SAs on west: (in, out)

    lab.load(10, shared=True)                        # all Child SAs under one IKE SA
    lab.load(10, only="east")                        # west's ipsec.conf is written, nothing is added there
    lab.load(10, leftupdown="/bin/true", rightupdown="/bin/true")    # for many tunnels, without traffic

Fixtures: `lab` (fresh for a test) and `shared_lab` (one for a module), both once with each release; take only
some with @pytest.mark.parametrize("lab", ["5.2"], indirect=True).
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.roots import LAB
from tests.real.namespaces import Namespace, command
from tests.real.plutos import EAST, WEST, Pluto, connection, gateways

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["RELEASES", "Lab", "tunnel", "tunnels"]

ROOTS = {"4.10": Path("/"), "5.2": LAB / "trixie", "4.3": LAB / "bullseye"}
RELEASES = tuple(ROOTS)


def _address(side: int, number: int) -> str:
    return f"10.{side}.{number // 250}.{number % 250 + 1}"


def tunnel(name: str, number: int, *, shared: bool = False, **options: str) -> str:
    """The conn section of tunnel `number`, with ids of its own unless `shared`; options as in plutos.connection()."""
    ids = {} if shared else {"leftid": f"@west-{number}", "rightid": f"@east-{number}"}
    selectors = {"leftsubnet": f"{_address(1, number)}/32", "rightsubnet": f"{_address(2, number)}/32"}
    return connection(name, **(ids | selectors | options))


class Lab:
    """West (192.1.2.45) and east (192.1.2.23), both of one release, or east of that of `far`."""

    def __init__(self, release: str, west: Pluto, east: Pluto, far: str | None = None) -> None:
        self.release = release
        self.far = far or release
        self.west = west
        self.east = east
        self._numbers: dict[str, int] = {}

    def load(
        self,
        count: int = 1,
        *,
        shared: bool = False,
        only: str | None = None,
        prefix: str = "c",
        each: Mapping[str, Mapping[str, str]] | None = None,
        **options: str,
    ) -> list[str]:
        """Write `count` connections into both ipsec.conf, add them to both plutos; their names.

        Connection number i is a tunnel from 10.1.x.y/32 to 10.2.x.y/32 (see addresses()), all addresses on lo.
        `shared` gives all of them one pair of ids, hence one IKE SA. `only` is the gateway ("west" or
        "east") whose pluto they are added to. Options as in plutos.connection(), for all and for `each` by
        its name. What was loaded before is not deleted.
        """
        names = [f"{prefix}{number}" for number in range(count)]
        self._numbers = {name: number for number, name in enumerate(names)}
        sections = [
            tunnel(name, number, shared=shared, **(options | dict((each or {}).get(name, {}))))
            for name, number in self._numbers.items()
        ]
        for side, pluto in ((1, self.west), (2, self.east)):
            _add_addresses(pluto.namespace, [_address(side, number) for number in range(count)])
            pluto.conf.write_text("config setup\n\n" + "\n".join(sections))
        for name, pluto in (("west", self.west), ("east", self.east)):
            if only in (None, name):
                done = pluto.addconn(*names, timeout=300)
                if done.returncode != 0:
                    raise AssertionError(f"addconn on {name} ended with {done.returncode}: {done.stdout}")
        return names

    def addresses(self, name: str) -> tuple[str, str]:
        """The address behind west and the one behind east that a connection of load() joins."""
        return _address(1, self._numbers[name]), _address(2, self._numbers[name])

    def ping(self, name: str, *, count: int = 1) -> bool:
        """Whether all pings from behind west to behind east are answered.

        Without a tunnel they go in the clear: packets() says whether they went through it.
        """
        near, far = self.addresses(name)
        argv = ["ping", "-n", "-q", "-c", str(count), "-i", "0.2", "-W", "5", "-I", near, far]
        done = self.west.namespace.run(*argv, check=False)
        if done.returncode not in (0, 1):
            raise AssertionError(f"ping ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.returncode == 0 and f"{count} received" in done.stdout

    def packets(self, name: str) -> tuple[int, int]:
        """Packets that came in and went out through the SAs of this connection, as west's kernel counts."""
        near, far = self.addresses(name)
        policy = self.west.namespace.ip("xfrm", "policy", "list", "src", f"{near}/32", "dst", f"{far}/32")
        found = re.search(r"\breqid (\d+)", policy)
        if found is None:
            return 0, 0
        counted = {WEST: 0, EAST: 0}
        shown = self.west.namespace.ip("-statistics", "xfrm", "state", "list", "reqid", found[1])
        for state in re.split(r"^(?=src )", shown, flags=re.MULTILINE)[1:]:
            to = state.split()[3]
            lifetime = re.search(r"lifetime current:\s+\d+\(bytes\), (\d+)\(packets\)", state)
            if to in counted and lifetime is not None:
                counted[to] += int(lifetime[1])
        return counted[WEST], counted[EAST]

    def states(self) -> int:
        """How many ESP states west's kernel has: two for a tunnel."""
        return len(
            re.findall(r"^\tproto esp spi", self.west.namespace.ip("xfrm", "state"), flags=re.MULTILINE)
        )


@contextlib.contextmanager
def tunnels(release: str = "4.10", far: str | None = None) -> Iterator[Lab]:
    """West and east of one release, started and listening, each with a default route through the other.

    `far` is that of east, if it is another one. A path is that of a release that was installed below it.
    """
    near, far = Path(release), Path(far or release)
    roots = (ROOTS.get(release, near), ROOTS.get(str(far), far))
    with gateways(roots=roots) as (west, east):
        # Policies are looked up after the route: without one nothing is sent.
        west.namespace.ip("route", "add", "default", "via", EAST)
        east.namespace.ip("route", "add", "default", "via", WEST)
        yield Lab(near.name, west, east, far.name)


def _add_addresses(where: Namespace, addresses: list[str]) -> None:
    lines = "".join(f"address replace {address}/32 dev lo\n" for address in addresses)
    command("ip", "-n", where.name, "-batch", "-", stdin=lines)
