import asyncio
from itertools import count

import pytest

from neurocortex.gateway.figures import quantile_ms
from neurocortex.gateway.metrics import Metrics
from neurocortex.gateway.readiness import Readiness

INFINITE = float("inf")


@pytest.mark.parametrize(
    ("buckets", "share", "expected"),
    [
        ({}, 0.5, None),
        ({0.1: 0, INFINITE: 0}, 0.5, None),
        ({0.1: 10, INFINITE: 10}, 0.5, 50.0),
        ({0.1: 0, 0.2: 10, INFINITE: 10}, 0.5, 150.0),
        ({0.1: 5, 0.2: 10, INFINITE: 10}, 0.95, 190.0),
        ({0.1: 0, INFINITE: 10}, 0.5, 100.0),  # slower than the last bound: at least that
    ],
)
def test_a_quantile_is_read_off_the_buckets(
    buckets: dict[float, float], share: float, expected: float | None
) -> None:
    assert quantile_ms(buckets, share) == pytest.approx(expected)


def test_the_console_counts_what_programs_ask_and_what_came_since() -> None:
    metrics = Metrics()
    metrics.answered("/healthz", "GET", 500, 1.0)
    metrics.answered("/v1/requests", "POST", 200, 0.002)
    before = metrics.counts()
    assert (before.answered, before.failed) == (1, 0)
    metrics.answered("/v1/requests", "POST", 503, 0.002)
    metrics.cached("hit")
    metrics.cached("miss")
    metrics.refused("queue_full")
    since = metrics.counts().since(before)
    assert (since.answered, since.failed, since.hits, since.misses) == (1, 1, 1, 1)
    assert since.problems == {"queue_full": 1}
    assert since.seconds[0.0025] == 1


def test_what_is_away_is_looked_for_once_a_second_for_all_who_ask() -> None:
    now, looks = 0.0, count(1)

    async def away() -> None:
        next(looks)
        raise ConnectionRefusedError

    async def there() -> None:
        pass

    async def run() -> None:
        nonlocal now
        readiness = Readiness({"redis": away, "postgres": there}, clock=lambda: now)
        for _ in range(3):
            assert await readiness.away() == {"redis": "ConnectionRefusedError"}
        now = 2.0
        await readiness.away()

    asyncio.run(run())
    assert next(looks) == 3
