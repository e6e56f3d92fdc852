"""What is tracked outlives Redis, PostgreSQL, and the processes that track it."""

import asyncio
import time
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from redis.asyncio import Redis

from neurocortex.domain.deployments import Tier
from neurocortex.errors import KeyReusedError, TrackingUnavailableError, UnrecordableError
from neurocortex.lake.store import Lake
from neurocortex.routing.route import Lane
from neurocortex.settings import TrackingSettings
from neurocortex.tracking.idempotency import digest
from neurocortex.tracking.leadership import Leadership
from neurocortex.tracking.record import Record, Start, State
from neurocortex.tracking.table import RequestTable
from neurocortex.tracking.tracker import Tracker
from neurocortex.tracking.upkeep import GIVEN_UP_S, Upkeep
from tests.integration.conftest import MortalServer

SETTINGS = TrackingSettings()
START = Start(deployment="count/count-high", parameters={})


def record(lane: Lane, *, key: str | None = None, age_s: float = 0.0) -> Record:
    return Record(
        id=uuid4(),
        tenant="acme",
        operation="count",
        lane=lane,
        tier=Tier.HIGH,
        created=time.time() - age_s,
        session="s1",
        idempotency_key=key,
        digest=digest(b"body") if key else None,
    )


def test_everything_is_there_again_after_redis_was_emptied(
    redis_url: str, table: RequestTable
) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis, Tracker(redis, table, SETTINGS) as tracker:
            upkeep = Upkeep(tracker, table, Leadership(redis), SETTINGS)
            waiting, running, done = (record(Lane.STANDARD, key=f"k{at}") for at in range(3))
            for each in (waiting, running, done):
                await tracker.reserve("acme", each.idempotency_key or "", digest(b"body"), each.id)
                await tracker.accept(each, START)
            await tracker.sessions.remember("acme", "s1", {"topic": "x"})
            run = uuid4()
            await tracker.change(running.id, lambda known: known.assigned(run).running(1.0))
            await tracker.complete(done.id, b"[1]")
            await upkeep.once()

            await redis.flushdb()
            with pytest.raises(KeyReusedError):  # before anybody else has looked
                await tracker.reserve("acme", "k0", digest(b"other"), uuid4())
            assert not (await tracker.reserve("acme", "k2", digest(b"body"), uuid4())).is_new
            assert await tracker.states.open() == {waiting.id, running.id}
            known = await tracker.get(running.id, "acme")
            assert (known.state, known.flow_run) == (State.RUNNING, run)
            assert (await tracker.get(done.id, "acme")).state is State.COMPLETED
            assert await tracker.result(done.id, "acme") == b"[1]"
            session = await tracker.sessions.get("acme", "s1")
            assert list(session.requests) == [waiting.id, running.id, done.id]
            assert session.context == {"topic": "x"}

    asyncio.run(scenario())


def test_changes_of_a_dead_process_are_written_by_the_next(
    redis_url: str, table: RequestTable
) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            asked = record(Lane.REALTIME)
            async with Tracker(redis, table, SETTINGS) as dead:
                await dead.track(asked)
                await dead.complete(asked.id, b"7")
            assert table.get(asked.id) is None
            async with Tracker(redis, table, SETTINGS) as tracker:
                await Upkeep(tracker, table, Leadership(redis), SETTINGS).once()
                written = table.get(asked.id)
                assert written is not None
                assert (written.state, table.result(asked.id)) == (State.COMPLETED, b"7")
                assert not await tracker.states.unwritten(10)

    asyncio.run(scenario())


def test_only_one_of_several_processes_leads_until_it_resigns(redis_url: str) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            one, other = Leadership(redis), Leadership(redis)
            assert [await one.lead(), await other.lead(), await one.lead()] == [True, False, True]
            assert (await one.is_leader(), await other.is_leader()) == (True, False)
            await other.resign()
            assert not await other.lead()
            await one.resign()
            assert await other.lead()

    asyncio.run(scenario())


def test_a_request_whose_gateway_died_over_it_is_found(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis, Tracker(redis, table, SETTINGS) as tracker:
            upkeep = Upkeep(tracker, table, Leadership(redis), SETTINGS)
            await upkeep.once()
            served = record(Lane.REALTIME)
            lost = record(Lane.REALTIME, age_s=GIVEN_UP_S + 1)
            for each in (served, lost):
                await tracker.track(each)
            # Durable, and its gateway died before it told Redis:
            half = record(Lane.STANDARD)
            await tracker.accept(half, START)
            await redis.delete(f"neurocortex:tracking:request:{half.id}")
            await redis.srem("neurocortex:tracking:open", str(half.id))
            await upkeep.look()
            assert await tracker.states.open() == {served.id, half.id}
            found = await tracker.get(lost.id, "acme")
            assert found.error is not None
            assert found.error.code == "lost"

    asyncio.run(scenario())


def test_the_upkeep_ends_whenever_it_is_told_to(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        settings = SETTINGS.model_copy(update={"write_every_s": 0.001})
        async with Redis.from_url(redis_url, socket_timeout=5) as redis:
            for turn in range(40):
                async with Tracker(redis, table, settings) as tracker:
                    upkeep = Upkeep(tracker, table, Leadership(redis), settings)
                    running = asyncio.create_task(upkeep.run())
                    await asyncio.sleep(turn * 0.0005)
                    running.cancel()
                    _, goes_on = await asyncio.wait([running], timeout=10)
                    assert not goes_on

    asyncio.run(scenario())


def test_what_is_old_is_deleted(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        settings = TrackingSettings(keep_s=60)
        async with Redis.from_url(redis_url) as redis, Tracker(redis, table, settings) as tracker:
            old, waiting = (record(Lane.STANDARD, age_s=61) for _ in range(2))
            for each in (old, waiting):
                await tracker.accept(each, START)
            await tracker.complete(old.id, b"1")
            await Upkeep(tracker, table, Leadership(redis), settings).once()
            assert table.get(old.id) is None
            assert table.get(waiting.id) is not None

    asyncio.run(scenario())


def test_an_open_request_is_kept_for_as_long_as_it_is_open(
    redis_url: str, table: RequestTable
) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis, Tracker(redis, table, SETTINGS) as tracker:
            await Upkeep(tracker, table, Leadership(redis), SETTINGS).once()
            asked = record(Lane.STANDARD)
            key = f"neurocortex:tracking:request:{asked.id}"
            await tracker.accept(asked, START)
            await tracker.change(asked.id, lambda known: known.running(1.0))
            assert await redis.pttl(key) == -1  # it never expires
            await tracker.complete(asked.id, b"1")
            assert await redis.pttl(key) > 0

    asyncio.run(scenario())


def test_what_postgresql_refuses_holds_up_nothing_else(redis_url: str, table: RequestTable) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis, Tracker(redis, table, SETTINGS) as tracker:
            upkeep = Upkeep(tracker, table, Leadership(redis), SETTINGS)
            await upkeep.once()
            asked = [record(Lane.STANDARD, key=f"k{at}") for at in range(5)]
            asked[3] = record(Lane.STANDARD, key="a\0b")
            told = await asyncio.gather(
                *(tracker.accept(each, START) for each in asked), return_exceptions=True
            )
            assert [type(each) for each in told] == [
                UnrecordableError if at == 3 else type(None) for at in range(5)
            ]
            assert [table.get(each.id) is not None for each in asked] == [
                at != 3 for at in range(5)
            ]

            served = [record(Lane.REALTIME, key=key) for key in ("one", "a\0b", "two")]
            for each in served:
                await tracker.track(each)
            await upkeep.once()
            assert [table.get(each.id) is not None for each in served] == [True, False, True]
            assert not await tracker.states.unwritten(10)
            assert await tracker.get(served[1].id, "acme") == served[1]

    asyncio.run(scenario())


def test_a_database_that_only_reads_counts_as_away(redis_url: str, requests_url: str) -> None:
    """As one whose disk is full: it answers, and cannot write."""

    def read_only(connection: psycopg.Connection, switch: str) -> None:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(
                name, sql.SQL(switch)
            )
        )

    async def scenario(table: RequestTable) -> None:
        async with Redis.from_url(redis_url) as redis, Tracker(redis, table, SETTINGS) as tracker:
            upkeep = Upkeep(tracker, table, Leadership(redis), SETTINGS)
            with pytest.raises(TrackingUnavailableError, match="read-only"):
                await tracker.accept(record(Lane.STANDARD), START)
            served = record(Lane.REALTIME)
            await tracker.track(served)
            await upkeep.once()
            assert await tracker.states.unwritten(10) == [(served.id, 1)]

    with psycopg.connect(requests_url, autocommit=True) as connection:
        try:
            read_only(connection, "on")
            with RequestTable(requests_url) as table:
                asyncio.run(scenario(table))
        finally:
            read_only(connection, "off")


def test_the_upkeep_goes_on_after_a_failure_that_nobody_expected(
    redis_url: str, table: RequestTable, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis, Tracker(redis, table, SETTINGS) as tracker:
            upkeep = Upkeep(tracker, table, Leadership(redis), SETTINGS)
            served = record(Lane.REALTIME)
            await tracker.track(served)
            key = f"neurocortex:tracking:request:{served.id}"
            kept = await redis.get(key)
            assert kept is not None
            await redis.set(key, "1 no JSON")
            await upkeep.once()
            assert "is tried again" in caplog.text
            await redis.set(key, kept)
            await upkeep.once()
            assert table.get(served.id) == served

    asyncio.run(scenario())


def test_while_postgresql_is_away_nothing_is_accepted_and_nothing_is_forgotten(
    redis_url: str, mortal: MortalServer
) -> None:
    async def scenario() -> None:
        url = mortal.server.superuser_url()
        with Lake(url) as lake:
            lake.migrate()
        with RequestTable(url) as table:
            async with Redis.from_url(redis_url) as redis, Tracker(redis, table, SETTINGS) as it:
                upkeep = Upkeep(it, table, Leadership(redis), SETTINGS)
                before = record(Lane.STANDARD)
                await it.accept(before, START)
                await asyncio.to_thread(mortal.kill)

                with pytest.raises(TrackingUnavailableError, match="PostgreSQL"):
                    await it.accept(record(Lane.STANDARD), START)
                refused = record(Lane.STANDARD, key="k1")
                await it.reserve("acme", "k1", digest(b"body"), refused.id)
                with pytest.raises(TrackingUnavailableError):
                    await it.accept(refused, START)
                assert (await it.reserve("acme", "k1", digest(b"body"), uuid4())).is_new
                served = [record(Lane.REALTIME) for _ in range(50)]
                for each in served:
                    await it.track(each)
                    await it.complete(each.id, b"{}")
                await it.change(before.id, lambda known: known.running(2.0))
                await upkeep.once()
                assert len(await it.states.unwritten(100)) == 51

                await asyncio.to_thread(mortal.start)
                await upkeep.once()
                assert not await it.states.unwritten(100)
                assert {table.result(each.id) for each in served} == {b"{}"}
                written = table.get(before.id)
                assert written is not None
                assert written.state is State.RUNNING
                assert table.start(before.id) == START

    asyncio.run(scenario())
