"""The scripted pluto for a test: the scripts for connections, and the requests that came.

Owns: the process, and the state that survives it. Must not know: the lines on the socket (autod.testing.world).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autod.errors import UsageError
from autod.outcomes import Result
from autod.protocol import commands
from autod.protocol.releases import find
from autod.testing.world import FAILURES

__all__ = ["Asked", "FakePluto"]

_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from autod.testing.process import main; main()"
)
_PATIENCE = 30.0
"""Seconds for the process to start or to obey: far more than it needs on any machine."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the class of the command, its connection, and whether the client wants an answer at once."""

    command: type[commands.Command]
    name: str | None
    asynchronous: bool


@dataclass(frozen=True, slots=True)
class _Behaviour:
    pattern: str
    result: str
    after: float


class FakePluto:
    """A scripted pluto on a real control socket: a process of its own, which needs no root.

        with FakePluto("5.2", connections=["branch-1", "branch-2"]) as pluto:
            pluto.comes_up("branch-1", after=2)
            pluto.peer_is_silent("branch-2")
            ...                                      # run the program against pluto.path
            pluto.restart()
            assert pluto.asked(commands.Initiate) == ["branch-1", "branch-2"]

    release      the release of its messages and lines: any that autod covers
    connections  the connections that are loaded, also after a restart
    path         the path of the control socket; None: in a folder that exists until the block ends
    speed        divides all delays: with 10 a silent peer takes 6.4 s instead of 64
    descriptors  how many it may have open: each synchronous up that is under way takes one, as in pluto
    aliases      alias -> the connections that it stands for
    seccomp, labeled   how it was built; messages of some releases depend on it

    `comes_up`, `peer_is_silent` and `fails` take patterns ("branch-*"), too. The last pattern that matches counts. A
    connection without one comes up after 0.05 s.

    Entering, `start` and `restart` wait until it listens (about a quarter of a second), other methods for its answer
    (about a millisecond). If an event loop must go on meanwhile, call them in a thread. May be used from any thread.
    """

    def __init__(
        self,
        release: str = "5.2",
        *,
        connections: Iterable[str] = (),
        path: str | os.PathLike[str] | None = None,
        speed: float = 1.0,
        descriptors: int = 1024,
        aliases: Mapping[str, Iterable[str]] | None = None,
        seccomp: bool = False,
        labeled: bool = False,
    ) -> None:
        if speed <= 0:
            raise UsageError(f"the speed must be more than 0; it was given {speed}", option="speed")
        find(release)
        names = _names(connections, "connections")
        self.release = release
        self.speed = speed
        self._folder: str | None = None
        self._path = None if path is None else os.fspath(path)
        self._names: list[str] = names
        self._aliases = {alias: list(names) for alias, names in (aliases or {}).items()}
        self._behaviours: list[_Behaviour] = []
        self._scripts: dict[str, list[str]] = {}
        self._descriptors = descriptors
        self._built: dict[str, bool] = {"seccomp": seccomp, "labeled": labeled}
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._ran_out = False
        self._before: list[Asked] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        if self._path is None:
            self._folder = tempfile.mkdtemp(prefix="autod-pluto-")
            self._path = f"{self._folder}/pluto.ctl"
        try:
            self.start()
        except BaseException:
            self._clean_up()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._clean_up()

    def _clean_up(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = self._path = None

    @property
    def path(self) -> str:
        """The path of its control socket. UsageError outside of its block."""
        if self._path is None:
            raise UsageError("this pluto has no socket yet: enter it first (with FakePluto(...) as pluto)")
        return self._path

    @property
    def pid(self) -> int | None:
        """The number of its process; None while it does not run."""
        return None if self._process is None else self._process.pid

    # Scripts.

    def comes_up(self, name: str, *, after: float = 0.05) -> None:
        """An up of the connection succeeds, `after` seconds after the request."""
        self._behave(name, Result.UP, after)

    def peer_is_silent(self, name: str, *, after: float = 64.0) -> None:
        """The peer does not answer: pluto retransmits, and gives up after `after` seconds."""
        self._behave(name, Result.PEER_SILENT, after)

    def fails(self, name: str, result: Result, *, after: float = 0.05) -> None:
        """An up of the connection fails, `after` seconds after the request.

        `result`: AUTHENTICATION_FAILED, CHILD_REJECTED, PEER_SILENT, or NO_PROPOSAL (pluto retransmits and gives up, as
        with a silent peer). UsageError for others.
        """
        if result not in FAILURES:
            possible = ", ".join(failure.name for failure in FAILURES)
            raise UsageError(
                f"{getattr(result, 'name', result)} cannot be scripted; give one of {possible}",
                option="result",
            )
        self._behave(name, result, after)

    def says(self, command: type[commands.Command], *lines: str) -> None:
        """Answer each such command with these lines, which have their codes, and close. Without lines: end that."""
        _check_command(command)
        if lines:
            self._scripts[command.__name__] = list(lines)
        else:
            self._scripts.pop(command.__name__, None)
        self._send_script()

    # Events.

    def load(self, *names: str) -> None:
        """Load connections, as if a program added them. They are loaded after a restart, too."""
        _names(names, "names")
        self._names += [name for name in names if name not in self._names]
        for name in names:
            self._order("load", name=name)

    def goes_up(self, name: str) -> None:
        """The connection is up from now on, as if the peer brought it up."""
        _names([name], "name")
        self._order("set_up", name=name, up=True)

    def goes_down(self, name: str) -> None:
        """The connection is down from now on, as if the peer deleted it. Clients that wait for it get no more lines."""
        _names([name], "name")
        self._order("set_up", name=name, up=False)

    def start(self) -> None:
        """Start the process, if it does not run; no connection is up. Waits until it listens."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._order(
            None,
            path=self.path,
            release=self.release,
            loaded=self._names,
            aliases=self._aliases,
            speed=self.speed,
            descriptors=self._descriptors,
            **self._built,
        )
        self._send_script()

    def kill(self) -> None:
        """End at once, like a pluto that crashes: it forgets its requests, and the file of the socket stays."""
        if self._process is None:
            return
        with contextlib.suppress(OSError, UsageError):
            if not self._stopped:
                self._before += self._look()[0]
        process, self._process, self._stopped = self._process, None, False
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def restart(self) -> None:
        """End, and start another process. The connections are loaded, and none is up."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Stand still (SIGSTOP): clients can connect, and get no answer."""
        process = self._running()
        process.send_signal(signal.SIGSTOP)
        self._stopped = True
        end = time.monotonic() + _PATIENCE
        while Path(f"/proc/{process.pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"T":
            if time.monotonic() > end:
                raise TimeoutError("the scripted pluto did not stop")
            time.sleep(0.001)

    def go_on(self) -> None:
        """Go on after `stop`."""
        self._running().send_signal(signal.SIGCONT)
        self._stopped = False

    # Records.

    @property
    def requests(self) -> list[Asked]:
        """All requests in order, over all its lives."""
        now = [] if self._process is None else self._look()[0]
        return [*self._before, *now]

    def asked(self, command: type[commands.Command]) -> list[str | None]:
        """The connections of all requests with this command, in order."""
        _check_command(command)
        return [request.name for request in self.requests if request.command is command]

    @property
    def up(self) -> frozenset[str]:
        """The connections that are up."""
        return frozenset(name for name, state in self._look()[1].items() if state == "up")

    @property
    def negotiating(self) -> frozenset[str]:
        """The connections that pluto negotiates."""
        return frozenset(name for name, state in self._look()[1].items() if state == "negotiating")

    @property
    def loaded(self) -> frozenset[str]:
        """The connections that are loaded."""
        return frozenset(self._look()[1])

    @property
    def ran_out(self) -> bool:
        """Whether it ran out of descriptors for clients. The real pluto then spins, and fills its log."""
        self._look()
        return self._ran_out

    def _look(self) -> tuple[list[Asked], dict[str, str]]:
        answer = self._order("look")
        self._ran_out = self._ran_out or answer["ran_out"]
        requests = [
            Asked(getattr(commands, kind), name, bool(once)) for kind, name, once in answer["requests"]
        ]
        return requests, answer["connections"]

    def _behave(self, name: str, result: Result, after: float) -> None:
        _names([name], "name")
        _check_seconds(after, "after")
        self._behaviours = [behaviour for behaviour in self._behaviours if behaviour.pattern != name]
        self._behaviours.append(_Behaviour(name, result.value, after))
        self._send_script()

    def _send_script(self) -> None:
        if self._process is not None:
            behaviours = [asdict(behaviour) for behaviour in self._behaviours]
            self._order("script", behaviours=behaviours, scripts=self._scripts, aliases=self._aliases)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise UsageError("this pluto does not run: start it, or enter it first")
        return self._process

    def _order(self, do: str | None, **parameters: Any) -> Any:
        """Give the process an order, and wait for the answer."""
        process = self._running()
        if self._stopped:
            raise UsageError("this pluto stands still: let it go on first (go_on)")
        assert process.stdin is not None
        assert process.stdout is not None
        with self._lock:
            process.stdin.write(json.dumps({"do": do, **parameters}).encode() + b"\n")
            answer = b""
            end = time.monotonic() + _PATIENCE
            while not answer.endswith(b"\n"):
                if not select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                    raise TimeoutError("the scripted pluto does not obey")
                data = process.stdout.read(65536)
                if not data:
                    raise RuntimeError("the scripted pluto ended; what it said is on standard error")
                answer += data
        return json.loads(answer)


def _names(values: Any, option: str) -> list[str]:
    """The names. UsageError if they are not texts, and for a single text, whose letters would be the names."""
    if not isinstance(values, str) and isinstance(values, Iterable):
        names = list(values)
        if all(isinstance(name, str) for name in names):
            return names
    raise UsageError(f"{option} must be names of connections; it was given {values!r}", option=option)


def _check_seconds(value: Any, option: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise UsageError(f"{option} must be 0 or more seconds; it was given {value!r}", option=option)


def _check_command(command: Any) -> None:
    if not (isinstance(command, type) and issubclass(command, commands.Command)):
        raise UsageError(
            f"a command must be a class of autod.protocol.commands; it was given {command!r}",
            option="command",
        )
