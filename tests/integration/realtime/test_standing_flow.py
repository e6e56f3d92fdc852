"""The standing flow: Running in Prefect, its work as task runs; it ends well, or Crashed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterName
from prefect.client.schemas.objects import FlowRun
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.replay_request import replay_request
from neurocortex.admission.values import Ticket
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.domain.deployments import Tier
from neurocortex.errors import RemoteError
from neurocortex.lake.store import Lake
from neurocortex.realtime.call import Call
from neurocortex.routing.route import Lane
from tests.integration.realtime.harness import Bench, bench, until

ROOT = Path(__file__).parents[3]


@contextmanager
def standing(environment: Mapping[str, str], name: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "flows.serve_realtime", name]
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        yield child
    finally:
        child.kill()
        child.wait()


async def lives(at: Bench, name: str) -> None:
    async def alive() -> bool:
        return bool(await at.redis.exists(f"neurocortex:lane:alive:{name}"))

    await until(alive)


def request(operation: str, **fields: object) -> tuple[Call, Ticket]:
    body = json.dumps({"operation": operation, **fields}).encode()
    call = Call(uuid4(), operation, body, "acme", Tier.HIGH)
    return call, Ticket(call.id, Lane.REALTIME, Tier.HIGH, "acme", 0.01)


async def runs_named(client: PrefectClient, name: str) -> list[FlowRun]:
    chosen = FlowRunFilter(name=FlowRunFilterName(any_=[name]))
    return await client.read_flow_runs(flow_run_filter=chosen)


async def reaches(client: PrefectClient, name: str, state: str) -> None:
    async def reached() -> bool:
        return [run.state_name for run in await runs_named(client, name)] == [state]

    await until(reached)


async def deployed(client: PrefectClient) -> None:
    """Make the deployment of replay-request that `neurocortex deploy` would."""
    flow = await client.create_flow(replay_request)
    await client.create_deployment(flow, "replay-request", entrypoint="flows.replay_request")


@pytest.mark.timeout(120)
def test_a_lane_in_prefect(
    prefect_server: str, redis_url: str, database_url: str, tmp_path: Path
) -> None:
    with Lake(database_url) as lake:
        lake.migrate()
    environment = {
        "PREFECT_API_URL": prefect_server,
        "NEUROCORTEX_HOME": str(tmp_path),
        "NEUROCORTEX_REDIS_URL": redis_url,
        "NEUROCORTEX_DATABASE_URL": database_url,
        "NEUROCORTEX_REALTIME__WINDOW_S": "1",
        "NEUROCORTEX_REALTIME__LOST_AFTER_S": "1",
        "NEUROCORTEX_TASKS__RETRIES": "0",
    }

    async def main() -> None:
        async with PrefectClient(prefect_server) as client, bench(redis_url) as at:
            await deployed(client)
            with standing(environment, "first") as child:
                await lives(at, "first")
                reply = await at.client.call(*request("echo", text="hello"))
                assert reply.body == b'{"text":"hello"}'
                await reaches(client, "first", "Running")
                await _windows(client, "first", "1 requests")
                await _refusals(at)
                await _failure(at, client, database_url)
                child.send_signal(signal.SIGKILL)
                child.wait()
            with standing(environment, "second") as child:
                await lives(at, "second")
                await reaches(client, "first", "Crashed")
                await at.client.call(*request("echo"))
                child.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(child.wait, 30) == 0
                await reaches(client, "second", "Completed")

    asyncio.run(main())


async def _windows(client: PrefectClient, name: str, title: str) -> None:
    (run,) = await runs_named(client, name)
    chosen = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))

    async def recorded() -> bool:
        found = await client.read_task_runs(flow_run_filter=chosen)
        return any(title in each.name and each.state_name == "Completed" for each in found)

    await until(recorded)


async def _refusals(at: Bench) -> None:
    """What a client has to put right is told to it, with a code."""
    message = {"role": "user", "content": "hello"}
    with pytest.raises(RemoteError, match="NEUROCORTEX_LLM__BASE_URL") as raised:
        await at.client.call(*request("chat", messages=[message]))
    assert raised.value.code == "provider_missing"
    with pytest.raises(RemoteError) as raised:
        await at.client.call(*request("echo", txt="misspelt"))
    assert raised.value.code == "invalid_request"


async def _failure(at: Bench, client: PrefectClient, database_url: str) -> None:
    """What is ours is a dead letter, and is tried again in a flow run that people see."""
    call, ticket = request("search", query="anything", lake="nowhere")
    with pytest.raises(RemoteError, match="there is no block lake/nowhere"):
        await at.client.call(call, ticket)
    replay = await _replay_of(call.id, database_url)
    run = await client.read_flow_run(replay)
    assert run.parameters == {
        "request": {"operation": "search", "query": "anything", "lake": "nowhere"}
    }
    assert run.tags == ["tenant:acme"]


async def _replay_of(call: UUID, database_url: str) -> UUID:
    with DeadLetters(database_url) as letters:

        async def replayed() -> bool:
            found = await asyncio.to_thread(letters.list, flow="serve-realtime", is_replayed=True)
            return bool(found)

        await until(replayed)
        letter = letters.get(call)
        assert (letter.name, letter.tenant, letter.tier) == ("search", "acme", "high")
        assert letter.replayed_as is not None
        return letter.replayed_as


@pytest.mark.timeout(120)
def test_it_serves_while_there_is_no_prefect(redis_url: str, tmp_path: Path) -> None:
    environment = {
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
        "NEUROCORTEX_HOME": str(tmp_path),
        "NEUROCORTEX_REDIS_URL": redis_url,
        "NEUROCORTEX_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    }

    async def main() -> None:
        async with bench(redis_url) as at:
            with standing(environment, "unseen") as child:
                await lives(at, "unseen")
                reply = await at.client.call(*request("echo", text="hello"))
                assert reply.body == b'{"text":"hello"}'
                child.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(child.wait, 30) == 0

    asyncio.run(main())


def test_a_request_is_done_again_step_by_step(prefect_server: str, tmp_path: Path) -> None:
    async def main() -> None:
        state = await replay_request({"operation": "echo", "text": "again"}, return_state=True)
        assert state.is_completed()
        async with PrefectClient(prefect_server) as client:

            async def tracked() -> bool:
                run = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
                found = await client.read_task_runs(flow_run_filter=run)
                return [each.name for each in found] == ["echo"]

            await until(tracked)

    with temporary_settings({PREFECT_API_URL: prefect_server}):
        asyncio.run(main())
        APILogWorker.drain_all(timeout=5)
