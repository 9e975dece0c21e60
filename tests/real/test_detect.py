"""Finding out the release of this machine's own pluto, with nothing in its log that need not be there."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

from autod.errors import PlutoReplaced
from autod.exchange.control import Control, Ending
from autod.exchange.peer import is_ending, listens_at, pid_beside, start_time
from autod.identify.binary import version_of_process
from autod.identify.cache import Known
from autod.identify.detect import How, detect
from autod.protocol.commands import Initiate
from autod.protocol.encode import encode
from tests.real import plutos
from tests.real.plutos import gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.plutos import Pluto

pytestmark = pytest.mark.real


def installed_version() -> str:
    """What this machine's own pluto says it is."""
    program = plutos._program(Path("/"), "pluto")
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[
        1
    ]


async def test_the_running_program_tells_and_pluto_notices_nothing(shared_pluto: Pluto) -> None:
    before = shared_pluto.text()
    found = await detect(shared_pluto.socket)
    assert (found.release.text, found.how) == (installed_version(), How.BINARY)
    assert (found.pid, found.start_time) == (shared_pluto.pid, start_time(shared_pluto.pid))
    assert found.release.seccomp is False
    assert found.release.labeled is True
    assert shared_pluto.text() == before


async def test_without_its_lock_file_the_status_tells_the_same(pluto: Pluto) -> None:
    by_program = await detect(pluto.socket)
    pluto.socket.with_suffix(".pid").unlink()
    by_status = await detect(pluto.socket)
    assert by_status.how is How.STATUS
    assert by_status.release == by_program.release
    assert by_status.pluto == by_program.pluto
    assert "Broken pipe" not in pluto.text()


async def test_the_lock_file_names_who_listens(shared_pluto: Pluto) -> None:
    assert pid_beside(shared_pluto.socket) == shared_pluto.pid
    assert listens_at(shared_pluto.pid, shared_pluto.socket)
    assert not listens_at(shared_pluto.pid, "/run/other.ctl")
    assert not listens_at(os.getpid(), shared_pluto.socket)


async def test_a_program_that_was_removed_from_the_disk_still_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade the file on disk is another: only what runs is asked."""
    copy = tmp_path / "pluto"
    find = plutos._program
    shutil.copy(find(Path("/"), "pluto"), copy)
    monkeypatch.setattr(
        plutos, "_program", lambda root, name: str(copy) if name == "pluto" else find(root, name)
    )
    with gateway(listen=False) as pluto:
        monkeypatch.setattr(plutos, "_program", find)
        copy.unlink()
        assert os.readlink(f"/proc/{pluto.pid}/exe").endswith(" (deleted)")
        found = await detect(pluto.socket)
    assert (found.release.text, found.how) == (installed_version(), How.BINARY)


@contextlib.contextmanager
def pluto_in_the_background() -> Iterator[tuple[Path, int]]:
    """The socket and the process of a pluto that was started without --nofork."""
    with gateway(listen=False) as first:
        folder = first.folder / "second"
        folder.mkdir()
        subprocess.run(
            [
                *first.namespace.enter,
                plutos._program(Path("/"), "pluto"),
                *("--logfile", str(folder / "log")),
                *("--rundir", str(folder)),
                *("--config", str(first.conf)),
                *("--secretsfile", str(first.secrets)),
                *("--ipsecdir", str(first.folder / "ipsec.d")),
                *("--nssdir", str(first.folder / "nss")),
            ],
            check=True,
            timeout=30,
        )
        path = folder / "pluto.ctl"
        plutos.wait_until(lambda: plutos.probe(path), what="the second pluto's first answer")
        pid = pid_beside(path)
        assert pid is not None
        try:
            yield path, pid
        finally:
            os.kill(pid, signal.SIGKILL)
            plutos.wait_until(lambda: is_ending(pid), what="the second pluto's end")


async def test_a_pluto_in_the_background_is_known_too() -> None:
    """It forks after it opened its socket, so the socket names a process that is gone; the lock file names it."""
    with pluto_in_the_background() as (path, pid):
        found = await detect(path)
        assert (found.how, found.pid) == (How.BINARY, pid)
        control = Control(
            path, codes=found.release.codes, seqpacket=found.seqpacket, pluto=found.pluto, limit=10**9
        )
        message = encode(Initiate("nobody"), found.release)
        assert await control.exchange(message, lambda _: None) is Ending.EOF
        assert control.peer == pid
        assert control.slots.ceiling is not None


async def test_the_next_command_costs_no_question_and_a_restart_a_new_one(
    pluto: Pluto, tmp_path: Path
) -> None:
    known = Known(tmp_path / "known")
    assert (await detect(pluto.socket, known=known)).how is How.BINARY
    first = await detect(pluto.socket, known=known)
    assert (first.how, first.pid) == (How.CACHE, pluto.pid)
    pluto.restart(listen=False)
    control = Control(pluto.socket, codes=first.release.codes, seqpacket=False, pluto=first.pluto)
    with pytest.raises(PlutoReplaced):
        await control.exchange(encode(Initiate("nobody"), first.release), lambda _: None)
    again = await detect(pluto.socket, known=known)
    assert (again.how, again.pid) == (How.BINARY, pluto.pid)


async def test_a_stopped_pluto_needs_no_answer_to_be_known(pluto: Pluto) -> None:
    pluto.stop()
    try:
        with trio.fail_after(10):
            found = await detect(pluto.socket)
    finally:
        pluto.cont()
    assert found.how is How.BINARY


async def test_a_program_that_is_not_pluto_is_not_run() -> None:
    assert await version_of_process(os.getpid()) is None
    assert await version_of_process(2**22 + 1) is None
