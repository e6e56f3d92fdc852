"""What programs are told when more waits than may."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from neurocortex.admission import layout
from neurocortex.admission.admission import NAMESPACE, Admission
from neurocortex.admission.limits import Limits
from neurocortex.admission.values import Ticket
from neurocortex.domain.deployments import Tier
from neurocortex.embedded.redis_server import RedisServer
from neurocortex.routing.route import Lane
from tests.integration.gateway.conftest import REDIS_DATABASE, Gateway

BOUND = Limits().bound(Lane.REALTIME, Tier.CRITICAL)
NO_WAIT = {"Prefer": "respond-async"}


@pytest.fixture
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    with gateway.client() as client:
        yield client


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url(REDIS_DATABASE)


@contextmanager
def waiting(redis_url: str, count: int, ends_per_s: float | None = None) -> Iterator[None]:
    """Have requests of another tenant in the real-time lane's queue, which drains so fast."""
    tickets = [Ticket(uuid4(), Lane.REALTIME, Tier.CRITICAL, "many", 1.0) for _ in range(count)]

    async def hold() -> None:
        async with AsyncRedis.from_url(redis_url) as redis:
            await Admission(redis, Limits()).hold(tickets)

    held = [
        f"{NAMESPACE}:{layout.held(Lane.REALTIME, Tier.CRITICAL)}",
        f"{NAMESPACE}:{layout.tenant(Lane.REALTIME, Tier.CRITICAL, 'many')}",
    ]
    drain = f"{NAMESPACE}:{layout.drain(Lane.REALTIME, Tier.CRITICAL)}"
    with Redis.from_url(redis_url) as redis:
        if ends_per_s is not None:
            redis.hset(drain, "rate", str(ends_per_s))
        asyncio.run(hold())
        try:
            yield
        finally:
            redis.delete(*held, drain)


def ask(client: httpx.Client, **headers: str) -> httpx.Response:
    return client.post("/v1/requests", json={"operation": "echo"}, headers=headers)


@pytest.mark.parametrize("headers", [{}, NO_WAIT], ids=["waits", "does not wait"])
def test_a_full_queue_refuses_at_once(
    client: httpx.Client, redis_url: str, headers: dict[str, str]
) -> None:
    with waiting(redis_url, BOUND):
        refused = ask(client, **headers)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["limit"]) == (429, "queue_full", BOUND)
    assert int(refused.headers["Retry-After"]) >= problem["retry_after_s"] > 0
    assert ask(client, **headers).is_success


@pytest.mark.parametrize("headers", [{}, NO_WAIT], ids=["waits", "does not wait"])
def test_what_the_lane_would_give_up_before_it_starts_is_refused(
    client: httpx.Client, redis_url: str, headers: dict[str, str]
) -> None:
    with waiting(redis_url, 200, ends_per_s=1.0):
        refused = ask(client, **headers)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["limit"]) == (429, "lane_full", 30)
    assert "would start in 101.0 s" in problem["detail"]


def test_a_refused_request_may_be_sent_again_under_its_key(
    client: httpx.Client, redis_url: str
) -> None:
    headers = {**NO_WAIT, "Idempotency-Key": uuid4().hex}
    with waiting(redis_url, BOUND):
        assert ask(client, **headers).status_code == 429
    assert ask(client, **headers).status_code == 202
