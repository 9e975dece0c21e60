"""What a program asked of a pluto, in figures: counted by every client, shown to Prometheus where that is wanted.

    REGISTRY.register(autod.metrics.collector(pluto))

Owns: the counts and the names of these metrics. Must not know: how operations go. prometheus-client is needed by
`collector` alone (the extra `metrics` of the package).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from autod.errors import UsageError

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.registry import Collector

    from autod.errors import WhackError
    from autod.outcomes import Outcome

__all__ = ["Counters", "collector"]


class Counters:
    """Of one client of a pluto, since it was made. Only grow, but for `under_way`.

    outcomes   (operation, result) -> how many came to it; one of several connections counts once
    seconds    operation -> from its start to its outcome, summed
    errors     (operation, class of the error) -> how many could not be asked or answered
    under_way  operation -> how many are not over, those that wait for their turn too
    """

    __slots__ = ("errors", "outcomes", "seconds", "under_way")

    def __init__(self) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.seconds: Counter[str] = Counter()
        self.errors: Counter[tuple[str, str]] = Counter()
        self.under_way: Counter[str] = Counter()

    def count(self, outcome: Outcome) -> None:
        """One has come to its outcome."""
        self.outcomes[outcome.operation, outcome.result.value] += 1
        if outcome.started is not None and outcome.ended is not None:
            # A Counter holds whole numbers, says its type; it adds any.
            self.seconds[outcome.operation] += max(0.0, outcome.ended - outcome.started)  # type: ignore[assignment]

    def add(self, others: Counters) -> None:
        """Count what another client counted, too: one that worked for this one, and is through."""
        self.outcomes.update(others.outcomes)
        self.seconds.update(others.seconds)
        self.errors.update(others.errors)

    def refuse(self, operation: str, error: WhackError) -> None:
        """One could not be asked or answered."""
        self.errors[operation, type(error).__name__] += 1


class _Counted(Protocol):
    """A client: autod.Pluto, autod.sync.Pluto or autod.aio.Pluto."""

    @property
    def path(self) -> str: ...

    @property
    def counters(self) -> Counters: ...


def collector(*plutos: _Counted) -> Collector:
    """What prometheus-client registers: the counters of these clients, told apart by the label `socket`.

    autod_client_operations_total{socket, operation, result}, autod_client_operation_seconds_sum and _count{socket,
    operation}, autod_client_errors_total{socket, operation, error}, autod_client_operations_under_way{socket,
    operation}. May be scraped from any thread. UsageError where prometheus-client is missing.
    """
    try:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
        from prometheus_client.registry import Collector
    except ImportError:
        raise UsageError(
            "metrics need the package prometheus-client: install libreswan-autod[metrics]"
        ) from None

    class ClientCollector(Collector):
        def collect(self) -> Iterator[Metric]:
            done = CounterMetricFamily(
                "autod_client_operations",
                "Operations that came to an outcome.",
                labels=["socket", "operation", "result"],
            )
            seconds = SummaryMetricFamily(
                "autod_client_operation_seconds",
                "From the start of an operation to its outcome.",
                labels=["socket", "operation"],
            )
            errors = CounterMetricFamily(
                "autod_client_errors",
                "Operations that could not be asked or answered.",
                labels=["socket", "operation", "error"],
            )
            under_way = GaugeMetricFamily(
                "autod_client_operations_under_way",
                "Operations that are not over.",
                labels=["socket", "operation"],
            )
            for pluto in plutos:
                counters, many = pluto.counters, Counter[str]()
                for (operation, result), count in counters.outcomes.copy().items():
                    done.add_metric([pluto.path, operation, result], count)
                    many[operation] += count
                for operation, total in counters.seconds.copy().items():
                    seconds.add_metric([pluto.path, operation], many[operation], total)
                for (operation, error), count in counters.errors.copy().items():
                    errors.add_metric([pluto.path, operation, error], count)
                for operation, count in counters.under_way.copy().items():
                    under_way.add_metric([pluto.path, operation], count)
            yield from (done, seconds, errors, under_way)

    return ClientCollector()
