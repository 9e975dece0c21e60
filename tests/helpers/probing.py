"""What the real addconn did with 14,000 small configurations, and what we do with them.

A probe is one configuration, the arguments of addconn, and its messages, output and exit status. They were taken in
a network namespace with 192.1.2.45/24 and 2001:db8:1:2::45/64 on eth1 and default routes via .254 and ::254, with no
DNS; `Recorded` answers like that.
"""

from __future__ import annotations

import base64
import functools
import gzip
import itertools
import json
import lzma
import re
import socket
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autod.config import autoall, check, load, select
from autod.config.halt import halts
from autod.protocol.connection import Planner
from autod.protocol.connection.addresses import Address
from autod.protocol.connection.keywords import native
from autod.protocol.connection.lookup import Interface
from autod.protocol.encode import Packer
from autod.protocol.errors import BadString
from autod.protocol.releases import Release, find
from autod.protocol.replies import ReplyDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

DATA = Path(__file__).parents[1] / "data" / "probes"
_ABORTED = -6
_IPV4 = (2).to_bytes(2, "little")
NUMBER = {"4.10": "4.10", "5.2": "5.2", "5.4": "5.4"}


class Recorded:
    """The system that the probes were recorded on."""

    def gateway(self, version: int) -> Address | None:
        text = "192.1.2.254" if version == 4 else "2001:db8:1:2::254"
        return _address(text)

    def source(self, to: Address | None, version: int) -> Address | None:
        if version == 4:
            if to is None or to.packed[0] == 127:
                return _address("127.0.0.1")
            return _address("192.1.2.45")
        own = _address("2001:db8:1:2::45")
        # The route to an address of one's own is not in the main table.
        return None if to == own else own

    def interface(self, name: str, version: int) -> Interface | None:
        if name == "lo":
            return Interface(_address("127.0.0.1") if version == 4 else None, None)
        if name == "eth1":
            return Interface(_address("192.1.2.45") if version == 4 else None, None)
        return None

    def resolve(self, name: str, version: int) -> Address | None:
        return None

    def protocol(self, name: str) -> int | None:
        try:
            return socket.getprotobyname(name)
        except OSError:
            return None

    def service(self, name: str) -> int | None:
        try:
            return socket.getservbyname(name)
        except OSError:
            return None


class Curious(Recorded):
    """Remembers whether a name server was asked for."""

    def __init__(self) -> None:
        self.asked = False

    def resolve(self, name: str, version: int) -> Address | None:
        self.asked = True
        return None


def asks_name_servers(text: str, release: str, folder: Path) -> bool:
    """Whether addconn would ask a name server over this file, and wait for it."""
    (folder / "p.conf").write_bytes(text.encode("utf-8", "surrogateescape"))
    configuration = load("p.conf", find(release), folder=str(folder))
    curious = Curious()
    planner = Planner(configuration.rules, curious)
    for connection in configuration.connections:
        planner.plan(connection.name, connection.layers, partial=connection.partial)
    return curious.asked


def _address(text: str) -> Address:
    version = 6 if ":" in text else 4
    return Address(version, socket.inet_pton(socket.AF_INET6 if version == 6 else socket.AF_INET, text))


@dataclass(frozen=True)
class Probe:
    """One probe, as it was recorded."""

    id: str
    text: str
    argv: list[str]
    exit: int
    messages: list[bytes]
    reply: str | None
    stdout: str
    stderr: str

    @property
    def refused(self) -> bool:
        """Whether addconn refused the whole file."""
        return (
            self.argv[5:] != ["--verbose"]
            and not self.messages
            and (self.exit in (1, 2, 3) or self.exit == -6)
        )


@functools.cache
def mask(release: str) -> list[tuple[int, int]]:
    return [(at, n) for at, n in json.loads((DATA / "mask.json").read_text()).get(release, [])]


def raw(release: str) -> Iterator[dict[str, Any]]:
    """The lines of a release's file as they stand. `release` may be a path."""
    path = DATA / f"{release}.jsonl.gz" if "/" not in release else Path(release)
    packed = path.with_suffix(".xz")
    opened: Callable[..., TextIO] = lzma.open if packed.exists() else gzip.open
    with opened(
        packed if packed.exists() else path, "rt", encoding="utf-8", errors="surrogateescape"
    ) as lines:
        for line in lines:
            yield json.loads(line)


ODD = {"3.27": {"kw:hostaddrfamily:10"}, "3.28": {"kw:hostaddrfamily:10"}}
"""hostaddrfamily=1 is the family of local sockets, and addconn makes addresses of it."""


def probes(release: str) -> Iterator[Probe]:
    for one in raw(release):
        if one["id"] in ODD.get(release, ()):
            continue
        messages = [base64.b64decode(message) for message in one.pop("messages")]
        yield Probe(messages=messages, reply=one.pop("reply", None), **one)


@functools.cache
def sockaddrs(release: str) -> list[int]:
    """Where the layout of a release has a sockaddr that is of IPv4 or of IPv6 (up to 3.29)."""
    fields = find(release).family.layout.fields
    return [field.offset for path, field in fields.items() if path.endswith(".u.v4.sin_family")]


def _without_spare(data: bytearray, release: str) -> bytearray:
    """Without what a sockaddr of IPv4 leaves free of the larger one of IPv6."""
    for at in sockaddrs(release):
        if data[at : at + 2] == _IPV4 and len(data) >= at + 28:
            data[at + 16 : at + 28] = bytes(12)
    return data


def masked(message: bytes, release: str) -> bytes:
    data = _without_spare(bytearray(message), release)
    for at, size in mask(release):
        data[at : at + size] = bytes(min(size, max(len(data) - at, 0)))
    return bytes(data)


@functools.cache
def padding(release: str) -> list[tuple[int, int]]:
    """Where the layout of a release has bytes that belong to no member: (offset, length)."""
    layout = find(release).family.layout
    used = bytearray(layout.head)
    for field in layout.fields.values():
        used[field.offset : field.offset + field.size] = b"\1" * field.size
    return [(found.start(), len(found.group())) for found in re.finditer(rb"\0+", used[: layout.head])]


def without_padding(message: bytes, release: str) -> bytes:
    """The message with zero for padding: what stands there in a build is chance."""
    data = _without_spare(bytearray(message), release)
    for at, size in padding(release):
        data[at : at + size] = bytes(min(size, max(len(data) - at, 0)))
    return bytes(data)


@dataclass(frozen=True)
class Ours:
    """What we send for a probe, and whether we refuse its file.

    `by_chance`: we say that addconn sends what stands in memory that it never wrote (up to 4.6).
    """

    refused: bool
    messages: list[bytes]
    by_chance: bool = False


def build(release: str) -> Release:
    """The release as the addconn of its probes was built: Debian's with labeled IPsec, the others without."""
    seccomp = False if release == "5.3.2" else None
    return find(release, seccomp=seccomp, labeled=release in ("4.10", "5.2"))


@functools.cache
def _packer(release: str) -> Packer:
    """One for all probes of a release: what one leaves behind must not show in the next."""
    return Packer(build(release))


def ours(probe: Probe, release: str, folder: Path) -> Ours:
    (folder / "p.conf").write_bytes((probe.text or "").encode("utf-8", "surrogateescape"))
    found = build(release)
    configuration = load(probe.argv[4], found, folder=str(folder))
    if configuration.refusal is not None:
        return Ours(True, [])
    planner = Planner(configuration.rules, Recorded())
    arguments = probe.argv[5:]
    packer = _packer(release)
    messages: list[bytes] = []
    everything = "--autoall" in arguments
    for group in autoall(configuration, planner) if everything else select(configuration, planner, arguments):
        for message in group:
            try:
                messages.append(packer.pack(message.members, message.settings))
            except BadString:
                break
            if stops(probe.reply, release) and message.kind == "add":
                break
    by_chance = any("by chance" in one.sentence for one in check(configuration, Recorded()))
    return Ours(False, messages, by_chance)


def stops(reply: str | None, release: str) -> bool:
    """Whether the messages of a connection end after this reply. What has no newline is no line to addconn."""
    decoder = ReplyDecoder(find(release).codes)
    return halts(decoder.feed((reply or "").encode()), native(find(release)) or release)


def run(release: str, only: str = "", source: str = "", show: int = 60, every: int = 1) -> tuple[int, int]:
    """Compare all probes of a release, or one of `every`; print the groups that fail. Gives (passed, total).

    `source`: a file with its probes, in place of the recorded one.
    """
    passed = total = 0
    failing: Counter[str] = Counter()
    example: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in json.loads((DATA / "aux.json").read_text()).items():
            (folder / file).write_text(text)
        for probe in itertools.islice(probes(source or release), 0, None, every):
            if only and only not in probe.id:
                continue
            total += 1
            why = difference(probe, release, folder)
            if why is None:
                passed += 1
                continue
            group = probe.id.rsplit(":", 1)[0]
            failing[f"{group} | {why}"] += 1
            example.setdefault(f"{group} | {why}", probe.id)
    print(f"{release}: {passed} of {total} ({100 * passed / max(total, 1):.2f} %)")
    for group, count in failing.most_common(show):
        print(f"  {count:4} {group}   e.g. {example[group]}")
    return passed, total


def difference(probe: Probe, release: str, folder: Path) -> str | None:
    """What differs, None if nothing does."""
    try:
        mine = ours(probe, release, folder)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if probe.exit == _ABORTED and not mine.messages:
        # Who it was is not known: the file is not refused for what the system has.
        return None
    if mine.refused != probe.refused:
        return f"refused {mine.refused}, addconn {probe.refused} (exit {probe.exit})"
    if mine.by_chance:
        return None
    want = [masked(message, release) for message in probe.messages]
    have = [masked(message, release) for message in mine.messages]
    if len(want) != len(have):
        return f"{len(have)} messages, addconn {len(want)}"
    for number, (a, b) in enumerate(zip(have, want, strict=True)):
        if a != b:
            paths = sorted(fields(a, b, release))
            return f"message {number}: {', '.join(paths)}"
    return None


def fields(a: bytes, b: bytes, release: str) -> set[str]:
    layout = find(release).family.layout
    found = set()
    for at in range(min(len(a), len(b), layout.head)):
        if a[at] != b[at]:
            found.add(
                next((p for p, f in layout.fields.items() if f.offset <= at < f.offset + f.size), f"+{at}")
            )
    if a[layout.head :] != b[layout.head :]:
        found.add("strings")
    return found


if __name__ == "__main__":
    import sys

    run(sys.argv[1], *sys.argv[2:4])
