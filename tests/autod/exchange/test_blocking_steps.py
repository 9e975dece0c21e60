"""One exchange without an event loop, step by step: what it waits for, what pluto gets, and how it ends.

The pluto is a socket of this test's, which is read and written between two steps.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from autod.errors import NoSocket, PlutoReplaced, UsageError
from autod.exchange import blocking
from autod.exchange.blocking import Talk, Wait
from autod.exchange.connect import FIRST_WAIT, LONGEST_WAIT
from autod.exchange.peer import Listener, SocketFile, listener, socket_file
from autod.protocol.exchange import Answers, Ending
from autod.protocol.releases import find

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from autod.protocol.replies import Reply

CODES = find("4.10").codes
MESSAGE = b"x" * 1500
FAR = time.monotonic() + 3600


class Pluto:
    """Listens at `path`."""

    def __init__(self, path: Path, kind: int = socket.SOCK_STREAM, backlog: int = 5) -> None:
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, kind)
        self.socket.bind(self.path)
        self.socket.listen(backlog)
        self.clients: list[socket.socket] = []

    def __enter__(self) -> Pluto:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self.socket, *self.clients):
            one.close()

    def accept(self) -> socket.socket:
        client, _ = self.socket.accept()
        client.settimeout(5)
        self.clients.append(client)
        return client


@pytest.fixture
def pluto(tmp_path: Path) -> Iterator[Pluto]:
    with Pluto(tmp_path / "pluto.ctl") as made:
        yield made


class Exchanged:
    """The steps of one exchange, and what it has heard."""

    def __init__(self, pluto: Pluto, talk: Talk | None = None, deadline: float = FAR, **more: Any) -> None:
        self.talk = talk or Talk(pluto.path, codes=CODES, seqpacket=False, pluto=None)
        self.replies: list[Reply] = []
        self.ending: Ending | None = None
        self.deadline = deadline
        self.steps = self.talk.steps(MESSAGE, self.replies.extend, lambda: self.deadline, **more)

    def step(self) -> Wait | None:
        """What it waits for; None at its end."""
        try:
            return next(self.steps)
        except StopIteration as done:
            self.ending = done.value
            return None


def test_the_message_is_whole_and_the_stream_is_shut_so_that_no_prompt_can_wait(pluto: Pluto) -> None:
    one = Exchanged(pluto)
    wait = one.step()
    assert wait is not None
    assert wait.sock is not None
    assert wait.until == FAR
    assert one.talk.sent
    client = pluto.accept()
    assert client.recv(65536) == MESSAGE
    assert client.recv(1) == b""
    client.sendall(b"002 one\n021 tw")
    again = one.step()
    assert again is not None
    assert [reply.text for reply in one.replies] == ["one"]
    # Nothing new: it waits on, for the same.
    assert one.step() is not None
    client.sendall(b"o\n")
    client.close()
    while one.step() is not None:
        pass
    assert [reply.text for reply in one.replies] == ["one", "two"]
    assert one.ending is Ending.EOF


def test_a_prompt_gets_its_answer_on_a_stream_that_is_still_open(pluto: Pluto) -> None:
    one = Exchanged(pluto, answers=Answers(user="me", secret="hush"))
    one.step()
    client = pluto.accept()
    assert client.recv(65536) == MESSAGE
    client.sendall(b'%03d "a" prompt for password:\n' % CODES.secret_prompt)
    one.step()
    assert client.recv(100) == b"hush\0"
    client.close()
    assert one.step() is None or one.step() is None
    assert one.ending is Ending.EOF


@pytest.mark.parametrize("late", [0.0, 5.0])
def test_at_its_deadline_it_ends_though_pluto_has_not(
    late: float, pluto: Pluto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline counts to the instant, and may be moved while it goes on."""
    now = 100.0
    monkeypatch.setattr(blocking.time, "monotonic", lambda: now)
    one = Exchanged(pluto, deadline=110.0)
    one.step()
    client = pluto.accept()
    now = 109.0
    assert one.step() is not None
    one.deadline = 120.0
    now = 119.0
    wait = one.step()
    assert wait is not None
    assert wait.until == 120.0
    now = 120.0 + late
    assert one.step() is None
    assert one.ending is Ending.DEADLINE
    client.close()


def test_what_pluto_said_before_a_reset_counts_however_late_it_is(pluto: Pluto) -> None:
    one = Exchanged(pluto, deadline=0.0)
    one.step()
    # Closed with the message unread: a reset.
    pluto.accept().close()
    assert one.step() is None
    assert one.ending is Ending.RESET


def test_the_type_of_the_socket_is_found_out(tmp_path: Path) -> None:
    with Pluto(tmp_path / "seq", socket.SOCK_SEQPACKET) as made:
        one = Exchanged(made, Talk(made.path, codes=CODES, seqpacket=None, pluto=None))
        one.step()
        assert one.talk.seqpacket is True
        assert made.accept().recv(65536) == MESSAGE


def test_of_a_stream_nothing_else_is_tried(pluto: Pluto) -> None:
    one = Exchanged(pluto, Talk(pluto.path, codes=CODES, seqpacket=None, pluto=None))
    one.step()
    assert one.talk.seqpacket is False


@pytest.mark.parametrize("seqpacket", [False, True])
def test_a_socket_of_another_type_than_the_releases_gets_nothing(seqpacket: bool, tmp_path: Path) -> None:
    with Pluto(tmp_path / "s", socket.SOCK_STREAM if seqpacket else socket.SOCK_SEQPACKET) as made:
        talk = Talk(made.path, codes=CODES, seqpacket=seqpacket, pluto=None)
        with pytest.raises(PlutoReplaced, match="not of the type"):
            Exchanged(made, talk).step()
        assert not talk.sent


def test_another_fault_than_the_type_is_not_tried_again(tmp_path: Path) -> None:
    talk = Talk(str(tmp_path / "none"), codes=CODES, seqpacket=None, pluto=None)
    with pytest.raises(NoSocket):
        next(talk.steps(MESSAGE, print, lambda: FAR))


def test_a_full_backlog_is_waited_for_ever_more_slowly_until_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(blocking.time, "monotonic", lambda: now)
    with Pluto(tmp_path / "s", backlog=0) as made, contextlib.ExitStack() as queue:
        others = [queue.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(3)]
        for other in others:
            other.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                other.connect(made.path)
        one = Exchanged(made, deadline=110.0)
        waits = []
        while (wait := one.step()) is not None:
            assert wait.sock is None
            waits.append(wait.until - now)
            now = wait.until
        assert one.ending is Ending.UNSENT
        assert not one.talk.sent
        assert waits[0] == pytest.approx(FIRST_WAIT)
        assert waits[1] == pytest.approx(2 * FIRST_WAIT)
        assert max(waits) == pytest.approx(LONGEST_WAIT)
        assert 110.0 - LONGEST_WAIT - 0.001 <= now < 110.0
        one = Exchanged(made, deadline=1000.0)
        assert one.step() is not None
        made.accept().close()
        wait = one.step()
        assert wait is not None
        assert wait.sock is not None
        assert one.talk.sent


def test_it_waits_for_a_place_until_the_deadline(pluto: Pluto, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0

    class Full:
        spares = 0
        taken = given = left = 0

        def spare(self, unheard: int) -> int:
            assert unheard == 0
            return self.spares

        def take(self) -> bool:
            self.taken += 1
            return self.taken > 1

        def give(self) -> None:
            self.given += 1

        def leave(self) -> None:
            self.left += 1

    gauge = Full()
    monkeypatch.setattr(blocking.time, "monotonic", lambda: now)
    monkeypatch.setattr(blocking, "gauge_for", lambda path, listener: gauge)
    one = Exchanged(pluto, deadline=100.12, holds_descriptor=True)
    waits = []
    while (wait := one.step()) is not None:
        waits.append(round(wait.until - now, 3))
        now = wait.until
    assert (one.ending, waits) == (Ending.UNSENT, [0.05, 0.05, 0.02])
    assert (gauge.taken, gauge.given, gauge.left) == (0, 0, 0)
    # One is free at last; the first take of it fails, for another was quicker.
    gauge.spares = 1
    one = Exchanged(pluto, deadline=200.0, holds_descriptor=True)
    assert one.step() == Wait(pytest.approx(now + 0.05))
    wait = one.step()
    assert wait is not None
    assert wait.sock is not None
    assert (gauge.taken, gauge.given, gauge.left) == (2, 0, 0)
    one.steps.close()
    assert (gauge.given, gauge.left) == (0, 1)
    # What is no negotiation asks for no place.
    Exchanged(pluto).step()
    assert gauge.taken == 2


def test_only_the_pluto_that_the_message_is_for_gets_it(pluto: Pluto) -> None:
    """Whoever answers is seen after an exchange that was for any; one that is pinned stays."""
    one = Exchanged(pluto)
    one.step()
    assert one.talk.pluto.file == socket_file(pluto.path)
    known = listener(pluto.path)
    two = Exchanged(pluto, Talk(pluto.path, codes=CODES, seqpacket=False, pluto=known))
    assert two.step() is not None
    stale = Listener(None, SocketFile(0, 0, 0))
    talk = Talk(pluto.path, codes=CODES, seqpacket=False, pluto=stale)
    with pytest.raises(PlutoReplaced):
        Exchanged(pluto, talk).step()
    assert not talk.sent


def test_a_wait_ends_at_its_time_or_when_there_is_something_to_read() -> None:
    here, there = socket.socketpair()
    with here, there:
        start = time.monotonic()
        Wait(start - 5).block()
        Wait(start + 0.02).block()
        assert time.monotonic() >= start + 0.02
        Wait(start + 0.05, here).block()
        assert time.monotonic() >= start + 0.05
        there.send(b"x")
        Wait(start + 60, here).block()
        assert time.monotonic() < start + 30


def test_run_waits_by_itself_and_leaves_nothing_open(pluto: Pluto, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the consumer fails."""
    seen: list[Wait] = []

    def block(self: Wait) -> None:
        seen.append(self)
        client = pluto.accept()
        client.recv(65536)
        client.sendall(b"002 one\n")
        client.close()

    monkeypatch.setattr(Wait, "block", block)
    talk = Talk(pluto.path, codes=CODES, seqpacket=False, pluto=None)
    replies: list[Reply] = []
    monkeypatch.setattr(Wait, "block", lambda wait: None if seen else block(wait))
    assert talk.run(MESSAGE, replies.extend, lambda: FAR) is Ending.EOF
    assert [reply.text for reply in replies] == ["one"]
    seen.clear()

    def fail(_: list[Reply]) -> None:
        raise RuntimeError("consumer")

    with pytest.raises(RuntimeError, match="consumer"):
        talk.run(MESSAGE, fail, lambda: FAR)
    assert seen[0].sock is not None
    assert seen[0].sock.fileno() == -1


def test_a_process_without_a_descriptor_left_says_so(pluto: Pluto, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(kind: int) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(blocking, "open_socket", full)
    with pytest.raises(UsageError, match="ulimit"):
        Exchanged(pluto).step()
