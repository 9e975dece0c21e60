"""Who listens at a control socket: by the lock file, by the connection, by the socket's file."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from autod.exchange import peer
from autod.exchange.peer import Listener, Opener, SocketFile, listener, meet, opener, socket_file

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTENS = """
import os, socket, sys, time
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen(5)
if "fork" in sys.argv and os.fork():
    os._exit(0)
with open(os.path.splitext(sys.argv[1])[0] + ".pid.new", "w") as lock:
    lock.write(f"{os.getpid()}\\n")
os.rename(lock.name, lock.name.removesuffix(".new"))
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pluto.ctl"


@contextlib.contextmanager
def other_process(path: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that listens at `path`, with its lock file beside; with "fork" its child does, as pluto in the
    background. It ends with the block."""
    lock = path.with_suffix(".pid")
    with subprocess.Popen([sys.executable, "-c", LISTENS, path, *words], stdin=subprocess.PIPE) as process:
        try:
            while not lock.exists():
                assert process.poll() in (None, 0)
                select.select((), (), (), 0.01)
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()
            path.unlink(missing_ok=True)
            lock.unlink(missing_ok=True)


@contextlib.contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        yield sock


def known(path: Path) -> Listener:
    """Who listens at `path`, by a connection."""
    with connected(path) as sock:
        return listener(path, opener(sock))


def may_be_met(path: Path, pluto: Listener) -> bool:
    with connected(path) as sock:
        return meet(sock, path, pluto) is not None


# Who it is ----------------------------------------------------------------------------------------------


def test_the_lock_file_names_the_process_that_holds_the_socket(path: Path) -> None:
    with other_process(path) as process:
        found = listener(path)
    assert (found.pid, found.bound, found.opener) == (process.pid, str(path), None)
    assert found.is_visible


def test_its_program_is_told_where_the_process_is_known(path: Path) -> None:
    with other_process(path) as process:
        assert listener(path).executable() == os.readlink(f"/proc/{process.pid}/exe")
    assert Listener().executable() is None


def test_a_connection_names_it_without_a_lock_file(path: Path) -> None:
    with other_process(path) as process:
        path.with_suffix(".pid").unlink()
        assert listener(path).pid is None
        found = known(path)
    assert (found.pid, found.opener) == (process.pid, process.pid)


def test_in_the_background_the_lock_file_names_the_one_that_stayed(path: Path) -> None:
    with other_process(path, "fork") as parent:
        stayed = int(path.with_suffix(".pid").read_text())
        assert parent.wait() == 0
        found = known(path)
        assert (found.pid, found.opener) == (stayed, parent.pid)
        assert not found.is_gone()


@pytest.mark.parametrize("text", ["", "x\n", "-1\n", "0\n", "99999999999\n", "4194303\n", "1\n"])
def test_a_lock_file_that_names_nobody_who_listens_is_not_believed(path: Path, text: str) -> None:
    """Not a number, no process, or one with other sockets: its number may be of another process namespace."""
    with other_process(path) as process:
        path.with_suffix(".pid").write_text(text)
        assert listener(path) == Listener(None, socket_file(path), None, None, None)
        assert known(path).pid == process.pid


def test_a_process_with_a_socket_of_this_name_elsewhere_is_another(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other" / path.name
    elsewhere.parent.mkdir()
    with other_process(elsewhere) as other, other_process(path):
        path.with_suffix(".pid").write_text(str(other.pid))
        assert listener(path).pid is None


def test_a_link_is_followed_to_the_lock_file_beside_the_socket(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link" / "ctl"
    link.parent.mkdir()
    link.symlink_to(path)
    with other_process(path) as process:
        assert listener(link).pid == process.pid


def test_where_nobody_listens_nothing_is_known(path: Path) -> None:
    assert listener(path) == Listener()
    assert not Listener().is_gone()
    assert Listener().handle() is None
    assert Listener().descriptor_limit() is None
    assert Listener().open_descriptors() is None
    assert Listener().executable() is None


def test_a_process_whose_descriptors_are_hidden_is_believed_by_its_connection_and_command(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with other_process(path) as process:
        monkeypatch.setattr(peer, "_bound", lambda _: None)
        assert listener(path).pid is None
        assert known(path).pid is None
        monkeypatch.setattr(peer, "_command", lambda _: "pluto")
        assert listener(path).pid is None
        assert known(path).pid == process.pid


def test_a_name_that_leads_nowhere_is_taken_by_its_last_part(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long path is bound by way of /proc/self/fd, which is another file to each reader."""
    folder = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"/proc/self/fd/{folder}/{path.name}")
            listening.listen()
            path.with_suffix(".pid").write_text(str(os.getpid()))
            assert listener(path).pid == os.getpid()
            other = tmp_path / "other.ctl"
            other.touch()
            other.with_suffix(".pid").write_text(str(os.getpid()))
            assert listener(other).pid is None
    finally:
        os.close(folder)


# Whether it lives, and what it may open -----------------------------------------------------------------


def test_the_end_of_the_process_is_seen(path: Path) -> None:
    with other_process(path) as process:
        found = listener(path)
        assert not found.is_gone()
        handle = found.handle()
        assert handle is not None
        assert select.select((handle,), (), (), 0)[0] == []
    assert process.returncode == 0
    assert found.is_gone()
    assert select.select((handle,), (), (), 10)[0] == [handle]
    os.close(handle)
    with pytest.raises(ProcessLookupError):
        found.handle()


def test_a_process_that_was_killed_and_not_yet_waited_for_is_gone(path: Path) -> None:
    with other_process(path) as process:
        found = listener(path)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert found.is_gone()


@pytest.mark.parametrize(
    ("state", "flags", "gone"),
    [
        (b"S", 0x400100, False),
        (b"R", 0, False),
        (b"Z", 0, True),
        (b"X", 0, True),
        (b"x", 0, True),
        (b"R", 0x4, True),
    ],
)
def test_it_is_gone_from_before_its_sockets_are_closed(
    monkeypatch: pytest.MonkeyPatch, state: bytes, flags: int, gone: bool
) -> None:
    """proc(5): the state, and PF_EXITING (4) among the flags."""
    fields = [state, b"1", b"1", b"1", b"0", b"-1", str(flags).encode(), *[b"4"] * 12, b"77"]
    monkeypatch.setattr(peer, "_stat", lambda _: fields)
    assert Listener(7, None, 77).is_gone() is gone
    assert Listener(7, None, None).is_gone() is gone
    assert Listener(7, None, 78).is_gone()


def test_the_descriptors_are_counted_where_the_folder_has_no_size(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Linux 6.2."""
    with other_process(path):
        found = listener(path)
        count = found.open_descriptors()
        real = os.stat

        def stat(name: str) -> os.stat_result:
            values = list(real(name))
            values[6] = 0
            return os.stat_result(values)

        monkeypatch.setattr(os, "stat", stat)
        assert found.open_descriptors() == count


def test_a_number_that_was_used_again_is_another_process(path: Path) -> None:
    with other_process(path):
        found = listener(path)
        assert found.start is not None
        before = msgspec.structs.replace(found, start=found.start - 1)
        assert before.is_gone()
        with pytest.raises(ProcessLookupError):
            before.handle()
        assert not before.is_same(found)
        assert found.is_same(msgspec.structs.replace(found, file=SocketFile(0, 0, 0), opener=7))


def test_numbers_of_another_process_namespace_are_not_watched(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `unshare --pid` without a /proc of its own: the number is nobody's here, or somebody else's."""
    with other_process(path):
        found = listener(path)
        other = os.pidfd_open(os.getpid())
        monkeypatch.setattr(os, "pidfd_open", lambda pid: other)
        assert found.handle() is None
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.close(other)

        def nobody(pid: int) -> int:
            raise ProcessLookupError(pid)

        monkeypatch.setattr(os, "pidfd_open", nobody)
        assert found.handle() is None
    with pytest.raises(ProcessLookupError):
        found.handle()


def test_where_no_process_shows_the_file_tells_one_life_from_the_next() -> None:
    first, second = SocketFile(1, 2, 3), SocketFile(1, 2, 4)
    assert Listener(None, first).is_same(Listener(7, first, 1))
    assert not Listener(None, first).is_same(Listener(None, second))


def test_the_descriptors_are_counted(path: Path) -> None:
    with other_process(path) as process:
        found = listener(path)
        assert found.open_descriptors() == len(os.listdir(f"/proc/{process.pid}/fd"))
        soft = int(Path(f"/proc/{process.pid}/limits").read_text().partition("Max open files")[2].split()[0])
        assert found.descriptor_limit() == soft


# Whether it is the one that answers ---------------------------------------------------------------------


def test_the_same_process_is_met_again_and_the_connection_is_learned(path: Path) -> None:
    with other_process(path) as process:
        found = listener(path)
        with connected(path) as sock:
            met = meet(sock, path, found)
            assert met is not None
            assert (met.pid, met.start, met.opener) == (process.pid, found.start, process.pid)
            assert meet(sock, path, met) is met
            by_file = meet(sock, path, Listener(None, socket_file(path)))
            assert by_file == met


def test_the_parent_of_one_in_the_background_is_no_other(path: Path) -> None:
    with other_process(path, "fork") as parent:
        parent.wait()
        found = listener(path)
        with connected(path) as sock:
            met = meet(sock, path, found)
        assert met is not None
        assert met.opener == parent.pid != met.pid


def test_a_number_of_the_parent_that_was_used_again_is_no_other(path: Path) -> None:
    with other_process(path, "fork") as parent:
        parent.wait()
        found = listener(path)
        with connected(path) as sock, pytest.MonkeyPatch().context() as patch:
            patch.setattr(peer, "opener", lambda _: Opener(os.getpid(), str(path)))
            assert meet(sock, path, found) is not None


@pytest.mark.parametrize("words", [(), ("fork",)])
def test_one_that_was_started_anew_is_another(path: Path, words: tuple[str, ...]) -> None:
    with other_process(path, *words):
        before = [listener(path), known(path)]
    with other_process(path, *words):
        assert [may_be_met(path, pluto) for pluto in before] == [False, False]


@pytest.mark.parametrize("words", [(), ("fork",)])
@pytest.mark.parametrize("look", [listener, known])
def test_a_link_that_turned_back_does_not_hide_who_answers(
    path: Path, tmp_path: Path, words: tuple[str, ...], look: object
) -> None:
    """The connection went to another one, and the path leads to the right one again when it is looked at."""
    assert callable(look)
    first, second = tmp_path / "first.ctl", tmp_path / "second.ctl"
    with other_process(first, *words), other_process(second, *words):
        path.symlink_to(first)
        found = look(path)
        assert may_be_met(path, found)
        with connected(second) as sock:
            assert meet(sock, path, found) is None
        path.unlink()
        path.symlink_to(second)
        assert not may_be_met(path, found)


def test_the_opener_alone_tells_two_of_one_name_apart(path: Path, tmp_path: Path) -> None:
    """Both sockets were bound to one name, the first one was moved away since."""
    moved = tmp_path / "moved.ctl"
    with other_process(path):
        path.rename(moved)
        path.with_suffix(".pid").rename(moved.with_suffix(".pid"))
        with other_process(path):
            for found in (listener(path), known(path)):
                with connected(moved) as sock:
                    assert meet(sock, path, found) is None


def test_from_a_process_namespace_without_it_the_name_and_the_file_tell(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SO_PEERCRED says 0 there, and the number in the lock file means nothing."""
    second = tmp_path / "second.ctl"
    with other_process(path), other_process(second):
        path.with_suffix(".pid").unlink()
        monkeypatch.setattr(peer, "opener", lambda sock: Opener(None, sock.getpeername()))
        with connected(path) as sock:
            found = listener(path, peer.opener(sock))
        assert (found.pid, found.bound, found.opener) == (None, str(path), None)
        assert may_be_met(path, found)
        with connected(second) as sock:
            assert meet(sock, path, found) is None


def test_nobody_is_watched_whose_number_is_not_known_or_means_another_process_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And no descriptor stays behind."""
    before = len(os.listdir("/proc/self/fd"))
    assert Listener().handle() is None
    assert (Listener().open_descriptors(), Listener().executable()) == (None, None)
    here = Listener(os.getpid())
    handle = here.handle()
    assert handle is not None
    os.close(handle)
    monkeypatch.setattr("autod.exchange.peer._process_of", lambda handle: 1)
    assert here.handle() is None
    monkeypatch.setattr(Listener, "is_gone", lambda self: True)
    with pytest.raises(ProcessLookupError):
        here.handle()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(("fields", "enough"), [(19, False), (20, True), (50, True)])
def test_a_state_of_a_process_has_twenty_fields(
    fields: int, enough: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twentieth from the state on is when it began. A name may hold spaces and brackets."""
    file = tmp_path / "stat"
    file.write_text("7 (a) (b) c) " + " ".join(str(number) for number in range(fields)))
    real = os.open
    monkeypatch.setattr("autod.exchange.peer.os.open", lambda path, flags: real(file, flags))
    found = peer._stat(7)
    assert (found is not None) is enough
    if found is not None:
        assert found[19] == b"19"


@pytest.mark.parametrize(
    ("text", "pid"),
    [("123\n", 123), (" 1 ", 1), ("0", None), ("-5", None), ("x", None), ("", None), (str(1 << 31), None)],
)
def test_the_number_in_a_lock_file_is_a_processs(text: str, pid: int | None, tmp_path: Path) -> None:
    (tmp_path / "pluto.pid").write_text(text)
    assert peer._pid_beside(str(tmp_path / "pluto.ctl")) == pid
    assert peer._pid_beside(str(tmp_path / "other.ctl")) is None
