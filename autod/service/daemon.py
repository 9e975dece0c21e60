"""The process of `autod supervise`: signals, sockets, the service manager; supervisor, API and side features.

Owns the order of starting and stopping, and the tasks of the side features. Decides nothing about a connection.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import signal
import socket
from typing import TYPE_CHECKING

import structlog
import trio

from autod.client import Pluto
from autod.errors import ConfigurationError
from autod.service.access import Access, Peer, Right
from autod.service.hookrunner import HookRunner
from autod.service.journal import configure as configure_log
from autod.service.methods import Methods
from autod.service.notify import Notifier, listen_fds, watchdog_seconds
from autod.service.recorder import Recorder
from autod.service.server import Bounds, Server, listen
from autod.service.sides import Side, Trouble, keep
from autod.supervisor.addresses import Address
from autod.supervisor.configured import ConfiguredSupervisor
from autod.supervisor.ipsecconf import IpsecConf
from autod.supervisor.own import Own
from autod.supervisor.plutolink import PlutoLink
from autod.supervisor.settingsfile import LastGood, Read
from autod.supervisor.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from autod.protocol.releases import Release
    from autod.service.http import HttpServer
    from autod.service.metrics import Exporter
    from autod.supervisor.link import Link
    from autod.supervisor.settings import Settings
    from autod.supervisor.wanted import Source

__all__ = ["Daemon", "build"]

log = structlog.get_logger("autod.supervise")

STATUS_EVERY = 2.0


def build(
    loaded: Read,
    *,
    path: str | None,
    version: str,
    last_good: LastGood | None = None,
    override: Callable[[Settings], Settings] = lambda settings: settings,
    notifier: Notifier | None = None,
    client: type[Pluto] = Pluto,
) -> Daemon:
    """The daemon over a real pluto, with the loaded settings after `override`. `client` is the class of its client."""
    settings = override(loaded.settings)
    source = IpsecConf(settings.supervise.configuration, leaves=settings.pluto.via_addconn)
    own = Own(settings.supervise.connections)

    def found(release: Release) -> None:
        source.release = own.release = release

    link = PlutoLink(
        settings.pluto.socket,
        config=settings.supervise.configuration,
        release=settings.pluto.release or None,
        dialect=settings.pluto.dialect,
        via_addconn=settings.pluto.via_addconn,
        answer=settings.supervise.answer,
        limit=settings.supervise.limit,
        on_found=found,
        groups=lambda: source.groups,
        routes=lambda name: daemon.supervisor.routes(name),
        file_of=own.file_of,
        client=client,
    )
    daemon = Daemon(
        settings,
        link,
        source,
        path=path,
        version=version,
        last_good=last_good,
        override=override,
        notifier=notifier or Notifier(),
        own=own,
    )
    daemon.supervisor.began_with(loaded)
    return daemon


class Daemon:
    """Everything that runs in the process. `run` ends with SIGTERM or SIGINT."""

    def __init__(
        self,
        settings: Settings,
        link: Link,
        source: Source,
        *,
        path: str | None,
        version: str,
        notifier: Notifier,
        last_good: LastGood | None = None,
        override: Callable[[Settings], Settings] = lambda settings: settings,
        own: Own | None = None,
    ) -> None:
        self.notifier = notifier
        self._reloads = 0
        self.supervisor = ConfiguredSupervisor(
            settings,
            link,
            source,
            path=path,
            last_good=last_good,
            override=override,
            version=version,
            on_reload=self._reload,
            own=own,
        )
        self.settings = settings
        bounds = Bounds(
            connections=settings.api.connections, message=settings.api.message, stall=settings.api.stall
        )
        self.recorder = Recorder(self.supervisor)
        self._hooks = HookRunner(self.supervisor, service=notifier.present)
        access, _ = Access.of_groups(settings.api.look, settings.api.change)
        self.server = Server(Methods(self.supervisor, version, self.recorder), access, bounds)
        self._exporter: Exporter | None = None
        self._passed: Mapping[str, Sequence[socket.socket]] = {}

    async def run(self, passed: Mapping[str, Sequence[socket.socket]] | None = None) -> None:
        """Serve until a signal. `passed` are the sockets of the service manager, by name.

        Raises ConfigurationError if another supervisor answers already.
        """
        self._passed = passed = listen_fds() if passed is None else passed
        sockets = [
            s
            for name, sockets_of_name in passed.items()
            if name not in ("metrics", "page")
            for s in sockets_of_name
        ]
        own = None
        if not sockets and self.settings.api.socket:
            own = self._own_socket(self.settings.api.socket)
            sockets = [own] if own is not None else []
        try:
            with trio.open_signal_receiver(signal.SIGHUP, signal.SIGTERM, signal.SIGINT) as signals:
                async with trio.open_nursery() as nursery:
                    await self.supervisor.start()
                    working = trio.CancelScope()
                    nursery.start_soon(self._supervise, working)
                    for sock in sockets:
                        nursery.start_soon(self.server.serve, sock)
                    for side in self._sides():
                        nursery.start_soon(keep, side, self.supervisor)
                    nursery.start_soon(self._watchdog)
                    nursery.start_soon(self._status)
                    self.notifier.ready(self._line())
                    async for number in signals:
                        if number == signal.SIGHUP:
                            nursery.start_soon(self._hangup)
                            continue
                        break
                    await self._stop(working)
                    nursery.cancel_scope.cancel()
        finally:
            if own is not None:
                _unlink(self.settings.api.socket)

    def _own_socket(self, path: str) -> socket.socket | None:
        try:
            return _listen(path)
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                raise ConfigurationError("api.socket: another supervisor answers here", where=path) from None
            self.supervisor.trouble("api", f"api.socket: {path}: {problem.strerror or problem}")
            return None

    async def _supervise(self, working: trio.CancelScope) -> None:
        with working:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.supervisor.watch)
                nursery.start_soon(self.supervisor.follow)
                nursery.start_soon(self.supervisor.run)

    async def _stop(self, working: trio.CancelScope) -> None:
        down = self.supervisor.settings.supervise.shutdown == "down"
        self.notifier.stopping("taking the tunnels down" if down else "leaving the tunnels as they are")
        working.cancel()
        if down and self.supervisor.pluto_runs():
            within = self.supervisor.settings.supervise.shutdown_within
            self.notifier.extend(within + 5.0)
            await self.supervisor.take_down(within)

    async def _hangup(self) -> None:
        try:
            await self.supervisor.reload()
        except ConfigurationError as problem:
            log.error("the old configuration stays", detail=str(problem))

    def _sides(self) -> list[Side]:
        return [
            Side("log", lambda s: s.log, self._log),
            Side("api", lambda s: (s.api.look, s.api.change), self._access),
            Side("history", lambda s: s.history, self.recorder.run),
            Side("hooks", lambda s: (s.hooks, s.hook), self._hooks.run),
            Side("metrics", lambda s: s.metrics.listen, self._metrics),
            Side("page", lambda s: s.page, self._page),
            Side("textfile", lambda s: (s.metrics.textfile, s.metrics.every), self._textfile),
        ]

    async def _log(self, settings: Settings, trouble: Trouble) -> None:
        if settings.log != self.settings.log:
            configure_log(settings.log.format, settings.log.level)
            self.settings = settings
        await trio.lowlevel.checkpoint()

    async def _access(self, settings: Settings, trouble: Trouble) -> None:
        """The rights of new clients of the API. A client that is connected keeps its rights."""
        self.server.access, unknown = Access.of_groups(settings.api.look, settings.api.change)
        if unknown:
            trouble(f"[api]: no such group: {', '.join(unknown)}; nobody has a right through it")
        await trio.lowlevel.checkpoint()

    async def _metrics(self, settings: Settings, trouble: Trouble) -> None:
        passed = self._passed.get("metrics", ())
        if not (settings.metrics.listen or passed):
            return
        from autod.service.http import HttpServer

        handlers = dict.fromkeys(("/metrics", "/"), self._exports().answer)
        listen = settings.metrics.listen
        server = HttpServer(handlers, any_host=bool(listen) and not Address.parse(listen).local)
        await _serve(server, listen, passed, trouble)

    async def _page(self, settings: Settings, trouble: Trouble) -> None:
        page, passed = settings.page, self._passed.get("page", ())
        if not (page.listen or passed):
            return
        from autod.service.http import HttpServer
        from autod.service.pages import Pages

        for sock in passed:
            if sock.family != socket.AF_UNIX and not _is_loopback(sock) and not page.unprotected:
                raise ConfigurationError(
                    "page.unprotected: everybody who reaches this address could read the page"
                )
        any_host = bool(page.listen) and not Address.parse(page.listen).local
        any_host = any_host or any(
            sock.family != socket.AF_UNIX and not _is_loopback(sock) for sock in passed
        )
        server = HttpServer(
            Pages(self.supervisor, self.recorder).handlers(), may=self._may_look, any_host=any_host
        )
        await _serve(server, page.listen, passed, trouble)

    def _may_look(self, peer: Peer) -> bool:
        return self.server.access.right(peer) >= Right.LOOK

    async def _textfile(self, settings: Settings, trouble: Trouble) -> None:
        if settings.metrics.textfile:
            await self._exports().write(settings.metrics.textfile, settings.metrics.every, trouble)

    def _exports(self) -> Exporter:
        if self._exporter is None:
            from autod.service.metrics import Exporter

            self._exporter = Exporter(self.supervisor, self.server, self.recorder, self._hooks)
        return self._exporter

    async def _watchdog(self) -> None:
        """Tell the manager that the supervisor's loop turns. If the loop is stuck, `pulse` does not return."""
        every = watchdog_seconds()
        if every is None:
            return
        while True:
            await self.supervisor.pulse()
            self.notifier.watchdog()
            await trio.sleep(every / 3)

    async def _status(self) -> None:
        last_line = ""
        while True:
            number, line = self.supervisor.feed.last, self._line()
            if line != last_line and not self._reloads:
                last_line = line
                self.notifier.status(line)
            await trio.sleep(STATUS_EVERY)
            await self.supervisor.feed.wait(number)

    def _reload(self, begins: bool) -> None:
        self._reloads += 1 if begins else -1
        if begins and self._reloads == 1:
            self.notifier.reloading()
        elif not self._reloads:
            self.notifier.ready(self._line())

    def _line(self) -> str:
        states, figures = self.supervisor.engine.states(), self.supervisor.statistics()
        words = [f"{figures.up} of {figures.expected} up"]
        words += [f"{states[s]} {s.value}" for s in _WORTH if states[s]]
        if not self.supervisor.pluto_runs():
            words.append("pluto is not running")
        elif self.supervisor.stuck:
            words.append("pluto does not answer")
        if self.supervisor.configuration != "ok":
            words.append(f"bad configuration: {self.supervisor.configuration}")
        words += [f"trouble: {sentence}" for sentence in self.supervisor.troubles.values()]
        return ", ".join(words)


_WORTH = (State.STARTING, State.WAITING, State.REFUSED, State.SUSPENDED)


def _is_loopback(sock: socket.socket) -> bool:
    return ipaddress.ip_address(sock.getsockname()[0]).is_loopback


async def _serve(server: HttpServer, listen: str, passed: Sequence[socket.socket], trouble: Trouble) -> None:
    """Serve on the sockets `passed`; if there are none, at the address `listen`. Raises OSError."""
    from autod.service.http import open_socket

    address = None
    if passed:
        # Copies: the sockets outlive a change of the settings.
        sockets = [sock.dup() for sock in passed]
    else:
        address = Address.parse(listen)
        try:
            sockets = [open_socket(address)]
        except OSError as problem:
            raise OSError(problem.errno, problem.strerror or str(problem), listen) from None
    trouble("")
    try:
        async with trio.open_nursery() as nursery:
            for sock in sockets:
                nursery.start_soon(server.serve, sock)
    finally:
        if address is not None and address.path:
            _unlink(address.path)


def _listen(path: str) -> socket.socket:
    os.makedirs(os.path.dirname(path) or ".", mode=0o755, exist_ok=True)
    return listen(path)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError as problem:
        log.debug("socket not removed", path=path, detail=str(problem))
