"""Metrics for Prometheus, the same for every part of the shop."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")
"""The media type; the framework adds the charset to whatever is text."""


class Metrics:
    """The counters of one process: requests, their durations, those in flight, and gauges that a part adds."""

    def __init__(self, part: str) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "shop_requests_total", "Answered requests.", ["part", "method", "route", "status"], registry=self._registry
        )
        self._durations = Histogram(
            "shop_request_duration_seconds",
            "Seconds from a request to the end of its answer.",
            ["part", "route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._part = part
        # labels() costs more than the counting itself: keep what it answers.
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.in_flight = 0
        self.gauge("shop_requests_in_flight", "Requests being answered.", lambda: self.in_flight)

    def gauge(self, name: str, meaning: str, read: Callable[[], float], **labels: str) -> None:
        """Add a gauge that is read when it is asked for."""
        gauge = Gauge(name, meaning, ["part", *labels], registry=self._registry)
        gauge.labels(self._part, *labels.values()).set_function(read)

    def answered(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Count one answered request."""
        key = (method, route, status)
        if (known := self._known.get(key)) is None:
            counter = self._requests.labels(self._part, method, route, str(status))
            known = self._known[key] = (counter, self._durations.labels(self._part, route))
        known[0].inc()
        known[1].observe(duration_s)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)
