"""Whether a build whose version is not a release sends the messages of a release: then autod treats it as that release.

Owns: the comparison of the messages of its whack, and of the message of its addconn for a connection. The layout counts
as proven only if both are the same, value by value. Must not know: where the result is kept, pluto.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from autod.config import load_text, select
from autod.errors import UnknownRelease
from autod.identify.binary import Version
from autod.learn.doctor import compare_messages
from autod.learn.record import open_trap
from autod.protocol import releases
from autod.protocol.connection import Planner
from autod.protocol.connection.lookup import Nothing
from autod.protocol.decode import decode
from autod.protocol.encode import pack
from autod.protocol.errors import WhackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autod.identify.programs import Program
    from autod.learn.infer import Learned
    from autod.protocol.releases import Release

__all__ = ["equal_release"]

_NAME = "learn-a-connection"
_CONNECTION = f"""conn {_NAME}
	left=192.0.2.1
	leftid=@west.example
	leftsubnet=10.1.0.0/16
	leftnexthop=192.0.2.254
	leftprotoport=6/80
	leftupdown=/bin/true
	leftsendcert=never
	right=192.0.2.2
	rightid=@east.example
	rightsubnet=10.2.3.0/24
	rightcert=east
	rightca=%same
	authby=rsasig
	type=tunnel
	ike=aes256-sha2_256;modp2048
	phase2alg=aes256-sha2_512
	ikelifetime=2h
	salifetime=90m
	rekeymargin=4m
	rekeyfuzz=50%
	pfs=no
	rekey=no
	fragmentation=no
	mobike=yes
	narrowing=yes
	encapsulation=yes
	dpddelay=20
	dpdtimeout=70
	dpdaction=restart
	mtu=1400
	priority=7
	metric=5
	mark=3/0xffffff
	replay-window=64
	initial-contact=yes
	negotiationshunt=hold
	failureshunt=drop
	modecfgdns=192.0.2.53
	auto=add
"""
"""A connection with each kind of value. Every release from 3.27 on takes it, and looks nothing up for it."""


async def equal_release(learned: Learned, version: Version, addconn: Program | None) -> str:
    """The release with the same messages as the build that `learned` comes from; "" if there is none.

    `version` is that of its pluto; `addconn` is its own. Runs addconn, with a socket of ours.
    """
    for release in _candidates(learned, version):
        if release.seqpacket is not learned.seqpacket or addconn is None:
            continue
        if all(finding.ok is not False for finding in compare_messages(release, learned)):
            with suppress(WhackError, OSError):
                if await _adds_alike(release, addconn):
                    return ".".join(map(str, release.version))
    return ""


def _candidates(learned: Learned, version: Version) -> Iterator[Release]:
    """The release that its version begins with, and the next one: the build may lie between them."""
    match = re.match(r"v?(\d+\.\d+(?:\.\d+)?)", learned.release)
    numbers = list(releases.ALL)
    if match is None or match[1] not in numbers:
        return
    at = numbers.index(match[1])
    for number in numbers[at : at + 2]:
        with suppress(UnknownRelease):
            release = releases.find(number, seccomp=version.seccomp, labeled=version.labeled)
            yield release.called(learned.release)


async def _adds_alike(release: Release, addconn: Program) -> bool:
    configuration = load_text(_CONNECTION, release)
    groups = select(configuration, Planner(configuration.rules, Nothing()), [_NAME])
    ours = [pack(release, message.members, message.settings) for group in groups for message in group]
    handle = os.memfd_create("ipsec.conf", os.MFD_CLOEXEC)
    try:
        os.write(handle, _CONNECTION.encode())
        async with open_trap(seqpacket=release.seqpacket) as trap:
            path = f"/proc/{os.getpid()}/fd/{handle}"
            theirs = await trap.capture(addconn, ["--config", path, _NAME])
    finally:
        os.close(handle)
    return (
        bool(ours)
        and len(ours) == len(theirs)
        and all(
            decode(our_message, release).everything() == decode(their_message, release).everything()
            for our_message, their_message in zip(ours, theirs, strict=True)
        )
    )
