"""Which programs belong to a pluto, and that the one that was looked at is the one that runs."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import trio

from autod.identify import programs
from autod.identify.binary import (
    Version,
    version_beside,
    version_of,
    version_of_process,
    version_of_process_blocking,
)
from autod.identify.programs import Programs, find_programs, open_program
from tests.real.plutos import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = os.path.realpath(sys.executable)


def script(path: Path, says: str) -> Path:
    """A program that prints `says`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@contextlib.contextmanager
def process(*command: str | Path, waits: str = "print(flush=True); input()") -> Iterator[int]:
    """The process id of `command`, a Python that ends with the block."""
    with subprocess.Popen(
        [*command, "-c", waits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONHOME": sys.base_prefix},
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child.pid
        assert child.stdin is not None
        child.stdin.close()


def children(command: str) -> list[bytes]:
    """The command lines of running processes that hold `command`."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(file.read_bytes())
    return [line for line in found if command.encode() in line]


def install(folder: Path, *names: str) -> Path:
    """A pluto that is a Python, with companions of these names."""
    folder.mkdir(parents=True)
    shutil.copy(PYTHON, folder / "pluto")
    for name in names:
        script(folder / name, name)
    return folder / "pluto"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this system's own programs."""
    folder = tmp_path / "installed"
    for name in ("pluto", "whack", "addconn"):
        script(folder / name, "this system's")
    monkeypatch.setattr(programs, "FOLDERS", (str(folder),))
    monkeypatch.delenv("IPSEC_EXECDIR", raising=False)
    return folder


# Running ------------------------------------------------------------------------------------------------


async def test_the_file_that_was_looked_at_runs_whatever_the_name_leads_to_since(tmp_path: Path) -> None:
    path = script(tmp_path / "whack", "Libreswan 4.10")
    other = script(tmp_path / "other", "Libreswan 6.6.6")
    with open_program(str(path)) as program:
        os.replace(other, path)
        assert (await program.run()).stdout == b"Libreswan 4.10\n"
        version = await version_of(program)
    assert version is not None
    assert version.text == "4.10"


async def test_a_process_that_executes_something_else_meanwhile_is_asked_what_it_was(tmp_path: Path) -> None:
    """/proc/PID/exe leads to the new program at once."""
    now = tmp_path / "now"
    changes = f"""
import os, time
print(flush=True)
while not os.path.exists({str(now)!r}):
    time.sleep(0.01)
os.execv("/bin/sleep", ["sleep", "1000"])
"""
    with process(PYTHON, waits=changes) as pid:
        with open_program(f"/proc/{pid}/exe", name="python") as program:
            now.touch()
            wait_until(lambda: os.readlink(f"/proc/{pid}/exe") != PYTHON, what="another program")
            done = await program.run("--version", env={"PYTHONHOME": sys.base_prefix})
        os.kill(pid, signal.SIGKILL)
    assert done.stdout.startswith(b"Python 3")


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
async def test_a_program_that_others_can_write_is_not_run_unless_somebody_said_so(
    tmp_path: Path, mode: int
) -> None:
    path = script(tmp_path / "whack", "hello")
    path.chmod(mode)
    with pytest.raises(PermissionError, match="others may have written it"), open_program(str(path)):
        pass
    with open_program(str(path), anyones=True) as program:
        assert (await program.run()).stdout == b"hello\n"


def test_a_program_of_somebody_else_is_not_run(tmp_path: Path) -> None:
    path = script(tmp_path / "whack", "hello")
    os.chown(path, 65534, 65534)
    with pytest.raises(PermissionError), open_program(str(path)):
        pass


def test_what_is_no_program_is_not_run(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/null")):
        with pytest.raises(PermissionError, match="not a program"), open_program(str(path), anyones=True):
            pass
    with pytest.raises(FileNotFoundError), open_program(str(tmp_path / "none")):
        pass


def test_nothing_stays_open(tmp_path: Path) -> None:
    path = script(tmp_path / "whack", "hello")
    before = len(os.listdir("/proc/self/fd"))
    with open_program(str(path)):
        assert len(os.listdir("/proc/self/fd")) == before + 1
    path.chmod(0o777)
    with contextlib.suppress(PermissionError), open_program(str(path)):
        pass
    assert len(os.listdir("/proc/self/fd")) == before


async def test_it_gets_its_name_its_arguments_and_no_input(tmp_path: Path) -> None:
    path = tmp_path / "whack"
    shutil.copy("/bin/cat", path)
    with open_program(str(path), name="/usr/sbin/somewhere/cat") as program:
        done = await program.run("/proc/self/cmdline", "-")
    assert done.stdout == b"/usr/sbin/somewhere/cat\0/proc/self/cmdline\0-\0"


async def test_a_program_that_fails_has_a_status_and_what_it_said(tmp_path: Path) -> None:
    path = tmp_path / "whack"
    path.write_text("#!/bin/sh\necho no >&2\nexit 3\n")
    path.chmod(0o755)
    with open_program(str(path)) as program:
        done = await program.run()
        assert (done.returncode, done.stderr) == (3, b"no\n")
        done = program.run_blocking(env={}, cwd="/", timeout=60)
        assert (done.returncode, done.stderr) == (3, b"no\n")


async def test_a_cancelled_run_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "whack"
    shutil.copy("/bin/sleep", path)
    with open_program(str(path)) as program, trio.move_on_after(0.1) as scope:
        await program.run("1000.25")
    assert scope.cancelled_caught
    assert not children(f"{path}\x001000.25")


async def test_only_a_program_called_pluto_is_asked_for_its_version(tmp_path: Path) -> None:
    tells = "import sys; print(flush=True); input()"
    with process(PYTHON, waits=tells) as pid:
        assert await version_of_process(pid) is None
    assert await version_of_process(2**22 + 1) is None


# Where they are -----------------------------------------------------------------------------------------


def test_they_are_beside_the_pluto_that_runs(tmp_path: Path, installed: Path) -> None:
    pluto = install(tmp_path / "second", "whack", "addconn")
    with process(pluto) as pid:
        found = find_programs(pid)
    folder = tmp_path / "second"
    assert found == Programs(str(pluto), str(folder / "whack"), str(folder / "addconn"), "/")


@pytest.mark.parametrize("names", [(), ("whack",), ("addconn",)])
def test_what_is_not_beside_it_is_not_replaced_by_this_systems(
    tmp_path: Path, installed: Path, names: tuple[str, ...]
) -> None:
    pluto = install(tmp_path / "second", *names)
    with process(pluto) as pid:
        found = find_programs(pid)
    assert (found.whack is not None, found.addconn is not None) == ("whack" in names, "addconn" in names)


def test_in_a_chroot_they_are_those_of_the_chroot(tmp_path: Path, installed: Path) -> None:
    root = tmp_path / "root"
    pluto = install(root / "usr/libexec/ipsec", "whack", "addconn")
    inside = f"import os; os.chroot({str(root)!r}); print(flush=True); input()"
    with process(pluto, waits=inside) as pid:
        found = find_programs(pid)
    folder = pluto.parent
    assert found == Programs(str(pluto), str(folder / "whack"), str(folder / "addconn"), str(root))


@pytest.mark.parametrize("chroot", [False, True])
def test_in_another_mount_namespace_they_are_those_of_that_namespace(
    tmp_path: Path, installed: Path, chroot: bool
) -> None:
    """The same folder holds this system's programs, which are of another release, or none."""
    hidden = tmp_path / "hidden"
    pluto = install(tmp_path / "second", "whack", "addconn")
    script(hidden / "whack", "this system's")
    inside = f'mount --bind {tmp_path / "second"} {hidden} && exec {hidden}/pluto "$@"'
    waits = f"import os; os.chroot({str(tmp_path)!r}); print(flush=True); input()" if chroot else None
    with process(
        *("unshare", "--mount", "sh", "-c", inside, "sh"), **({} if waits is None else {"waits": waits})
    ) as pid:
        found = find_programs(pid)
        folder = f"/proc/{pid}/root/hidden" if chroot else f"/proc/{pid}/root{hidden}"
        assert found == Programs(
            f"{folder}/pluto", f"{folder}/whack", f"{folder}/addconn", f"/proc/{pid}/root"
        )
        assert found.whack is not None
        assert os.path.samefile(found.whack, pluto.with_name("whack"))


def test_a_namespace_of_its_own_with_the_same_files_is_no_other_place(
    tmp_path: Path, installed: Path
) -> None:
    """As systemd gives its units: the names are those that people know."""
    pluto = install(tmp_path / "second", "whack")
    with process("unshare", "--mount", pluto) as pid:
        assert find_programs(pid).whack == str(pluto.with_name("whack"))


def test_where_its_root_may_not_be_looked_at_they_are_where_its_name_says(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pluto = install(tmp_path / "second", "whack")
    with process(pluto) as pid:
        stat = os.stat

        def refused(path: Any, **more: Any) -> os.stat_result:
            if path == f"/proc/{pid}/ns/mnt":
                raise PermissionError(errno.EACCES, "Permission denied", path)
            return stat(path, **more)

        monkeypatch.setattr(os, "stat", refused)
        found = find_programs(pid)
    assert found == Programs(str(pluto), str(pluto.with_name("whack")), None, "/")


@pytest.mark.parametrize("pid", [None, 2**22 + 1])
def test_where_no_pluto_is_seen_they_are_those_installed(installed: Path, pid: int | None) -> None:
    assert find_programs(pid).addconn == str(installed / "addconn")


def test_a_named_folder_comes_first(tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = script(tmp_path / "mine" / "whack", "mine")
    monkeypatch.setenv("IPSEC_EXECDIR", str(mine.parent))
    assert find_programs() == Programs(None, str(mine), None)
    mine.unlink()
    assert find_programs().whack == str(installed / "whack")


@pytest.mark.parametrize("mode", [0o644, 0o777])
def test_a_companion_that_cannot_be_run_or_that_others_can_write_is_none(installed: Path, mode: int) -> None:
    (installed / "whack").chmod(mode)
    found = find_programs()
    assert (found.whack, found.addconn) == (None, str(installed / "addconn"))
    for name in ("pluto", "addconn"):
        (installed / name).unlink()
    assert find_programs() == Programs(None, None, None)


# What a program says of itself --------------------------------------------------------------------------

SAYS = "Libreswan 4.12 (XFRM) LABELED_IPSEC"


@pytest.mark.parametrize(
    ("whack", "pluto", "version"),
    [
        (SAYS, "Libreswan 4.11", "4.12"),
        ("no version", "Libreswan 4.11", "4.11"),
        (None, "Libreswan 4.11", "4.11"),
        (None, None, None),
        ("no version", None, None),
    ],
)
async def test_of_an_addconn_the_whack_beside_it_is_asked_and_then_the_pluto(
    whack: str | None, pluto: str | None, version: str | None, tmp_path: Path
) -> None:
    for name, says in (("whack", whack), ("pluto", pluto)):
        if says is not None:
            script(tmp_path / name, says)
    found = await version_beside(str(tmp_path / "addconn"))
    assert (None if found is None else found.text) == version


async def test_a_whack_that_others_may_write_is_not_asked(tmp_path: Path) -> None:
    script(tmp_path / "whack", SAYS).chmod(0o777)
    assert await version_beside(str(tmp_path / "addconn")) is None


@pytest.mark.parametrize("to", [">&1", ">&2"])
async def test_a_version_is_read_from_both_streams(to: str, tmp_path: Path) -> None:
    path = script(tmp_path / "whack", "")
    path.write_text(f"#!/bin/sh\necho '{SAYS}' {to}\n")
    with open_program(str(path)) as program:
        assert await version_of(program) == Version("4.12", seccomp=False, labeled=True, fetching=False)


def test_a_process_is_asked_where_it_is_pluto_and_no_other(tmp_path: Path) -> None:
    """What runs is called pluto, also after its file was replaced; a Python of that name tells no version."""
    named = tmp_path / "pluto"
    shutil.copy(PYTHON, named)
    with process(named) as pid:
        assert version_of_process_blocking(pid) is None
        assert trio.run(version_of_process, pid) is None
        asked: list[tuple[str, ...]] = []

        def run(self: programs.Program, *arguments: str, **more: object) -> SimpleNamespace:
            asked.append(arguments)
            return SimpleNamespace(stdout=b"", stderr=SAYS.encode())

        async def run_async(self: programs.Program, *arguments: str, **more: object) -> SimpleNamespace:
            return run(self, *arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(programs.Program, "run_blocking", run)
            patch.setattr(programs.Program, "run", run_async)
            for _ in range(2):
                blocking = version_of_process_blocking(pid)
                assert blocking is not None
                assert blocking.text == "4.12"
                assert trio.run(version_of_process, pid) == blocking
                # The file is replaced while the process runs.
                named.unlink(missing_ok=True)
            assert version_of_process_blocking(os.getpid()) is None
            assert trio.run(version_of_process, os.getpid()) is None
        assert asked == [("--version",)] * 4
    assert version_of_process_blocking(pid) is None
    assert trio.run(version_of_process, pid) is None


def test_a_program_is_opened_by_its_path_only(tmp_path: Path) -> None:
    """Nothing of it is read, and nothing of a device is begun."""
    path = script(tmp_path / "whack", SAYS)
    with open_program(str(path)) as program:
        handle = int(program.path.rpartition("/")[2])
        assert fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_PATH
        assert not os.get_inheritable(handle)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(handle)
