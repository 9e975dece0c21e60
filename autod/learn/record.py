"""Makes a whack write its messages to a socket of ours. Must not know what they mean, nor talk to pluto.

The program always runs with --ctlsocket and a socket in a new folder, so all its messages come here. whack connects,
writes one message and reads to the end; its only answer is the end.
"""

from __future__ import annotations

import os
import socket
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import trio

from autod.identify.binary import version_of
from autod.learn.infer import CannotLearn, Learned, Recording, Template, infer
from autod.operations import ROWS, Row
from autod.protocol import commands

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from autod.identify.programs import Program

__all__ = ["NAMES", "REQUESTS", "Trap", "learn", "open_trap", "program_version"]

NAMES = ("zq", "learn-a-name", "learn-a-name-that-is-quite-long")
"""Names of three lengths, which do not occur in other parts of whack's messages."""

_TIME = 10.0
"""Seconds for one run of whack. It takes some milliseconds, and waits only for our answer."""

_LARGEST = 65536


def _spellings(row: Row, variant: str) -> tuple[tuple[str, ...], ...]:
    """whack's arguments for a request, the newest spelling first. NAME stands for the name."""
    named = variant == "name" or (
        "name" in getattr(commands, row.command).__struct_fields__ and not row.lists
    )
    before = (*(("--name", "NAME") if named else ()), *(("--utc",) if variant == "utc" else ()))
    after = ("--asynchronous",) if variant == "asynchronous" else ()
    return tuple((*before, flag, *after) for flag in row.whack)


REQUESTS: dict[str, tuple[tuple[str, ...], ...]] = {
    f"{getattr(commands, row.command).verb}{'+' if variant else ''}{variant}": _spellings(row, variant)
    for row in ROWS
    if row.whack
    for variant in ("", *row.variants)
}
"""Key of the template -> whack's arguments for it (_spellings)."""


class Trap:
    """A control socket that records messages."""

    def __init__(self, path: str, listener: trio.socket.SocketType, *, seqpacket: bool) -> None:
        self.path = path
        self.seqpacket = seqpacket
        self._listener = listener

    async def capture(self, program: Program, arguments: Sequence[str]) -> list[bytes]:
        """The messages of `program` when it runs with `arguments`: usually one, none if it refuses.

        OSError if it cannot run. A cancellation kills it.
        """
        messages: list[bytes] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._take, messages)
            with trio.move_on_after(_TIME):
                await program.run("--ctlsocket", self.path, *arguments)
            nursery.cancel_scope.cancel()
        return messages

    async def _take(self, messages: list[bytes]) -> None:
        while True:
            peer, _ = await self._listener.accept()
            with peer:
                message = await peer.recv(_LARGEST)
                if message:
                    messages.append(message)


@asynccontextmanager
async def open_trap(*, seqpacket: bool) -> AsyncIterator[Trap]:
    """A trap in a folder of its own, with the type of socket of 5.4 and later (`seqpacket`), or of earlier releases."""
    kind = socket.SOCK_SEQPACKET if seqpacket else socket.SOCK_STREAM
    with TemporaryDirectory(prefix="autod-") as folder:
        path = os.path.join(folder, "ctl")
        with trio.socket.socket(socket.AF_UNIX, kind) as listener:
            await listener.bind(path)
            listener.listen(5)
            yield Trap(path, listener, seqpacket=seqpacket)


async def program_version(program: Program) -> str:
    """The version of `program --version`, such as "4.10". CannotLearn if it prints none."""
    version = await version_of(program)
    if version is None:
        raise CannotLearn(f"{program.name} --version does not say which Libreswan it is")
    return version.text


async def learn(whack: Program, release: str) -> Learned:
    """Run `whack` for every request, and make a template for each.

    CannotLearn if it sends nothing, or there is no template at all. Takes about a second.
    """
    async with _trap_for(whack) as trap:
        templates: dict[str, Template] = {}
        missing: dict[str, str] = {}
        for key, spellings in REQUESTS.items():
            try:
                templates[key] = await _learn_one(trap, whack, spellings)
            except CannotLearn as reason:
                missing[key] = str(reason)
        if not templates:
            raise CannotLearn(
                f"the messages of {whack.name} cannot be learned: {next(iter(missing.values()))}"
            )
        return Learned(release, trap.seqpacket, templates, missing)


@asynccontextmanager
async def _trap_for(whack: Program) -> AsyncIterator[Trap]:
    """A trap of the type that this whack connects to."""
    for seqpacket in (False, True):
        async with open_trap(seqpacket=seqpacket) as trap:
            if await trap.capture(whack, ["--status"]):
                yield trap
                return
    raise CannotLearn(f"{whack.name} --ctlsocket SOCKET --status connects to neither kind of socket")


async def _learn_one(trap: Trap, whack: Program, spellings: Sequence[Sequence[str]]) -> Template:
    for spelling in spellings:
        names: Sequence[str | None] = NAMES if "NAME" in spelling else (None, None)
        recordings = []
        for name in names:
            arguments = [name if word == "NAME" and name is not None else word for word in spelling]
            messages = await trap.capture(whack, arguments)
            if len(messages) != 1:
                break
            recordings.append(Recording(None if name is None else name.encode(), messages[0]))
        else:
            return infer(recordings)
    raise CannotLearn("this whack does not know the request")
