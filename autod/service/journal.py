"""Where log lines go: the journal with fields, JSON lines, or lines for people.

Owns the journal's native protocol and the configuration of structlog. Only a main program calls `configure`;
nothing happens on import.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

__all__ = ["SOCKET", "JournalRenderer", "configure", "encode_entry", "under_systemd"]

SOCKET = "/run/systemd/journal/socket"

_PRIORITY = {"critical": 2, "error": 3, "exception": 3, "warning": 4, "info": 6, "debug": 7}
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

_FIELDS = {"connection": "AUTOD_CONNECTION", "ike_sa": "AUTOD_IKE_SA", "child_sa": "AUTOD_CHILD_SA"}
"""Fields whose name in the journal is documented; for every other field it is AUTOD_ and its name in capitals."""

_MOMENTS = ("next_try",)
"""Fields that are UNIX seconds: in a line for people they are clock times."""


def under_systemd(environ: Mapping[str, str] = os.environ, stream: TextIO | None = None) -> bool:
    """Whether standard error is the journal's, by JOURNAL_STREAM (systemd.exec(5))."""
    device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat((stream or sys.stderr).fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))


def encode_entry(fields: Mapping[str, str]) -> bytes:
    """One entry in the journal's native protocol: only values with a newline carry their length."""
    parts = []
    for name, value in fields.items():
        data = value.encode("utf-8", "surrogateescape")
        if b"\n" in data:
            parts.append(name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n")
        else:
            parts.append(name.encode() + b"=" + data + b"\n")
    return b"".join(parts)


class JournalRenderer:
    """The last processor of a chain: sends the event to the journal, and drops it if that fails.

    A message that is longer than a datagram is cut: the journal takes it only as a sealed memory file, and no event of
    autod needs one.
    """

    MAX = 65536

    def __init__(self, identifier: str = "autod", path: str = SOCKET) -> None:
        self._identifier = identifier
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        self.lost = 0

    def close(self) -> None:
        self._socket.close()

    def __call__(self, logger: WrappedLogger, method: str, event_dict: EventDict) -> Any:
        from structlog import DropEvent

        try:
            self._socket.sendto(encode_entry(self.fields(method, event_dict)), self._path)
        except OSError:
            # A full journal must not hold the tunnels back.
            self.lost += 1
        raise DropEvent

    def fields(self, method: str, event_dict: EventDict) -> dict[str, str]:
        """The journal's fields for an event."""
        rest = {k: v for k, v in event_dict.items() if k not in ("event", "level", "timestamp")}
        message = " ".join(
            [
                str(event_dict.get("event", "")),
                *(f"{k}={_readable(k, v)}" for k, v in rest.items() if k != "exception"),
            ]
        )
        fields = {
            "MESSAGE": message[: self.MAX],
            "PRIORITY": str(_PRIORITY.get(str(event_dict.get("level", method)), 6)),
            "SYSLOG_IDENTIFIER": self._identifier,
            "AUTOD_EVENT": str(event_dict.get("event", "")),
        }
        for key, value in rest.items():
            name = (
                _FIELDS.get(key)
                or "AUTOD_" + "".join(c if c.isalnum() and c.isascii() else "_" for c in key).upper()
            )
            fields[name[:64]] = str(value)[: self.MAX]
        return fields


def _readable(name: str, value: object) -> object:
    if name not in _MOMENTS or not isinstance(value, (int, float)):
        return value
    there = time.localtime(value)
    today = there[:3] == time.localtime()[:3]
    return time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", there)


def _for_people(logger: WrappedLogger, method: str, event_dict: EventDict) -> EventDict:
    for name in _MOMENTS:
        if name in event_dict:
            event_dict[name] = _readable(name, event_dict[name])
    # A peer can put control characters into pluto's lines. They must not move a terminal's cursor.
    for name, value in event_dict.items():
        if isinstance(value, str):
            event_dict[name] = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", value)
    return event_dict


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _json(event: Any, **_: Any) -> str:
    import msgspec

    try:
        return msgspec.json.encode(event, enc_hook=str).decode()
    except UnicodeEncodeError:
        # pluto's lines may hold what is not UTF-8.
        import json

        return json.dumps(event, default=str)


class _Unfailing:
    """A stream whose writes never raise: a full disk, or a reader that left, must not end supervision."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def configure(form: str = "auto", level: str = "info", *, stream: TextIO | None = None) -> None:
    """Configure structlog for this process. `form` is auto, journal, console or json. Lines go to `stream`; None is
    standard error."""
    import structlog

    if form == "auto":
        form = "journal" if under_systemd() else "console"
    processors: list[Any] = [structlog.contextvars.merge_contextvars, structlog.processors.add_log_level]
    if form == "journal":
        processors += [structlog.processors.format_exc_info, JournalRenderer()]
    elif form == "json":
        processors += [
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_json),
        ]
    else:
        processors += [
            structlog.processors.TimeStamper("%Y-%m-%d %H:%M:%S", utc=False),
            _for_people,
            # Locals in tracebacks could hold what must not be shown.
            structlog.dev.ConsoleRenderer(
                colors=(stream or sys.stderr).isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Unfailing(stream or sys.stderr))),
        cache_logger_on_first_use=False,
    )
