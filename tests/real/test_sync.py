"""The blocking client on a real pluto: what the trio client does, without an event loop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

import autod.sync
from autod.errors import DeadlinePassed, NoSocket, UsageError
from autod.events import Initiating, Retransmission, Unknown
from autod.outcomes import Result
from autod.protocol import commands as c
from tests.real.plutos import EAST, connection, silent_peer

if TYPE_CHECKING:
    from autod.events import Event
    from tests.real.plutos import Pluto


def test_an_operation_comes_to_what_it_comes_to_elsewhere(pluto: Pluto) -> None:
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("a"))
    events: list[Event] = []
    with autod.sync.open_pluto(pluto.socket, on_event=events.append) as client:
        assert client.up("nobody").result is Result.UNKNOWN
        assert any(isinstance(event, Unknown) for event in events)
        outcome = client.up("a", timeout=2)
        assert (outcome.result, outcome.exit_status) == (Result.DEADLINE, 124)
        assert outcome.left_behind is not None
        assert {Initiating, Retransmission} <= {type(event) for event in events}
        assert client.down("a").ok
        assert client.route("a").result is Result.ROUTED
        assert client.unroute("a").result is Result.UNROUTED
        assert client.delete("a").result is Result.DELETED
        assert any("Libreswan" in reply.text for reply in client.replies(c.Status()))


def test_a_pluto_that_was_started_anew_is_found_again(pluto: Pluto) -> None:
    with autod.sync.open_pluto(pluto.socket) as client:
        first = client.detected.pid
        pluto.restart()
        assert client.up("nobody").result is Result.UNKNOWN
        assert client.detected.pid == pluto.pid != first


def test_a_stopped_pluto_is_given_up_at_the_deadline(pluto: Pluto) -> None:
    """One that has the request, and one whose backlog is full: that one never gets it."""
    pluto.load(connection("a"))
    with autod.sync.open_pluto(pluto.socket) as client:
        os.kill(pluto.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert client.down("a", timeout=1).result is Result.DEADLINE
            assert time.monotonic() - began < 20
            for _ in range(8):
                last = client.down("a", timeout=0.2)
            assert last.result is Result.NOT_SENT
            with pytest.raises(DeadlinePassed):
                client.replies(c.BriefStatus(), timeout=0.5)
        finally:
            os.kill(pluto.pid, signal.SIGCONT)


def test_what_cannot_be_asked_is_an_error_of_the_tree(pluto: Pluto) -> None:
    with autod.sync.open_pluto(pluto.socket) as client:
        with pytest.raises(UsageError):
            client.up(5)  # type: ignore[arg-type]
        with pytest.raises(UsageError):
            client.up("a\nb")
    with pytest.raises(NoSocket), autod.sync.open_pluto(f"{pluto.socket}.none"):
        raise AssertionError


def test_an_interrupt_ends_the_waiting_and_leaves_no_socket(pluto: Pluto) -> None:
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("a"))
    with autod.sync.open_pluto(pluto.socket) as client:
        before = sorted(os.listdir("/proc/self/fd"))
        threading.Timer(0.5, lambda: signal.raise_signal(signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            client.up("a", timeout=30)
        assert sorted(os.listdir("/proc/self/fd")) == before
        assert client.down("a").ok


def test_it_needs_neither_an_event_loop_nor_construct(pluto: Pluto) -> None:
    """Which is what a command that asks for one thing spends most of its time on."""
    program = (
        "import sys, autod.sync\n"
        "with autod.sync.open_pluto(sys.argv[1]) as pluto: print(pluto.up('nobody').result.value)\n"
        "print(sorted({'trio', 'construct', 'structlog', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(pluto.socket)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["unknown", "[]"]
