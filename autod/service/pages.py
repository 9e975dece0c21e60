"""The live page for a browser: the connections of the supervisor, their state and their last day. It changes nothing.

Owns the paths and their answers. The files are in page/ beside this module; the style is that of the report of a run.
Names, and texts of peers and of pluto, go out as JSON; the page shows them as text, never as markup.
"""

from __future__ import annotations

import socket
import time
from importlib import resources
from typing import TYPE_CHECKING

import msgspec
import trio
from msgspec import Struct

from autod.bulk.report import style
from autod.service import history
from autod.service.http import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.service.http import Handler
    from autod.service.recorder import Recorder
    from autod.supervisor.loop import Supervisor
    from autod.supervisor.views import PlutoView, SupervisedConnection

__all__ = ["Pages"]

FRESH = 1.0
"""Seconds for which one picture of the state serves all readers."""
DAY_FRESH = 20.0
OUTAGES = 5000

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = (("Content-Security-Policy", POLICY), ("X-Frame-Options", "DENY"))


class _State(Struct):
    host: str
    now: float
    version: str
    since: float
    configuration: str
    troubles: tuple[str, ...]
    pluto: PlutoView
    connections: list[SupervisedConnection]


class _Day(Struct):
    since: float
    until: float
    connections: list[history.Account]
    outages: list[history.Outage]


class Pages:
    """The pages over one supervisor and its history."""

    def __init__(
        self, supervisor: Supervisor, recorder: Recorder, *, wall: Callable[[], float] = time.time
    ) -> None:
        self._supervisor = supervisor
        self._recorder = recorder
        self._wall = wall
        self._state: tuple[float, bytes] = (-FRESH, b"")
        self._day: tuple[float, bytes] = (-DAY_FRESH, b"")
        self._looking = trio.Lock()

    def handlers(self) -> dict[str, Handler]:
        """Path -> handler."""
        files = {
            "/": ("index.html", "text/html; charset=utf-8"),
            "/page.css": ("page.css", "text/css; charset=utf-8"),
            "/page.js": ("page.js", "text/javascript; charset=utf-8"),
        }
        folder = resources.files("autod.service").joinpath("page")
        handlers = {
            path: _fixed(folder.joinpath(name).read_bytes(), kind) for path, (name, kind) in files.items()
        }
        handlers["/look.css"] = _fixed(style().encode(), "text/css; charset=utf-8")
        return handlers | {"/state.json": self.state, "/day.json": self.day, "/history.json": self.history}

    async def state(self, _: Request) -> Response:
        """The state of every connection."""
        now = trio.current_time()
        at, body = self._state
        if now - at >= FRESH:
            body = msgspec.json.encode(self._look())
            self._state = (now, body)
        await trio.lowlevel.checkpoint()
        return _json(body)

    async def day(self, _: Request) -> Response:
        """The last 24 h of each connection."""
        async with self._looking:
            now = trio.current_time()
            at, body = self._day
            if now - at >= DAY_FRESH:
                until = self._wall()
                since = until - history.DAY
                try:
                    accounts = await self._recorder.accounts(since, until)
                    outages = await self._recorder.outages(since, until, [], OUTAGES)
                except OSError as problem:
                    return _none(problem)
                body = msgspec.json.encode(_Day(since, until, accounts, outages))
                self._day = (now, body)
        return _json(body)

    async def history(self, request: Request) -> Response:
        """The outages of one connection in the last 24 h."""
        until = self._wall()
        since = until - history.DAY
        name = request.query.get("name", "")
        # Only a name is allowed, not a pattern, so that no request can make this read everything.
        if self._supervisor.entry(name) is None:
            return Response(b"there is no such connection\n", status=404, headers=_HEADERS)
        try:
            outages = await self._recorder.outages_of(since, until, name, history.MOST)
        except OSError as problem:
            return _none(problem)
        return _json(msgspec.json.encode({"since": since, "until": until, "outages": outages}))

    def _look(self) -> _State:
        supervisor = self._supervisor
        figures = supervisor.statistics()
        connections = [
            connection
            for name in supervisor.names()
            if (connection := supervisor.connection(name)) is not None
        ]
        return _State(
            host=socket.gethostname(),
            now=round(self._wall(), 3),
            version=figures.version,
            since=figures.since,
            configuration=figures.configuration,
            troubles=figures.troubles,
            pluto=figures.pluto,
            connections=connections,
        )


def _fixed(body: bytes, kind: str) -> Handler:
    response = Response(body, kind, headers=_HEADERS)

    async def answer(_: Request) -> Response:
        await trio.lowlevel.checkpoint()
        return response

    return answer


def _json(body: bytes) -> Response:
    return Response(body, "application/json", headers=_HEADERS)


def _none(problem: OSError) -> Response:
    return Response(f"{problem.strerror or problem}\n".encode(), status=404, headers=_HEADERS)
