"""Bounds hold under a thousand at once; what a dead process held comes free; Redis may go."""

import asyncio
import time
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from neurocortex.admission.admission import Admission
from neurocortex.admission.limits import Limits
from neurocortex.admission.values import Admitted, Pressure, StreamEntry, Ticket
from neurocortex.domain.deployments import Tier
from neurocortex.errors import (
    AdmissionError,
    AdmissionUnavailableError,
    DeadlineImpossibleError,
    QueueFullError,
    SheddingError,
    TenantQueueFullError,
)
from neurocortex.redis_line import RedisLine
from neurocortex.routing.route import Lane
from tests.integration.conftest import MortalRedis


def ticket(
    lane: Lane = Lane.STANDARD,
    tier: Tier = Tier.HIGH,
    tenant: str = "acme",
    deadline: float | None = None,
) -> Ticket:
    return Ticket(uuid4(), lane, tier, tenant, 0.5, deadline)


@pytest.mark.parametrize(("lane", "bound"), [(Lane.STANDARD, 120), (Lane.REALTIME, 130)])
def test_a_thousand_at_once_never_exceed_a_bound(redis_url: str, lane: Lane, bound: int) -> None:
    limits = Limits(
        queues={**Limits().queues, Tier.HIGH: 120}, realtime_concurrency=30, realtime_buffer=100
    )

    async def scenario() -> None:
        async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as other:
            gateways = [Admission(one, limits), Admission(other, limits)]
            asked = [ticket(lane, tenant=f"tenant-{each % 7}") for each in range(1000)]
            answers = await asyncio.gather(
                *(gateways[at % 2].admit(each) for at, each in enumerate(asked)),
                return_exceptions=True,
            )
            admitted = [each for each in answers if isinstance(each, Admitted)]
            refused = [each for each in answers if isinstance(each, QueueFullError)]
            assert (len(admitted), len(refused)) == (bound, 1000 - bound)
            assert {each.limit for each in refused} == {bound}
            standing = await gateways[0].standing()
            queues = standing.realtime if lane is Lane.REALTIME else standing.standard
            assert queues[Tier.HIGH].held == bound
            for each in asked:
                await gateways[0].release(each)
            assert (await gateways[0].admit(ticket(lane))).position <= 1

    asyncio.run(scenario())


def test_one_tenant_cannot_fill_a_queue(redis_url: str) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            admission = Admission(redis, Limits(queues={**Limits().queues, Tier.HIGH: 4}))
            for _ in range(2):
                await admission.admit(ticket())
            with pytest.raises(TenantQueueFullError, match="acme has 2 requests") as refused:
                await admission.admit(ticket())
            assert refused.value.retry_after_s > 0
            await admission.admit(ticket(tenant="umbrella"))

    asyncio.run(scenario())


def test_a_place_is_entered_with_its_stream_entry_or_not_at_all(redis_url: str) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            admission = Admission(redis, Limits(realtime_concurrency=1, realtime_buffer=1))
            entry = StreamEntry("lane", {"body": b"\x00\xff", "id": b"1"})
            mine = ticket(Lane.REALTIME)
            await admission.admit(mine, entry)
            await admission.admit(mine, entry)  # repeated, as by a client that missed the answer
            with pytest.raises(AdmissionError):
                await admission.admit(ticket(Lane.REALTIME), entry)
            entries = await redis.xrange("neurocortex:lane")
            assert entries is not None
            assert [fields for _, fields in entries] == [{b"body": b"\x00\xff", b"id": b"1"}]

    asyncio.run(scenario())


def test_a_release_goes_along_with_the_callers_commands(redis_url: str) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            admission = Admission(redis, Limits())
            mine = ticket(Lane.REALTIME)
            await admission.admit(mine)
            release = admission.release_command(mine)
            line = RedisLine(redis, 5)
            assert await line.say([("SET", "reply", b"1"), release, release]) == [b"OK", 1, 0]

    asyncio.run(scenario())


def test_a_deadline_that_cannot_be_met_is_refused_with_the_start_there_would_be(
    redis_url: str,
) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            admission = Admission(redis, Limits())
            for _ in range(9):
                await admission.admit(ticket())
            with pytest.raises(DeadlineImpossibleError) as refused:
                await admission.admit(ticket(deadline=time.time() + 3))
            assert refused.value.start_s == pytest.approx(5.0, rel=0.1)  # the tenth, two each s
            await admission.admit(ticket(deadline=time.time() + 60))

    asyncio.run(scenario())


def test_what_a_dead_process_held_comes_free_and_what_a_living_one_renews_does_not(
    redis_url: str,
) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            queues = {**Limits().queues, Tier.HIGH: 2}
            admission = Admission(redis, Limits(queues=queues, tenant_share=1.0, place_s=0.2))
            renewed, abandoned = ticket(), ticket()
            await admission.admit(renewed)
            await admission.admit(abandoned)
            with pytest.raises(QueueFullError):
                await admission.admit(ticket())
            deadline = time.monotonic() + 10
            while (await admission.standing()).standard[Tier.HIGH].held == 2:
                await admission.hold([renewed])
                assert time.monotonic() < deadline
                await asyncio.sleep(0.02)
            assert not await admission.release(abandoned)
            assert await admission.release(renewed)

    asyncio.run(scenario())


def test_load_sheds_low_then_medium_and_ends_when_it_was_below_for_a_while(redis_url: str) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            admission = Admission(redis, Limits(shed_for_s=0.3))
            assert list(await admission.shed(Pressure(cpu=0.5, memory=0.84))) == []
            await admission.admit(ticket(tier=Tier.LOW))
            await admission.shed(Pressure(cpu=0.2, memory=0.86))
            with pytest.raises(SheddingError, match="above 85%") as refused:
                await admission.admit(ticket(tier=Tier.LOW))
            assert refused.value.retry_after_s <= 0.3
            await admission.admit(ticket(tier=Tier.MEDIUM))  # of medium nothing is shed yet
            await admission.shed(Pressure(cpu=0.99, memory=0.1))
            with pytest.raises(SheddingError):
                await admission.admit(ticket(tier=Tier.MEDIUM))
            for tier in (Tier.CRITICAL, Tier.HIGH):
                await admission.admit(ticket(tier=tier))
            await asyncio.sleep(refused.value.retry_after_s + 0.1)
            await admission.admit(ticket(tier=Tier.LOW))

    asyncio.run(scenario())


def test_who_is_alone_in_the_lane_is_let_in_under_any_load(redis_url: str) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            admission = Admission(redis, Limits())
            await admission.shed(Pressure(cpu=1.0, memory=0.1))
            for _ in range(2):
                alone = ticket(Lane.REALTIME, Tier.LOW)
                await admission.admit(alone)
                with pytest.raises(SheddingError):
                    await admission.admit(ticket(Lane.REALTIME, Tier.MEDIUM))
                await admission.release(alone)

    asyncio.run(scenario())


def test_a_lane_that_is_nearly_full_keeps_the_rest_for_urgent_requests(redis_url: str) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            limits = Limits(realtime_concurrency=10, realtime_buffer=10, tenant_share=1.0)
            admission = Admission(redis, limits)
            low = [await _try(admission, ticket(Lane.REALTIME, Tier.LOW)) for _ in range(20)]
            assert low.count("admitted") == 17
            assert low.count("shedding") == 3
            high = [await _try(admission, ticket(Lane.REALTIME, Tier.HIGH)) for _ in range(4)]
            assert high == ["admitted", "admitted", "admitted", "queue_full"]

    asyncio.run(scenario())


def test_retry_after_follows_how_fast_the_queue_drains(redis_url: str) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            limits = Limits(queues={**Limits().queues, Tier.HIGH: 100}, tenant_share=1.0)
            admission = Admission(redis, limits)
            tickets = [ticket() for _ in range(100)]
            began = time.monotonic()
            for each in tickets:
                await admission.admit(each)
            with pytest.raises(QueueFullError) as refused:
                await admission.admit(ticket())
            assert refused.value.retry_after_s == pytest.approx(5.0)  # ten places, two each second
            for each in tickets:
                await admission.release(each)
            measured = (await admission.standing()).standard[Tier.HIGH].starts_per_s
            assert measured is not None
            assert measured > 100 / (time.monotonic() - began)

    asyncio.run(scenario())


def test_without_redis_nobody_is_let_in_and_with_it_again_everybody(
    mortal_redis: MortalRedis,
) -> None:
    async def scenario() -> None:
        async with Redis.from_url(mortal_redis.url, retry=Retry(NoBackoff(), 0)) as redis:
            admission = Admission(redis, Limits())
            held = ticket()
            await admission.admit(held)
            await asyncio.to_thread(mortal_redis.kill)
            answers = await asyncio.gather(
                *(admission.admit(ticket()) for _ in range(20)), return_exceptions=True
            )
            assert {type(each) for each in answers} == {AdmissionUnavailableError}
            await asyncio.to_thread(mortal_redis.start)
            await redis.flushall()
            await redis.script_flush()
            await admission.hold([held])
            assert (await admission.admit(ticket())).position == 2
            assert await admission.release(held)

    asyncio.run(scenario())


async def _try(admission: Admission, ticket: Ticket) -> str:
    try:
        await admission.admit(ticket)
    except AdmissionError as error:
        return error.code
    return "admitted"
