"""Loads connections through the release's own addconn, with an outcome for each.

Owns: running addconn once for many names, with a relay of ours as its control socket, and finding the name from the
caller for each message and pluto's replies to it. Must not know: what a reply means (autod.events), how ipsec.conf is
read (autod.config).

addconn's exit status does not count: it is 0 for connections that did not load (3.27 to 5.2), is the status of
the last name only, and addconn does not print pluto's lines unless stdout is a terminal (4.10). Only the messages to
pluto and pluto's replies count.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from autod.asking.guards import guards_of, may_load
from autod.asking.request import Request
from autod.errors import NOT_LOADED, ConfigurationError, ForeignMessage, PlutoGone, UsageError, no_answer
from autod.exchange.relay import Relayed, open_relay
from autod.identify.binary import version_beside
from autod.identify.programs import open_program
from autod.loading.result import Transcript, outcome_of
from autod.protocol import commands as c
from autod.protocol.check import Carried, check, check_program, wrong_socket
from autod.protocol.connection.pairs import pair_names
from autod.protocol.errors import WhackError
from autod.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from autod.client import Pluto
    from autod.exchange.control import Control
    from autod.identify.programs import Program
    from autod.loading.interface import Hear, Told
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["AddconnLoader", "AddconnResult", "load"]

_BATCH = 256 * 1024
"""Bytes of names in one run. The kernel takes 2 MiB of arguments and environment together (execve(2)); within a
quarter of a megabyte are about 10,000 names, so one run is the rule."""

_ASKED = frozenset({c.AddConnection, c.AddPublicKey, c.Delete, c.Initiate, c.Listen, c.Route})
"""The commands that addconn sends to pluto (3.27 to 5.4)."""

_WRONG_SOCKET = "Protocol wrong type for socket"
"""Every addconn prints this if the control socket is of another type than its own release's (EPROTOTYPE)."""

_SILENT = "addconn sent nothing of it and does not say why; autod --check may"
"""Up to 4.15 addconn prints nothing if subnets= has no other side, for example."""

_CONNALIAS = (2, 38)
_SUBNET, _SUBNETS = 24, 25
"""connalias= (with its end), subnet= and subnets= among the settings of a message of 5.4 (enum
config_conn_keyword)."""


@dataclass(frozen=True, slots=True)
class AddconnResult:
    """The result of one run. `exit_status` is addconn's own, for information (negative: the signal that ended it)."""

    exit_status: int
    stdout: tuple[str, ...]
    stderr: tuple[str, ...]
    messages: tuple[Relayed, ...]
    loaded: tuple[Transcript, ...]


class AddconnLoader:
    """Loads through `program`, which reads the configuration at `path`: one run for all names, because it reads the
    whole file each time. If autod cannot read the messages of the release, there is one run for each name, because it
    is then not known which message is about which name."""

    def __init__(self, pluto: Pluto, program: str, path: str | None) -> None:
        self._pluto = pluto
        self._program = program
        self._path = path

    async def check(self) -> None:
        """See `autod.loading.interface.Loader`. ForeignMessage if the program is of another release."""
        pluto = self._pluto
        if not await _is_of(self._program, pluto.release):
            await load(
                (),
                program=self._program,
                config=self._path,
                release=pluto.release,
                control=pluto.control,
                autoall=True,
                rehearses=True,
            )

    async def load(
        self, names: Sequence[str], *, hear: Hear, told: Told, timeout: float | None = None
    ) -> None:
        """See `autod.loading.interface.Loader`."""
        pluto = self._pluto
        started = time.time()
        with trio.CancelScope() as scope:

            def heard() -> None:
                if timeout is not None:
                    scope.deadline = trio.current_time() + timeout

            def reply(name: str | None, answer: Reply) -> None:
                heard()
                hear(name or allowed[0], recognise(answer, time=time.time()))

            heard()
            allowed = list(names)
            if guards_of(Request("add", c.Delete("")), pluto.release):
                for name in names:
                    refused = await pluto.drive(may_load(pluto, name, float("inf")))
                    heard()
                    if refused is not None:
                        allowed.remove(name)
                        told(name, refused)
            together = [allowed] if allowed else []
            for part in together if pluto.reads_messages else [[name] for name in allowed]:
                result = await load(
                    part,
                    program=self._program,
                    config=self._path,
                    release=pluto.release,
                    control=pluto.control,
                    on_reply=reply,
                )
                loaded = result.loaded if pluto.reads_messages else (_alone(part[0], result),)
                for transcript in loaded:
                    told(transcript.asked, outcome_of(transcript, started=started))
        if scope.cancelled_caught:
            raise no_answer(pluto.path, timeout, "a load", NOT_LOADED)


def _alone(name: str, result: AddconnResult) -> Transcript:
    """The whole result of one run, as that of its only name."""
    complaints = tuple(line for line in (*result.stderr, *result.stdout) if line.strip()) or (_SILENT,)
    if result.messages:
        return Transcript(name, (name,), result.messages, ())
    return Transcript(name, (name,), (), complaints, unknown=is_unknown(complaints))


async def load(
    names: Sequence[str],
    *,
    program: str,
    config: str | None,
    release: Release,
    control: Control,
    on_reply: Callable[[str | None, Reply], None] | None = None,
    autoall: bool = False,
    prefix: Sequence[str] = (),
    rehearses: bool = False,
) -> AddconnResult:
    """Run `program` (the release's addconn) for `names`, or with --autoall, and report its messages.

    `config` is the path of ipsec.conf, None for addconn's own default; paths in it are read relative to the
    current folder, as addconn does. `control` is the way to pluto. `on_reply` gets the connection's name (None for
    `listen` and similar) and each reply as pluto sends it. `prefix` stands before the program on its command line
    (chroot, ip netns exec). `rehearses`: the messages are checked and nothing is sent.

    Errors: UsageError for a name that no command line can carry, ForeignMessage if the program is of another release
    than the pluto that listens (no message of it was sent), ConfigurationError if addconn refuses the whole file
    (nothing was sent then), PlutoGone if pluto took none of the messages, OSError if the program cannot be run. A
    cancellation kills addconn: the message that pluto works on then may or may not have taken effect, and the others
    are never sent.
    """
    for name in names:
        if not name or "\0" in name or "\n" in name:
            raise UsageError(
                f"{name!r} is not the name of a connection; nothing was loaded.", name=name, option="names"
            )
    if not prefix:
        await _is_of(program, release)
    run = _Run(program, release, on_reply, rehearses, names[0] if len(names) == 1 else "")
    arguments = [["--autoall"]] if autoall else [["--", *part] for part in _batches(names)]
    async with AsyncExitStack() as stack:
        addconn = stack.enter_context(open_program(program))
        relay = await stack.enter_async_context(
            open_relay(control, seqpacket=release.seqpacket, check=run.check)
        )
        nursery = await stack.enter_async_context(trio.open_nursery())
        nursery.start_soon(relay.serve, run.relayed.append, run.reply)
        base = ["--ctlsocket", relay.path]
        if config is not None:
            base += ["--config", config]
        for part in arguments:
            await run.addconn(addconn, [*base, *part], prefix)
            if run.refused or run.foreign:
                break
        nursery.cancel_scope.cancel()
    if run.foreign is not None:
        raise run.foreign
    if run.refused:
        raise ConfigurationError("; ".join(line for line in run.stderr if line.strip()), where=config)
    if run.relayed and all(isinstance(relayed.error, PlutoGone) for relayed in run.relayed):
        raise run.relayed[0].error or PlutoGone("pluto is gone.", path=control.path)
    return run.result(names)


async def _is_of(program: str, release: Release) -> bool:
    """Whether the version of `program` is known and fits pluto of `release`; ForeignMessage if it does not fit."""
    version = await version_beside(program)
    if version is None:
        return False
    check_program(program, version.text, release)
    return True


class _Rehearsed(WhackError):
    """A message that would have been sent."""


class _Run:
    """The results of one or more runs of addconn so far."""

    def __init__(
        self,
        program: str,
        release: Release,
        on_reply: Callable[[str | None, Reply], None] | None,
        rehearses: bool,
        name: str,
    ) -> None:
        self.relayed: list[Relayed] = []
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self.status = 0
        self.foreign: ForeignMessage | None = None
        self._program = program
        self._release = release
        self._on_reply = on_reply
        self._rehearses = rehearses
        self._name = name
        self._carried: dict[bytes, Carried] = {}

    def check(self, message: bytes) -> None:
        """Raise ForeignMessage for a message that addconn of this release does not send. After that, none is sent."""
        if self.foreign is None:
            try:
                self._carried[message] = self._read(message)
            except ForeignMessage as error:
                self.foreign = error
        if self.foreign is not None:
            raise self.foreign
        if self._rehearses:
            raise _Rehearsed("it was only looked at")

    def _read(self, message: bytes) -> Carried:
        # The first message always adds a connection.
        carried = check(message, self._release, adds=None if self._carried else self._name)
        commands = carried.commands
        if self._release.outline.module is not None and not (commands and _ASKED.issuperset(commands)):
            raise ForeignMessage(
                f"this message of addconn holds a command to pluto {self._release} that addconn does not send, so "
                "it was not sent",
                release=str(self._release),
            )
        return carried

    @property
    def refused(self) -> bool:
        """Whether addconn could not read its file at all: status 1 or 3 with a complaint, and no message."""
        return self.status in (1, 3) and bool(self.stderr) and not self.relayed

    def reply(self, message: bytes, reply: Reply) -> None:
        if self._on_reply is None:
            return
        self._on_reply(self._carried[message].name, reply)

    async def addconn(self, program: Program, arguments: Sequence[str], prefix: Sequence[str]) -> None:
        process = await program.run(*arguments, prefix=prefix)
        self.stdout += _lines(process.stdout)
        self.stderr += _lines(process.stderr)
        self.status = process.returncode
        if any(_WRONG_SOCKET in line for line in (*self.stderr, *self.stdout)):
            self.foreign = self.foreign or wrong_socket(self._program, self._release)

    def result(self, names: Sequence[str]) -> AddconnResult:
        return AddconnResult(
            self.status,
            tuple(self.stdout),
            tuple(self.stderr),
            tuple(self.relayed),
            tuple(_assign(names, self.relayed, self.stderr + self.stdout, self._carried)),
        )


def _batches(names: Sequence[str]) -> Iterable[list[str]]:
    """The names in as few runs as a command line allows. Each name costs 9 bytes more than its own length."""
    batch: list[str] = []
    room = _BATCH
    for name in names:
        need = len(os.fsencode(name)) + 9
        if batch and need > room:
            yield batch
            batch, room = [], _BATCH
        batch.append(name)
        room -= need
    if batch:
        yield batch


def _lines(output: bytes) -> list[str]:
    return output.decode("utf-8", "surrogateescape").splitlines()


@dataclass(frozen=True, slots=True)
class _Subject:
    """The subject of a message: the connection's name, its aliases, and its names in pluto; None for a key."""

    name: str | None
    aliases: tuple[str, ...]
    is_key: bool
    names: tuple[str, ...] = ()


def _subject(carried: Carried) -> _Subject:
    if c.AddPublicKey in carried.commands:
        return _Subject(None, (), True)
    aliases = [carried.strings.get("connalias", b"")]
    aliases += [value for end, key, value in carried.settings if (end, key) == _CONNALIAS]
    name = carried.name
    names = () if name is None else pair_names(name, _subnets(carried, 0), _subnets(carried, 1))
    return _Subject(name, tuple(_text(b" ".join(aliases)).split()), False, names)


def _subnets(carried: Carried, end: int) -> tuple[str | None, str | None]:
    """leftsubnet= and leftsubnets= (end 0) of a message of 5.0 and later, None for one that is not set."""
    settings = {key: value for at, key, value in carried.settings if at == end}
    texts = []
    for slot, number in (("subnet", _SUBNET), ("subnets", _SUBNETS)):
        value = settings.get(number)
        for path in (f"{('left', 'right')[end]}.{slot}", f"end[{end}].{slot}"):
            value = carried.strings.get(path, value)
        texts.append(None if value is None else _text(value))
    return texts[0], texts[1]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _assign(
    names: Sequence[str], relayed: Sequence[Relayed], lines: Sequence[str], carried: Mapping[bytes, Carried]
) -> Iterable[Transcript]:
    """Each message with every word that may mean its connection: name, alias, and `a` for `a/1x2` (subnets=)."""
    by_word: dict[str, list[tuple[tuple[str, ...], Relayed]]] = {}
    words: tuple[str, ...] = ()
    for exchange in relayed:
        subject = _subject(carried[exchange.message])
        # The keys of a connection follow its own message at once.
        if not subject.is_key:
            root, _, pair = (subject.name or "").rpartition("/")
            base = (root,) if root and pair.replace("x", "", 1).isdigit() else ()
            words = tuple(dict.fromkeys((subject.name or "", *base, *subject.aliases)))
        for word in words:
            by_word.setdefault(word, []).append((subject.names, exchange))
    for asked_word in names:
        own = by_word.get(asked_word, [])
        complaints = () if own else _complaints(asked_word, names, lines)
        yield Transcript(
            asked_word,
            tuple(dict.fromkeys(name for names, _ in own for name in names)),
            tuple(exchange for _, exchange in own),
            complaints,
            unknown=not own and is_unknown(complaints),
        )


def is_unknown(complaints: Sequence[str]) -> bool:
    """Whether this, from an addconn that sent nothing for a name, means that its file does not have the name: every
    release from 3.27 on says so."""
    return any("not found" in line for line in complaints)


def _complaints(asked: str, names: Sequence[str], lines: Sequence[str]) -> tuple[str, ...]:
    """What addconn said of `asked`, for which it sent nothing. Some of its reasons name no connection (4.5 to 5.2:
    "Failed to load connection right= is not set"): they may be about each that is not named elsewhere."""
    own = tuple(line for line in lines if _mentions(line, asked))
    if own:
        return own
    of_nobody = [line for line in lines if line.strip() and not any(_mentions(line, name) for name in names)]
    return tuple(line for line in of_nobody if ": warning: " not in line) or tuple(of_nobody) or (_SILENT,)


def _mentions(line: str, name: str) -> bool:
    """Whether the name stands in the line as a word of its own."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", line) is not None
