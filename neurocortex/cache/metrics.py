"""The caches of all processes as Prometheus metrics, for the registry of whoever serves /metrics.

One scrape reads Redis once; see `counters.py` for how the counts come there. Names follow
https://prometheus.io/docs/practices/naming/.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from redis import Redis

from neurocortex.cache.client import NAMESPACE
from neurocortex.cache.counters import Totals, read_totals
from neurocortex.cache.durations import BOUNDS_S
from neurocortex.errors import CacheUnavailableError

PREFIX: Final = "neurocortex_cache"

COUNTED: Final = {
    "hits": "Reads that found an entry that was still good.",
    "misses": "Reads that found none.",
    "stale": "Entries past their time that stood in for a computation.",
    "fills": "Entries written into the level.",
    "skipped": "Reads and writes that went past the level while its circuit breaker was open.",
    "failures": "Calls that failed or took too long.",
    "evicted_bytes": "Bytes of entries dropped for others.",
}
"""Fields of `LevelStats`, and what they say."""


class CacheCollector(Collector):
    """Register it: `registry.register(CacheCollector(redis))`."""

    def __init__(self, redis: Redis, namespace: str = NAMESPACE) -> None:
        """Read the counts from a Redis; `namespace` is what the cache's keys there start with."""
        self._redis = redis
        self._namespace = namespace

    def describe(self) -> Iterator[Metric]:
        """Return nothing: registering does not need Redis."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics; `neurocortex_cache_up` 0 and no other while Redis is away."""
        try:
            totals = read_totals(self._redis, self._namespace)
        except CacheUnavailableError:
            totals = None
        up = "Whether the cache's Redis answers."
        yield GaugeMetricFamily(f"{PREFIX}_up", up, value=float(totals is not None))
        if totals is not None:
            yield from _metrics(totals)


def _metrics(totals: Totals) -> Iterator[Metric]:
    for name, text in COUNTED.items():
        counter = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=["level"])
        for level, stats in totals.levels.items():
            counter.add_metric([level], getattr(stats, name))
        yield counter
    held = GaugeMetricFamily(f"{PREFIX}_held_bytes", "What the level holds.", labels=["level"])
    for level, amount in totals.held.items():
        held.add_metric([level], amount)
    yield held
    yield GaugeMetricFamily(f"{PREFIX}_redis_entries", "Entries in Redis.", value=totals.entries)
    reads = HistogramMetricFamily(
        f"{PREFIX}_read_seconds", "Time of reads; of memory's one in 64.", labels=["level"]
    )
    for level, stats in totals.levels.items():
        bounds = [*(f"{bound:g}" for bound in BOUNDS_S), "+Inf"]
        buckets = list(zip(bounds, accumulate(stats.reads), strict=True))
        reads.add_metric([level], buckets, sum_value=stats.read_s)
    yield reads
