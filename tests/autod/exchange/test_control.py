"""One exchange, against a scripted pluto on a real socket: faults, prompts, order, cancellation."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import resource
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from autod.errors import BadString, ConnectionLost, NoSocket, NotPermitted, PlutoReplaced, UsageError
from autod.exchange.control import MAX_MESSAGE, Answers, Control, Ending
from autod.exchange.peer import Listener, SocketFile, socket_file
from autod.protocol.replies import Prompt, Reply, ReplyCodes
from tests.fakes.fakepluto import (
    BACKLOG,
    Client,
    answers,
    closes_unread,
    fake_pluto,
    prompts,
    resets_after,
    silent,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from trio.testing import MockClock

CODES = ReplyCodes(secret_prompt=40, user_prompt=41, errors=frozenset({21}), names={})
MESSAGE = bytes(range(256)) * 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pluto.ctl"


def controller(
    path: Path, *, seqpacket: bool | None = False, limit: int = 64, pluto: Listener | None = None
) -> Control:
    return Control(path, codes=CODES, seqpacket=seqpacket, limit=limit, pluto=pluto)


def descriptors() -> dict[str, str]:
    """What this process has open, without the handle that the question itself takes."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found[name] = os.readlink(f"/proc/self/fd/{name}")
    return found


# The stream ---------------------------------------------------------------------------------------------


async def test_the_message_goes_out_whole_and_the_replies_come_back(path: Path) -> None:
    async with fake_pluto(path, answers(b"002 one\n021 ", b"no such thing\n")) as pluto:
        replies: list[Reply] = []
        ending = await controller(path).exchange(MESSAGE, replies.extend)
    assert pluto.messages == [MESSAGE]
    assert replies == [Reply(2, "one"), Reply(21, "no such thing")]
    assert ending is Ending.EOF


@settings(max_examples=settings().max_examples // 2, deadline=None)
@given(cuts=st.lists(st.integers(0, 60), max_size=8), seqpacket=st.booleans())
def test_replies_cut_anywhere_are_the_same_replies(
    cuts: list[int], seqpacket: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stream = b'000 first line\n\n002 "a" #1: second\xff line\n021 \nno code at all\n'
    edges = [0, *sorted(cut for cut in cuts), len(stream)]
    pieces = [piece for start, end in itertools.pairwise(edges) if (piece := stream[start:end])]
    path = tmp_path_factory.mktemp("cut") / "s"
    replies: list[Reply] = []

    async def run() -> Ending:
        async with fake_pluto(path, answers(*pieces), seqpacket=seqpacket):
            return await controller(path, seqpacket=seqpacket).exchange(MESSAGE, replies.extend)

    assert trio.run(run) is Ending.EOF
    assert [(reply.code, reply.text) for reply in replies] == [
        (0, "first line"),
        (None, ""),
        (2, '"a" #1: second\udcff line'),
        (21, ""),
        (None, "no code at all"),
    ]


async def test_a_last_line_without_its_newline_is_a_reply_too(path: Path) -> None:
    async with fake_pluto(path, answers(b"002 one\n002 half")):
        replies: list[Reply] = []
        assert await controller(path).exchange(MESSAGE, replies.extend) is Ending.EOF
    assert [reply.text for reply in replies] == ["one", "half"]


async def test_garbage_is_replies_without_a_code(path: Path) -> None:
    garbage = bytes(range(255, -1, -1)) * 1000
    async with fake_pluto(path, answers(garbage)):
        replies: list[Reply] = []
        assert await controller(path).exchange(MESSAGE, replies.extend) is Ending.EOF
    assert sum(len(reply.text) + 1 for reply in replies) == len(garbage) + 1
    assert all(reply.code is None for reply in replies)


async def test_pluto_sees_the_end_of_our_sending_so_that_no_prompt_can_block_it(path: Path) -> None:
    rests: list[bytes] = []

    async def script(client: Client) -> None:
        await client.read()
        rests.append(await client.until_eof())
        await client.write(b"002 done\n")

    async with fake_pluto(path, script):
        assert await controller(path).exchange(MESSAGE, lambda _: None) is Ending.EOF
    assert rests == [b""]


async def test_a_reset_after_complete_lines_is_the_ordinary_end(path: Path) -> None:
    async with fake_pluto(path, resets_after(b"050 message too long\n")):
        replies: list[Reply] = []
        assert await controller(path).exchange(MESSAGE, replies.extend) is Ending.EOF
    assert replies == [Reply(50, "message too long")]


@pytest.mark.parametrize("said", [(), (b"002 cut in the mid",), (b"002 a line\n", b"00")])
async def test_a_reset_before_a_line_or_inside_one_is_told(path: Path, said: tuple[bytes, ...]) -> None:
    async with fake_pluto(path, resets_after(*said)):
        assert await controller(path).exchange(MESSAGE, lambda _: None) is Ending.RESET


async def test_a_pluto_that_closes_without_reading_is_a_reset(path: Path) -> None:
    async with fake_pluto(path, closes_unread):
        assert await controller(path).exchange(MESSAGE, lambda _: None) is Ending.RESET


async def test_what_pluto_said_before_it_shut_the_stream_is_read_though_the_send_failed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, client = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    server.send(b"036 too many clients\n")
    server.close()
    client.setblocking(False)

    async def connected(_: Control) -> socket.socket:
        return client

    monkeypatch.setattr(Control, "_connect", connected)
    replies: list[Reply] = []
    assert await controller(path).exchange(MESSAGE, replies.extend) is Ending.EOF
    assert replies == [Reply(36, "too many clients")]


async def test_a_killed_pluto_is_gone_and_its_descriptors_with_it(path: Path) -> None:
    with process_that_answers(path, b"002 working on it\n") as child:
        control = controller(path)
        control.slots.limit = 3
        with trio.CancelScope() as given_up:
            await control.exchange(MESSAGE, lambda _: given_up.cancel(), holds_descriptor=True)
        assert control.slots.abandoned == 1

        def kill(_: list[Reply]) -> None:
            child.send_signal(signal.SIGKILL)

        assert await control.exchange(MESSAGE, kill, holds_descriptor=True) is Ending.GONE
        assert (control.slots.held, control.slots.abandoned) == (0, 0)


@contextlib.contextmanager
def process_that_answers(path: Path, line: bytes) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own that reads each request, writes `line` and keeps the stream."""
    program = f"""
import socket
listener = socket.socket(socket.AF_UNIX)
listener.bind({str(path)!r})
listener.listen({BACKLOG})
print("listening", flush=True)
clients = []
while True:
    clients.append(listener.accept()[0])
    clients[-1].recv(65536)
    clients[-1].send({line!r})
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"listening\n"
            yield child
        finally:
            child.kill()


# Prompts ------------------------------------------------------------------------------------------------


async def test_prompts_get_their_answers_each_ended_by_a_nul(path: Path) -> None:
    async with fake_pluto(path, prompts(b"041 Username:\n", b'040 "x" #1: Password:\n')) as pluto:
        replies: list[Reply] = []
        given = Answers(user="bob", secret="s\u00fcß")
        assert await controller(path).exchange(MESSAGE, replies.extend, answers=given) is Ending.EOF
    assert pluto.answers == [b"bob\0", "s\u00fcß".encode() + b"\0"]
    assert [isinstance(reply, Prompt) and reply.secret for reply in replies] == [False, True]


@pytest.mark.parametrize("given", [None, Answers(), Answers(user="bob")])
async def test_a_prompt_without_its_answer_is_refused_and_never_waited_at(
    path: Path, given: Answers | None
) -> None:
    async with fake_pluto(path, prompts(b"040 Password:\n")) as pluto:
        replies: list[Reply] = []
        assert await controller(path).exchange(MESSAGE, replies.extend, answers=given) is Ending.EOF
    assert pluto.answers == [b""]
    assert replies[-1] == Reply(2, "nothing entered, aborted")


def test_answers_are_not_shown() -> None:
    assert "bob" not in repr(Answers(user="bob", secret="hush"))
    assert "hush" not in repr(Answers(user="bob", secret="hush"))


@pytest.mark.parametrize("answer", ["a\0b", "a\nb", "x" * 128, "\u00fc" * 64])
def test_an_answer_that_pluto_would_cut_is_refused_and_not_quoted(answer: str) -> None:
    with pytest.raises(BadString) as refused:
        Answers(secret=answer)
    assert answer not in str(refused.value)


# Who listens --------------------------------------------------------------------------------------------


async def test_a_missing_socket_says_what_to_do(path: Path) -> None:
    with pytest.raises(NoSocket, match=r"pluto\.ctl: no such socket.*ipsec start"):
        await controller(path).exchange(MESSAGE, lambda _: None)


async def test_a_socket_that_nobody_listens_behind_says_what_to_do(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(NoSocket, match=r"nobody listens there.*ipsec start"):
        await controller(path).exchange(MESSAGE, lambda _: None)


async def test_a_forbidden_socket_says_what_to_do(path: Path) -> None:
    async with fake_pluto(path, silent):
        os.chmod(path, 0)
        with as_nobody(), pytest.raises(NotPermitted, match="may not talk to pluto: become root"):
            await controller(path).exchange(MESSAGE, lambda _: None)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Files are opened without root's rights: the file-system user of this thread is another one."""
    libc = ctypes.CDLL(None)
    before = libc.setfsuid(65534)
    try:
        yield
    finally:
        libc.setfsuid(before)


@pytest.mark.parametrize("seqpacket", [False, True])
async def test_the_type_of_the_socket_is_found_out(path: Path, seqpacket: bool) -> None:
    async with fake_pluto(path, answers(b"002 on", b"e\n002 two\n00", b"2 three\n"), seqpacket=seqpacket):
        control = controller(path, seqpacket=None)
        replies: list[Reply] = []
        assert await control.exchange(MESSAGE, replies.extend) is Ending.EOF
        assert control.seqpacket is seqpacket
    assert [reply.text for reply in replies] == ["one", "two", "three"]


@pytest.mark.parametrize("seqpacket", [False, True])
async def test_a_socket_of_another_type_than_the_releases_gets_nothing(path: Path, seqpacket: bool) -> None:
    async with fake_pluto(path, answers(b""), seqpacket=not seqpacket) as pluto:
        with pytest.raises(PlutoReplaced, match="nothing was sent"):
            await controller(path, seqpacket=seqpacket).exchange(MESSAGE, lambda _: None)
        await wait_all_tasks_blocked()
    assert pluto.messages == []


async def test_a_pluto_that_was_replaced_gets_nothing(path: Path) -> None:
    other = path.with_name("other.ctl")
    async with (
        fake_pluto(other, answers(b"002 other\n")) as replaced,
        fake_pluto(path, answers(b"002 one\n")),
    ):
        control = controller(path, pluto=Listener(os.getpid(), socket_file(path)))
        assert await control.exchange(MESSAGE, lambda _: None) is Ending.EOF
        other.rename(path)
        with pytest.raises(PlutoReplaced, match="find out the release again"):
            await control.exchange(MESSAGE, lambda _: None)
        await wait_all_tasks_blocked()
    assert replaced.messages == []


async def test_a_pluto_of_unknown_process_is_known_by_its_socket(path: Path) -> None:
    async with fake_pluto(path, answers(b"002 one\n")) as pluto:
        known = controller(path, pluto=Listener(None, socket_file(path)))
        assert await known.exchange(MESSAGE, lambda _: None) is Ending.EOF
        stale = Listener(None, SocketFile(0, 0, 0))
        with pytest.raises(PlutoReplaced):
            await controller(path, pluto=stale).exchange(MESSAGE, lambda _: None)
        await wait_all_tasks_blocked()
    assert pluto.messages == [MESSAGE]


async def test_a_path_longer_than_an_address_works(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20) / ("deeper" * 20)
    folder.mkdir(parents=True)
    before = descriptors()
    with contextlib.chdir(folder):
        async with fake_pluto(Path("pluto.ctl"), answers(b"002 one\n")) as pluto:
            path = folder / "pluto.ctl"
            assert len(str(path)) > 200
            assert await controller(path).exchange(MESSAGE, lambda _: None) is Ending.EOF
    assert pluto.messages == [MESSAGE]
    assert descriptors().items() <= before.items()


async def test_a_socket_name_too_long_for_any_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too long to connect to"):
        await controller(tmp_path / ("x" * 120)).exchange(MESSAGE, lambda _: None)
    with pytest.raises(NoSocket):
        await controller(tmp_path / ("missing" * 20) / "pluto.ctl").exchange(MESSAGE, lambda _: None)


@pytest.mark.parametrize("bad", ["", "a\0b", "\ud800"])
def test_a_path_that_can_be_none_is_refused(bad: str) -> None:
    with pytest.raises(UsageError, match=r"another \(path=\)"):
        Control(bad, codes=CODES, seqpacket=False)


async def test_a_path_that_leads_nowhere_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no socket")
    (tmp_path / "loop").symlink_to("loop")
    for bad in ("file/pluto.ctl", "loop", "file", "x" * 300):
        with pytest.raises((NoSocket, UsageError), match=bad[:20]):
            await controller(tmp_path / bad).exchange(MESSAGE, lambda _: None)


# Sending ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, MAX_MESSAGE])
async def test_a_message_may_be_as_short_and_as_long_as_one_can_be(path: Path, size: int) -> None:
    async with fake_pluto(path, answers(b"002 one\n")) as pluto:
        assert await controller(path).exchange(b"x" * size, lambda _: None) is Ending.EOF
    assert pluto.messages == [b"x" * size]


@pytest.mark.parametrize("message", [b"", b"x" * (MAX_MESSAGE + 1)])
async def test_a_message_that_is_none_is_refused_before_anything_is_opened(
    path: Path, message: bytes
) -> None:
    with pytest.raises(UsageError, match="bytes"):
        await controller(path).exchange(message, lambda _: None)


async def test_a_send_that_was_cut_is_never_continued(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def narrow(kind: int) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        return sock

    monkeypatch.setattr("autod.exchange.control.open_socket", narrow)
    async with fake_pluto(path, silent, open_=False) as pluto:
        with pytest.raises(ConnectionLost, match=rf"of {MAX_MESSAGE} bytes.*nothing was done"):
            await controller(path).exchange(b"x" * MAX_MESSAGE, lambda _: None)
        pluto.open.set()
        await wait_all_tasks_blocked()
    assert len(pluto.messages[0]) < MAX_MESSAGE


async def test_a_full_backlog_is_waited_for_and_the_order_of_the_calls_kept(
    path: Path, autojump_clock: MockClock
) -> None:
    """Sixty requests to a pluto that accepts none for ten seconds: six wait in its backlog, nobody is lost."""
    control = controller(path)
    calls: list[int] = []
    endings: list[Ending] = []

    async def request(number: int) -> None:
        calls.append(number)
        endings.append(await control.exchange(MESSAGE + b"%d" % number, lambda _: None))

    async with fake_pluto(path, answers(b"002 one\n"), open_=False) as pluto, trio.open_nursery() as nursery:
        for number in range(60):
            nursery.start_soon(request, number)
        await trio.sleep(10)
        assert len(calls) == 60
        assert endings == []
        pluto.open.set()
    assert [int(message.removeprefix(MESSAGE)) for message in pluto.messages] == calls
    assert endings == [Ending.EOF] * 60


async def test_a_full_backlog_costs_few_attempts(
    path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand that wait try no more often than one: at most 60 times in a second of stall."""
    sleeps = 0
    sleep = trio.sleep

    async def counted(seconds: float) -> None:
        nonlocal sleeps
        sleeps += 1
        await sleep(seconds)

    monkeypatch.setattr("trio.sleep", counted)
    control = controller(path)
    async with fake_pluto(path, answers(b"002 one\n"), open_=False) as pluto, trio.open_nursery() as nursery:
        for _ in range(1000):
            nursery.start_soon(control.exchange, MESSAGE, lambda _: None)
        await sleep(1)
        assert 20 <= sleeps <= 60
        pluto.open.set()
    assert len(pluto.messages) == 1000


async def test_only_requests_that_hold_a_descriptor_wait_for_a_slot(path: Path) -> None:
    """With two slots taken by silent ups a third one is not sent, and a status is."""
    release = trio.Event()
    seen: list[bytes] = []

    async def script(client: Client) -> None:
        message = await client.read()
        seen.append(message)
        await client.write(b"002 read\n")

    async with trio.open_nursery() as nursery, fake_pluto(path, script):
        control = controller(path, limit=2)
        for _ in range(2):
            await control.slots.acquire()
        nursery.start_soon(
            lambda: control.exchange(b"up", lambda _: release.set(), holds_descriptor=True), name="up"
        )
        await wait_all_tasks_blocked()
        await control.exchange(b"status", lambda _: None)
        assert seen == [b"status"]
        control.slots.release()
        await release.wait()
    assert seen == [b"status", b"up"]


async def test_no_more_slots_are_taken_than_pluto_can_spare_before_the_first_connection(
    path: Path, autojump_clock: MockClock
) -> None:
    """A stopped pluto that may have 32 descriptors bears less than half of them, whatever is asked for."""
    with process_that_answers(path, b"") as child, contextlib.ExitStack() as queue:
        resource.prlimit(child.pid, resource.RLIMIT_NOFILE, (32, 32))
        child.send_signal(signal.SIGSTOP)
        for _ in range(BACKLOG + 1):
            other = queue.enter_context(
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            )
            with contextlib.suppress(BlockingIOError):
                other.connect(str(path))
        control = controller(path, pluto=Listener(child.pid, socket_file(path)))
        with trio.move_on_after(1):
            async with trio.open_nursery() as nursery:
                for _ in range(40):
                    nursery.start_soon(partial(control.exchange, MESSAGE, print, holds_descriptor=True))
                await wait_all_tasks_blocked()
                assert 1 <= control.slots.held <= 16 - 4 - len(os.listdir(f"/proc/{child.pid}/fd"))


# Giving up ----------------------------------------------------------------------------------------------


async def test_a_silent_pluto_is_left_at_the_deadline_and_its_slot_stays_counted(
    path: Path, autojump_clock: MockClock
) -> None:
    before = descriptors()
    async with fake_pluto(path, silent):
        control = controller(path)
        with trio.move_on_after(30) as deadline:
            await control.exchange(MESSAGE, lambda _: None, holds_descriptor=True, holder="a")
        assert deadline.cancelled_caught
        assert (control.slots.held, control.slots.abandoned) == (0, 1)
        assert control.slots.released("a") == 1
    assert descriptors().items() <= before.items()


async def test_a_request_that_was_never_sent_leaves_no_slot_behind(
    path: Path, autojump_clock: MockClock
) -> None:
    control = controller(path)
    with pytest.raises(NoSocket):
        await control.exchange(MESSAGE, lambda _: None, holds_descriptor=True)
    async with fake_pluto(path, silent, open_=False, backlog=0):
        with trio.move_on_after(1):
            await control.exchange(MESSAGE, lambda _: None)
        with trio.move_on_after(1):
            await control.exchange(MESSAGE, lambda _: None, holds_descriptor=True)
    assert (control.slots.held, control.slots.abandoned) == (0, 0)


async def test_an_error_in_the_consumer_closes_the_socket(path: Path) -> None:
    def consumer(_: list[Reply]) -> None:
        raise RuntimeError("consumer")

    before = descriptors()
    async with fake_pluto(path, answers(b"002 one\n", b"002 two\n")):
        with pytest.raises(RuntimeError, match="consumer"):
            await controller(path).exchange(MESSAGE, consumer)
    assert descriptors().items() <= before.items()


async def test_who_is_cancelled_already_sends_nothing(path: Path) -> None:
    async with fake_pluto(path, answers(b"002 one\n")) as pluto:
        with trio.CancelScope() as scope:
            scope.cancel()
            await controller(path).exchange(MESSAGE, lambda _: None)
        await wait_all_tasks_blocked()
    assert scope.cancelled_caught
    assert pluto.messages == []


class CancelAtStep(trio.abc.Instrument):
    """Cancels a scope when `task` yields for the `step`-th time; counts how often it did."""

    def __init__(self, scope: trio.CancelScope, task: trio.lowlevel.Task, step: int) -> None:
        self.scope, self.task, self.step, self.steps = scope, task, step, 0

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self.task:
            self.steps += 1
            if self.steps == self.step:
                self.scope.cancel()


@dataclass
class Attempt:
    """What came of one exchange that was cancelled at its `step`-th checkpoint."""

    received: list[bytes]
    cancelled: bool
    ending: Ending | None
    held: int
    abandoned: int


async def attempt(path: Path, state: str, seqpacket: bool, step: int) -> Attempt:
    """One exchange with a slow pluto that waits for it, whose backlog is full, or whose slots are taken."""
    control = controller(path, seqpacket=seqpacket, limit=1)
    endings: list[Ending] = []

    async def slow(client: Client) -> None:
        await client.read()
        for _ in range(40):
            await trio.lowlevel.checkpoint()
            await client.write(b"002 one\n")

    async def cancelled_at_step(task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        with trio.CancelScope() as scope:
            instrument = CancelAtStep(scope, trio.lowlevel.current_task(), step)
            trio.lowlevel.add_instrument(instrument)
            try:
                task_status.started(scope)
                endings.append(await control.exchange(MESSAGE, lambda _: None, holds_descriptor=True))
            finally:
                trio.lowlevel.remove_instrument(instrument)

    async with fake_pluto(path, slow, seqpacket=seqpacket, open_=state != "full") as pluto:
        async with trio.open_nursery() as nursery:
            if state == "full":
                for _ in range(BACKLOG + 1):
                    nursery.start_soon(control.exchange, b"filler", lambda _: None)
                await wait_all_tasks_blocked()
            if state == "slotted":
                await control.slots.acquire()
            scope = await nursery.start(cancelled_at_step)
            await trio.sleep(1)
            pluto.open.set()
            if state == "slotted":
                control.slots.release()
        await wait_all_tasks_blocked()
        left = control.slots.held, control.slots.abandoned
        assert await control.exchange(b"next", lambda _: None) is Ending.EOF
    received = [message for message in pluto.messages if message not in (b"filler", b"next", b"")]
    return Attempt(received, scope.cancelled_caught, endings[0] if endings else None, *left)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("seqpacket", [False, True])
@pytest.mark.parametrize("state", ["idle", "full", "slotted"])
async def test_cancelled_at_any_checkpoint_nothing_is_half_sent_and_nothing_is_left(
    tmp_path: Path, autojump_clock: MockClock, state: str, seqpacket: bool
) -> None:
    """An exchange is cancelled at its first, second, ... checkpoint, until one comes through uncancelled."""
    sent = unsent = 0
    for step in itertools.count(1):
        before = descriptors()
        done = await attempt(tmp_path / f"s{step}", state, seqpacket, step)
        assert descriptors().items() <= before.items()
        assert done.received in ([], [MESSAGE])
        assert done.held == 0
        if done.ending is not None:
            break
        assert done.cancelled
        assert done.abandoned == len(done.received)
        sent, unsent = sent + len(done.received), unsent + 1 - len(done.received)
    assert done.received == [MESSAGE]
    assert done.ending is Ending.EOF
    assert sent >= 1
    assert unsent >= (state != "idle"), "where nobody is in the way, the send is before the first checkpoint"


async def test_in_a_cancelled_scope_nothing_is_sent(tmp_path: Path) -> None:
    """Although the send is before the first checkpoint."""
    async with fake_pluto(tmp_path / "s", answers(b"000 a line\n")) as pluto:
        with trio.CancelScope() as scope:
            scope.cancel()
            await controller(tmp_path / "s").exchange(MESSAGE, lambda _: None)
        assert scope.cancelled_caught
        assert await controller(tmp_path / "s").exchange(b"next", lambda _: None) is Ending.EOF
    assert [message for message in pluto.messages if message] == [b"next"]


# What is told of it -------------------------------------------------------------------------------------


def test_a_whole_answer_becomes_its_replies(path: Path) -> None:
    assert controller(path).replies(b"002 one\n021 two") == [Reply(2, "one"), Reply(21, "two")]


@pytest.mark.parametrize("holds", [True, False])
async def test_the_first_answer_shows_that_pluto_has_taken_the_request(holds: bool, path: Path) -> None:
    """Once, however many follow; only of what holds a descriptor is it counted."""
    control = controller(path)
    go_on = trio.Event()

    async def script(client: Client) -> None:
        await client.read()
        await client.write(b"002 one\n")
        await go_on.wait()
        await client.write(b"002 two\n")
        await client.write(b"002 three\n")

    async with fake_pluto(path, script), trio.open_nursery() as nursery:
        seen: list[int] = []

        def on_replies(replies: list[Reply]) -> None:
            seen.append(control.slots._unheard)
            go_on.set()

        nursery.start_soon(
            lambda: control.exchange(MESSAGE, on_replies, holds_descriptor=holds), name="exchange"
        )
        await go_on.wait()
    assert set(seen) == {0}
    assert (control.slots._unheard, control.slots.held) == (0, 0)


@pytest.mark.parametrize("script", [answers(), closes_unread])
async def test_an_exchange_that_ends_without_a_word_leaves_nothing_unheard(
    script: Callable[[Client], Awaitable[None]], path: Path
) -> None:
    control = controller(path)
    async with fake_pluto(path, script):
        with contextlib.suppress(ConnectionLost):
            await control.exchange(MESSAGE, lambda _: None, holds_descriptor=True)
    assert (control.slots._unheard, control.slots.held) == (0, 0)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.mark.parametrize(("lives", "left"), [(False, 0), (True, 1)])
async def test_a_pluto_that_went_and_was_replaced_holds_nothing_any_more(
    lives: bool, left: int, path: Path, child: subprocess.Popen[bytes]
) -> None:
    """What was abandoned is free where the one that had it is gone; where it lives, it is not."""
    control = controller(path, pluto=Listener(child.pid, SocketFile(0, 0, 0)))
    await control.slots.acquire()
    control.slots.abandon("a")
    if not lives:
        child.kill()
        child.wait()
    async with fake_pluto(path, answers(b"002 one\n")) as pluto:
        with pytest.raises(PlutoReplaced):
            await control.exchange(MESSAGE, lambda _: None)
        await wait_all_tasks_blocked()
    assert pluto.messages == []
    assert control.slots.abandoned == left
