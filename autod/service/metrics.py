"""Metrics of the supervisor for Prometheus: their text, for a socket (see `http`) or in a file.

Owns the names of the metrics (docs/supervisor.md lists them). Imported only if the settings ask for metrics, as
prometheus-client is an extra.

Cardinality: 8 series per connection, 3 more with a history, and one for each cause of its failures; with a history, one
series per peer; one set of buckets of the histogram per group of autod.toml; and a few for the whole.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

import trio
from msgspec import UNSET, UnsetType

from autod.errors import UsageError
from autod.service.history import by_peer
from autod.service.http import Request, Response
from autod.supervisor.states import Act, Actual
from autod.supervisor.views import plain

try:
    from prometheus_client import CollectorRegistry, Histogram, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
except ImportError:  # pragma: no cover - the message is all there is to it
    raise UsageError(
        "metrics need the package prometheus-client: install it, or empty [metrics] in autod.toml"
    ) from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.metrics_core import Metric

    from autod.service.hookrunner import HookRunner
    from autod.service.recorder import Recorder
    from autod.service.server import Server
    from autod.supervisor.loop import Supervisor
    from autod.supervisor.states import Cause

__all__ = ["Exporter"]

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Seconds to up: from a peer in the next rack to one that answers the last retransmission (64 s)."""


class Exporter:
    """The metrics of one supervisor, for a scrape or in a file."""

    def __init__(
        self,
        supervisor: Supervisor,
        server: Server | None = None,
        recorder: Recorder | None = None,
        hooks: HookRunner | None = None,
    ) -> None:
        self._supervisor = supervisor
        self._recorder = recorder
        self._hooks = hooks
        self._server = server
        self._registry = CollectorRegistry()
        self._times = Histogram(
            "autod_time_to_up_seconds",
            "Time from the beginning of a try to the established Child SA.",
            ["group"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._registry.register(self)
        supervisor.on_try = self._tried

    def text(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return _write(self._taken())

    def _taken(self) -> _Taken:
        return _Taken(tuple(self._registry.collect()))

    def collect(self) -> Iterator[Metric]:
        """The metrics, for prometheus-client."""
        yield from self._connections()
        yield from self._history()
        yield from self._rest()

    def describe(self) -> Iterator[Metric]:
        """No metric in advance: which there are depends on the state."""
        return iter(())

    async def answer(self, _: Request) -> Response:
        """The text, for a scrape."""
        return Response(await self._written(), "text/plain; version=0.0.4; charset=utf-8")

    async def _written(self) -> bytes:
        """As text(), but only the figures are taken here and now; a thread writes them down. With 10,000 connections
        that takes 0.3 s, for which pluto and everybody else would wait. A cancellation leaves the thread, whose text
        nobody gets."""
        return await trio.to_thread.run_sync(_write, self._taken(), abandon_on_cancel=True)

    async def write(self, path: str, every: float, trouble: Callable[[str], None]) -> None:
        """Write the text to `path` every `every` seconds, whole or not at all, until cancelled.

        `trouble` gets a sentence if the file cannot be written, and an empty one if it was.
        """
        while True:
            try:
                self._replace(path, await self._written())
            except OSError as problem:
                trouble(f"metrics.textfile: {path}: {problem.strerror or problem}")
            else:
                trouble("")
            await trio.sleep(every)

    def _replace(self, path: str, text: bytes) -> None:
        """Write the file anew. The folder may belong to another user, so no link in it must be followed: the text goes
        into a new file, through its descriptor, and that file is renamed."""
        folder, name = os.path.split(path)
        place = os.open(folder or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            draft = f".{name}.{os.getpid()}.{secrets.token_hex(8)}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(draft, flags, 0o600, dir_fd=place)
            try:
                with open(handle, "wb") as fresh:
                    fresh.write(text)
                    os.fchmod(handle, 0o644)
                os.rename(draft, name, src_dir_fd=place, dst_dir_fd=place)
            except BaseException:
                with suppress(OSError):
                    os.unlink(draft, dir_fd=place)
                raise
        finally:
            os.close(place)

    def _tried(self, name: str, act: Act, cause: Cause | None, seconds: float) -> None:
        if act is Act.UP and cause is None:
            entry = self._supervisor.engine.table.get(name)
            self._times.labels(entry.wanted.group if entry else "").observe(seconds)

    def _connections(self) -> Iterator[Metric]:
        table = self._supervisor.engine.table
        offset = self._supervisor.offset
        label = ["connection"]
        wanted = GaugeMetricFamily(
            "autod_connection_wanted",
            "1 with what the connection should be.",
            labels=["connection", "group", "wanted"],
        )
        state = GaugeMetricFamily(
            "autod_connection_state", "1 with the state the connection is in.", labels=["connection", "state"]
        )
        up = GaugeMetricFamily("autod_connection_up", "Whether a Child SA is established.", labels=label)
        since = GaugeMetricFamily(
            "autod_connection_state_since_timestamp_seconds", "When the state was entered.", labels=label
        )
        flapping = GaugeMetricFamily(
            "autod_connection_flapping", "Whether it is held for flapping.", labels=label
        )
        tries = CounterMetricFamily(
            "autod_connection_tries", "Tries to bring it up or to route it.", labels=label
        )
        failures = CounterMetricFamily(
            "autod_connection_failures", "Tries that failed, by cause.", labels=["connection", "cause"]
        )
        received = CounterMetricFamily(
            "autod_connection_received_bytes", "Bytes received through its Child SAs.", labels=label
        )
        sent = CounterMetricFamily(
            "autod_connection_sent_bytes", "Bytes sent through its Child SAs.", labels=label
        )
        for name, entry in ((plain(name), entry) for name, entry in table.items()):
            record = entry.record
            wanted.add_metric([name, entry.wanted.group, entry.wanted.policy.keep.value], 1)
            state.add_metric([name, record.state.value], 1)
            up.add_metric([name], record.actual is Actual.UP)
            since.add_metric([name], record.since + offset)
            flapping.add_metric([name], record.flapping)
            tries.add_metric([name], entry.attempts)
            for cause, count in entry.failed.items():
                failures.add_metric([name, cause.value], count)
            if record.actual is Actual.UP:
                received.add_metric([name], entry.traffic.received)
                sent.add_metric([name], entry.traffic.sent)
        yield from (wanted, state, up, since, flapping, tries, failures, received, sent)

    def _history(self) -> Iterator[Metric]:
        """The last day, from the history; no series without one."""
        day = self._recorder.day if self._recorder is not None else ()
        share = GaugeMetricFamily(
            "autod_connection_day_availability_ratio",
            "Share of the last 24 h in which it was up, of those in which it should be and somebody knew.",
            labels=["connection"],
        )
        down = GaugeMetricFamily(
            "autod_connection_day_down_seconds",
            "Seconds that it was down in the last 24 h.",
            labels=["connection"],
        )
        losses = GaugeMetricFamily(
            "autod_connection_day_losses", "How often it was lost in the last 24 h.", labels=["connection"]
        )
        peers = GaugeMetricFamily(
            "autod_peer_day_availability_ratio", "The same for all connections of a peer.", labels=["peer"]
        )
        for account in day:
            if isinstance(account.availability, float):
                share.add_metric([account.name], account.availability)
            down.add_metric([account.name], account.down)
            losses.add_metric([account.name], account.losses)
        for account in by_peer(day):
            if account.name and isinstance(account.availability, float):
                peers.add_metric([account.name], account.availability)
        yield from (share, down, losses, peers)

    def _rest(self) -> Iterator[Metric]:
        figures = self._supervisor.statistics()
        pluto = figures.pluto
        instance = self._supervisor.pluto
        release = GaugeMetricFamily("autod_pluto_info", "1 with the release that runs.", labels=["release"])
        if pluto.release is not UNSET:
            release.add_metric([str(pluto.release)], 1)
        yield release
        info = GaugeMetricFamily("autod_info", "1 with autod's own version.", labels=["version"])
        info.add_metric([figures.version], 1)
        yield info
        limit = instance.descriptors if instance is not None else None
        rows: list[tuple[str, str, float | int | UnsetType | None]] = [
            ("autod_wanted_up", "Connections that should be up, without suspended ones.", figures.expected),
            ("autod_pluto_up", "Whether pluto runs.", pluto.running),
            ("autod_pluto_stuck", "Whether pluto runs and does not answer.", self._supervisor.stuck),
            ("autod_pluto_answer_seconds", "What pluto took to tell its state last.", pluto.answer_seconds),
            ("autod_pluto_open_descriptors", "Files that pluto has open.", pluto.descriptors),
            ("autod_pluto_max_descriptors", "Files that pluto may have open.", limit),
            ("autod_tries_in_flight", "Tries that run now.", figures.in_flight),
            ("autod_tries_queued", "Tries that wait for a place.", figures.queued),
            ("autod_tries_limit", "Tries that may run at once.", figures.limit),
            ("autod_subscribers", "Clients that follow events.", figures.subscribers),
            ("autod_loop_delay_seconds", "How late the loop last was.", self._supervisor.loop_delay),
            (
                "autod_configuration_ok",
                "Whether the configuration could be read.",
                figures.configuration == "ok",
            ),
            (
                "autod_troubles",
                "What autod cannot do as its settings say; each is in its status.",
                len(figures.troubles),
            ),
        ]
        for name, text, value in rows:
            if value is not None and value is not UNSET:
                yield GaugeMetricFamily(name, text, value=float(value))
        counters: list[tuple[str, str, int]] = [
            ("autod_pluto_restarts", "How often another pluto was found in the place of one.", _count(pluto.restarts)),
            ("autod_events", "Events published.", figures.sequence),
            ("autod_events_missed", "Events that a subscriber was told it missed.", figures.missed),
            ("autod_clients_dropped", "Clients dropped because they broke a bound.",
             self._server.dropped if self._server else 0),
            ("autod_hooks_run", "Commands of hooks that were run.", self._hooks.ran if self._hooks else 0),
            ("autod_hooks_failed", "Those of them that failed.", self._hooks.failed if self._hooks else 0),
            ("autod_hooks_left_out", "Those that were not run, as too many waited.",
             self._hooks.left_out if self._hooks else 0),
        ]  # fmt: skip
        for name, text, value in counters:
            yield CounterMetricFamily(name, text, value=value)


class _Taken:
    """Metrics that were collected before, in the shape of a registry."""

    def __init__(self, metrics: tuple[Metric, ...]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return iter(self._metrics)


def _write(taken: _Taken) -> bytes:
    return generate_latest(taken)


def _count(value: int | UnsetType) -> int:
    return 0 if isinstance(value, UnsetType) else value
