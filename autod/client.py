"""A pluto to talk to: one method an operation.

    async with open_pluto() as pluto:
        outcome = await pluto.up("branch-17")
        if not outcome.ok:
            print(outcome.sentence)

Owns: which command an operation sends, and the deadline. Must not know: how bytes travel (autod.exchange), what lines
mean (autod.recognise), what is looked at before a dangerous command (autod.guards) and after a silent one
(autod.judging.resolve), many at once (autod.bulk).

Every operation ends: by pluto, or by its deadline. A deadline, like a cancellation, ends the waiting and nothing
in pluto, which goes on with what it was asked; the outcome says what is left behind.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import trio

from autod.emulation import kept, native_or_substitute
from autod.errors import ConnectionLost, DeadlinePassed, PlutoReplaced, WhackError
from autod.events import Event
from autod.exchange.control import Answers, Begun, Control
from autod.exchange.slots import Slots
from autod.guards import guard
from autod.identify.detect import Detected, detect
from autod.judging.judge import Judge
from autod.judging.memo import Alike
from autod.judging.resolve import settled
from autod.operation import BUFFER, Operation, Request, Sink
from autod.outcomes import Outcome
from autod.protocol import commands as c
from autod.protocol.codes import REFUSALS
from autod.protocol.encode import encode
from autod.protocol.exchange import Ending
from autod.protocol.replies import Reply
from autod.recognise import recognise

if TYPE_CHECKING:
    from autod.identify.cache import Known
    from autod.protocol.releases import Release

__all__ = ["CONTROL_SOCKET", "TIMEOUT", "Pluto", "open_pluto"]

CONTROL_SOCKET = "/run/pluto/pluto.ctl"
"""Where pluto of every release makes its control socket, unless it was told otherwise."""

TIMEOUT = 120.0
"""Seconds until an operation is given up, unless the caller says otherwise. pluto itself answers an up after 64 s
at most where the peer is silent (3.27 to 5.3.2: 60 s of retransmissions; 5.4: 32 s), and longer only in a queue."""

_LINGER = 2.0
"""Seconds that a stream may stay open after its outcome is known. 5.2 leaves it open for ever after some failures."""

_LOOK = 2.0
"""Seconds for a look at pluto's state after an exchange that did not say how it ended."""

_REDETECTIONS = 2

_AT_ONCE = (c.Initiate, c.Terminate, c.Delete, c.Route)
"""What every release has and can be asked without a look before."""

_OPERATIONS: Mapping[type[c.Command], str] = {c.Initiate: "up", c.Terminate: "down"}
"""What an operation is called where it has another name than its command."""

_HOLDING = (c.Initiate, c.RekeyIke, c.RekeyChild)
"""What pluto keeps the descriptor of until the negotiation is over (initiate.c, ikev2_rekey_now.c of 4.10)."""


@asynccontextmanager
async def open_pluto(
    path: str | os.PathLike[str] = CONTROL_SOCKET,
    release: str | None = None,
    *,
    seccomp: bool | None = None,
    limit: int = 64,
    buffer: int = BUFFER,
    known: Known | None = None,
    timeout: float | None = TIMEOUT,
) -> AsyncGenerator[Pluto, None]:
    """The pluto whose control socket is `path`.

    `release` names it, if the caller knows better than pluto ("5.2"); else it is found out first. `limit` bounds
    the requests that hold a descriptor in pluto. `buffer` bounds the events kept for a slow consumer of one
    operation. `timeout` (seconds, None: never) bounds the finding out, and each operation that has none of its own.

    Raises NoSocket, NotPermitted, UnknownRelease, DeadlinePassed before anything but the safe probe was sent.
    Nothing is open between operations, so leaving the block leaves nothing behind.
    """
    pluto = Pluto(path, release, seccomp=seccomp, limit=limit, buffer=buffer, known=known, timeout=timeout)
    await pluto.find()
    yield pluto


class Pluto:
    """A pluto, and what may be asked of it. Made by `open_pluto`.

    The methods return an `Operation`: await it for its outcome, or enter it for its events. All raise, when run,
    NoSocket, NotPermitted or ConnectionLost where there is no pluto, BadString or Unsupported where nothing can be
    sent; what pluto refuses is an outcome.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        release: str | None,
        *,
        seccomp: bool | None,
        limit: int,
        buffer: int,
        known: Known | None,
        timeout: float | None,
    ) -> None:
        self.path = os.fspath(path)
        self.slots = Slots(limit)
        self.timeout = timeout
        self._given = release
        self._seccomp = seccomp
        self._known = known
        self._buffer = buffer
        self._detected: Detected | None = None
        self._control: Control | None = None
        self._alike = Alike()

    async def find(self) -> Detected:
        """Find out which release listens, again: after pluto was started anew. DeadlinePassed after `timeout`."""
        with _deadline(
            self.timeout, f"{self.path}: pluto did not answer in {self.timeout} s: it is busy or stopped"
        ):
            detected = await detect(self.path, release=self._given, seccomp=self._seccomp, known=self._known)
        self._detected = detected
        self._alike = Alike()
        self._control = Control(
            self.path,
            codes=detected.release.codes,
            seqpacket=detected.seqpacket,
            pluto=detected.pluto,
            slots=self.slots,
        )
        return detected

    @property
    def detected(self) -> Detected:
        """What was found out about this pluto."""
        assert self._detected is not None
        return self._detected

    @property
    def release(self) -> Release:
        """The release that listens."""
        return self.detected.release

    @property
    def control(self) -> Control:
        """The exchange below, for those who bring their own messages."""
        assert self._control is not None
        return self._control

    def message(self, command: c.Command) -> bytes:
        """The bytes that ask `command` of this release. BadString, Unsupported."""
        return encode(command, self.release)

    def up(
        self,
        name: str,
        *,
        asynchronous: bool = False,
        remote_host: str | None = None,
        answers: Answers | None = None,
        members: tuple[str, ...] | None = None,
        timeout: float | None = None,
    ) -> Operation:
        """Initiate a connection, or every connection of an alias, and wait until its Child SA is established.

        pluto does not notice that a connection is up already: it negotiates one more Child SA. `asynchronous`:
        until pluto has taken the request. `remote_host`: the peer's address, for a connection to any peer.
        `answers`: for XAUTH. `timeout` in seconds.
        """
        command = c.Initiate(
            name,
            asynchronous=asynchronous,
            remote_host=remote_host,
            xauth_username=answers.user if answers is not None else None,
        )
        return self._operation("up", command, name, timeout, answers=answers, members=members)

    def down(self, name: str, *, timeout: float | None = None) -> Operation:
        """Take the SAs of a connection, or of every connection of an alias, down. It stays loaded."""
        return self._operation("down", c.Terminate(name), name, timeout)

    def delete(self, name: str, *, timeout: float | None = None) -> Operation:
        """Unload a connection, with its SAs. Done where there is none of that name."""
        return self._operation("delete", c.Delete(name), name, timeout)

    def route(self, name: str, *, timeout: float | None = None) -> Operation:
        """Catch the packets of a connection, and bring it up when one comes."""
        return self._operation("route", c.Route(name), name, timeout)

    def unroute(self, name: str, *, force: bool = False, timeout: float | None = None) -> Operation:
        """Stop catching the packets of a connection.

        Refused where the connection is up: it would kill pluto 4.0 to 4.15 (a null pointer, found on 4.10 and 4.15),
        and take down its IKE SA and all siblings on 5.x. `force`: take it down first. Between the look and the
        request another client may still bring it up.
        """
        return self._operation("unroute", c.Unroute(name), name, timeout, force=force)

    def suspend(self, name: str, *, timeout: float | None = None) -> Operation:
        """Suspend a connection for the later resumption of its session (5.2 on)."""
        return self._operation("suspend", c.Suspend(name), name, timeout)

    def rekey_ike(self, name: str, *, timeout: float | None = None) -> Operation:
        """Rekey the IKE SA of a connection (3.30 on)."""
        return self.ask(c.RekeyIke(name), timeout=timeout)

    def rekey_child(self, name: str, *, timeout: float | None = None) -> Operation:
        """Rekey the Child SA of a connection (3.30 on)."""
        return self.ask(c.RekeyChild(name), timeout=timeout)

    def listen(self, *, timeout: float | None = None) -> Operation:
        """Find the interfaces, listen on them, and read the secrets again."""
        return self.ask(c.Listen(), timeout=timeout)

    def reread_secrets(self, *, timeout: float | None = None) -> Operation:
        """Read ipsec.secrets again."""
        return self.ask(c.RereadSecrets(), timeout=timeout)

    def reread_certs(self, *, timeout: float | None = None) -> Operation:
        """Forget cached certificates (4.0 on)."""
        return self.ask(c.RereadCerts(), timeout=timeout)

    def fetch_crls(self, *, timeout: float | None = None) -> Operation:
        """Fetch the CRLs again."""
        return self.ask(c.FetchCrls(), timeout=timeout)

    def reread_all(self, *, timeout: float | None = None) -> Operation:
        """Secrets, CRLs, and certificates where the release has them."""
        return self.ask(c.RereadAll(), timeout=timeout)

    def purge_ocsp(self, *, timeout: float | None = None) -> Operation:
        """Empty the OCSP cache."""
        return self.ask(c.PurgeOcsp(), timeout=timeout)

    def status(self, *, timeout: float | None = None) -> Operation:
        """All that pluto knows, as text. 0.3 s of pluto's time with 5,000 connections: never in a loop."""
        return self.listing(c.Status(), timeout=timeout)

    def listing(self, command: c.Command, *, timeout: float | None = None) -> Operation:
        """Any command that lists: the lists, and the family of status."""
        return self._operation(command.verb, command, getattr(command, "name", None), timeout, listing=True)

    def ask(self, command: c.Command, *, timeout: float | None = None) -> Operation:
        """Any command; what is dangerous on this release is looked at as in the methods above.

        The operation of its outcome is the command's verb, "up" for an Initiate and "down" for a Terminate.
        """
        operation = _OPERATIONS.get(type(command), command.verb)
        return self._operation(operation, command, getattr(command, "name", None), timeout)

    async def replies(self, command: c.Command, *, timeout: float | None = None) -> tuple[Reply, ...]:
        """Ask, drain to the end, and give pluto's replies as they are: for those who parse them.

        DeadlinePassed after `timeout` seconds, ConnectionLost where pluto went away in the middle.
        """
        replies: list[Reply] = []
        limit = self.timeout if timeout is None else timeout
        with _deadline(limit, f"{self.path}: pluto did not answer {command.verb} in {limit} s"):
            ending = await self._exchange(command, replies.extend)
        if ending is not Ending.EOF:
            raise ConnectionLost(
                f"{self.path}: pluto went away in the middle of {command.verb}: try again", path=self.path
            )
        return tuple(replies)

    def _operation(
        self,
        operation: str,
        command: c.Command,
        name: str | None,
        timeout: float | None,
        *,
        answers: Answers | None = None,
        members: tuple[str, ...] | None = None,
        listing: bool = False,
        force: bool = False,
    ) -> Operation:
        request = Request(
            operation,
            command,
            name,
            self.timeout if timeout is None else timeout,
            answers,
            members,
            listing,
            force,
        )
        return Operation(request, self.perform, buffer=self._buffer)

    def is_quick(self, request: Request) -> bool:
        """Whether begin() is worth a try: a plain request, to a pluto that answered the last ones at once."""
        return type(request.command) in _AT_ONCE and request.answers is None and self.control.is_quick

    def begin(self, request: Request) -> Begun | None:
        """Send a request for which `is_quick` is so, without a turn of the event loop; None: nothing was sent.
        Then collect() must follow."""
        command = request.command
        return self.control.begin(
            self.message(command), holds_descriptor=isinstance(command, _HOLDING), holder=request.name or ""
        )

    def end(self, many: Sequence[tuple[Request, Begun]]) -> list[tuple[Sequence[Event], Outcome]]:
        """The events and outcomes of requests whose exchanges are over (Control.collect). An outcome may need a look
        at the state (`needs_state`): settle() has it."""
        endings = self.control.end(begun for _, begun in many)
        now = time.time()
        return [
            self._judged(request, begun, ending, now)
            for (request, begun), ending in zip(many, endings, strict=True)
        ]

    def _judged(
        self, request: Request, begun: Begun, ending: Ending, now: float
    ) -> tuple[Sequence[Event], Outcome]:
        """The events and the outcome of an exchange that is over."""

        def judged(name: str | None, data: bytes) -> tuple[Sequence[Event], Outcome]:
            judge = Judge(
                request.operation,
                name,
                members=request.members,
                asynchronous=request.asynchronous,
                started=begun.at,
            )
            events = [recognise(reply, time=now) for reply in self.control.replies(data)]
            for event in events:
                judge.see(event)
            return events, judge.end(ending, at=now)

        if request.name is None or request.members is not None:
            return judged(request.name, begun.data)
        kind = request.operation, request.asynchronous, ending
        return self._alike.judged(kind, request.name, begun.data, judged, started=begun.at, ended=now)

    async def perform(self, request: Request, sink: Sink | None, begun: Begun | None = None) -> Outcome:
        """Run a request to its outcome; each event goes to `sink` as it comes. The methods above are this."""
        started = time.time()
        end = trio.current_time() + request.timeout if request.timeout is not None else float("inf")
        guarded = await guard(self, request, started, end)
        if guarded is not None:
            return guarded
        judge = Judge(
            request.operation,
            request.name,
            members=request.members,
            asynchronous=request.asynchronous,
            started=started,
        )
        drained: list[tuple[float, Reply]] = []
        with trio.CancelScope(deadline=end) as scope:

            def drain(replies: list[Reply]) -> None:
                now = time.time()
                for reply in replies:
                    drained.append((now, reply))
                    if sink is not None:
                        sink(partial(recognise, reply, time=now))

            def follow(replies: list[Reply]) -> None:
                now = time.time()
                for reply in replies:
                    event = recognise(reply, time=now)
                    judge.see(event)
                    if sink is not None:
                        sink(partial(_same, event))
                if scope.deadline - trio.current_time() > _LINGER and judge.is_decided:
                    scope.deadline = trio.current_time() + _LINGER

            ending = await self._exchange(
                request.command, drain if request.listing else follow, request.answers, begun
            )
        if scope.cancelled_caught:
            ending = Ending.DEADLINE
        for at, reply in drained:
            if reply.code in REFUSALS or "no connection" in reply.text or "no such connection" in reply.text:
                judge.see(recognise(reply, time=at))
        decided = judge.decided if ending is Ending.DEADLINE else None
        outcome = decided or judge.end(ending, at=time.time())
        if outcome.needs_state and ending is not Ending.GONE:
            outcome = await self.settle(outcome)
        return outcome

    async def _exchange(
        self,
        command: c.Command,
        on_replies: Callable[[list[Reply]], None],
        answers: Answers | None = None,
        begun: Begun | None = None,
    ) -> Ending:
        """One exchange with the pluto whose release is certain; found out again if another one listens now."""

        def filtered(replies: list[Reply]) -> None:
            on_replies(kept(replies, asked.keep))

        for left in reversed(range(_REDETECTIONS + 1)):
            asked = native_or_substitute(command, self.release)
            try:
                return await self.control.exchange(
                    self.message(asked.command),
                    filtered,
                    answers=answers,
                    holds_descriptor=isinstance(command, _HOLDING),
                    holder=getattr(command, "name", None) or "",
                    begun=begun,
                )
            except PlutoReplaced:
                if not left:
                    raise
                await self.find()
        raise AssertionError

    async def settle(self, outcome: Outcome) -> Outcome:
        """Look at pluto's state where its lines did not say how it ended; unsettled if there is no answer."""
        if outcome.connection is None or outcome.operation not in ("up", "down"):
            return outcome
        with trio.move_on_after(_LOOK):
            try:
                replies = await self.replies(c.TrafficStatus(outcome.connection))
            except WhackError:
                return outcome
            return settled(outcome, replies)
        return outcome


@contextmanager
def _deadline(seconds: float | None, sentence: str) -> Iterator[None]:
    """DeadlinePassed with this sentence, where what stands inside takes longer."""
    with trio.CancelScope(
        deadline=trio.current_time() + seconds if seconds is not None else float("inf")
    ) as scope:
        yield
    if scope.cancelled_caught:
        raise DeadlinePassed(sentence, seconds=seconds, option="timeout")


def _same(event: Event) -> Event:
    return event
