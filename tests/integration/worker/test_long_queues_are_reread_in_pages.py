"""Who reads again all that waits does so a page at a time: a new run never waits for the rest."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Cancelled
from redis.asyncio import Redis

from neurocortex.ledger.ledger import Ledger
from neurocortex.worker import arrivals, rereading
from neurocortex.worker.due import DueRuns

if TYPE_CHECKING:
    from tests.integration.worker.conftest import Platform

PAGE = 3
QUEUED = 2 * PAGE + 1
READING = QUEUED // PAGE + 2
"""Looks in which all is read again: its pages, and once for those that were on none."""


class Client(PrefectClient):
    """Counts the queries for runs."""

    queries = 0

    async def read_flow_runs(self, **filters: Any) -> list[FlowRun]:
        self.queries += 1
        return await super().read_flow_runs(**filters)


class Queue:
    """A long queue, as a worker knows it, and what happens to it meanwhile."""

    def __init__(self, client: Client, redis: Redis, pool: str, deployment: UUID) -> None:
        self._client = client
        self._deployment = deployment
        ledger = Ledger(redis, uuid4().hex)
        self.due = DueRuns(client, ledger, [pool], is_ours=lambda _: True, refuse=self._refuse)

    async def submitted(self) -> UUID:
        parameters = {"numbers": [1]}
        made = await self._client.create_flow_run_from_deployment(
            self._deployment, parameters=parameters
        )
        return made.id

    async def cancelled(self, run: UUID) -> None:
        await self._client.set_flow_run_state(run, Cancelled(), force=True)

    async def look(self) -> int:
        """Look once; return how many queries for runs that took."""
        before = self._client.queries
        await self.due.refresh(())
        await self.due.reread(())
        return self._client.queries - before

    def waiting(self) -> set[UUID]:
        return {work.id for work in self.due.backlog}

    async def _refuse(self, run: FlowRun, state: State) -> None:
        pytest.fail(f"{run.name}: {state.message}")


@pytest.fixture
def with_queue(
    platform: "Platform", redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Queue], Awaitable[None]]], None]:
    monkeypatch.setattr(arrivals, "PAGE", PAGE)
    monkeypatch.setattr(rereading, "PAGE", PAGE)
    monkeypatch.setattr(rereading, "READ_ALL_S", 0.0)
    monkeypatch.setattr(rereading, "READ_ALL_SHARE", 1e9)
    monkeypatch.setattr(rereading, "SOON_S", 0.0)
    pool = platform.make_pool(f"queue-{uuid4().hex}")
    deployment = platform.deploy("add", pool)

    def run(test: Callable[[Queue], Awaitable[None]]) -> None:
        async def main() -> None:
            async with AsyncExitStack() as stack:
                client = await stack.enter_async_context(Client(platform.api_url))
                redis = Redis.from_url(redis_url, decode_responses=True)
                await test(Queue(client, await stack.enter_async_context(redis), pool, deployment))

        asyncio.run(main())
        platform.client.delete_deployment(deployment)

    return run


def test_a_look_while_all_is_reread_finds_a_new_run_and_reads_one_page(
    with_queue: Callable[[Callable[[Queue], Awaitable[None]]], None],
) -> None:
    async def test(queue: Queue) -> None:
        queued = [await queue.submitted() for _ in range(QUEUED)]
        await queue.look()
        assert queue.waiting() == set(queued), "the first look reads all of them"
        announced = await queue.submitted()
        new_and_one_page = 2
        assert await queue.look() <= new_and_one_page
        assert queue.waiting() == {*queued, announced}

    with_queue(test)


def test_a_cancelled_run_is_forgotten_and_no_other(
    with_queue: Callable[[Callable[[Queue], Awaitable[None]]], None],
) -> None:
    async def test(queue: Queue) -> None:
        queued = [await queue.submitted() for _ in range(QUEUED)]
        await queue.look()  # and the first page
        await queue.cancelled(queued[0])  # those on the pages that follow move up by one
        for _ in range(2 * READING):
            await queue.look()
        assert queue.waiting() == set(queued[1:])

    with_queue(test)


def test_a_run_that_was_taken_and_not_started_waits_again(
    with_queue: Callable[[Callable[[Queue], Awaitable[None]]], None],
) -> None:
    async def test(queue: Queue) -> None:
        first, second = [await queue.submitted() for _ in range(2)]
        await queue.look()
        for run in (first, second):
            queue.due.take(run)
            queue.due.doubt(run)
        await queue.cancelled(second)
        await queue.due.reread(())
        assert queue.waiting() == {first}

    with_queue(test)
