"""Records what a release's own addconn does with small configurations.

`python -m tests.generators.record_probes RELEASE ADDCONN --of OTHER...`. The configurations are those of probes that
were recorded before of other releases, so that every release is asked the same. Needs root: a network namespace is
made for it, with an empty resolv.conf. Writes tests/data/probes/RELEASE.jsonl.xz, or the file that --to names.
"""

from __future__ import annotations

import argparse
import base64
import json
import lzma
import shutil
import socket
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autod.protocol.releases import find
from tests.helpers.probing import DATA, raw
from tests.real.addconn_network import network

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKERS = 4
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


class Answering(threading.Thread):
    """A control socket that keeps each message and gives each the same reply."""

    def __init__(self, path: str, *, seqpacket: bool) -> None:
        super().__init__(daemon=True)
        self.messages: list[bytes] = []
        self.reply = b""
        kind = socket.SOCK_SEQPACKET if seqpacket else socket.SOCK_STREAM
        self._listener = socket.socket(socket.AF_UNIX, kind)
        self._listener.bind(path)
        self._listener.listen(100)

    def run(self) -> None:
        while True:
            one, _ = self._listener.accept()
            with one:
                message = one.recv(65536)
                if message:
                    self.messages.append(message)
                    if self.reply:
                        one.send(self.reply)


def record(
    program: str, inside: tuple[str, ...], answering: Answering, folder: Path, one: dict[str, Any]
) -> str:
    """One line of the file: the probe `one` again, with what `program` makes of it."""
    (folder / "p.conf").write_bytes((one["text"] or "").encode("utf-8", "surrogateescape"))
    answering.messages.clear()
    answering.reply = (one.get("reply") or "").encode()
    done = subprocess.run(
        [*inside, program, *one["argv"][1:]],
        cwd=folder,
        capture_output=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env=ENVIRONMENT,
    )
    said = {
        **{key: value for key, value in one.items() if key in ("id", "text", "argv", "reply")},
        "exit": done.returncode,
        "stdout": done.stdout.decode("utf-8", "surrogateescape").replace(str(folder), "."),
        "stderr": done.stderr.decode("utf-8", "surrogateescape").replace(str(folder), "."),
        "messages": [base64.b64encode(message).decode() for message in answering.messages],
    }
    return json.dumps(said)


def asked(releases: list[str]) -> list[dict[str, Any]]:
    """The probes of these releases, each configuration with its arguments once."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for release in releases:
        for one in raw(release):
            found.setdefault((one["text"] or "", " ".join(one["argv"]), one.get("reply") or ""), one)
    return list(found.values())


def lines(release: str, program: str, probes: list[dict[str, Any]]) -> Iterator[str]:
    """Every probe, recorded, in order."""
    seqpacket = find(release).family.seqpacket
    with tempfile.TemporaryDirectory() as scratch, network() as inside:
        # ip-netns(8) puts this file over /etc/resolv.conf: no name server is asked.
        nobody = Path("/etc/netns") / inside[-1]
        nobody.mkdir(parents=True)
        (nobody / "resolv.conf").write_text("")
        rooms = []
        for number in range(WORKERS):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            for file, text in json.loads((DATA / "aux.json").read_text()).items():
                (folder / file).write_text(text)
            answering = Answering(str(folder / "S"), seqpacket=seqpacket)
            answering.start()
            rooms.append((answering, folder))

        def share(number: int) -> list[str]:
            answering, folder = rooms[number]
            return [record(program, inside, answering, folder, one) for one in probes[number::WORKERS]]

        try:
            with ThreadPoolExecutor(WORKERS) as pool:
                shares = list(pool.map(share, range(WORKERS)))
        finally:
            shutil.rmtree(nobody)
        for at in range(len(probes)):
            yield shares[at % WORKERS][at // WORKERS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release")
    parser.add_argument("program")
    parser.add_argument("--of", nargs="+", required=True)
    parser.add_argument("--to")
    options = parser.parse_args()
    to = options.to or str(DATA / f"{options.release}.jsonl.xz")
    with lzma.open(to, "wt", preset=9 | lzma.PRESET_EXTREME) as file:
        for line in lines(options.release, options.program, asked(options.of)):
            file.write(line + "\n")


if __name__ == "__main__":
    main()
