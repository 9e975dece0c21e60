"""A browser outside looks at what is served inside a booted system, which has no network to the outside.

Inside, in the folder that both see:    seen = looked_at(Path("/mnt"), 9742, "#by=peer")
Outside, for as long as the boot runs:  with window(boot.folder): ...

Each request of the browser goes inside as a file and is asked there on 127.0.0.1; the answer comes back, byte for
byte but for the address of the host, as a file too. Knows nothing of what is shown.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["looked_at", "window"]

WANTED, SEEN = "window-wanted", "window-seen"
PATIENCE = 300.0


def looked_at(folder: Path, port: int, fragment: str = "", *, timeout: float = PATIENCE) -> dict[str, str]:
    """What Chromium makes of the page on `port`: `document`, and `said`, what it complained of."""
    (folder / SEEN).unlink(missing_ok=True)
    _put(folder / WANTED, fragment.encode())
    end = time.monotonic() + timeout
    answered: set[str] = set()
    while not (folder / SEEN).exists():
        if time.monotonic() > end:
            raise AssertionError("the browser outside did not say what it saw")
        for asked in folder.glob("*.asked"):
            if asked.name not in answered:
                answered.add(asked.name)
                _put(asked.with_suffix(".answer"), _ask(port, asked.read_bytes()))
        time.sleep(0.05)
    found: dict[str, str] = json.loads((folder / SEEN).read_text())
    return found


@contextlib.contextmanager
def window(folder: Path) -> Iterator[None]:
    """Let Chromium look whenever the inside wants it to."""
    over = threading.Event()
    watching = threading.Thread(target=_watch, args=(folder, over), daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _put(path: Path, data: bytes) -> None:
    """Whole, or not there."""
    path.with_suffix(".new").write_bytes(data)
    path.with_suffix(".new").rename(path)


def _ask(port: int, request: bytes) -> bytes:
    host = b"\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n" % port
    request = re.sub(rb"\r\n(?:Host|Connection):[^\r]*(?=\r\n)", b"", request, flags=re.IGNORECASE)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(request.replace(b"\r\n", host, 1))
        return b"".join(iter(lambda: sock.recv(65536), b""))


def _watch(folder: Path, over: threading.Event) -> None:
    while not over.wait(0.1):
        if (folder / WANTED).exists():
            fragment = (folder / WANTED).read_text()
            (folder / WANTED).unlink()
            with socket.create_server(("127.0.0.1", 0)) as listener:
                passing = threading.Thread(target=_pass_on, args=(listener, folder), daemon=True)
                passing.start()
                seen = _browse(f"http://127.0.0.1:{listener.getsockname()[1]}/{fragment}")
                listener.shutdown(socket.SHUT_RDWR)
                passing.join()
            _put(folder / SEEN, json.dumps(seen).encode())


def _browse(address: str) -> dict[str, str]:
    # Only outside: it needs more than the inside has.
    from tests.real.test_bulk_report import FLAGS

    with tempfile.TemporaryDirectory() as profile:
        argv = ["chromium", *FLAGS, "--enable-logging=stderr", f"--user-data-dir={profile}", "--dump-dom"]
        done = subprocess.run(
            [*argv, address], capture_output=True, text=True, errors="replace", timeout=240, check=False
        )
    return {"document": done.stdout, "said": done.stderr}


def _pass_on(listener: socket.socket, folder: Path) -> None:
    for number in itertools.count():
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_one, args=(client, folder, number), daemon=True).start()


def _one(client: socket.socket, folder: Path, number: int) -> None:
    asked = folder / f"{number}.asked"
    with client, contextlib.suppress(OSError):
        client.settimeout(PATIENCE)
        request = b""
        while b"\r\n\r\n" not in request:
            part = client.recv(65536)
            if not part:
                return
            request += part
        _put(asked, request)
        answer = asked.with_suffix(".answer")
        end = time.monotonic() + PATIENCE
        while not answer.exists():
            if time.monotonic() > end:
                return
            time.sleep(0.05)
        data = answer.read_bytes()
        asked.unlink()
        answer.unlink()
        client.sendall(data)
