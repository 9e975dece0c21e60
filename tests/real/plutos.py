"""Real plutos for tests, each in a network namespace of its own with its own folder. Needs root.

    with gateway() as pluto:                        # this machine's pluto; eth1 has 192.1.2.45/24; it listens
        pluto.load(connection("a"), connection("b"))        # writes them into ipsec.conf and runs addconn
        done = pluto.whack("--name", "a", "--initiate", "--asynchronous")
        done.returncode, done.stdout                        # what that release's own whack says
        pluto.socket, pluto.pid, pluto.text(), pluto.namespace
        pluto.stop(); pluto.cont(); pluto.kill(); pluto.restart()

    with gateways() as (west, east):                # two on one wire, the peers of connection() to each other
    with delayed_gateways() as (west, east, wire):  # wire.delay = 0.5 (seconds each way); wire.drop = True
    gateway(listen=False)                           # as it is after `whack --unlisten`
    gateway(files=64)                               # ulimit -n
    gateway(root=Path(...))                         # the pluto of the system in that root folder, by chroot; or of
                                                    # a release that was installed below that prefix, without
    silent_peer(pluto.namespace, EAST)              # EAST gets packets and never answers

Where the kernel has no ESP, IKE SAs come up and every Child SA fails at its last step; tests/lab has ESP.
Knows nothing of autod: whoever tests brings the client.
"""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.real.namespaces import Namespace, command, join, namespace, silent_peer
from tests.real.wire import Wire, wire_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "EAST",
    "SECRETS",
    "WEST",
    "Pluto",
    "connection",
    "delayed_gateways",
    "gateway",
    "gateways",
    "probe",
    "silent_peer",
    "wait_until",
]

WEST = "192.1.2.45"
EAST = "192.1.2.23"
SECRETS = '%any %any : PSK "known-to-both-gateways"\n'
HOST = Path("/")

# Asks for a full status; every release reads it alike, whatever the layout of its other messages.
SAFE_PROBE = struct.pack("=IB", 2003331865, 1).ljust(24, b"\0")


def wait_until(condition: Callable[[], object], *, timeout: float = 60, what: str = "the condition") -> None:
    """Poll until `condition()` is true; AssertionError that names `what` after `timeout` seconds.

    They are many, as the machine may be slow or busy: a test that passes does not wait for them.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout:g} s")
        time.sleep(0.01)


def probe(path: Path, *, timeout: float = 2) -> bytes:
    """The full status of the pluto behind `path`; empty where none answers within `timeout` seconds."""
    parts: list[bytes] = []
    # 5.4 listens for the second kind, and refuses the first before anything is sent.
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        with socket.socket(socket.AF_UNIX, kind) as client, contextlib.suppress(OSError):
            client.settimeout(timeout)
            client.connect(str(path))
            client.sendall(SAFE_PROBE)
            while part := client.recv(65536):
                parts.append(part)
        if parts:
            break
    return b"".join(parts)


def connection(name: str = "a", **options: str) -> str:
    """A conn section between WEST and EAST with the ids @west and @east; options replace or add keys.

    A dash in a key is written as an underscore (`dpd_delay`); an empty value takes the key out.
    """
    keys = {
        "left": WEST,
        "leftid": "@west",
        "right": EAST,
        "rightid": "@east",
        "authby": "secret",
        "auto": "ignore",
    } | {key.replace("_", "-"): value for key, value in options.items()}
    return "\n".join([f"conn {name}", *(f"\t{key}={value}" for key, value in keys.items() if value), ""])


class Pluto:
    """One pluto, its folder and its namespace. Paths are those of this machine, also with a `root`."""

    def __init__(
        self, folder: Path, where: Namespace, *, root: Path = HOST, files: int | None = None
    ) -> None:
        self.folder = folder
        self.namespace = where
        self.root = HOST if _is_prefix(root) else root
        self._programs = root
        self.hosts: Path | None = None
        """What it has for /etc/hosts from its next start on, if that is given."""
        self.conf = folder / "ipsec.conf"
        self.secrets = folder / "ipsec.secrets"
        self.log = folder / "pluto.log"
        self.socket = folder / "run" / "pluto.ctl"
        self._files = files
        self._process: subprocess.Popen[bytes] | None = None
        if len(str(self.socket)) > 107:
            raise AssertionError(f"{self.socket} is too long for a socket: set TMPDIR to a shorter folder")
        for name in ("run", "nss", "ipsec.d"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.conf.write_text("config setup\n")
        self.secrets.write_text(SECRETS)
        self.secrets.chmod(0o600)
        command(*self.inside("certutil", "-N", "-d", f"sql:{self.path(folder / 'nss')}", "--empty-password"))

    def path(self, outside: Path) -> str:
        """The path of a file as pluto itself sees it."""
        return str(outside) if self.root == HOST else f"/{outside.relative_to(self.root)}"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise AssertionError("pluto was not started")
        return self._process.pid

    def start(self, *options: str, listen: bool = True) -> None:
        """Start pluto with further `options`; return when it answers and has loaded what auto= asks for."""
        argv = [
            *self.namespace.enter,
            *self.inside(
                _program(self._programs, "pluto"),
                "--nofork",
                "--stderrlog",
                *("--rundir", self.path(self.folder / "run")),
                *("--config", self.path(self.conf)),
                *("--secretsfile", self.path(self.secrets)),
                *("--ipsecdir", self.path(self.folder / "ipsec.d")),
                *("--nssdir", self.path(self.folder / "nss")),
                *options,
                mounts=True,
            ),
        ]
        self.socket.unlink(missing_ok=True)
        begin = len(self.text())
        limit = functools.partial(_limit_files, self._files) if self._files else None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=limit,
                start_new_session=True,
            )
        process = self._process

        def ready() -> bool:
            if process.poll() is not None:
                raise AssertionError(f"pluto ended with {process.returncode}:\n{self.text()[-2000:]}")
            return "listening for IKE messages" in self.text()[begin:] and not _children(process.pid)

        # pluto runs addconn itself to load what auto= asks for and to listen: it is settled when that is done.
        wait_until(ready, timeout=60, what="the start of pluto")
        wait_until(lambda: probe(self.socket), timeout=60, what="pluto's first answer")
        if not listen:
            self.whack("--unlisten")

    def listen(self) -> None:
        """Read the interfaces and the secrets (`whack --listen`)."""
        self.whack("--listen")

    def whack(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run this release's own whack against this pluto; its exit status is not checked."""
        return self._run("whack", *arguments, timeout=timeout)

    def addconn(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run this release's own addconn with this ipsec.conf (names of connections, --autoall, ...)."""
        return self._run("addconn", "--config", self.path(self.conf), *arguments, timeout=timeout)

    def load(self, *sections: str, setup: str = "") -> None:
        """Write ipsec.conf anew (config setup and these conn sections) and add every conn in it."""
        self.conf.write_text(f"config setup\n{setup}\n" + "\n".join(sections))
        names = [
            line.split()[1] for text in sections for line in text.splitlines() if line.startswith("conn ")
        ]
        done = self.addconn(*(name for name in names if name != "%default"))
        if done.returncode != 0:
            raise AssertionError(f"addconn ended with {done.returncode}: {done.stdout}{done.stderr}")

    def text(self) -> str:
        """The log so far, of every start."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_for(self, words: str, *, timeout: float = 60) -> None:
        """Wait until the log holds these words."""
        wait_until(lambda: words in self.text(), timeout=timeout, what=f"{words!r} in pluto's log")

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def descriptors(self) -> int:
        """How many file descriptors pluto holds."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def stop(self) -> None:
        """Freeze it (SIGSTOP): the kernel still queues clients, nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def cont(self) -> None:
        """Go on after stop()."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it at once (SIGKILL); the socket file stays behind. Nothing where it is gone already."""
        self._end(signal.SIGKILL)

    def shut_down(self) -> int:
        """End it in order (SIGTERM); its exit status, negative for a signal."""
        return self._end(signal.SIGTERM)

    def restart(self, *options: str, listen: bool = True) -> None:
        """Kill it and start it again on the same folder; its connections are gone."""
        self.kill()
        self.start(*options, listen=listen)

    def _end(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
                os.kill(process.pid, signal.SIGCONT)
        try:
            return process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _run(self, program: str, *arguments: str, timeout: float) -> subprocess.CompletedProcess[str]:
        argv = self.inside(
            _program(self._programs, program), "--ctlsocket", self.path(self.socket), *arguments
        )
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )

    def inside(self, *argv: str, mounts: bool = False) -> list[str]:
        """The command line that runs a program of this pluto's system; `mounts`: with its own /proc and /dev."""
        own_hosts = mounts and self.hosts is not None
        if self.root == HOST and not own_hosts:
            return list(argv)
        if not mounts:
            return ["chroot", str(self.root), *argv]
        # Mounts of its own, gone with it: pluto reads /proc and /dev.
        script = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"'
        if self.root == HOST:
            script = 'exec "$@"'
        if own_hosts:
            script = f'mount --bind {shlex.quote(str(self.hosts))} "$0/etc/hosts" && {script}'
        return ["unshare", "--mount", "sh", "-c", script, str(self.root), *argv]


@contextlib.contextmanager
def gateway(
    *,
    address: str = f"{WEST}/24",
    listen: bool = True,
    root: Path = HOST,
    files: int | None = None,
    options: tuple[str, ...] = (),
    label: str = "pluto",
) -> Iterator[Pluto]:
    """One pluto with `address` on eth1, started; killed and cleaned up at the end of the block."""
    with namespace(label) as where:
        where.add_interface("eth1", address)
        with _pluto(where, root=root, files=files) as pluto:
            pluto.start(*options, listen=listen)
            yield pluto


@contextlib.contextmanager
def gateways(
    *, listen: bool = True, roots: tuple[Path, Path] = (HOST, HOST), options: tuple[str, ...] = ()
) -> Iterator[tuple[Pluto, Pluto]]:
    """Two plutos, west (192.1.2.45) and east (192.1.2.23), on one wire; both started."""
    with namespace("west") as left, namespace("east") as right:
        join(left, right)
        with _pair(left, right, listen, roots, options) as pair:
            yield pair


@contextlib.contextmanager
def delayed_gateways(
    *, listen: bool = True, roots: tuple[Path, Path] = (HOST, HOST), options: tuple[str, ...] = ()
) -> Iterator[tuple[Pluto, Pluto, Wire]]:
    """As gateways(), and the wire between them can be slowed down or cut while they talk."""
    with (
        namespace("west") as left,
        namespace("east") as right,
        wire_between(left, right) as wire,
        _pair(left, right, listen, roots, options) as (west, east),
    ):
        yield west, east, wire


@contextlib.contextmanager
def _pair(
    left: Namespace, right: Namespace, listen: bool, roots: tuple[Path, Path], options: tuple[str, ...]
) -> Iterator[tuple[Pluto, Pluto]]:
    left.configure("eth1", f"{WEST}/24")
    right.configure("eth1", f"{EAST}/24")
    with _pluto(left, root=roots[0]) as west, _pluto(right, root=roots[1]) as east:
        west.start(*options, listen=listen)
        east.start(*options, listen=listen)
        yield west, east


@contextlib.contextmanager
def _pluto(where: Namespace, *, root: Path = HOST, files: int | None = None) -> Iterator[Pluto]:
    inside = root != HOST and not _is_prefix(root)
    folder = Path(tempfile.mkdtemp(prefix="autod-", dir=root / "run" if inside else None))
    try:
        pluto = Pluto(folder, where, root=root, files=files)
        try:
            yield pluto
        finally:
            pluto.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _limit_files(count: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def _children(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().strip()
    return ""


def _is_prefix(root: Path) -> bool:
    """Whether it is no system of its own, but where `make install` of one release put its programs."""
    return (root / "libexec/ipsec/pluto").exists()


def _program(root: Path, name: str) -> str:
    if _is_prefix(root):
        return str(root / "libexec/ipsec" / name)
    for folder in ("usr/libexec/ipsec", "usr/lib/ipsec"):
        if (root / folder / name).exists():
            return f"/{folder}/{name}"
    raise AssertionError(f"{root} has no {name}: install libreswan (./dev test does)")
