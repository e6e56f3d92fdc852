"""Requests are followed from acceptance to their end, by whoever may see them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from neurocortex.domain.deployments import Tier
from neurocortex.errors import KeyReusedError, RequestNotFoundError, SessionFullError
from neurocortex.routing.route import Lane, Reason
from neurocortex.settings import TrackingSettings
from neurocortex.tracking import layout
from neurocortex.tracking.idempotency import LEASE_S, digest
from neurocortex.tracking.record import Record, Start, State
from neurocortex.tracking.table import RequestTable
from neurocortex.tracking.tracker import Tracker

START = Start(deployment="count/count-high", parameters={"text": "größer\0"})


def record(
    lane: Lane = Lane.STANDARD, *, session: str | None = None, key: str | None = None
) -> Record:
    return Record(
        id=uuid4(),
        tenant="acme",
        operation="count",
        lane=lane,
        tier=Tier.HIGH,
        created=time.time(),
        session=session,
        idempotency_key=key,
        digest=digest(b"body") if key else None,
        reasons=(Reason("long", "about 60 s of work"),),
    )


@asynccontextmanager
async def tracker(
    redis_url: str, table: RequestTable, settings: TrackingSettings | None = None
) -> AsyncIterator[Tracker]:
    async with (
        Redis.from_url(redis_url) as redis,
        Tracker(redis, table, settings or TrackingSettings()) as tracker,
    ):
        yield tracker


def test_from_acceptance_to_the_result(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        async with tracker(redis_url, table) as gateway, tracker(redis_url, table) as other:
            asked = record()
            await gateway.accept(asked, START)
            assert table.start(asked.id) == START  # durable before anybody is told
            assert await gateway.get(asked.id, "acme") == asked
            assert await gateway.result(asked.id, "acme") is None
            seen: list[State] = []
            at = time.time()

            async def follow() -> None:
                async with aclosing(gateway.events(asked.id, "acme")) as events:
                    async for each in events:
                        seen.append(each.state)
                        if each.state is State.ACCEPTED:
                            await other.change(asked.id, lambda known: known.running(at))
                        elif each.state is State.RUNNING:
                            await other.complete(asked.id, b'{"words":3}')

            async with asyncio.timeout(4):  # less than waiting without news would take
                await follow()
            assert seen == [State.ACCEPTED, State.RUNNING, State.COMPLETED]
            assert await gateway.result(asked.id, "acme") == b'{"words":3}'
            late = await other.fail(asked.id, "late", "too late")
            assert late.state is State.COMPLETED

    asyncio.run(scenario())


def test_waiting_ends_with_the_request_or_after_a_while(
    redis_url: str, table: RequestTable
) -> None:
    async def scenario() -> None:
        async with tracker(redis_url, table) as gateway:
            asked = record(Lane.REALTIME)
            await gateway.track(asked)
            assert (await gateway.wait(asked.id, "acme", 0.05)).state is State.ACCEPTED
            waiting = asyncio.create_task(gateway.wait(asked.id, "acme", 10))
            await gateway.fail(asked.id, "timeout", "It took too long.")
            async with asyncio.timeout(4):
                ended = await waiting
            assert ended.error is not None
            assert ended.error.code == "timeout"

    asyncio.run(scenario())


def test_nobody_sees_the_request_of_another_tenant(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        async with tracker(redis_url, table) as gateway:
            asked = record()
            await gateway.accept(asked, START)
            for wrong, tenant in ((asked.id, "umbrella"), (uuid4(), "acme")):
                with pytest.raises(RequestNotFoundError):
                    await gateway.get(wrong, tenant)
                with pytest.raises(RequestNotFoundError):
                    await gateway.cancel(wrong, tenant)
            assert (await gateway.cancel(asked.id, "acme")).cancelling

    asyncio.run(scenario())


def test_changes_at_once_are_all_made(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        async with tracker(redis_url, table) as one, tracker(redis_url, table) as other:
            asked = record()
            await one.accept(asked, START)
            run, now = uuid4(), time.time()
            await asyncio.gather(
                one.change(asked.id, lambda known: known.assigned(run)),
                other.change(asked.id, lambda known: known.running(now)),
                other.cancel(asked.id, "acme"),
            )
            known = await one.get(asked.id, "acme")
            assert (known.version, known.flow_run, known.started) == (4, run, now)
            assert known.cancelling

    asyncio.run(scenario())


def test_an_idempotency_key_belongs_to_the_first_request(
    redis_url: str, table: RequestTable
) -> None:
    async def scenario() -> None:
        async with tracker(redis_url, table) as gateway:
            ids = [uuid4() for _ in range(20)]
            taken = await asyncio.gather(
                *(gateway.reserve("acme", "k1", digest(b"body"), id_) for id_ in ids)
            )
            assert sum(each.is_new for each in taken) == 1
            assert len({each.request for each in taken}) == 1
            first = taken[0].request
            with pytest.raises(KeyReusedError, match=str(first)):
                await gateway.reserve("acme", "k1", digest(b"other"), uuid4())
            assert (await gateway.reserve("umbrella", "k1", digest(b"other"), uuid4())).is_new
            await gateway.free("acme", "k1", uuid4())  # not the one that has it
            assert not (await gateway.reserve("acme", "k1", digest(b"body"), uuid4())).is_new
            await gateway.free("acme", "k1", first)
            assert (await gateway.reserve("acme", "k1", digest(b"other"), uuid4())).is_new

    asyncio.run(scenario())


def test_a_key_is_kept_for_long_only_when_its_request_is_recorded(
    redis_url: str, table: RequestTable
) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis, tracker(redis_url, table) as gateway:
            mine = record(Lane.REALTIME, key="k1")
            await gateway.reserve("acme", "k1", digest(b"body"), mine.id)
            name = f"{layout.NAMESPACE}:{layout.idempotency('acme', 'k1')}"
            assert 0 < await redis.ttl(name) <= LEASE_S  # its gateway may die now
            await gateway.track(mine)
            assert await redis.ttl(name) > LEASE_S
            later = record(Lane.REALTIME, key="k1")
            assert (
                await gateway.reserve("acme", "k1", digest(b"body"), later.id)
            ).request == mine.id

    asyncio.run(scenario())


def test_a_session_lists_its_requests_and_remembers(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        settings = TrackingSettings(session_context_bytes=1024)
        async with tracker(redis_url, table, settings) as gateway:
            asked = [record(session="s1") for _ in range(3)]
            for each in asked:
                await gateway.track(each)
            await gateway.sessions.remember("acme", "s1", {"topic": "größe"})
            session = await gateway.sessions.remember("acme", "s1", {"language": "de"})
            assert session.context == {"topic": "größe", "language": "de"}
            with pytest.raises(SessionFullError, match="1024 are allowed"):
                await gateway.sessions.remember("acme", "s1", {"all": "x" * 1024})
            found = await gateway.sessions.get("acme", "s1")
            assert found.context == session.context
            assert list(found.requests) == [each.id for each in asked]
            nobody = await gateway.sessions.get("umbrella", "s1")
            assert (list(nobody.requests), nobody.context) == ([], {})

    asyncio.run(scenario())


def test_what_several_remember_at_once_is_all_kept(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        settings = TrackingSettings(session_context_bytes=1024)
        async with tracker(redis_url, table, settings) as gateway:
            sessions = gateway.sessions
            facts = {f"fact {number}": str(number) for number in range(8)}
            await asyncio.gather(
                *(sessions.remember("acme", "s1", {name: fact}) for name, fact in facts.items())
            )
            assert (await sessions.get("acme", "s1")).context == facts
            large = [sessions.remember("acme", "s2", {each: "x" * 600}) for each in "ab"]
            done = await asyncio.gather(*large, return_exceptions=True)
            assert sorted(type(each).__name__ for each in done) == ["Session", "SessionFullError"]

    asyncio.run(scenario())


def test_a_session_ends_when_it_is_not_used(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        settings = TrackingSettings(session_s=0.1)
        async with tracker(redis_url, table, settings) as gateway:
            await gateway.track(record(session="s1"))
            await gateway.sessions.remember("acme", "s1", {"topic": "x"})
            await asyncio.sleep(0.15)
            ended = await gateway.sessions.get("acme", "s1")
            assert (list(ended.requests), ended.context) == ([], {})

    asyncio.run(scenario())


def test_what_an_ended_session_remembered_is_deleted(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        settings = TrackingSettings(session_s=0.2)
        async with tracker(redis_url, table, settings) as gateway:
            for name in ("ended", "used"):
                await gateway.sessions.remember("acme", name, {"topic": name})
            assert await gateway.sessions.prune(time.time() + 60) == 0  # both are alive
            await asyncio.sleep(0.25)
            await gateway.track(record(session="used"))
            assert await gateway.sessions.prune(time.time()) == 1
            assert (await gateway.sessions.get("acme", "used")).context == {"topic": "used"}
            assert await gateway.sessions.prune(time.time()) == 0

    asyncio.run(scenario())


def test_many_at_once_share_a_few_connections(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        async with (
            Redis.from_url(redis_url, max_connections=8) as redis,
            Tracker(redis, table, TrackingSettings()) as gateway,
        ):
            asked = [record(Lane.REALTIME, session="s1", key=f"k{at}") for at in range(500)]
            await asyncio.gather(
                *(gateway.reserve("acme", each.id.hex, digest(b""), each.id) for each in asked)
            )
            await asyncio.gather(*(gateway.track(each) for each in asked))
            ended = await asyncio.gather(*(gateway.complete(each.id, b"1") for each in asked))
            assert {each.state for each in ended} == {State.COMPLETED}
            assert len((await gateway.sessions.get("acme", "s1")).requests) == 100

    asyncio.run(scenario())
