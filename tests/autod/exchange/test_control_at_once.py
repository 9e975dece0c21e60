"""Exchanges that pluto answers at once, without a turn of the event loop; the pluto here is a thread."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
import trio

from autod.exchange.control import Control, Pending
from autod.exchange.peer import Listener, Opener, listener, socket_file
from autod.protocol import releases
from autod.protocol.exchange import Ending, Exchange
from tests.fakes.fakepluto import answers, fake_pluto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from autod.protocol.replies import Reply

MESSAGE = b"x" * 1500
CODES = releases.find("4.10").codes


class Served:
    """Answers each request with `pieces`, `pause` seconds between them; None resets the stream."""

    def __init__(self, path: Path, *pieces: bytes | None, pause: float = 0.0) -> None:
        self.messages: list[bytes] = []
        self._pieces, self._pause = pieces, pause
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(5)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                if None in self._pieces:
                    continue
                self.messages.append(client.recv(65536))
                for piece in self._pieces:
                    time.sleep(self._pause)
                    with contextlib.suppress(OSError):
                        client.sendall(piece or b"")

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()


@contextlib.contextmanager
def served(path: Path, *pieces: bytes | None, pause: float = 0.0) -> Iterator[Served]:
    pluto = Served(path, *pieces, pause=pause)
    try:
        yield pluto
    finally:
        pluto.close()


def controller(path: Path, **more: object) -> Control:
    return Control(path, codes=CODES, seqpacket=False, **more)  # type: ignore[arg-type]


async def at_once(control: Control, **more: object) -> tuple[list[str], Ending, bool]:
    """The texts, the ending, and whether it was at once; after a miss by the way with patience."""
    pending = control.start(MESSAGE, **more)  # type: ignore[arg-type]
    if pending is not None and control.read(pending):
        (ending,) = control.finish([pending])
        return [reply.text for reply in pending.exchange.replies()], ending, True
    if pending is None:
        pending = await control.submit(MESSAGE, **more)  # type: ignore[arg-type]
    found: list[Reply] = []
    ending = await control.wait(pending, found.extend)
    return [reply.text for reply in found], ending, False


async def test_it_comes_to_what_an_exchange_comes_to(tmp_path: Path) -> None:
    """At once or not: the same replies and the same ending, each message sent once."""
    control = controller(tmp_path / "s")
    with served(tmp_path / "s", b"000 one\n021 tw", b"o\n") as pluto:
        for number in range(1, 51):
            texts, ending, _ = await at_once(control, holds_descriptor=True, holder="a")
            assert texts == ["one", "two"]
            assert ending is Ending.EOF
            assert len(pluto.messages) == number
            assert (control.slots.held, control.slots.abandoned) == (0, 0)


async def test_a_slow_pluto_is_waited_for_by_the_event_loop_and_the_next_are_not_tried(
    tmp_path: Path,
) -> None:
    """After a miss the way with patience is asked, until it is quick again."""
    control = controller(tmp_path / "s")
    with served(tmp_path / "s", b"000 one\n", b"000 two\n", pause=0.02) as pluto:
        pending = control.start(MESSAGE)
        assert pending is not None
        assert not control.read(pending)
        found: list[Reply] = []
        assert await control.wait(pending, found.extend) is Ending.EOF
        assert [reply.text for reply in found] == ["one", "two"]
        assert control.start(MESSAGE) is None
        assert len(pluto.messages) == 1


async def test_in_its_block_it_does_not_wait_long(tmp_path: Path) -> None:
    """A pluto that says nothing costs the event loop a few milliseconds, and only once."""
    control = controller(tmp_path / "s")
    with served(tmp_path / "s", b"000 one\n", pause=0.3):
        started = time.perf_counter()
        pending = control.start(MESSAGE)
        assert pending is not None
        assert not control.read(pending)
        assert time.perf_counter() - started < 0.2
        control.drop(pending)


async def test_given_up_its_slot_stays_counted(tmp_path: Path) -> None:
    """As after any exchange that was cancelled after the send."""
    control = controller(tmp_path / "s")
    with served(tmp_path / "s", b"000 one\n", pause=0.3):
        pending = control.start(MESSAGE, holds_descriptor=True, holder="a")
        assert control.slots.held == 1
        with trio.move_on_after(0):
            assert pending is not None
            await control.wait(pending, lambda _: None)
        assert (control.slots.held, control.slots.abandoned) == (0, 1)


async def test_several_are_begun_before_the_first_is_read(tmp_path: Path) -> None:
    """Each gets its own answer; dropped ones leave their slot counted."""
    control = controller(tmp_path / "s")
    with served(tmp_path / "s", b"000 one\n") as pluto:
        many = [control.start(MESSAGE, holds_descriptor=True, holder=f"{n}") for n in range(5)]
        assert all(many)
        pending = [one for one in many if one is not None]
        for one in pending:
            for _ in range(1000):
                if control.read(one):
                    break
        assert control.finish(pending[:4]) == [Ending.EOF] * 4
        assert [[reply.text for reply in one.exchange.replies()] for one in pending[:4]] == [["one"]] * 4
        control.drop(pending[4])
        assert (control.slots.held, control.slots.abandoned) == (0, 1)
        assert len(pluto.messages) == 5


async def test_without_a_slot_nothing_is_sent(tmp_path: Path) -> None:
    """It never waits for one."""
    control = controller(tmp_path / "s", limit=1)
    await control.slots.acquire()
    with served(tmp_path / "s", b"000 one\n") as pluto:
        assert control.start(MESSAGE, holds_descriptor=True) is None
        assert pluto.messages == []


async def test_to_another_pluto_nothing_is_sent(tmp_path: Path) -> None:
    """The way with patience says why."""
    path = tmp_path / "s"
    path.touch()
    other = socket_file(path)
    path.unlink()
    with served(tmp_path / "s", b"000 one\n") as pluto:
        control = controller(path, pluto=Listener(os.getpid(), other))
        assert control.start(MESSAGE, holds_descriptor=True) is None
        assert control.slots.held == 0
    assert [message for message in pluto.messages if message] == []


@pytest.mark.parametrize("make", ["missing", "nobody"])
async def test_without_a_pluto_nothing_is_sent(tmp_path: Path, make: str) -> None:
    """And nothing is left open."""
    path = tmp_path / "s"
    if make == "nobody":
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
    before = len(os.listdir("/proc/self/fd"))
    assert controller(path).start(MESSAGE) is None
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_reset_without_a_line_is_a_reset(tmp_path: Path) -> None:
    """pluto closed without reading."""
    control = controller(tmp_path / "s")
    with served(tmp_path / "s", None):
        texts, ending, _ = await at_once(control)
    assert (texts, ending) == ([], Ending.RESET)


async def test_a_pluto_in_the_same_loop_is_answered_too(tmp_path: Path) -> None:
    """It cannot answer while we look: the event loop goes on with it."""
    control = controller(tmp_path / "s")
    async with fake_pluto(tmp_path / "s", answers(b"000 one\n")) as pluto:
        texts, ending, instant = await at_once(control)
    assert (texts, ending, instant) == (["one"], Ending.EOF, False)
    assert pluto.messages == [MESSAGE]


async def test_after_many_answers_others_have_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pluto that never stops speaking does not keep the event loop."""
    monkeypatch.setattr("autod.exchange.control._CHUNK", 8)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    said: list[Reply] = []
    with served(tmp_path / "s", b"002 one\n" * 2000):
        control = controller(tmp_path / "s")
        pending = control.start(MESSAGE)
        assert pending is not None
        await trio.sleep(0.05)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            assert await control.wait(pending, said.extend) is Ending.EOF
            nursery.cancel_scope.cancel()
    assert len(said) == 2000
    assert turns >= 2000 / 64


async def test_a_read_goes_on_while_there_is_something_and_a_pluto_that_answers_at_once_stays_quick(
    tmp_path: Path,
) -> None:
    """One that took too long is tried again with patience first, as often as it was slow for."""
    control = controller(tmp_path / "s")
    with served(tmp_path / "s", b"000 one\n", b"000 two\n", pause=0.001):
        pending = control.start(MESSAGE)
        assert pending is not None
        while not control.read(pending):
            pass
        assert control.finish([pending]) == [Ending.EOF]
        assert [reply.text for reply in pending.exchange.replies()] == ["one", "two"]
    control = controller(tmp_path / "t")
    with served(tmp_path / "t", b"000 one\n", pause=0.2):
        pending = control.start(MESSAGE)
        assert pending is not None
        assert control.is_quick
        # Without patience nothing is learned of how quick it is.
        assert not control.read(pending, patient=False)
        assert control.is_quick
        assert not control.read(pending)
        assert not control.is_quick
        control.drop(pending)


async def test_those_under_way_count_among_the_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autod.exchange.control.own_spare", lambda: 100)
    control = controller(tmp_path / "s")

    def places(planned: int = 3) -> int:
        return control.places(holds_descriptor=False, planned=planned)

    with served(tmp_path / "s", b"000 one\n"):
        assert (places(), places(0)) == (97, 100)
        first, second = await control.submit(MESSAGE), await control.submit(MESSAGE)
        assert (places(), places(0)) == (99, 100)
        await control.wait(first, lambda replies: None)
        assert places() == 98
        control.drop(second)
        assert places() == 97


@contextlib.contextmanager
def begun(said: bytes, *, over: bool) -> Iterator[Pending]:
    """An exchange in which pluto has said this much."""
    server, client = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with server, client:
        client.setblocking(False)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        server.sendall(said)
        if over:
            server.shutdown(socket.SHUT_WR)
        exchange = Exchange(CODES, taken=True, answers=None)
        yield Pending(client, exchange, holds_descriptor=False, holder="")


def test_all_that_pluto_has_said_is_read_at_once(tmp_path: Path) -> None:
    with begun(b"000 one\n" * 20_000, over=True) as pending:
        assert controller(tmp_path / "s").read(pending, patient=False)
        assert len(pending.exchange.replies()) == 20_000


async def test_what_was_read_is_handed_on_before_it_waits(tmp_path: Path) -> None:
    control = controller(tmp_path / "s")
    found: list[Reply] = []
    with begun(b"002 one\n", over=False) as pending, trio.CancelScope() as scope:
        assert not control.read(pending, patient=False)
        scope.cancel()
        await control.wait(pending, found.extend)
    assert [reply.text for reply in found] == ["one"]


async def test_who_listens_is_found_out_once_where_any_pluto_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []

    def look(path: str, answered: Opener | None = None) -> Listener:
        looks.append(answered)
        return listener(path, answered)

    monkeypatch.setattr("autod.exchange.sending.listener", look)
    control = controller(tmp_path / "s")
    with served(tmp_path / "s", b"000 one\n"):
        for _ in range(3):
            await at_once(control)
    assert len(looks) == 1
    assert control.peer == os.getpid()
    with served(tmp_path / "t", b"000 one\n"):
        monkeypatch.setattr("autod.exchange.sending.opener", lambda _: Opener(None, ""))
        control = controller(tmp_path / "t")
        await at_once(control)
        assert looks[1:] == [Opener(None, "")]
