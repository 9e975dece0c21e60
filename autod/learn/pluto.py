"""A client for a pluto whose release has no module. It sends the messages that were learned from its own whack.

Owns: finding the templates for exactly the binary that runs, and sending them. Everything else is the client's: events
and outcomes come from pluto's text, as far as it is recognised.
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
    """The release for a client: its text, its socket, its reply codes, and its requests."""
    begin = re.match(r"v?([\d.]+)", learned.release)
    numbers = tuple(int(number) for number in re.findall(r"\d+", begin[1])[:3]) if begin else ()
    # A message with a name shows the head of all messages: the name is the first string behind the head.
    named = next((template for template in learned.templates.values() if template.named), Template(b""))
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
    """The codes of the era; a release after the last known one has the last codes."""
    if version < (5,):
        return "CODES_3_27"
    return "CODES_5_0" if version < (5, 3) else "CODES_5_3"


class LearnedPluto(Pluto):
    """A client for a release that was learned. Made like Pluto; find() raises if there are no templates."""

    reads_messages = False

    folder: Path | None = None
    """The folder of the templates; None for the usual place."""

    _learned: Learned

    async def find(self) -> Detected:
        """The pluto at the socket, if its binary was learned; UnknownRelease if not."""
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
        """The learned message; Unsupported if there is none."""
        return learned_message(command, self._learned)


class AnyPluto(LearnedPluto):
    """A client for any pluto: by its release, or, if that has no module, with learned messages."""

    async def find(self) -> Detected:
        """The pluto at the socket. UnknownRelease, with the release's own sentence, if it was not learned either."""
        self.reads_messages = True
        try:
            return await Pluto.find(self)
        except UnknownRelease as unknown:
            self.reads_messages = False
            try:
                detected = await LearnedPluto.find(self)
            except UnknownRelease:
                raise unknown from None
            if self._given is not None and not _same(self._given, detected.release.text):
                raise unknown from None
            return detected

    def message(self, command: Command) -> bytes:
        """The message of the release, or the learned one."""
        return Pluto.message(self, command) if self.reads_messages else LearnedPluto.message(self, command)


def _same(name: str, text: str) -> bool:
    return name.removeprefix("v") == text.removeprefix("v")
