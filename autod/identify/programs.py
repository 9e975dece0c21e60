"""Where pluto's companions are, and how a program is run: the one that was looked at, and no other.

Owns: the folders, who may have written a program, and running it. Must not know: what the programs are used for, or
what they say.

The companions (whack, addconn) are those beside the pluto that runs, in pluto's own root folder: a second
installation, or another system's in a chroot or a container, has its own, and this system's would speak another
release's language to it. Only where no pluto is seen do IPSEC_EXECDIR, which the `ipsec` script exports, and the
folders of the distributions count.

A name can lead to another file from one moment to the next, and /proc/PID/exe does as soon as the process executes
something else. So a program is opened once, the open file is looked at, and that open file is executed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

import msgspec

from autod.exchange.peer import executable

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["FOLDERS", "Program", "Programs", "find_programs", "open_program"]

FOLDERS = ("/usr/libexec/ipsec", "/usr/local/libexec/ipsec", "/usr/lib/ipsec", "/usr/lib64/ipsec")
"""Where Libreswan's programs are: by its own default prefixes (3.27 to 5.4), and on distributions without
libexec."""


class Programs(msgspec.Struct, frozen=True):
    """Paths as this process can open them; None for what is not there. `root` is pluto's root folder, as this process
    sees it."""

    pluto: str | None
    whack: str | None
    addconn: str | None
    root: str = "/"


class Program:
    """An open program. `name` is for people and its own argv[0]; `found` is what the system says of the open file.

    Made by `open_program`, and good for as long as its block.
    """

    def __init__(self, name: str, handle: int) -> None:
        self.name = name
        self.found = os.fstat(handle)
        self.path = f"/proc/{os.getpid()}/fd/{handle}"
        """A path to the very file, for as long as the block lasts."""

    async def run(
        self,
        *arguments: str,
        prefix: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run it to its end, without input. `prefix` stands before it on the command line (ip netns exec).

        OSError where it cannot be run. Cancelled: it is killed.
        """
        import subprocess

        import trio  # a command that asks for one thing does without

        command = [*prefix, self.path, *arguments] if prefix else [self.name, *arguments]
        return await trio.run_process(
            command,
            executable=None if prefix else self.path,
            stdin=subprocess.DEVNULL,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"} if env is None else dict(env),
            cwd=cwd,
        )

    def run_blocking(
        self, *arguments: str, env: Mapping[str, str], cwd: str, timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """The same for a thread: OSError, and TimeoutExpired after `timeout` seconds, when it is killed."""
        import subprocess

        return subprocess.run(
            [self.name, *arguments],
            executable=self.path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env=dict(env),
            cwd=cwd,
            timeout=timeout,
        )


@contextlib.contextmanager
def open_program(path: str, *, name: str | None = None, anyones: bool = False) -> Iterator[Program]:
    """Open the program at `path`; `name` if it is called otherwise there (/proc/PID/exe).

    PermissionError where somebody else than root or this user could have written it, unless `anyones`: somebody said
    to take this one. OSError where there is none.
    """
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        program = Program(path if name is None else name, handle)
        if not stat.S_ISREG(program.found.st_mode):
            raise PermissionError(errno.EACCES, "it is not a program", program.name)
        if not anyones and not _is_trusted(program.found):
            raise PermissionError(errno.EACCES, "others may have written it, so it is not run", program.name)
        yield program
    finally:
        os.close(handle)


def find_programs(pid: int | None = None) -> Programs:
    """The programs beside the pluto that runs as `pid`; where none is seen, of the first folder that has any."""
    name = None if pid is None else executable(pid)
    if pid is not None and name is not None and os.path.basename(name) == "pluto":
        return _in(*_folder_of(pid, name))
    for folder in _folders():
        programs = _in(folder, "/")
        if programs.pluto or programs.whack or programs.addconn:
            return programs
    return Programs(None, None, None)


def _folders() -> Iterator[str]:
    if configured := os.environ.get("IPSEC_EXECDIR"):
        yield configured
    yield from FOLDERS


def _folder_of(pid: int, name: str) -> tuple[str, str]:
    """The folder of the program `name` of the process `pid`, and the root folder of that process, both from here.

    The system tells both names as far as they can be told from here: in a chroot with the way to it, in another mount
    namespace as they are there.
    """
    folder = os.path.dirname(name)
    try:
        root = os.readlink(f"/proc/{pid}/root")
        elsewhere = os.stat(f"/proc/{pid}/ns/mnt").st_ino != os.stat("/proc/self/ns/mnt").st_ino
    except OSError:
        return folder, "/"
    if not elsewhere or _are_same(f"/proc/{pid}/root{name}", name):
        return folder, root
    if root != "/" and folder.startswith(f"{root}/"):
        name, folder = name.removeprefix(root), folder.removeprefix(root)
        if _are_same(f"/proc/{pid}/root{name}", name):
            return folder, "/"  # this process is in that chroot too
    return f"/proc/{pid}/root{folder}", f"/proc/{pid}/root"


def _are_same(first: str, second: str) -> bool:
    try:
        return os.path.samefile(first, second)
    except OSError:
        return False


def _in(folder: str, root: str) -> Programs:
    def program(name: str) -> str | None:
        path = os.path.join(folder, name)
        try:
            with open_program(path):
                return path if os.access(path, os.X_OK) else None
        except OSError:
            return None

    return Programs(program("pluto"), program("whack"), program("addconn"), root)


def _is_trusted(status: os.stat_result) -> bool:
    """A file of root's or of this user's, which nobody else can write to."""
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
