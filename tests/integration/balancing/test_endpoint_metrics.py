"""What the calls of endpoints came to, as Prometheus sees it."""

import asyncio
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from neurocortex.balancing.balancer import Balancer
from neurocortex.balancing.checks import named
from neurocortex.balancing.metrics import PREFIX, EndpointCollector
from neurocortex.balancing.race import Emit
from neurocortex.balancing.redis_states import opened
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.errors import ProviderError
from neurocortex.settings import BalancingSettings

Key = tuple[str, str, str]


def scraped(redis: Redis) -> dict[Key, float]:
    """Return each sample by its name, its endpoint, and what else tells it apart."""
    registry = CollectorRegistry()
    registry.register(EndpointCollector(redis))
    found = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (
            sample.name.removeprefix(f"{PREFIX}_"),
            sample.labels.get("endpoint", "")[-4:],
            next((v for k, v in sample.labels.items() if k in DISTINCT), ""),
        ): sample.value
        for family in found
        for sample in family.samples
    }


DISTINCT = ("state", "attempt", "outcome", "le")


def test_calls_failures_retries_hedges_and_ejections_are_counted(redis_url: str) -> None:
    host = uuid4().hex
    endpoints = tuple(
        LlmEndpoint(base_url=f"http://{host}/{name}", model="m") for name in ("fail", "fine")
    )
    of = LlmProvider(endpoints=endpoints)

    async def attempt(endpoint: LlmEndpoint, _: Emit) -> str:
        if endpoint.base_url.endswith("fail"):
            raise ProviderError(endpoint.base_url, "broken", status=500)
        return "fine"

    async def main() -> None:
        balancer = Balancer(redis_url, BalancingSettings(ejection_s=600, max_ejection_s=600))
        for _ in range(12):
            await balancer.call(of, attempt, deadline_s=10)
        async with opened(redis_url) as states:
            await states.name_endpoints(named({"one": of, "two": of}))

    asyncio.run(main())
    with Redis.from_url(redis_url) as redis:
        found = scraped(redis)
        assert f'provider="one,two",endpoint="{endpoints[0].base_url}"'.split(",endpoint")[0] in (
            text := generate_latest(_registry(redis)).decode()
        )
        assert "api_key" not in text
    assert found["neurocortex_llm_endpoints_up", "", ""] == 1
    failed = found["attempts_total", "fail", "first"]
    assert failed == 3, "then it was left out"
    assert found["ended_total", "fail", "failed"] == 3
    assert found["ejections_total", "fail", ""] == 1
    assert (found["state", "fail", "out"], found["state", "fail", "in"]) == (1, 0)
    assert found["attempts_total", "fine", "retry"] == 3
    assert found["attempts_total", "fine", "first"] == 9
    assert found["ended_total", "fine", "good"] == 12
    assert found["first_token_seconds_count", "fine", ""] == 12
    assert found["first_token_seconds_bucket", "fine", "+Inf"] == 12
    assert found["in_flight", "fine", ""] == 0


def _registry(redis: Redis) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(EndpointCollector(redis))
    return registry


@pytest.mark.parametrize("url", ["redis://127.0.0.1:9/0"])
def test_a_redis_that_is_away_is_told_and_fails_no_scrape(url: str) -> None:
    with Redis.from_url(url) as redis:
        assert scraped(redis) == {("neurocortex_llm_endpoints_up", "", ""): 0}
