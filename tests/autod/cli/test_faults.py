"""Faults of the system at each call of a command: it ends in a sentence, never in a traceback, and leaves no half file.

A command runs in a fork of this process, against a scripted pluto. Its first descriptor is refused, then its second,
and so on until it runs through; likewise each file that it opens, each byte that it writes to a file beyond the first
few; and all its calls are interrupted by signals.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autod.cli import main
from autod.testing import FakePluto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.timeout(300)

COMMANDS = {
    "status": ("--status",),
    "up": ("--up", "a"),
    "report": ("--up", "a", "b", "--no-if-down", "--report", "FOLDER/report.html"),
    "check": ("--check",),
    "add": ("--add", "a"),
    "json": ("--trafficstatus", "--json"),
}

QUICK = ("up", "json")
EACH = [pytest.param(name, marks=() if name in QUICK else pytest.mark.thorough) for name in COMMANDS]


@pytest.fixture(scope="module")
def pluto() -> Iterator[FakePluto]:
    with FakePluto("5.2", connections=["a", "b"]) as made:
        # What a command loads first needs descriptors too, before there is anything that could explain it.
        main(("--trafficstatus", "--ctlsocket", made.path))
        yield made


@pytest.fixture
def command(pluto: FakePluto, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, ...]:
    conf = tmp_path / "ipsec.conf"
    conf.write_text("config setup\nconn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauto=add\n")
    words = [word.replace("FOLDER", str(tmp_path)) for word in COMMANDS[request.param]]
    return (*words, "--ctlsocket", pluto.path, "--config", str(conf), "--timeout", "20")


def run(words: tuple[str, ...], fault: Callable[[], object]) -> tuple[int, str]:
    """The status and the output of `autod`, begun with this fault."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 99
        try:
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
            fault()
            status = main(words)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 98
        except BaseException:
            traceback.print_exc()
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(BaseException):
                    stream.flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, errors="replace") as pipe:
        said = pipe.read()
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended), said


def check(status: int, said: str) -> None:
    assert "Traceback" not in said, said
    assert status not in (98, 99), said
    assert status == 0 or said.strip(), status


def nothing() -> None:
    """No fault."""


@pytest.mark.parametrize("command", EACH, indirect=True)
def test_each_descriptor_that_is_refused_ends_in_a_sentence(command: tuple[str, ...]) -> None:
    expected, _ = run(command, nothing)
    for free in range(60):

        def fault(free: int = free) -> None:
            least = os.open(os.devnull, os.O_RDONLY)
            os.close(least)
            resource.setrlimit(resource.RLIMIT_NOFILE, (least + free, least + free))

        status, said = run(command, fault)
        check(status, said)
        if status == expected and free > 8 and "escriptor" not in said:
            break
    assert status == expected, said


@pytest.mark.parametrize("command", EACH, indirect=True)
def test_each_file_that_is_not_opened_ends_in_a_sentence(command: tuple[str, ...]) -> None:
    for number in range(40):
        reached = Path(f"/tmp/autod-fault-{os.getpid()}")

        def fault(number: int = number, reached: Path = reached) -> None:
            real, left = os.open, [number]

            def opened(*arguments: Any, **more: Any) -> int:
                if not left[0]:
                    real(reached, os.O_CREAT | os.O_WRONLY, 0o600)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), arguments[0])
                left[0] -= 1
                return real(*arguments, **more)

            os.open = opened

        status, said = run(command, fault)
        check(status, said)
        if not reached.exists():
            break
        reached.unlink()
    assert number > 0


@pytest.mark.parametrize("command", EACH, indirect=True)
@pytest.mark.parametrize("room", [0, 10])
def test_a_file_that_cannot_be_written_whole_is_none(
    command: tuple[str, ...], room: int, tmp_path: Path
) -> None:
    """A short write, and then none: as on a disk that is full."""

    def fault() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    status, said = run(command, fault)
    check(status, said)
    assert [path.name for path in tmp_path.iterdir()] == ["ipsec.conf"]
    assert ("--report" in command) is ("report.html: File too large" in said)


@pytest.mark.parametrize("command", EACH, indirect=True)
def test_signals_between_all_calls_change_nothing(command: tuple[str, ...], pluto: FakePluto) -> None:
    def fault() -> None:
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.siginterrupt(signal.SIGALRM, True)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.002)

    told = []
    for begun in (nothing, fault):
        for name in ("a", "b"):
            pluto.goes_down(name)
        status, said = run(command, begun)
        assert "Traceback" not in said
        told.append((status, said.count("\n")))
    assert told[0] == told[1], said


@pytest.mark.parametrize("command", EACH, indirect=True)
def test_an_output_that_takes_nothing_ends_in_a_sentence(command: tuple[str, ...]) -> None:
    def fault() -> None:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)

    status, said = run(command, fault)
    check(status, said)
    assert status != 0
    assert "No space left" in said
