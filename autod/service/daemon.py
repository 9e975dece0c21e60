"""The process of `autod supervise`: signals, sockets, the service manager; supervisor and API inside.

Owns the order of starting and stopping. Decides nothing about a connection.
"""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING

import structlog
import trio

from autod.errors import ConfigurationError
from autod.service.access import Access
from autod.service.methods import Methods
from autod.service.notify import Notifier, listen_fds, watchdog_seconds
from autod.service.server import Bounds, Server, listen
from autod.supervisor.configured import ConfiguredSupervisor
from autod.supervisor.ipsecconf import IpsecConf
from autod.supervisor.plutolink import PlutoLink
from autod.supervisor.states import Keep, State

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    from autod.protocol.releases import Release
    from autod.supervisor.link import Link
    from autod.supervisor.settings import Settings
    from autod.supervisor.wanted import Source

__all__ = ["Daemon", "build"]

log = structlog.get_logger("autod.supervise")

STATUS_EVERY = 2.0


def build(
    settings: Settings,
    *,
    path: str | None,
    version: str,
    override: Callable[[Settings], Settings] = lambda settings: settings,
    notifier: Notifier | None = None,
) -> Daemon:
    """The daemon over a real pluto, as `settings` say."""
    source = IpsecConf(settings.supervise.configuration)

    def found(release: Release) -> None:
        source.release = release

    link = PlutoLink(
        settings.pluto.socket,
        config=settings.supervise.configuration,
        release=settings.pluto.release or None,
        answer=settings.supervise.answer,
        limit=settings.supervise.limit,
        on_found=found,
    )
    return Daemon(
        settings, link, source, path=path, version=version, override=override, notifier=notifier or Notifier()
    )


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
        override: Callable[[Settings], Settings] = lambda settings: settings,
    ) -> None:
        self.notifier = notifier
        self._reloads = 0
        self.supervisor = ConfiguredSupervisor(
            settings,
            link,
            source,
            path=path,
            override=override,
            version=version,
            on_reload=self._reload,
        )
        self.settings = settings
        access, unknown = Access.of_groups(settings.api.look, settings.api.change)
        for name in unknown:
            log.warning("there is no such group, so nobody gets a right by it", group=name)
        bounds = Bounds(
            connections=settings.api.connections, message=settings.api.message, stall=settings.api.stall
        )
        self.server = Server(Methods(self.supervisor, version), access, bounds)

    async def run(self, passed: Mapping[str, Sequence[socket.socket]] | None = None) -> None:
        """Serve until told to stop. `passed` are the sockets of the service manager, by name.

        Raises ConfigurationError where a socket cannot be made.
        """
        passed = listen_fds() if passed is None else passed
        sockets = [s for name, many in passed.items() if name != "metrics" for s in many]
        own = None
        if not sockets and self.settings.api.socket:
            own = self.settings.api.socket
            sockets = [_listen(own)]
        try:
            with trio.open_signal_receiver(signal.SIGHUP, signal.SIGTERM, signal.SIGINT) as signals:
                async with trio.open_nursery() as nursery:
                    await self.supervisor.start()
                    working = trio.CancelScope()
                    nursery.start_soon(self._supervise, working)
                    for sock in sockets:
                        nursery.start_soon(self.server.serve, sock)
                    await self._metrics(nursery, passed.get("metrics", ()))
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
                _unlink(own)

    async def _supervise(self, working: trio.CancelScope) -> None:
        with working:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.supervisor.watch)
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

    async def _metrics(self, nursery: trio.Nursery, passed: Sequence[socket.socket]) -> None:
        said = self.settings.metrics
        if not (said.listen or said.textfile or passed):
            return
        from autod.service.metrics import Exporter

        exporter = Exporter(self.supervisor, self.server)
        if said.textfile:
            nursery.start_soon(partial(exporter.write, said.textfile, said.every))
        for sock in passed or ([exporter.listen(said.listen)] if said.listen else []):
            nursery.start_soon(exporter.serve, sock)

    async def _watchdog(self) -> None:
        """Tell the manager that the loop turns, from the loop: a planning task that is stuck tells nothing."""
        every = watchdog_seconds()
        if every is None:
            return
        while True:
            await self.supervisor.pulse()
            self.notifier.watchdog()
            await trio.sleep(every / 3)

    async def _status(self) -> None:
        told = ""
        while True:
            seen, line = self.supervisor.feed.last, self._line()
            if line != told and not self._reloads:
                told = line
                self.notifier.status(line)
            await trio.sleep(STATUS_EVERY)
            await self.supervisor.feed.wait(seen)

    def _reload(self, begins: bool) -> None:
        self._reloads += 1 if begins else -1
        if begins and self._reloads == 1:
            self.notifier.reloading()
        elif not self._reloads:
            self.notifier.ready(self._line())

    def _line(self) -> str:
        states = self.supervisor.engine.states()
        table = self.supervisor.engine.table
        wanted = sum(e.wanted.policy.keep is Keep.UP for e in table.values())
        words = [f"{states[State.UP]} of {wanted} up"]
        words += [f"{states[s]} {s.value}" for s in _WORTH if states[s]]
        if not self.supervisor.pluto_runs():
            words.append("pluto is not running")
        elif self.supervisor.stuck:
            words.append("pluto does not answer")
        if self.supervisor.configuration != "ok":
            words.append(f"bad configuration: {self.supervisor.configuration}")
        return ", ".join(words)


_WORTH = (State.STARTING, State.WAITING, State.REFUSED, State.SUSPENDED)


def _listen(path: str) -> socket.socket:
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o755, exist_ok=True)
        return listen(path)
    except OSError as problem:
        raise ConfigurationError(f"api.socket: {problem.strerror or problem}", where=path) from None


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError as problem:
        log.debug("socket not removed", path=path, detail=str(problem))
