"""The memory of loading: a digest of the messages for each connection of a running pluto, and the names of a file.

Owns: two small kinds of file, who may write them, and which of their lines still count. Must not know: how connections
are compared (autod.config.compare), sockets, pluto.

Loads are kept in the folder for running plutos (/run/autod for root), one file for each life of a pluto, one line for
each connection: its serial number in that pluto, and a digest of the messages. If another pluto runs, or somebody else
loaded the connection again, the serial number is another one, and the line does not count. No line holds a setting.

Names are kept for good (/var/lib/autod), by the paths of the configuration and of the control socket: a connection that
was in the file at its last load, and is no longer there, belonged to the file. A file that others than its user could
write is not read.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import blake2s
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from autod.config.comparison import Load
from autod.config.include import STANDARD_INPUT
from autod.exchange.descriptors import runtime_folder
from autod.exchange.peer import listener

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from autod.exchange.peer import Listener

__all__ = ["Record", "loads_of", "state_folder"]

_MOST = 64 * 1024 * 1024
"""Bytes of such a file: 5,000 connections have 0.6 MB."""

_TIDY = 4 * 1024 * 1024
"""If a file has more bytes than this, it is written again, without the lines that no longer count."""


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    serial: int
    digest: str
    auto: str = ""
    writer: str = ""


class _Names(msgspec.Struct, frozen=True):
    path: str
    socket: str
    names: dict[str, str]


def state_folder() -> Path | None:
    """The folder for names: the one that systemd makes for a service, /var/lib/autod for root, else autod in
    XDG_STATE_HOME, else None."""
    service_folder = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if service_folder:
        return Path(service_folder)
    if os.geteuid() == 0:
        return Path("/var/lib/autod")
    state = os.environ.get("XDG_STATE_HOME", "")
    return Path(state) / "autod" if state.startswith("/") else None


def loads_of(data: bytes) -> dict[str, Load]:
    """The lines of a file of loads. The last line of each name counts. A line that cannot be read is left out."""
    by_name: dict[str, Load] = {}
    decoder = msgspec.json.Decoder(_Line)
    for line in data.split(b"\n"):
        if not line:
            continue
        try:
            entry = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeError):
            continue
        by_name[entry.name] = Load(entry.serial, entry.digest, entry.auto, entry.writer)
    return by_name


class Record:
    """The record of the pluto that listens at `socket` and of the configuration at `path`.

    `run` and `state` are the folders, None for those of this user. Nothing raises: a file that cannot be read counts as
    empty, and one that cannot be written is not written.
    """

    def __init__(
        self,
        socket: str,
        path: str,
        *,
        pluto: Listener | None = None,
        run: Path | None = None,
        state: Path | None = None,
    ) -> None:
        self._socket = os.path.realpath(socket)
        self._path = None if path == STANDARD_INPUT else os.path.realpath(path)
        self._pluto = listener(socket) if pluto is None else pluto
        runtime = runtime_folder() if run is None else run
        self._run = None if runtime is None else Path(runtime)
        self._state = state if state is not None else state_folder()

    def loads(self) -> dict[str, Load]:
        """The last load of each connection, by its name in pluto."""
        place = self._loads_place()
        data = None if place is None else _read(place)
        return loads_of(data) if data is not None else {}

    def note(self, loads: Mapping[str, Load]) -> None:
        """Add these loads to the record."""
        place = self._loads_place()
        if place is None or not loads:
            return
        lines = b"".join(_line(name, load) for name, load in loads.items())
        try:
            size = place.stat().st_size
        except OSError:
            size = 0
        if size > _TIDY:
            lines = b"".join(_line(name, load) for name, load in {**self.loads(), **loads}.items())
        elif size and _append(place, lines):
            return
        else:
            self._forget_others(place)
        _write(place, lines)

    def names(self) -> dict[str, str]:
        """The connections that the configuration had at its last load, each with its file."""
        place = self._names_place()
        data = None if place is None else _read(place)
        if data is None:
            return {}
        try:
            stored = msgspec.json.decode(data, type=_Names)
        except (msgspec.DecodeError, UnicodeError):
            return {}
        return stored.names if (stored.path, stored.socket) == self._key() else {}

    def remember(self, names: Mapping[str, str], *, forget: Collection[str] = ()) -> None:
        """Add these names to the record, and remove those in `forget`."""
        place = self._names_place()
        before = self.names()
        forgotten = {_plain(name) for name in forget}
        after = {
            name: file
            for name, file in {**before, **{_plain(n): _plain(f) for n, f in names.items()}}.items()
            if name not in forgotten
        }
        if place is not None and after != before:
            _write(place, msgspec.json.encode(_Names(*self._key(), after)))

    def _key(self) -> tuple[str, str]:
        return _plain(self._path or ""), _plain(self._socket)

    def _names_place(self) -> Path | None:
        if self._state is None or self._path is None:
            return None
        return self._state / "loaded" / f"{_digest(*self._key())}.json"

    def _loads_place(self) -> Path | None:
        """The file for the life of this pluto: named after its process if that is visible, else after its socket."""
        pluto = self._pluto
        if self._run is None or pluto.file is None:
            return None
        file = pluto.file
        life = (
            f"{pluto.pid} {pluto.start}"
            if pluto.is_visible
            else f"{file.device} {file.inode} {file.changed_ns}"
        )
        return self._run / "loads" / f"{_digest(self._socket)}-{_digest(life)}.jsonl"

    def _forget_others(self, place: Path) -> None:
        """Remove the files of plutos that listened here before: their connections no longer exist."""
        head = place.name.partition("-")[0]
        with contextlib.suppress(OSError):
            for file in place.parent.glob(f"{head}-*.jsonl"):
                if file != place:
                    file.unlink()


def _line(name: str, load: Load) -> bytes:
    return msgspec.json.encode(_Line(_plain(name), load.serial, load.digest, load.auto, load.writer)) + b"\n"


def _plain(text: str) -> str:
    """Names are bytes, and JSON is text: bytes that are not UTF-8 are escaped."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _digest(*texts: str) -> str:
    return blake2s("\0".join(texts).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def _read_head(place: Path) -> bytes | None:
    return _read(place, 1)


def _read(place: Path, most: int = _MOST) -> bytes | None:
    """The content of the file, if it belongs to this user and only this user could write it."""
    try:
        folder = place.parent.stat()
        with open(os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            mine = all(stat.st_uid == os.geteuid() and not stat.st_mode & 0o022 for stat in (folder, status))
            return file.read(most) if mine else None
    except OSError:
        return None


def _append(place: Path, data: bytes) -> bool:
    """Append to a file that only this user could write. False if it is not such a file, or cannot be written."""
    if _read_head(place) is None:
        return False
    try:
        with open(os.open(place, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC), "wb") as file:
            file.write(data)
    except OSError:
        return False
    return True


def _write(place: Path, data: bytes) -> None:
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(draft, flags, 0o600), "wb") as file:
            file.write(data)
        draft.replace(place)
