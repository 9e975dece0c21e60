"""How many more requests may hold a descriptor in pluto, whoever else holds some.

Owns: looking at pluto's descriptors where /proc shows them, and the count that processes of autod share where it does
not. Must not know: requests, trio, whose turn it is (autod.exchange.slots).

Each pending synchronous up costs pluto a descriptor until the SA is established or given up. At its limit (1024 by
default) pluto spins in accept() and writes its log full: 3.8 million lines in 30 s (measured, 4.10). The limit belongs
to the pluto: its own files and sockets count (two for each local address), and what any other client has asked for.

What pluto has open is the truth, but it is late: a request in the listen backlog is not open yet. Our own are known.
For those of others there is a margin, and a look allows only a part of what is free, so that two clients which look at
the same moment do not both take all of it.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from autod.exchange.peer import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "HELD",
    "RESERVE",
    "SHARED",
    "Gauge",
    "OwnDescriptors",
    "PlutoDescriptors",
    "SharedCount",
    "gauge_for",
    "own_spare",
    "raise_own_limit",
    "runtime_folder",
]

HELD = 65.0
"""Seconds for which an abandoned request is taken to hold its descriptor: pluto gave an unanswered up its end
after 64.1 to 64.6 s with the default retransmit-timeout of 60 s (measured, 4.10 and 5.2)."""

RESERVE = 64
"""Descriptors below pluto's limit that no client of ours ever takes."""

_QUEUED = 6
"""Requests that pluto's backlog of 5 holds at most (the kernel lets one more wait), from whomever."""

_OTHERS = 10
"""Requests of other clients that looked at the same moment as we did."""

_VALID = 0.1
"""Seconds for which a look counts: pluto takes some hundred requests in a second."""

SHARED = 256
"""Requests in flight at most where pluto's descriptors cannot be seen: a quarter of the usual 1024."""

_OWN_RESERVE = 12
"""Descriptors of our own process that stay free: for a log, a program that is run, a file that is read."""


_LOCK = struct.Struct("@hhqqi4x")
"""struct flock of fcntl(2)."""


class Gauge(Protocol):
    """Says how many more may be asked for now, and hears of each that is."""

    @property
    def ceiling(self) -> int:
        """How many there may be at the very most."""

    def spare(self, unheard: int) -> int:
        """How many more requests may hold a descriptor. `unheard`: ours that pluto may not have taken yet."""

    def take(self) -> bool:
        """One more is asked for. False: there was none left after all."""

    def give(self) -> None:
        """One of those is over, and pluto let go of it."""

    def leave(self) -> None:
        """One of those was given up, and pluto may hold its descriptor still."""

    def give_left(self) -> None:
        """pluto let go of one that was given up."""


class PlutoDescriptors:
    """The descriptors of `pluto`, which may have `limit` of them open."""

    def __init__(self, pluto: Listener, limit: int) -> None:
        self._pluto = pluto
        self.ceiling: int = limit - RESERVE if limit >= 2 * RESERVE else limit // 2
        self._margin = min(_QUEUED + _OTHERS, self.ceiling // 4)
        self._allowed = 0
        self._until = 0.0

    def spare(self, unheard: int) -> int:
        """By the last look, or by another one where that is old or used up."""
        now = time.monotonic()
        if self._allowed <= 0 or now >= self._until:
            free = self.ceiling - self._margin - (self._pluto.open_descriptors() or 0) - unheard
            self._allowed = max(free // 4, min(free, 4))
            self._until = now + _VALID
        return self._allowed

    def take(self) -> bool:
        """Part of what the last look allowed."""
        self._allowed -= 1
        return True

    def give(self) -> None:
        """The next look sees it."""

    def leave(self) -> None:
        """The next look sees it."""

    def give_left(self) -> None:
        """The next look sees it."""


class SharedCount:
    """A count that processes share by a file: SHARED places, each free or taken until a time.

    A place is taken by a lock on its byte, which the kernel gives back when a process ends, and by a time written
    there, until which pluto may hold the descriptor of a process that ended without a word. Times are of
    CLOCK_BOOTTIME, the same in every process of a system. The file is open while a place is taken. Where it cannot be
    opened any more (a full disk), the places of this process alone are counted: a run that waits for a file would wait
    for ever.
    """

    ceiling = SHARED

    def __init__(self, path: str, *, held: float = HELD) -> None:
        self._path = path
        self._held = held
        self._mine: list[int] = []
        self._left: list[int] = []
        self._handle: int | None = None

    def spare(self, unheard: int) -> int:
        """The places whose time is over. Those that others hold a lock on have a time ahead too."""
        try:
            with self._opened() as handle:
                now = _boottime()
                return sum(until <= now for (until,) in _UNTIL.iter_unpack(_places(handle)))
        except OSError:
            return SHARED - len(self._mine) - len(self._left)

    def take(self) -> bool:
        """Lock the first free place, and write until when it counts."""
        try:
            return self._take()
        except OSError:
            self._mine.append(_UNWRITTEN)
            return True

    def _take(self) -> bool:
        with self._opened() as handle:
            now = _boottime()
            for place, (until,) in enumerate(_UNTIL.iter_unpack(_places(handle))):
                # An up of ours may outlast the time that was written, and our own lock does not stop us.
                if until <= now and place not in self._mine and _lock(handle, place):
                    self._mine.append(place)
                    _write(handle, place, now + self._held)
                    return True
        return False

    def give(self) -> None:
        """Free the place that was taken first."""
        place = self._mine[0]
        if place != _UNWRITTEN:
            with suppress(OSError), self._opened() as handle:
                self._free(handle, place)
        del self._mine[0]
        self._close()

    def leave(self) -> None:
        """Its time counts on, without the lock."""
        place = self._mine[0]
        if place != _UNWRITTEN:
            with suppress(OSError), self._opened() as handle:
                _unlock(handle, place)
        self._left.append(self._mine.pop(0))
        self._close()

    def give_left(self) -> None:
        """Its time is over now."""
        place = self._left.pop(0) if self._left else _UNWRITTEN
        if place != _UNWRITTEN:
            with suppress(OSError), self._opened() as handle:
                self._free(handle, place)

    def _free(self, handle: int, place: int) -> None:
        _write(handle, place, 0.0)
        _unlock(handle, place)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The file; it stays open as long as a lock in it is ours."""
        try:
            if self._handle is None:
                flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
                self._handle = os.open(self._path, flags, 0o600)
                if os.fstat(self._handle).st_size < SHARED * _UNTIL.size:
                    os.ftruncate(self._handle, SHARED * _UNTIL.size)
            yield self._handle
        finally:
            self._close()

    def _close(self) -> None:
        if self._handle is not None and not self._mine:
            os.close(self._handle)
            self._handle = None


_UNWRITTEN = -1
"""A place of ours that the file does not show."""

_UNTIL = struct.Struct("=d")


def _boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _places(handle: int) -> bytes:
    return os.pread(handle, SHARED * _UNTIL.size, 0)


def _write(handle: int, place: int, until: float) -> None:
    """On a disk that is full the lock is all that counts."""
    with suppress(OSError):
        os.pwrite(handle, _UNTIL.pack(until), place * _UNTIL.size)


def _lock(handle: int, place: int) -> bool:
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0))
    except OSError:
        return False
    return True


def _unlock(handle: int, place: int) -> None:
    fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _LOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, place, 1, 0))


def runtime_folder() -> str | None:
    """Where what concerns a running pluto is kept: /run/autod for root, else autod in XDG_RUNTIME_DIR, else nowhere.

    It is made by who writes to it, with mode 0700.
    """
    if os.geteuid() == 0:
        return "/run/autod"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return os.path.join(runtime, "autod") if runtime.startswith("/") else None


def gauge_for(path: str, pluto: Listener) -> Gauge | None:
    """How the pluto at `path` is bounded: by its descriptors, where they and its limit are seen; else by the count in a
    file that processes of this user share; None where there can be no such file."""
    limit = pluto.descriptor_limit()
    if limit is not None and pluto.open_descriptors() is not None:
        return PlutoDescriptors(pluto, limit)
    folder = runtime_folder()
    if folder is None:
        return None
    from hashlib import sha256

    name = sha256(os.path.abspath(path).encode("utf-8", "replace")).hexdigest()[:32]
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        shared = SharedCount(os.path.join(folder, f"in-flight-{name}"))
        with shared._opened():
            return shared
    except OSError:
        return None


def own_spare() -> int:
    """How many more descriptors this process may open, less what it needs for itself."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return SHARED * SHARED
    return soft - _OWN_RESERVE - (Listener(os.getpid()).open_descriptors() or 0)


class OwnDescriptors:
    """How many descriptors this process may still open, by the last look and the requests since.

    A look costs 0.3 ms with 1,000 open where the kernel does not tell the count (Linux before 6.2), and each request
    asks. So one look gives out an eighth of the free ones, within _VALID seconds.
    """

    def __init__(self) -> None:
        self._free = 0
        self._left = 0
        self._until = 0.0

    def spare(self) -> int:
        """As own_spare(). Each question counts as one that was opened."""
        now = time.monotonic()
        if self._left > 0 and now < self._until:
            self._left -= 1
            self._free -= 1
        else:
            self._free = own_spare()
            self._left = self._free // 8
            self._until = now + _VALID
        return self._free


def raise_own_limit() -> None:
    """Raise this process's soft limit of descriptors to its hard one. For a main program, not for a library."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
