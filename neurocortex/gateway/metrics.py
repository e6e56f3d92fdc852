"""What the gateway counts, in the words of Prometheus."""

from collections import Counter as Counter_
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Bounds of the histograms: an answer from memory takes a millisecond, the lane's limit is 30 s."""

PROGRAMS: Final = "/v1/"
"""What the addresses that programs call begin with."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Some of the figures, as they are now or as they grew."""

    answered: int
    failed: int
    """Answers with a status of 500 and more."""
    in_flight: int
    hits: int
    misses: int
    seconds: Mapping[float, float]
    """Answers that took at most so many seconds."""
    problems: Mapping[str, int]
    """By code."""

    def since(self, before: "Counts") -> "Counts":
        """Return what came since."""
        return Counts(
            self.answered - before.answered,
            self.failed - before.failed,
            self.in_flight,
            self.hits - before.hits,
            self.misses - before.misses,
            {bound: n - before.seconds.get(bound, 0) for bound, n in self.seconds.items()},
            {code: n - before.problems.get(code, 0) for code, n in self.problems.items()},
        )


class Metrics:
    """The figures of one gateway process. Nothing in them names a tenant."""

    def __init__(self) -> None:
        # Without a series for each series that says when it began.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._http = Counter(
            "neurocortex_http_requests",
            "Calls over HTTP that were answered.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "neurocortex_http_request_seconds",
            "From a call's head to the last byte of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._served = Counter(
            "neurocortex_requests",
            "Requests that were served or accepted.",
            ("operation", "lane", "tier"),
            registry=self.registry,
        )
        self._answers = Counter(
            "neurocortex_answers",
            "Answers of operations that are cached, by where they came from.",
            ("cache",),
            registry=self.registry,
        )
        self._refused = Counter(
            "neurocortex_refusals",
            "Requests that were refused or failed, by the problem's code.",
            ("code",),
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "neurocortex_http_in_flight",
            "Calls of programs that are being answered.",
            registry=self.registry,
        )
        # Finding a metric's child by its labels takes longer than counting.
        self._times: dict[str, Histogram] = {}
        self._counters: dict[tuple[Counter, tuple[str, ...]], Counter] = {}

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answer over HTTP; `route` is its pattern, e.g. `/v1/requests/{id}`."""
        self._count(self._http, route, method, str(status))
        times = self._times.get(route)
        if times is None:
            times = self._times[route] = self._seconds.labels(route)
        times.observe(seconds)

    def served(self, operation: str, lane: str, tier: str) -> None:
        """Count a request that a lane served or accepted."""
        self._count(self._served, operation, lane, tier)

    def cached(self, how: str) -> None:
        """Count an answer of an operation that is cached: `hit`, `miss` or `stale`."""
        self._count(self._answers, how)

    def refused(self, code: str) -> None:
        """Count a problem that a client was told."""
        self._count(self._refused, code)

    def text(self) -> bytes:
        """Return all figures as Prometheus reads them."""
        return generate_latest(self.registry)

    def counts(self) -> Counts:
        """Return what the console shows of them; calls of operators are left out."""
        seconds: defaultdict[float, float] = defaultdict(float)
        answered: Counter_[str] = Counter_()
        for sample in _samples(self._http):
            if sample.name.endswith("_total") and sample.labels["route"].startswith(PROGRAMS):
                answered[sample.labels["status"]] += int(sample.value)
        for sample in _samples(self._seconds):
            if sample.name.endswith("_bucket") and sample.labels["route"].startswith(PROGRAMS):
                seconds[float(sample.labels["le"])] += sample.value
        cached = {
            sample.labels["cache"]: int(sample.value)
            for sample in _samples(self._answers)
            if sample.name.endswith("_total")
        }
        return Counts(
            answered=answered.total(),
            failed=sum(count for status, count in answered.items() if status.startswith("5")),
            in_flight=round(sum(sample.value for sample in _samples(self.in_flight))),
            hits=cached.get("hit", 0) + cached.get("stale", 0),
            misses=cached.get("miss", 0),
            seconds=seconds,
            problems={
                sample.labels["code"]: int(sample.value)
                for sample in _samples(self._refused)
                if sample.name.endswith("_total")
            },
        )

    def _count(self, counter: Counter, *labels: str) -> None:
        child = self._counters.get((counter, labels))
        if child is None:
            child = self._counters[(counter, labels)] = counter.labels(*labels)
        child.inc()


def _samples(metric: Collector) -> Iterator[Sample]:
    for family in metric.collect():
        yield from family.samples
