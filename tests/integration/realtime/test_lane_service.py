"""The supervisor knows a lane process by its name of this start, and the client knows all."""

import asyncio
from pathlib import Path

import redis

from neurocortex.embedded.lane_service import LaneService
from neurocortex.requests.steps import Steps
from tests.integration.realtime.harness import Answered, Asked, bench


def test_a_lane_is_ready_when_it_reads_since_this_start(redis_url: str, tmp_path: Path) -> None:
    service = LaneService({"A": "1"}, tmp_path / "log", redis_url).service()
    first = service.command().argv[-1]
    assert not service.is_ready()
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"neurocortex:lane:alive:{first}", 1)
        assert service.is_ready()
    second = service.command().argv[-1]
    assert second != first
    assert not service.is_ready()


def test_a_redis_that_is_away_is_no_lane(tmp_path: Path) -> None:
    service = LaneService({}, tmp_path / "log", "redis://127.0.0.1:9/0").service()
    service.command()
    assert not service.is_ready()


def test_a_client_knows_which_processes_live(redis_url: str) -> None:
    async def echo(request: Asked, steps: Steps) -> Answered:
        return Answered(text=request.text)

    async def main() -> None:
        async with bench(redis_url) as at:
            assert await at.client.processes() == []
            async with at.lane(echo, name="one"), at.lane(echo, name="two"):
                await asyncio.gather(*(at.ask() for _ in range(50)))
                assert sorted(await at.client.processes()) == ["one", "two"]
            assert await at.client.processes() == []

    asyncio.run(main())
