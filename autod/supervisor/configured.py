"""The supervisor with a configuration: reads it, reads it again, and remembers suspensions.

Owns reloads (all or nothing: a bad file changes nothing), the watch over files, and the file of suspensions.
"""

from __future__ import annotations

import glob
import itertools
import json
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import structlog
import trio

from autod.config.steps import removes_too_much
from autod.errors import ConfigurationError, UsageError, WhackError
from autod.supervisor.differing import differences, differing, doomed, edited, without
from autod.supervisor.following import concerned, follow_network
from autod.supervisor.kept import replace_file
from autod.supervisor.loop import Supervisor
from autod.supervisor.own import Own
from autod.supervisor.peernames import Doubts, Use, follow_names, is_name, is_old
from autod.supervisor.settings import Settings
from autod.supervisor.settingsfile import LastGood, Read, load
from autod.supervisor.states import Act, Actual, Changed, Keep, Mended
from autod.supervisor.table import Synced
from autod.supervisor.views import Differences, Left, Operator, plain
from autod.supervisor.wanted import Reading, Source, resolve

if TYPE_CHECKING:
    from autod.config import Connection
    from autod.supervisor.link import Compared, Instance, Link
    from autod.supervisor.network import Change
    from autod.supervisor.table import Wanted

__all__ = ["ConfiguredSupervisor", "signature"]

log = structlog.get_logger("autod.supervisor")

Signature = tuple[tuple[str, int, int, int], ...]


def signature(patterns: Sequence[str]) -> Signature:
    """The stats of the files that match `patterns`: they differ if a file was changed. No content is read."""
    entries = []
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)) if any(c in pattern for c in "*?[") else [pattern]:
            try:
                status = os.stat(path)
            except OSError:
                entries.append((path, 0, 0, 0))
                continue
            entries.append((path, status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(entries)


class ConfiguredSupervisor(Supervisor):
    """A supervisor of the connections of `source` and of the settings file at `path`.

    `path` None: `settings` never change. `last_good` keeps the settings, for a start with a broken file. `on_reload` is
    called when a reload begins (True) and ends (False).
    """

    def __init__(
        self,
        settings: Settings,
        link: Link,
        source: Source,
        *,
        path: str | None = None,
        last_good: LastGood | None = None,
        override: Callable[[Settings], Settings] = lambda settings: settings,
        version: str = "",
        wall: Callable[[], float] = time.time,
        on_reload: Callable[[bool], None] = lambda begins: None,
        own: Own | None = None,
    ) -> None:
        super().__init__(settings, link, version=version, wall=wall)
        self._source = source
        self._own = own or Own()
        self._path = path
        self._last_good = last_good or LastGood(None)
        self._override = override
        self.new_settings = trio.Event()
        """Set, and replaced by a new event, when new settings come into force."""
        self._on_reload = on_reload
        self._file: Reading | None = None
        """The last reading of the configuration."""
        self._reading: Reading | None = None
        """The same, with the connections that the supervisor itself keeps."""
        self._by_host: dict[str, tuple[str, ...]] = {}
        """The connections of each host name."""
        self._doubts = Doubts()
        self._names_due = trio.Event()
        """Set, and replaced by a new event, when a connection is lost and when there may be other host names."""
        self._instance: Instance | None = None
        self._met = trio.Event()
        """Set, and replaced by a new event, when a pluto is found."""
        self._reloading = trio.Lock()
        self._salt = os.uname().nodename
        self._last_signatures = self._signatures()
        self._suspended, self._forgotten = _remembered(settings.supervise.state)
        self._stays = ""
        """A sentence about connections that left the configuration and stay in pluto."""

    async def prepare(self, instance: Instance) -> None:
        """Read the configuration as the release of this pluto reads it: pluto has just read the file, too."""
        self._instance = instance
        met, self._met = self._met, trio.Event()
        met.set()
        # The error was reported; connections that the settings name are kept all the same.
        with suppress(ConfigurationError):
            await self._take(self.settings)

    def began_with(self, loaded: Read) -> None:
        """Report the errors in the file of the settings, or keep it as the last good one."""
        for problem in loaded.problems:
            self.trouble(
                "settings", f"{problem}; the last good settings, or else the defaults, count instead"
            )
        if not loaded.problems:
            self._keep(loaded.text)

    async def start(self) -> None:
        """Keep the connections that the settings name, before a pluto is found."""
        if self._forgotten:
            self.trouble("supervise.state", self._forgotten)
        self._adopt(self.settings, Reading())
        await trio.lowlevel.checkpoint()

    async def reload(self, *, force: bool = False) -> Synced:
        """Read settings, configuration and secrets again. Raises ConfigurationError: then nothing has changed.

        `force`: also if that takes more connections out of pluto than the settings allow at once.
        """
        self._on_reload(True)
        try:
            async with self._reloading:
                self._last_signatures = self._signatures()
                settings, text = self.settings, None
                if self._path is not None:
                    try:
                        loaded = await trio.to_thread.run_sync(partial(load, self._path, missing_ok=True))
                    except ConfigurationError as problem:
                        self._bad(problem)
                        raise
                    settings, text = self._override(loaded.settings), loaded.text
                synced = await self._take(settings, force=force)
                if text is not None:
                    self.trouble("settings", "")
                    await trio.to_thread.run_sync(self._keep, text)
                await self.reread_secrets()
                self.mended("the configuration was read again")
                return synced
        finally:
            self._on_reload(False)

    async def met(self) -> None:
        """Compare the configuration with a pluto that ran before, and replace what is of an older configuration."""
        try:
            compared = await self._compare(self._reading)
        except WhackError as problem:
            log.warning("pluto was not compared with the configuration", detail=plain(str(problem)))
            return
        if compared is not None:
            self._replace(differing(compared))
            self._settle(self._forget(compared))

    async def add(self, connection: Connection, *, replace: bool = False) -> None:
        """Keep a connection that stands in no file, over restarts of pluto and of this process.

        ConfigurationError if it cannot be loaded, if the configuration has it, or, without `replace`, if it is kept
        already: then nothing has changed.
        """
        name = connection.name
        async with self._reloading:
            text = await trio.to_thread.run_sync(self._own.check, connection)
            if self._file is not None and name in self._file.connections:
                raise ConfigurationError(f"{name!r} stands in the configuration: change it there")
            if name in self._own.names and not replace:
                raise ConfigurationError(f"{name!r} is there already: it can be replaced")
            await trio.to_thread.run_sync(self._own.add, name, text)
            await self._enforce(self.settings, self._file or Reading())

    async def remove(self, names: Sequence[str]) -> None:
        """Give up connections of `add`, and delete them from pluto.

        ConfigurationError if one of them stands in the configuration: then nothing has changed.
        """
        doomed = [self._name(name) for name in names]
        async with self._reloading:
            others = [name for name in doomed if name not in self._own.names]
            if others:
                raise ConfigurationError(f"{others[0]!r} stands in the configuration: take it out there")
            await trio.to_thread.run_sync(self._own.remove, doomed)
            await self._enforce(self.settings, self._file or Reading(), given_up=doomed)

    async def sync(self, *, dry: bool) -> Differences:
        """Look at all connections of pluto. Unless `dry`, those that are missing or differ are then loaded, and those
        that left the configuration are deleted.

        Raises PlutoGone or DeadlinePassed.
        """
        table = self.engine.table
        stale = [n for n, e in table.items() if e.record.stale]
        if dry:
            snapshot = await self.link.look(states=True, everything=True)
        else:
            snapshot = await self.look()
        present = snapshot.present or {}
        missing = [
            n
            for n, e in table.items()
            if n not in present and e.wanted.policy.keep not in (Keep.DOWN, Keep.GONE)
        ]
        ours = self._ours()
        compared = await self._compare(self._reading)
        if compared is None:
            extra = sorted(n for n in present if n not in ours and n.rpartition("/")[0] not in ours)
            return Differences(*_shown(missing, stale, extra))
        leftovers: Sequence[Left] = doomed(compared, percent=self.settings.supervise.remove_at_most)[1]
        if not dry:
            self._replace(differing(compared))
            self._settle(self._forget(compared))
        return differences(compared, missing, leftovers, ours=ours)

    def routes(self, name: str) -> bool:
        """Whether the connection of this name should be routed now."""
        entry = self.engine.table.get(name)
        return entry is not None and entry.wanted.policy.keep is Keep.ROUTED and not entry.record.suspended

    def order(self, act: str, names: Sequence[str], by: Operator | None = None) -> None:
        super().order(act, names, by)
        for name in map(self._name, names):
            if act in ("down", "suspend"):
                self._suspended[name] = act == "down"
            else:
                self._suspended.pop(name, None)
        try:
            _remember(self.settings.supervise.state, self._suspended)
        except OSError as problem:
            sentence = f"suspensions are not remembered: {self.settings.supervise.state}: {problem.strerror}"
            self.trouble("supervise.state", sentence)
        else:
            self.trouble("supervise.state", "")

    async def watch(self) -> None:
        """Look at the files after each `watch_every`, and reload when they have changed. Until cancelled."""
        moving: tuple[Signature, Signature] | None = None
        while True:
            await trio.sleep(max(self.settings.supervise.watch_every, 0.05))
            now = self._signatures()
            if not self.settings.supervise.watch:
                self._last_signatures = now
            if now == self._last_signatures:
                moving = None
                continue
            if now != moving:
                # Somebody may still be writing: wait until two looks see the same.
                moving = now
                continue
            moving = None
            files_changed, self._last_signatures = now[0] != self._last_signatures[0], now
            if files_changed:
                with suppress(ConfigurationError):
                    await self.reload()
            else:
                await self.reread_secrets()

    async def follow(self) -> None:
        """Tell pluto of addresses and default routes that change, and of names of peers that have another address. Try
        the connections again that may come up by that. Until cancelled."""
        while True:
            met = self._met
            async with trio.open_nursery() as nursery:
                if self._instance is not None:
                    nursery.start_soon(self._follow_network, self._instance.pid)
                    self._doubts = Doubts()
                    names = partial(
                        follow_names,
                        self._hosts,
                        self._resolved,
                        sooner=lambda: self._names_due,
                        every=lambda: self.settings.supervise.resolve_every,
                        rate=lambda: self.settings.supervise.resolve_rate,
                    )
                    nursery.start_soon(names)
                await met.wait()
                nursery.cancel_scope.cancel()

    async def _follow_network(self, pid: int | None) -> None:
        try:
            await follow_network(pid, self._moved)
        except OSError as problem:
            self.trouble("network", f"addresses that come are not noticed: {problem.strerror}")
            await trio.sleep_forever()

    async def _moved(self, network_changes: frozenset[Change]) -> None:
        """Addresses or default routes came or went."""
        connections = self._reading.connections if self._reading is not None else {}
        table = self.engine.table
        ends = {name: connections[name].ends for name in table if name in connections}
        affected = concerned(network_changes, ends)
        if affected.listen and self.pluto is not None:
            try:
                await self.link.listen()
            except WhackError as problem:
                log.warning("pluto was not told of an address that changed", detail=plain(str(problem)))
                return
            # Connections that went down with an address show in a look.
            self.look_soon()
        detail = "an address or a route of this machine changed"
        self._retry(affected.mended, affected.reloaded, detail)
        await self._end_tries(affected.reloaded, detail)

    def went_down(self) -> None:
        self._ask_names()

    def _ask_names(self) -> None:
        """Look again which host names are to be asked for."""
        happened, self._names_due = self._names_due, trio.Event()
        happened.set()

    def _hosts(self) -> dict[str, bool]:
        """The host names of peers, each with whether a connection of it should be up and is not."""
        return {host: any(map(self._is_missed, names)) for host, names in self._by_host.items()}

    def _is_missed(self, name: str) -> bool:
        entry = self.engine.table.get(name)
        return (
            entry is not None
            and entry.wanted.policy.keep is Keep.UP
            and entry.record.actual is not Actual.UP
            and not entry.record.suspended
        )

    async def _resolved(self, answers: Mapping[str, frozenset[str]]) -> None:
        """The names of peers mean these addresses: what pluto has by others is loaded again, and tried. What is up
        stays up, and is loaded again when it is lost."""
        now = trio.current_time()
        doubted = {
            host: names
            for host, addresses in answers.items()
            if (names := self._doubts.about(host, addresses, self._uses(host), now))
        }
        down = [name for names in doubted.values() for name in names if not self._is_up(name)]
        if down:
            # pluto may have asked the resolver itself meanwhile.
            try:
                held = await self.link.hosts(down)
            except WhackError:
                return
            for name in down:
                if name in self.engine.table:
                    self.engine.table[name].hosts = held.get(name)
        for host, names in doubted.items():
            uses, addresses = self._uses(host), answers[host]
            old = [
                name
                for name in names
                if name in uses and (not (now_held := uses[name].held) or is_old(now_held, addresses))
            ]
            detail = f"{host} has another address: {', '.join(sorted(addresses)[:3])}"
            for name in old:
                when = "when it is down" if self._is_up(name) else "now"
                self.tell("reload", connection=name, detail=f"loaded again {when}: {detail}")
            self._retry(old, old, detail)
            if not all(map(self._is_up, old)):
                self._doubts.loaded(host, addresses, now)
                await self._end_tries(old, detail)
        if any(map(self._is_up, itertools.chain.from_iterable(doubted.values()))):
            # It may soon be lost, or was.
            self.look_soon()

    def _uses(self, host: str) -> dict[str, Use]:
        """How the connections of this name use it, but those that will be loaded again anyway."""
        uses = {}
        for name in self._by_host.get(host, ()):
            entry = self.engine.table.get(name)
            if entry is None or entry.record.suspended or entry.record.outdated or entry.record.stale:
                continue
            held = None if entry.hosts is None else entry.hosts.get(host)
            uses[name] = Use(held, entry.record.refused or entry.record.failures > 0)
        return uses

    def _is_up(self, name: str) -> bool:
        entry = self.engine.table.get(name)
        return entry is not None and entry.record.actual is Actual.UP

    async def _end_tries(self, names: Collection[str], detail: str) -> None:
        """End those tries to bring one of `names` up that no peer answered: they go by an address that is no longer the
        right one, and would take a minute to fail."""
        await trio.lowlevel.checkpoint()
        if not any(map(self._is_unanswered, names)):
            return
        try:
            up = (await self.link.look(states=False, everything=False)).up
        except WhackError:
            return
        for name in names:
            # A part of it may be up.
            if self._is_unanswered(name) and not any(one == name or one.startswith(f"{name}/") for one in up):
                self.end_try(name, f"the try went by an old address: {detail}")

    def _is_unanswered(self, name: str) -> bool:
        entry = self.engine.table.get(name)
        return entry is not None and entry.record.acting is Act.UP and not entry.record.heard

    def _retry(self, names: Collection[str], reloaded: Collection[str], detail: str) -> None:
        """Try these now, unless they are up or suspended. Those of `reloaded` are loaded again before that; one that is
        up, when it is down."""
        now = trio.current_time()
        for name in names:
            entry = self.engine.table.get(name)
            if entry is None or entry.record.suspended:
                continue
            if name in reloaded:
                self.engine.feed(name, Changed(later=True, detail=detail), now)
            elif entry.record.actual is not Actual.UP:
                self.engine.feed(name, Mended(detail), now)
        self._wake()

    def _ours(self) -> frozenset[str]:
        """The names that the configuration or the settings have."""
        configured = self._reading.connections if self._reading is not None else {}
        removed = [n for n, e in self.engine.table.items() if e.wanted.policy.keep is Keep.GONE]
        return frozenset(configured.keys() | self.engine.table.keys()).difference(removed)

    async def _compare(self, reading: Reading | None) -> Compared | None:
        """The reading compared with pluto; None if that is not possible. Raises PlutoGone or DeadlinePassed."""
        if reading is None or not reading.configurations or self.pluto is None:
            return None
        return await self.link.compare(reading.configurations, self.engine.table.keys())

    def _replace(self, names: Mapping[str, str]) -> None:
        """Load these again; `names` has a sentence about the differences of each."""
        now = trio.current_time()
        for name, why in names.items():
            entry = self.engine.table.get(name)
            if entry is None or entry.released or entry.record.suspended:
                continue
            up = entry.record.actual is Actual.UP
            self.tell(
                "reload", connection=name, detail=f"replaced{', which takes it down' if up else ''}: {why}"
            )
            self.engine.feed(name, Changed(), now)
        self._wake()

    def _forget(self, compared: Compared, *, force: bool = False) -> str:
        """Delete the connections that left the configuration, unless that may be a mistake. Returns a sentence about
        those that stay."""
        forgotten, leftovers = doomed(compared, percent=self.settings.supervise.remove_at_most, force=force)
        forgotten = tuple(name for name in forgotten if name not in self._ours())
        for name in forgotten:
            self.tell("reload", connection=name, detail="deleted: it left the configuration")
        self.engine.remove(forgotten, trio.current_time())
        self._wake()
        return _left(leftovers)

    def _settle(self, lost: str) -> None:
        """The configuration is good, but `lost` (a sentence, or empty) is about connections that it lost."""
        if self.configuration in ("ok", self._stays):
            self.configuration = lost or "ok"
        if lost and lost != self._stays:
            log.error("connections left the configuration and stay in pluto", detail=lost)
            self.tell("reload", cause="configuration", detail=lost)
        self._stays = lost

    async def _take(self, settings: Settings, *, force: bool = False) -> Synced:
        try:
            reading = await trio.to_thread.run_sync(self._source.read)
            if not force:
                self._check_removals(settings, reading)
        except (ConfigurationError, UsageError) as problem:
            self._bad(problem)
            if isinstance(problem, UsageError):
                raise ConfigurationError(str(problem)) from problem
            raise
        return await self._enforce(settings, reading, force=force)

    async def _enforce(
        self, settings: Settings, file: Reading, *, force: bool = False, given_up: Collection[str] = ()
    ) -> Synced:
        """Keep the connections of the file, and those of `add`, from now on. Those of `given_up` were removed."""
        reading = await trio.to_thread.run_sync(self._own.beside, file)
        both = [name for name in self._own.names if name in file.connections]
        sentence = f"{', '.join(both[:5])}: added, and in the configuration too, which counts" if both else ""
        self.trouble("supervise.connections", sentence or self._own.problem)
        changed = edited(self._reading, reading)
        try:
            compared = await self._compare(reading)
        except WhackError:
            # pluto is asked again when it is met again.
            compared = None
        if compared is not None:
            compared = without(compared, given_up)
        self.settings = settings
        previous, self.new_settings = self.new_settings, trio.Event()
        previous.set()
        self._file, self._reading = file, reading
        for warning in file.warnings:
            log.warning("the configuration", detail=plain(warning))
        by_host: dict[str, list[str]] = {}
        for name, definition in reading.connections.items():
            for host in dict.fromkeys(filter(is_name, definition.ends)):
                by_host.setdefault(host, []).append(name)
        self._by_host = {host: tuple(names) for host, names in by_host.items()}
        self._ask_names()
        # The configuration may include other files now.
        self._last_signatures = self._signatures()
        synced = self._adopt(settings, reading, compared, changed, force=force)
        self.configuration = "ok"
        self._settle("" if compared is None else self._forget(compared, force=force))
        self.tell(
            "reload",
            detail=f"{len(synced.added)} added, {len(synced.changed)} changed, {len(synced.removed)} removed, "
            f"{len(synced.released)} let go, {synced.same} the same",
        )
        return synced

    def _check_removals(self, settings: Settings, reading: Reading) -> None:
        """Raise ConfigurationError if the configuration lost so many connections that it looks like a mistake."""
        if self._reading is None:
            # Nothing was read before, so nothing was lost.
            return
        wanted_names = {
            item.name for item in resolve(settings, reading, salt=self._salt)
        } | reading.connections.keys()
        current = [n for n, e in self.engine.table.items() if e.wanted.policy.keep is not Keep.GONE]
        wanted_names |= set(self._own.names)
        removed = [name for name in current if name not in wanted_names]
        remaining = [name for name in current if name in wanted_names]
        why = removes_too_much(removed, remaining, percent=settings.supervise.remove_at_most)
        if why is not None:
            raise ConfigurationError(
                f"{why}: the old configuration stays; a forced reload deletes them",
                where=settings.supervise.configuration,
                option="force",
            )

    def _adopt(
        self,
        settings: Settings,
        reading: Reading,
        compared: Compared | None = None,
        changed: Collection[str] = (),
        *,
        force: bool = False,
    ) -> Synced:
        wanted: list[Wanted] = resolve(settings, reading, salt=self._salt)
        defined = frozenset(reading.connections) if reading.connections else None
        others = None if compared is None else differing(compared, changed)
        if compared is not None and not force:
            # Connections that the file may have lost by mistake are released, and stay in pluto.
            defined = (defined or frozenset()).union(
                doubt.connection for doubt in compared.comparison.doubtful
            )
        for name, why in (others or {}).items():
            self.tell("reload", connection=name, detail=f"replaced: {why}")
        synced = self.adopt(wanted, defined=defined, differing=None if others is None else frozenset(others))
        for name in synced.added:
            if name in self._suspended:
                self.engine.suspend(name, trio.current_time(), down=False)
        return synced

    def _bad(self, problem: Exception) -> None:
        self.configuration = plain(str(problem))
        log.error("the configuration was not taken", detail=self.configuration)
        self.tell("reload", cause="configuration", detail=str(problem))

    def _keep(self, text: str) -> None:
        if self._path is None:
            return
        try:
            self._last_good.keep(self._path, text)
        except OSError as problem:
            log.warning("the settings are not kept for a start with a broken file", detail=str(problem))

    def _signatures(self) -> tuple[Signature, Signature]:
        files = [self.settings.supervise.configuration]
        if self._path is not None:
            files.append(self._path)
        if self._reading is not None:
            files += [*self._reading.files, *self._reading.expected]
            # A new file beside one that is included is most likely included too.
            files += sorted({f"{os.path.dirname(f)}/*.conf" for f in self._reading.files[1:]})
        return signature(tuple(dict.fromkeys(files))), signature(self.settings.supervise.secrets)


def _shown(
    missing: Collection[str], stale: Collection[str], extra: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    return tuple(map(plain, missing)), tuple(map(plain, stale)), tuple(map(plain, extra))


def _left(leftovers: Sequence[Left]) -> str:
    """A sentence about the connections that left the configuration and stay in pluto, with the reasons."""
    if not leftovers:
        return ""
    reasons = dict.fromkeys(leftover.why for leftover in leftovers)
    return (
        f"{len(leftovers)} connection{'s' if len(leftovers) > 1 else ''} left the configuration and stay in pluto: "
        f"{'; '.join(list(reasons)[:3])}; `autod supervise --reload --force` deletes them"
    )


def _remembered(path: str) -> tuple[dict[str, bool], str]:
    """The suspensions of an earlier life, and why they are not known, as a sentence."""
    try:
        with open(path, "rb") as file:
            return msgspec.convert(json.load(file), dict[str, bool]), ""
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "it makes no sense"
        return {}, f"what was suspended before is not known: {path}: {why}"


def _remember(path: str, suspended: Mapping[str, bool]) -> None:
    if path:
        # Who suspended it was told that it is so: it must be so after a power failure too.
        replace_file(path, json.dumps(suspended))
