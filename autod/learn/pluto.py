"""A pluto whose release has no module, spoken to with the messages that were learned from its own whack.

Owns: finding what was learned for the very binary that runs, and a client that sends it. Everything else is the
client's: exchanges, events and outcomes go by pluto's text, which recognises what it can.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from autod.client import Pluto
from autod.errors import UnknownRelease
from autod.exchange.control import Control
from autod.exchange.peer import listener
from autod.identify.binary import version_of
from autod.identify.detect import Detected, How
from autod.identify.likeness import Binary
from autod.identify.programs import open_program
from autod.learn.doctor import COMPARED
from autod.learn.infer import Learned, Template, learned_message
from autod.learn.store import load
from autod.protocol.outlines import Outline
from autod.protocol.releases import Release

if TYPE_CHECKING:
    from pathlib import Path

    from autod.protocol.commands import Command

__all__ = ["AnyPluto", "LearnedPluto", "learned_release"]


def learned_release(learned: Learned) -> Release:
    """The release, as far as a client needs it: its text, its socket, its reply codes, what it can be asked."""
    begin = re.match(r"v?([\d.]+)", learned.release)
    numbers = tuple(int(number) for number in re.findall(r"\d+", begin[1])[:3]) if begin else ()
    # What carries a name shows the head that all messages have: the name is the first string behind it.
    named = next((one for one in learned.templates.values() if one.named), Template(b""))
    outline = Outline(
        None,
        (learned.release,),
        int.from_bytes(named.before[:4], "little"),
        _codes(numbers),
        head=len(named.before),
        slot=named.slot,
        seqpacket=learned.seqpacket,
        commands=frozenset(
            type(command).__name__
            for key, command in COMPARED.items()
            if key in learned.templates and "+" not in key
        ),
    )
    return Release(learned.release, numbers, outline)


def _codes(version: tuple[int, ...]) -> str:
    """Those of the era; a release after the last that is known has, until it says otherwise, the last ones."""
    if version < (5,):
        return "CODES_3_27"
    return "CODES_5_0" if version < (5, 3) else "CODES_5_3"


class LearnedPluto(Pluto):
    """A client for a release that was learned. Made like Pluto; find() says whether there is anything to go by."""

    reads_messages = False

    folder: Path | None = None
    """Where what was learned is kept; None for the usual place."""

    _learned: Learned

    async def find(self) -> Detected:
        """What runs at the socket, if that very binary was learned; UnknownRelease if not."""
        listens = listener(self.path)
        pid, name = listens.pid, listens.executable()
        binary = None
        if name is not None and os.path.basename(name) == "pluto":
            with suppress(OSError), open_program(f"/proc/{pid}/exe", name=name) as program:
                version = await version_of(program)
                binary = None if version is None else Binary.of(program, version.text)
        if binary is None:
            raise UnknownRelease("?", f"{self.path}: the program that listens cannot be looked at")
        learned = load(binary, self.folder)
        if learned is None:
            raise UnknownRelease(
                binary.version, f"Libreswan {binary.version} was not learned yet: run 'autod learn'"
            )
        self._learned = learned
        release = learned_release(learned)
        self._detected = Detected(release, How.BINARY, learned.seqpacket, listens)
        self._control = Control(
            self.path,
            codes=release.codes,
            seqpacket=learned.seqpacket,
            pluto=listens,
            slots=self.slots,
        )
        return self._detected

    def message(self, command: Command) -> bytes:
        """The message that was learned for it; Unsupported if none was."""
        return learned_message(command, self._learned)


class AnyPluto(LearnedPluto):
    """A client for whatever listens: by its release, or else with what was learned for it."""

    async def find(self) -> Detected:
        """What runs at the socket. UnknownRelease, as the release's, where it was not learned either."""
        self.reads_messages = True
        try:
            return await Pluto.find(self)
        except UnknownRelease as unknown:
            self.reads_messages = False
            try:
                found = await LearnedPluto.find(self)
            except UnknownRelease:
                raise unknown from None
            if self._given is not None and not _same(self._given, found.release.text):
                raise unknown from None
            return found

    def message(self, command: Command) -> bytes:
        """The message for it: of the release, or as it was learned."""
        return Pluto.message(self, command) if self.reads_messages else LearnedPluto.message(self, command)


def _same(given: str, text: str) -> bool:
    return given.removeprefix("v") == text.removeprefix("v")
