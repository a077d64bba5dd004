"""Metrics for Prometheus, the same for every part of the shop."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")
"""The media type; the framework adds the charset to whatever is text."""


class Metrics:
    """The counters of one process: requests, their durations, those in flight, and what a part adds."""

    def __init__(self, part: str) -> None:
        self._registry = CollectorRegistry()
        self._part = part
        self._requests = _Requests(part)
        self._registry.register(self._requests)
        self.answered = self._requests.answered
        self.in_flight = 0
        self.gauge("shop_requests_in_flight", "Requests being answered.", lambda: self.in_flight)

    def gauge(self, name: str, meaning: str, read: Callable[[], float], **labels: str) -> None:
        """Add a gauge that is read when it is asked for."""
        gauge = Gauge(name, meaning, ["part", *labels], registry=self._registry)
        gauge.labels(self._part, *labels.values()).set_function(read)

    def counter(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Add a count that only grows and is read when it is asked for; ``_total`` is added to its name."""
        self._registry.register(_Count(name, meaning, self._part, read))

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)


class _Requests(Collector):
    """Answered requests and their durations. prometheus_client's own counters lock, and cost a served-from-memory
    request as much as its answer; these are touched by the event loop alone."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._answers: dict[tuple[str, str, int], int] = {}
        self._durations: dict[str, tuple[list[int], list[float]]] = {}

    def answered(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Count one answered request."""
        key = (method, route, status)
        self._answers[key] = self._answers.get(key, 0) + 1
        durations = self._durations.get(route)
        if durations is None:
            durations = self._durations[route] = ([0] * (len(_BUCKETS) + 1), [0.0])
        durations[0][bisect_left(_BUCKETS, duration_s)] += 1
        durations[1][0] += duration_s

    def collect(self) -> Iterator[Metric]:
        answers = CounterMetricFamily(
            "shop_requests", "Answered requests.", labels=["part", "method", "route", "status"]
        )
        for (method, route, status), count in self._answers.items():
            answers.add_metric([self._part, method, route, str(status)], count)
        yield answers
        durations = HistogramMetricFamily(
            "shop_request_duration_seconds",
            "Seconds from a request to the end of its answer.",
            labels=["part", "route"],
        )
        names = [*(str(bound) for bound in _BUCKETS), "+Inf"]
        for route, (counts, total) in self._durations.items():
            durations.add_metric([self._part, route], list(zip(names, accumulate(counts), strict=True)), total[0])
        yield durations


class _Count(Collector):
    """Somebody else's count: prometheus_client's own counter costs more than what some hot paths count with it."""

    def __init__(self, name: str, meaning: str, part: str, read: Callable[[], float]) -> None:
        self._name, self._meaning, self._part, self._read = name, meaning, part, read

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(self._name, self._meaning, labels=["part"])
        family.add_metric([self._part], self._read())
        yield family
