"""What the service manager is told and what it passes."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from autod.service.notify import Notifier, listen_fds, watchdog_seconds


@pytest.fixture
def manager(tmp_path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(tmp_path / "notify"))
    sock.setblocking(False)
    return sock


def test_everything_is_said_in_the_words_of_sd_notify(manager: socket.socket, tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    with manager:
        assert notifier.present
        notifier.ready("97 of 100\nup")
        notifier.watchdog()
        notifier.status("x")
        notifier.stopping("bye")
        notifier.extend(2.5)
        said = [manager.recv(4096) for _ in range(5)]
        assert said == [
            b"READY=1\nSTATUS=97 of 100 up",
            b"WATCHDOG=1",
            b"STATUS=x",
            b"STOPPING=1\nSTATUS=bye",
            b"EXTEND_TIMEOUT_USEC=2500000",
        ]
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        notifier.reloading()
        words = manager.recv(4096).decode().split("\n")
        assert words[0] == "RELOADING=1"
        assert before <= int(words[1].removeprefix("MONOTONIC_USEC=")) <= before + 10**7


def test_an_abstract_socket_is_reached() -> None:
    name = f"autod-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + name)
        Notifier({"NOTIFY_SOCKET": "@" + name}).ready()
        assert sock.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "relative", "/nonexistent/socket"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.ready("x")
    notifier.watchdog()
    assert notifier.present is (address[:1] == "/")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_minded_only_where_it_means_this_process(
    environ: dict[str, str], seconds: float | None
) -> None:
    assert watchdog_seconds(environ) == seconds


def test_passed_sockets_are_taken_by_name_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    first = 700
    monkeypatch.setattr("autod.service.notify._FIRST_FD", first)
    for index, (one, _) in enumerate(pairs):
        os.dup2(one.fileno(), first + index)
    environ = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "3", "LISTEN_FDNAMES": "api:metrics:api"}
    found = listen_fds(environ)
    assert {name: len(many) for name, many in found.items()} == {"api": 2, "metrics": 1}
    assert environ == {}
    assert not any(sock.get_inheritable() for many in found.values() for sock in many)
    for many in found.values():
        for sock in many:
            sock.close()
    for pair in pairs:
        for sock in pair:
            sock.close()


@pytest.mark.parametrize("environ", [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "3"}, {"LISTEN_FDS": "x"}])
def test_sockets_for_another_process_are_not_ours(environ: dict[str, str]) -> None:
    assert listen_fds(environ) == {}
