"""From runs of both lanes to what a gateway expects of the next request."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from flows.pipelines.echo import PIPELINE as ECHO
from flows.pipelines.echo import EchoRequest
from flows.pipelines.train import PIPELINE as TRAIN
from flows.pipelines.train import TrainRequest
from flows.train_router import train_router
from neurocortex.domain.deployments import Tier
from neurocortex.lake.store import Lake
from neurocortex.learning import layout
from neurocortex.learning.consumption import Consumed, Consumption
from neurocortex.learning.features import features_of
from neurocortex.learning.finished import Finished
from neurocortex.learning.keeping import SampleKeeping
from neurocortex.learning.store import LearningStore
from neurocortex.learning.watching import LearnedRouting
from neurocortex.requests.registry import AnyPipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from neurocortex.routing.route import Expectation, Lane
from neurocortex.settings import RoutingSettings
from neurocortex.tracking.record import Record
from neurocortex.tracking.table import RequestTable, Written
from tests.integration.realtime.harness import Answered, Asked, bench

RUNS = 300
READ_S = 0.5
"""It is long read by then, and is not read again for half a minute."""
ON, OFF = RoutingSettings(), RoutingSettings(learned=False)
ASKED = TrainRequest(spec="wine_cultivar")
SIZE = len(ASKED.model_dump_json())


def flow_runs(chance: random.Random) -> list[Written]:
    """Return requests that were flow runs of 90 to 110 s: the rule says 30."""
    now, found = time.time(), []
    features = features_of(TRAIN, ASKED, SIZE)
    for number in range(RUNS):
        began = now - 3600 + number
        record = Record(
            id=uuid4(),
            tenant="acme",
            operation="train",
            lane=Lane.STANDARD,
            tier=Tier.LOW,
            created=began,
            features=features,
        )
        started = record.assigned(uuid4()).running(began)
        done = started.completed(began + chance.uniform(90, 110))
        found.append(Written(done, None))
    return found


def sampled(chance: random.Random) -> list[Finished]:
    """Return runs of the real-time lane that took longer the longer their text: the rule does not
    know."""
    found = []
    for number in range(RUNS):
        request = EchoRequest(text="x" * chance.randint(1, 1000))
        size = len(request.model_dump_json())
        found.append(
            Finished(
                operation="echo",
                features=features_of(ECHO, request, size),
                seconds=0.01 * len(request.text) * chance.uniform(0.9, 1.1),
                tokens=0,
                at=number,
            )
        )
    return found


def told(runs: Sequence[Written], chance: random.Random) -> list[Consumed]:
    """Return what a worker tells of flow runs: they took 100 MB of the 512 that were reserved."""
    return [
        Consumed(
            flow_run=run.record.flow_run or uuid4(),
            cpu_s=chance.uniform(10, 12),
            memory_mb=chance.uniform(80, 110),
            reserved_mb=512,
        )
        for run in runs
    ]


async def tell(url: str, consumed: Sequence[Consumed]) -> None:
    async with Redis.from_url(url) as redis:
        for each in consumed:
            await Consumption(redis).tell(each)
        await redis.xadd(f"{layout.NAMESPACE}:{layout.CONSUMPTION}", {"taken": "of later release"})


@asynccontextmanager
async def store_at(url: str) -> AsyncGenerator[LearningStore]:
    async with Redis.from_url(url) as redis:
        yield LearningStore(redis)


async def keep(url: str, runs: Sequence[Finished]) -> None:
    async with store_at(url) as store:
        await store.keep(runs, most=1000)


async def expected(
    url: str,
    request: Request,
    pipeline: AnyPipeline = ECHO,
    chosen: RoutingSettings = ON,
) -> Expectation | None:
    """Return what a gateway expects of a request, which has read what there is to read."""
    async with store_at(url) as store:
        learned = LearnedRouting(store, chosen)
        with suppress(TimeoutError):
            await asyncio.wait_for(learned.run(), READ_S)
        return learned(pipeline, request, len(request.model_dump_json()))


async def aged(url: str, days: float) -> None:
    """Let the model be one that was learned so many days ago."""
    async with store_at(url) as store:
        model = await store.model()
        assert model is not None
        learned_at = datetime.now(UTC) - timedelta(days=days)
        await store.publish(model.model_copy(update={"learned_at": learned_at}))


def test_runs_of_both_lanes_teach_what_the_gateway_expects(
    lake: Lake, stream: str, database_url: str
) -> None:
    chance = random.Random(7)
    with RequestTable(database_url) as table:
        table.write(runs := flow_runs(chance))
    asyncio.run(tell(stream, told(runs, chance)))
    seldom = Finished(operation="search", features={}, seconds=1.0, at=0.0)
    asyncio.run(keep(stream, [*sampled(chance), seldom]))

    report = {each.operation: each for each in train_router().operations}

    assert set(report["echo"].serves) == {"seconds"}
    assert set(report["train"].serves) >= {"seconds", "length", "memory_mb"}
    assert any("cpu_s: pinball loss" in each for each in report["train"].reasons)
    trained = asyncio.run(expected(stream, ASKED, TRAIN))
    assert trained is not None
    assert trained.memory_mb == pytest.approx(107, rel=0.1)
    assert report["search"].reasons == ("1 runs: it takes 200 to learn from",)
    said = asyncio.run(expected(stream, EchoRequest(text="x" * 600)))
    assert said is not None
    assert said.seconds == pytest.approx(6.0, rel=0.2)
    assert asyncio.run(expected(stream, EchoRequest(text="x" * 5000))) is None
    assert asyncio.run(expected(stream, EchoRequest(text="x" * 600), chosen=OFF)) is None
    asyncio.run(aged(stream, days=8))
    assert asyncio.run(expected(stream, EchoRequest(text="x" * 600))) is None


def test_a_lane_keeps_what_it_served_and_what_it_had_to_end(redis_url: str) -> None:
    async def serve(request: Asked, steps: Steps) -> Answered:
        if request.text == "hang":
            await asyncio.Event().wait()
        return Answered(text=request.text)

    async def main() -> list[Finished]:
        async with bench(redis_url) as served, served.lane(serve, timeout_s=0.2) as lane:
            await served.ask("at once")
            with pytest.raises(Exception, match=r"0\.2 s"):
                await served.ask("hang")
            store = LearningStore(served.redis)
            await SampleKeeping(lane.sample, store, most=100).once()
            return list(await store.runs("test"))

    quick, hung = asyncio.run(main())
    assert (quick.features["text"], hung.features["text"]) == (7.0, 4.0)
    assert quick.seconds < hung.seconds
    assert hung.seconds >= 0.2
    assert "at once" not in quick.model_dump_json()


def test_without_redis_a_gateway_goes_on_with_the_rules() -> None:
    assert asyncio.run(expected("redis://127.0.0.1:9/0", EchoRequest(text="x"))) is None


def test_of_an_operation_only_the_newest_runs_are_kept(redis_url: str) -> None:
    async def main() -> int:
        async with store_at(redis_url) as store:
            await store.keep(sampled(random.Random(1)), most=100)
            return len(await store.runs("echo"))

    assert asyncio.run(main()) < RUNS
