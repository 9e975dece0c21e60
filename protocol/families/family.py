"""A family of releases: one layout, one packing, one table of requests.

Owns: the type that every family module fills in. Must not know: any one family.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from autod.protocol.cstruct import CStruct, Layout
from autod.protocol.families.requests import Requests
from autod.protocol.packing import Packing
from autod.protocol.replies import ReplyCodes

__all__ = ["Family"]

_CHECKPUBKEYS = "WHACK_CHECKPUBKEYS"


@dataclass(frozen=True, eq=False)
class Family:
    """Releases that read the same bytes in the same way.

    `magic`: the constant up to 5.0; None from 5.1 on, where it is the checksum of the version.
    `numbers`: enum whack_command in order, from 5.3 on, without the one that USE_SECCOMP adds.
    `shutdown`: path of the member that shuts pluto down, whatever the magic, up to 5.0.
    """

    releases: tuple[str, ...]
    message: CStruct
    packing: Packing
    requests: Requests
    codes: ReplyCodes
    magic: int | None = None
    seqpacket: bool = False
    numbers: tuple[str, ...] = ()
    ipv4: int = 4
    ipv6: int = 6

    @functools.cached_property
    def layout(self) -> Layout:
        """The places of the members, and their construct, made at the first use."""
        return Layout(self.message)

    @property
    def has_basic(self) -> bool:
        """Whether --status and --shutdown have the basic magic, in struct whack_basic (5.1 on)."""
        return "basic.magic" in self.layout.fields

    @property
    def magic_path(self) -> str:
        """Path of the magic: in struct whack_basic from 5.1 on."""
        return "basic.magic" if self.has_basic else "magic"

    @property
    def shutdown_path(self) -> str:
        """Path of the member that shuts pluto down: up to 5.0 with any foreign magic, then with the basic one."""
        return "basic.whack_shutdown" if self.has_basic else "whack_shutdown"

    def depends_on_seccomp(self, name: str) -> bool:
        """Whether the number of this whack_command depends on USE_SECCOMP."""
        return self.numbers.index(name) > self.numbers.index(_CHECKPUBKEYS)

    def number(self, name: str, seccomp: bool) -> int:
        """The number of a whack_command in a pluto built with or without USE_SECCOMP."""
        at = self.numbers.index(name)
        return at + (seccomp and self.depends_on_seccomp(name))

    def command(self, number: int, seccomp: bool) -> str | None:
        """The name of a whack_command's number; None if there is none."""
        names = list(self.numbers)
        if seccomp:
            names.insert(names.index(_CHECKPUBKEYS) + 1, "WHACK_SECCOMP_CRASHTEST")
        return names[number] if 0 <= number < len(names) else None
