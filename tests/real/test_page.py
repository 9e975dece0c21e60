"""The live page in Debian's Chromium, over a supervisor with a scripted pluto and a history: what it draws, and that
names stay text. tests/lab has the page under systemd."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

from autod.service.daemon import Daemon
from autod.service.ledger import Change
from autod.service.notify import Notifier
from autod.service.store import Named, Store
from autod.supervisor.link import Result
from autod.supervisor.settingsfile import parse
from autod.supervisor.states import Act, Cause
from autod.supervisor.wanted import Definition, Reading
from tests.fakes.scripted_link import ScriptedLink
from tests.real.test_bulk_report import FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.supervisor.table import Snapshot

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

EVIL = "<img/src=x/onerror=document.title='run'>"
NAMES = [*(f"branch-{i}" for i in range(20)), EVIL]


class Link(ScriptedLink):
    async def look(self, *, states: bool, everything: bool) -> Snapshot:
        seen = await super().look(states=states, everything=everything)
        return replace(seen, peers={name: f"192.0.2.{i % 2}" for i, name in enumerate(NAMES)})

    async def act(self, act: Act, name: str, deadline: float, heard: Callable[[], None]) -> Result:
        done = await super().act(act, name, deadline, heard)
        if done.cause is None:
            return done
        return replace(
            done, detail="the peer says no", reason="secret_differs", advice="Compare the secrets."
        )


class Source:
    def read(self) -> Reading:
        return Reading({name: Definition(name=name, auto="start", peer=name) for name in NAMES})


@pytest.fixture(scope="module")
def chromium() -> str:
    """Debian's Chromium, installed where it is missing."""
    if shutil.which("chromium") is None:
        command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium"]
        subprocess.run(command, check=True, capture_output=True)
    return "chromium"


@contextmanager
def daemon(folder: Path, page: str) -> Iterator[None]:
    """A supervisor of NAMES, with its page at `page`: branch-3 is refused, branch-5 was down for an hour."""
    store = Store(str(folder / "history.db"), size=1 << 20, keep=10**12)
    now = int(time.time() * 1000)
    changes = [
        (Named(n, f"192.0.2.{i % 2}"), Change(now - 80_000_000, "state", "up", True))
        for i, n in enumerate(NAMES)
    ]
    changes.append(
        (Named("branch-5"), Change(now - 40_000_000, "state", "waiting", True, "lost", "it went down"))
    )
    changes.append((Named("branch-5"), Change(now - 36_400_000, "state", "up", True)))
    store.append(changes, now)
    store.close()
    settings = parse(
        f"[api]\nsocket = '{folder}/api.sock'\n[supervise]\nstate = ''\n[policy]\nrefuse_after = 1\n"
        f"[history]\nfile = '{folder}/history.db'\n[page]\nlisten = '{page}'\n[metrics]\ntextfile = '/nonexistent/x'\n"
        "[[group]]\nname = 'branches'\nconnections = ['branch-*']\nkeep = 'up'\n"
    )
    link = Link(NAMES, takes=0.05, fails={"branch-3": Cause.AUTHENTICATION})
    link.start()
    ready, over = threading.Event(), threading.Event()

    async def main() -> None:
        made = Daemon(settings, link, Source(), path=None, version="1", notifier=Notifier({}))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(made.run, {})
            with trio.fail_after(60):
                while (  # noqa: ASYNC110
                    len(made.supervisor.feed.after(0)[0]) < 40 or not made.recorder.path or len(link.up) < 20
                ):
                    await trio.sleep(0.05)
            ready.set()
            await trio.to_thread.run_sync(over.wait)
            nursery.cancel_scope.cancel()

    thread = threading.Thread(target=lambda: _run(main))
    thread.start()
    try:
        assert ready.wait(60)
        yield
    finally:
        over.set()
        thread.join()


def _run(main: Callable[[], object]) -> None:
    # trio wants signals from the main thread only.
    import signal
    from unittest import mock

    @contextmanager
    def no_signals(*_: signal.Signals) -> Iterator[object]:
        yield _Never()

    with mock.patch("trio.open_signal_receiver", no_signals):
        trio.run(main)  # type: ignore[arg-type]


class _Never:
    def __aiter__(self) -> _Never:
        return self

    async def __anext__(self) -> int:
        await trio.sleep_forever()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with daemon(tmp_path_factory.mktemp("page"), f"127.0.0.1:{port}"):
        yield f"127.0.0.1:{port}"


def browse(chromium: str, address: str, state: str = "", *flags: str) -> str:
    with tempfile.TemporaryDirectory() as profile:
        argv = [
            chromium,
            *FLAGS,
            "--enable-logging=stderr",
            f"--user-data-dir={profile}",
            *(flags or ("--dump-dom",)),
        ]
        done = subprocess.run(
            [*argv, f"http://{address}/{state}"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    # What the policy forbids, or a script that fails, would be told here.
    assert "CONSOLE" not in done.stderr, done.stderr
    return done.stdout


def test_the_page_shows_states_history_causes_and_advice(chromium: str, address: str) -> None:
    document = browse(chromium, address)
    assert 'data-ready="yes"' in document
    assert "20 of 21" in document
    assert "secret differs" in document
    assert "the peer says no<em>Compare the secrets.</em>" in document
    assert "metrics.textfile: /nonexistent/x" in document
    rows = re.findall(r'<td class="name"><button type="button">(.*?)</button>', document)
    assert len(rows) == 21
    assert rows[0] == "branch-3"
    (strip,) = re.findall(r"branch-5</button>.*?<svg (.*?)</svg>", document)
    assert 'aria-label="down 1 h' in strip
    assert "<rect" in strip


def test_by_peer_and_filtered(chromium: str, address: str) -> None:
    document = browse(chromium, address, "#by=peer")
    assert re.findall(r"(192\.0\.2\.\d): (\d+) of (\d+) up", document) == [
        ("192.0.2.0", "11", "11"),
        ("192.0.2.1", "9", "10"),
    ]
    document = browse(chromium, address, "#by=group&filter=secret_differs")
    assert "branches: 0 of 1 up" in document
    assert "1 of 21" in document


def test_names_are_text(chromium: str, address: str) -> None:
    document = browse(chromium, address)
    assert "&lt;img/src=x/onerror" in document
    assert "<img" not in document
    assert "<title>20 of 21 up" in document


def test_it_can_be_looked_at(chromium: str, address: str, tmp_path: Path) -> None:
    """More than one colour in the picture: the style came through its policy."""
    picture = tmp_path / "page.png"
    browse(chromium, address, "", f"--screenshot={picture}", "--window-size=1200,900")
    assert picture.stat().st_size > 20_000


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/page.js", "text/javascript"),
        ("/look.css", "text/css"),
        ("/state.json", "application/json"),
    ],
)
def test_every_answer_is_strict(address: str, path: str, kind: str) -> None:
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while data := sock.recv(65536):
            answer += data
    head = answer.partition(b"\r\n\r\n")[0].decode().lower()
    assert head.startswith("http/1.1 200")
    assert f"content-type: {kind}" in head
    assert "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'" in head
    assert "form-action 'none'; frame-ancestors 'none'" in head
    assert "x-content-type-options: nosniff" in head
    assert "set-cookie" not in head
    assert b"<form" not in answer
    assert b"style=" not in answer


def test_nobody_without_the_right_to_look_sees_it_on_a_unix_socket() -> None:
    with tempfile.TemporaryDirectory() as folder, daemon(Path(folder), f"unix:{folder}/page.sock"):
        Path(folder).chmod(0o755)
        request = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", f"{folder}/page.sock",
                   "http://autod/state.json"]  # fmt: skip
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for prefix, status in (([], "200"), (nobody, "403")):
            done = subprocess.run(
                [*prefix, *request], capture_output=True, text=True, timeout=60, check=False
            )
            assert done.stdout == status, done.stderr
