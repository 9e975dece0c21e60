"""Finding out the release of this machine's own pluto, with nothing in its log that need not be there."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import resource
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

from autod.errors import PlutoReplaced
from autod.exchange.control import Control, Ending
from autod.exchange.descriptors import PlutoDescriptors
from autod.exchange.peer import listener
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
    assert found.pluto == listener(shared_pluto.socket)
    assert found.pid == shared_pluto.pid
    assert found.release.seccomp is False
    assert found.release.labeled is True
    assert shared_pluto.text() == before


async def test_without_its_lock_file_the_status_tells_the_same(pluto: Pluto) -> None:
    by_program = await detect(pluto.socket)
    pluto.socket.with_suffix(".pid").unlink()
    by_status = await detect(pluto.socket)
    assert by_status.how is How.STATUS
    assert by_status.release == by_program.release
    assert by_status.pluto is not None
    assert by_program.pluto is not None
    assert by_status.pluto.is_same(by_program.pluto)
    assert (by_status.pluto.opener, by_program.pluto.opener) == (pluto.pid, None)
    assert "Broken pipe" not in pluto.text()


async def test_the_lock_file_names_who_listens(shared_pluto: Pluto) -> None:
    listens = listener(shared_pluto.socket)
    assert (listens.pid, listens.bound) == (shared_pluto.pid, str(shared_pluto.socket))
    assert not listens.is_gone()
    assert listens.descriptor_limit() == resource.prlimit(shared_pluto.pid, resource.RLIMIT_NOFILE)[0]
    assert listens.open_descriptors() == len(os.listdir(f"/proc/{shared_pluto.pid}/fd"))


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
        listens = listener(path)
        pid = listens.pid
        assert pid is not None
        try:
            yield path, pid
        finally:
            os.kill(pid, signal.SIGKILL)
            plutos.wait_until(listens.is_gone, what="the second pluto's end")


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
        assert control.places(holds_descriptor=True, planned=0) > 0
        assert isinstance(control.slots.gauge, PlutoDescriptors)


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
        with trio.fail_after(60):
            found = await detect(pluto.socket)
    finally:
        pluto.cont()
    assert found.how is How.BINARY


async def test_a_program_that_is_not_pluto_is_not_run() -> None:
    assert await version_of_process(os.getpid()) is None
    assert await version_of_process(2**22 + 1) is None


async def test_a_link_that_turns_between_plutos_misleads_nobody(tmp_path: Path) -> None:
    """Each message reaches the pluto whose release it was made for, or none."""
    link = tmp_path / "pluto.ctl"
    met: dict[int, set[int]] = {}
    refused = 0

    async def turn(plutos: list[Pluto]) -> None:
        for pluto in itertools.cycle(plutos):
            draft = tmp_path / "draft"
            draft.symlink_to(pluto.socket)
            draft.rename(link)
            await trio.sleep(0.05)

    with gateway() as first, gateway() as second, gateway() as third:
        plutos = [first, second, third]
        link.symlink_to(first.socket)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(turn, plutos)
            for number in range(40):
                found = await detect(link)
                assert found.pid is not None
                control = Control(
                    link, codes=found.release.codes, seqpacket=found.seqpacket, pluto=found.pluto
                )
                for repeat in range(20):
                    name = f"n{number}for{found.pid}at{repeat}"
                    try:
                        await control.exchange(encode(Initiate(name), found.release), lambda _: None)
                    except PlutoReplaced:
                        refused += 1
                    else:
                        met.setdefault(found.pid, set()).add(number)
                    await trio.sleep(0.001)
            nursery.cancel_scope.cancel()
        for pluto in plutos:
            asked = set(re.findall(r"n\d+for(\d+)at", pluto.text()))
            assert asked <= {str(pluto.pid)}
    assert len(met) == 3
    assert refused > 0
