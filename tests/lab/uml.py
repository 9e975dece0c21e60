"""Boot User-mode Linux, a kernel with ESP that runs as an ordinary process, for one job.

    with booted(["python", "-m", "pytest", ...], timeout=900) as boot:
        boot.wait()
    boot.status, boot.console            # exit status of the job (None: it never ended), what was printed

The inside has this machine's own root file system: same paths, same Python, same checkout, Debian's pluto; only
/proc, /sys, /dev and /run are its own, so a job leaves its results in files outside /run (boot.folder is one
place). `system()` boots the trixie root with its real systemd instead.

`blank(path)` makes a disk, an empty file system in a file; a boot has it as /dev/ubda. What the inside has not synced
is not on it when the power is cut, as on a real one.

All mounts are in a mount namespace that dies with the kernel. Knows nothing of pytest or of pluto.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.roots import CHECKOUT, LAB

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Boot", "blank", "booted", "system"]

# In namespaces of mounts and processes that end with the kernel. Its memory file lies in a tmpfs of its own: a
# container's /dev/shm is often too small for it.
HOST = """\
set -e
lab=$1
shift
mount -t proc proc "$lab/proc"
mount --rbind /dev "$lab/dev"
mount -t tmpfs -o size=4g,mode=1777 tmpfs "$lab/tmp"
mount --rbind / "$lab/host"
[ -z "$LAB_DISK" ] || { touch "$lab/tmp/disk"; mount --bind "$LAB_DISK" "$lab/tmp/disk"; }
exec chroot "$lab" env TMPDIR=/tmp "$@"
"""
# A copy of the root is booted, so that what one boot writes is not there in the next.
SYSTEM = """\
set -e
lab=$1 root=$2 checkout=$3 job=$4
shift 4
mount -t proc proc "$lab/proc"
mount --rbind /dev "$lab/dev"
mount -t tmpfs -o size=4g,mode=1777 tmpfs "$lab/tmp"
mkdir "$lab/tmp/root"
cp -a "$root/." "$lab/tmp/root"
mkdir -p "$lab/tmp/root/srv/autod" "$lab/tmp/root/usr/lib/modules"
mount --rbind "$lab/tmp/root" "$lab/host"
mount --bind "$checkout" "$lab/host/srv/autod"
mount --bind "$job" "$lab/host/mnt"
mount --bind "$lab/usr/lib/uml/modules" "$lab/host/usr/lib/modules"
[ -z "$LAB_DISK" ] || { touch "$lab/tmp/disk"; mount --bind "$LAB_DISK" "$lab/tmp/disk"; }
exec chroot "$lab" env TMPDIR=/tmp "$@"
"""
# The first process of a booted system: it adds a unit that runs the job when everything else is up.
SYSTEM_INIT = """\
#!/bin/sh
mount -t tmpfs run /run
mkdir -p /run/systemd/system/lab.target.wants
cat >/run/systemd/system/lab.target <<END
[Unit]
Requires=multi-user.target
After=multi-user.target
AllowIsolate=yes
END
cat >/run/systemd/system/lab-job.service <<END
[Unit]
After=multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh /mnt/run
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
END
ln -s ../lab-job.service /run/systemd/system/lab.target.wants/
exec /sbin/init
"""
SYSTEM_RUN = """\
cd /srv/autod
sh /mnt/command </dev/null
echo $? >/mnt/status
printf '\\004'
# What the console has not passed on yet is lost with the power.
sleep 1
echo o >/proc/sysrq-trigger
"""
# Written by the inside when the job is done: what follows is only the kernel's goodbye.
END = "\x04"
KERNEL = "linux.uml root=/dev/root rootfstype=hostfs rootflags=/host rw seccomp=on con=null con0=null,fd:1"

_boots = count()


class Boot:
    """One run of the kernel. `status` is the job's exit status, None as long as it has not ended by itself."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], *, timeout: float, echo: bool) -> None:
        self.folder = folder
        self.console = ""
        self.status: int | None = None
        self._process = process
        self._echo = echo
        self._deadline = time.monotonic() + timeout
        self._reader = threading.Thread(target=self._read, name="console", daemon=True)
        self._reader.start()

    @property
    def running(self) -> bool:
        """Whether the kernel still runs; it is ended here when its time is over."""
        if self._process.poll() is None and time.monotonic() > self._deadline:
            self.end()
            self.console += "\nlab: the time for this boot was over, it was ended\n"
        return self._process.poll() is None

    def wait(self) -> int | None:
        """Wait for the end of the boot; the job's exit status, None where it did not end by itself."""
        while self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=max(0.01, self._deadline - time.monotonic()))
        self._reader.join(timeout=10)
        status = self.folder / "status"
        self.status = int(status.read_text()) if status.exists() else None
        return self.status

    def end(self) -> None:
        """Cut the power."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        over = False
        while data := os.read(self._process.stdout.fileno(), 65536):
            text, end, _ = decode(data).partition(END)
            if over:
                continue
            over = bool(end)
            self.console += text
            if self._echo:
                sys.stdout.write(text)
                sys.stdout.flush()


@contextlib.contextmanager
def booted(
    job: Sequence[str],
    *,
    timeout: float,
    files: Mapping[str, str] | None = None,
    echo: bool = False,
    terminal: bool = False,
    memory: str = "2G",
    disk: Path | None = None,
) -> Iterator[Boot]:
    """Run `job` in the checkout's folder on a kernel with ESP and so much `memory`; `timeout` in seconds for the boot.

    `files` are put into boot.folder first; inside, $LAB_JOB is that folder, and LAB_INSIDE is set.
    `echo` passes the console on as it comes; `terminal` gives the job a terminal as its output.
    """
    with _job_folder() as folder:
        for name, text in (files or {}).items():
            (folder / name).write_text(text)
        size = shutil.get_terminal_size()
        tty = f"stty -opost rows {size.lines} cols {size.columns}"
        output = "" if terminal else " 2>&1 | cat"
        # A pipe hides the exit status of what is before it, hence the file.
        run = f"( {shlex.join(job)}; echo $? >$LAB_JOB/result ){output}\nexit $(cat $LAB_JOB/result)"
        (folder / "command").write_text(f"cd {shlex.quote(str(CHECKOUT))}\n{tty} </dev/console\n{run}\n")
        before = [HOST, "sh", str(LAB / "forky")]
        kernel = [
            f"mem={memory}",
            f"init={CHECKOUT}/tests/lab/init",
            f"LAB_JOB={folder}",
            f"AUTOD_LAB={LAB}",
            f"TERM={os.environ.get('TERM', 'linux')}",
            # How long some tests are to go on.
            *(f"{name}={value}" for name, value in os.environ.items() if name.endswith("_SECONDS")),
            "quiet",
            "loglevel=3",
        ]
        with _started(folder, before, kernel, timeout=timeout, echo=echo, disk=disk) as boot:
            yield boot


@contextlib.contextmanager
def system(
    script: str,
    *,
    timeout: float,
    root: str = "trixie",
    files: Mapping[str, bytes] | None = None,
    echo: bool = False,
    disk: Path | None = None,
) -> Iterator[Boot]:
    """Boot a copy of a root, that of trixie, with its systemd, run a shell script once it is up, and power off.

    The checkout is at /srv/autod (the script's folder), a Python with autod's requirements at
    /opt/autod/bin/python, `autod` beside it, and boot.folder, with `files` in it, at /mnt.
    """
    with _job_folder() as folder:
        for name, data in (files or {}).items():
            (folder / name).write_bytes(data)
        (folder / "command").write_text(script)
        (folder / "run").write_text(SYSTEM_RUN)
        (folder / "init").write_text(SYSTEM_INIT)
        (folder / "init").chmod(0o755)
        before = [SYSTEM, "sh", str(LAB / "forky"), str(LAB / root), str(CHECKOUT), str(folder)]
        kernel = [
            "mem=2G",
            "init=/mnt/init",
            "systemd.unit=lab.target",
            "systemd.firstboot=off",
            "systemd.show_status=0",
            "loglevel=3",
        ]
        with _started(folder, before, kernel, timeout=timeout, echo=echo, disk=disk) as boot:
            yield boot


def blank(path: Path, megabytes: int = 64) -> Path:
    """An empty disk in the file `path`, which holds only what was written to it."""
    with path.open("wb") as file:
        file.truncate(megabytes << 20)
    argv = ["mke2fs", "-q", "-t", "ext4", "-F", str(path)]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    return path


@contextlib.contextmanager
def _started(
    folder: Path,
    before: Sequence[str],
    kernel: Sequence[str],
    *,
    timeout: float,
    echo: bool,
    disk: Path | None,
) -> Iterator[Boot]:
    process = subprocess.Popen(
        [
            *("taskset", "--cpu-list", str(_processor())),
            # A test run that is killed takes its kernel along.
            *("setpriv", "--pdeathsig", "KILL"),
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            *before,
            *KERNEL.split(),
            *kernel,
            *(["ubda=/tmp/disk"] if disk is not None else []),
        ],
        env=os.environ | {"LAB_DISK": "" if disk is None else str(disk)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    boot = Boot(folder, process, timeout=timeout, echo=echo)
    try:
        yield boot
    finally:
        boot.end()


def _processor() -> int:
    """The processor for a boot, another one for each.

    The kernel and each of its processes are processes here, which hand over to one another at every system call.
    Between two processors that costs many times as much, and each time something else (measured: stat() 9 us on one,
    50 to 115 us on two; a fork and exec of /bin/true 3 to 5 ms, 9 to 57 ms).
    """
    processors = sorted(os.sched_getaffinity(0))
    return processors[-1 - next(_boots) % len(processors)]


@contextlib.contextmanager
def _job_folder() -> Iterator[Path]:
    jobs = LAB / "jobs"
    jobs.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=jobs))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
