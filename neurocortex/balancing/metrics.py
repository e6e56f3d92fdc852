"""The endpoints of LLMs as Prometheus metrics, for the registry of whoever serves /metrics.

What all processes counted lies in Redis, see `scripts.py`: one scrape reads it in two steps. Names
follow https://prometheus.io/docs/practices/naming/.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, cast

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from neurocortex.balancing import counting
from neurocortex.balancing.health import Health, Standing
from neurocortex.balancing.redis_states import ENDPOINTS, NAMESPACE, Endpoint
from neurocortex.balancing.verdicts import Verdict

PREFIX: Final = "neurocortex_llm_endpoint"

LABELS: Final = ("provider", "endpoint", "model")
"""Names of the LLM Provider blocks that have it, its address, its model."""

BOUNDS: Final = (*counting.BOUNDS_S, None)


@dataclass(frozen=True, slots=True)
class _Seen:
    labels: tuple[str, str, str]
    standing: Standing
    in_flight: int
    counts: Mapping[str, float]


class EndpointCollector(Collector):
    """Register it: `registry.register(EndpointCollector(redis))`."""

    def __init__(self, redis: Redis) -> None:
        """Read the states and counts from a Redis."""
        self._redis = redis

    def describe(self) -> Iterator[Metric]:
        """Return nothing: registering does not need Redis."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics; `neurocortex_llm_endpoints_up` 0 and no other while Redis is away."""
        try:
            seen: list[_Seen] | None = self._seen()
        except (RedisError, OSError):
            seen = None
        up = "Whether the Redis of the endpoints' states answers."
        yield GaugeMetricFamily("neurocortex_llm_endpoints_up", up, value=float(seen is not None))
        yield from _metrics(seen or [])

    def _seen(self) -> list[_Seen]:
        named = cast("dict[bytes, bytes]", self._redis.hgetall(f"{NAMESPACE}:{ENDPOINTS}"))
        seconds, micros = self._redis.time()
        now = seconds + micros / 1e6
        steps = self._redis.pipeline(transaction=False)
        for name in (each.decode() for each in named):
            steps.get(f"{NAMESPACE}:health:{name}")
            steps.zcount(f"{NAMESPACE}:calls:{name}", now * 1000, "+inf")
            steps.hgetall(f"{NAMESPACE}:counts:{name}")
        found = steps.execute()
        return [
            _seen(Endpoint.model_validate_json(line), health, calls, counts, now)
            for line, health, calls, counts in zip(
                named.values(), found[::3], found[1::3], found[2::3], strict=True
            )
        ]


def _seen(
    endpoint: Endpoint, health: bytes | None, calls: int, counts: Mapping[bytes, bytes], now: float
) -> _Seen:
    known = Health.model_validate_json(health) if health else Health()
    return _Seen(
        (",".join(endpoint.providers), endpoint.base_url, endpoint.model),
        known.standing(now),
        calls,
        {name.decode(): float(count) for name, count in counts.items()},
    )


def _metrics(seen: list[_Seen]) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        f"{PREFIX}_state", "1 for the state that it is in.", labels=[*LABELS, "state"]
    )
    flying = GaugeMetricFamily(f"{PREFIX}_in_flight", "Calls under way.", labels=LABELS)
    for each in seen:
        for standing in Standing:
            state.add_metric([*each.labels, standing.value], float(standing is each.standing))
        flying.add_metric(each.labels, each.in_flight)
    yield state
    yield flying
    yield _counter(
        seen,
        "attempts",
        "Calls: a request's first, after another endpoint failed, or beside one that was slow.",
        "attempt",
        {kind.value: counting.kind_name(kind) for kind in counting.AttemptKind},
    )
    yield _counter(
        seen,
        "ended",
        "Calls that ended; unknown: they told nothing of it, as when another one was faster.",
        "outcome",
        {verdict.name.lower(): counting.verdict_name(verdict) for verdict in Verdict},
    )
    ejections = CounterMetricFamily(f"{PREFIX}_ejections", "Times it was left out.", labels=LABELS)
    begins = HistogramMetricFamily(
        f"{PREFIX}_first_token_seconds", "From a call to the answer's first token.", labels=LABELS
    )
    for each in seen:
        ejections.add_metric(each.labels, each.counts.get(counting.EJECTIONS, 0.0))
        counted = accumulate(each.counts.get(counting.bound_name(bound), 0.0) for bound in BOUNDS)
        bounds = ["+Inf" if bound is None else f"{bound:g}" for bound in BOUNDS]
        total_s = each.counts.get(counting.SECONDS, 0.0)
        begins.add_metric(each.labels, list(zip(bounds, counted, strict=True)), sum_value=total_s)
    yield ejections
    yield begins


def _counter(
    seen: list[_Seen], name: str, text: str, label: str, counts: Mapping[str, str]
) -> CounterMetricFamily:
    counter = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=[*LABELS, label])
    for each in seen:
        for value, count in counts.items():
            counter.add_metric([*each.labels, value], each.counts.get(count, 0.0))
    return counter
