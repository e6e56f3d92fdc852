"""A new version meets traffic: promoted if it is no worse, returned if it is; nobody is harmed."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest
import redis
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from skops import io

from flows.deploy_model import deploy_model
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.errors import (
    ModelMemoryError,
    ModelNotFoundError,
    RolloutError,
    RolloutRunningError,
)
from neurocortex.forge.registry import Registry
from neurocortex.forge.store import Place
from neurocortex.rollout import opening
from neurocortex.rollout.judging import Verdict
from neurocortex.rollout.plan import Deployed, Guard, Rollout, State, Strategy
from neurocortex.settings import settings
from tasks.rollout_standing import standing
from tasks.rollouts import begin_rollout, rolling_out
from tests.integration.forge.rollouts import Client, client, register

PATIENCE_S = 30.0
GUARD = Guard(enough=40)


@dataclass
class Two:
    """A model of the test's own: version 1 serves, version 2 waits."""

    model: str
    registry: Registry
    place: Place

    def begin(
        self,
        strategy: Strategy = Strategy.CANARY,
        percent: float = 50,
        candidate: Deployed | None = None,
    ) -> Rollout:
        deployed = candidate or Deployed(version=2)
        return begin_rollout.fn(DEFAULT_BLOCK, self.model, deployed, strategy, percent, GUARD)

    def champion(self) -> int | None:
        return self.registry.champion(self.model)


@pytest.fixture
def two(shared_forge: Place) -> Two:
    found = Two(f"cultivar_{uuid4().hex[:8]}", Registry(shared_forge), shared_forge)
    found.registry.promote(register(found.registry, found.model))
    register(found.registry, found.model)
    return found


async def until_warm(rollout: Rollout) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not standing().is_warm(rollout):
            await asyncio.sleep(0.05)


async def until_ended(
    asking: Client, each: Callable[[Client], Awaitable[object]] | None = None
) -> Rollout:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if each is not None:
                await each(asking)
            found = await standing().of(DEFAULT_BLOCK, asking.model)
            assert found is not None
            if not found.is_running:
                return found
            await asyncio.sleep(0.005)


def test_a_canary_that_is_no_worse_is_promoted(two: Two) -> None:
    served: Counter[int] = Counter()

    async def ask(asking: Client) -> None:
        served[(await asking.ask()).version] += 1

    async def scenario() -> Rollout:
        async with rolling_out(settings()), client(two.model) as asking:
            deployed = await asyncio.to_thread(
                deploy_model, two.model, 2, Strategy.CANARY, percent=50, enough=40
            )
            await until_warm(deployed)
            ended = await until_ended(asking, ask)
            async with asyncio.timeout(2):
                while (await asking.ask()).version != 2:  # all processes within a second
                    await asyncio.sleep(0.05)
            return ended

    ended = asyncio.run(scenario())
    assert ended.state is State.PROMOTED
    assert "no worse after" in ended.reason
    assert two.champion() == 2
    assert 0.3 < served[2] / served.total() < 0.7
    assert "promoted" in artifact(f"rollout-{two.model.replace('_', '-')}")


def test_a_version_that_takes_other_features_is_returned_and_every_request_is_answered(
    two: Two,
) -> None:
    assert register(two.registry, two.model, features=("alcohol", "hue")).number == 3
    versions: set[int] = set()

    async def ask(asking: Client) -> None:
        versions.add((await asking.ask()).version)

    async def scenario() -> Rollout:
        async with rolling_out(settings()), client(two.model) as asking:
            begun = await asyncio.to_thread(two.begin, candidate=Deployed(version=3))
            await until_warm(begun)
            return await until_ended(asking, ask)

    ended = asyncio.run(scenario())
    assert ended.state is State.RETURNED
    assert "fails more often" in ended.reason
    assert versions == {1}
    assert two.champion() == 1


def test_a_damaged_artifact_is_returned_and_the_champion_serves_on(two: Two) -> None:
    rollout = two.begin()
    assert two.place.artifacts is not None
    (artifact,) = two.place.artifacts.glob(
        f"**/{two.registry.version(two.model, '2').run}/**/model.skops"
    )
    artifact.write_bytes(artifact.read_bytes()[:-1] + b"x")

    async def scenario() -> Rollout:
        async with rolling_out(settings()), client(two.model) as asking:
            assert (await asking.ask()).version == 1
            ended = await until_ended(asking)
            assert (await asking.ask()).version == 1
            return ended

    ended = asyncio.run(scenario())
    assert (ended.id, ended.state) == (rollout.id, State.RETURNED)
    assert "not those that were registered" in ended.reason


def test_a_shadow_computes_copies_that_nobody_gets(two: Two) -> None:
    async def scenario() -> None:
        async with rolling_out(settings()), client(two.model) as asking:
            begun = await asyncio.to_thread(two.begin, Strategy.SHADOW, 100)
            await until_warm(begun)
            for _ in range(10):
                assert (await asking.ask()).version == 1
                await standing().copied()
            assert (await asking.ask("2")).version == 2

    asyncio.run(scenario())
    counts = asyncio.run(_counts(two.model))
    assert counts == {"stable:requests": 10, "candidate:requests": 10}


def test_blue_green_switches_at_once_and_comes_back(two: Two) -> None:
    async def scenario() -> None:
        async with rolling_out(settings()), client(two.model) as asking:
            limited = Deployed(version=2, concurrency=1, memory_bytes=10**9)
            begun = await asyncio.to_thread(two.begin, Strategy.BLUE_GREEN, 100, limited)
            assert two.champion() == 2
            await until_warm(begun)
            assert (await asking.ask()).version == 2
            async with opening.of_settings(settings()) as rollouts:
                verdict = Verdict(State.RETURNED, "somebody ended it")
                assert await rollouts.end(begun, verdict, two.registry) is not None
                assert await rollouts.end(begun, verdict, two.registry) is None
            await until_ended(asking)
            assert (await asking.ask()).version == 1
            two.registry.crown(two.model, 2)

    asyncio.run(scenario())
    again = two.begin(candidate=Deployed(version=1))
    assert again.stable.concurrency == 1, "what a version may use up stays with it"


def test_what_cannot_be_deployed_is_refused_with_its_reason(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelNotFoundError, match="no version '9'"):
        two.begin(candidate=Deployed(version=9))
    with pytest.raises(RolloutError, match="serves already"):
        two.begin(candidate=Deployed(version=1))
    with pytest.raises(ModelMemoryError, match="may have 1,000"):
        two.begin(candidate=Deployed(version=2, memory_bytes=1000))

    def full(*_: object, **__: object) -> object:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(io, "loads", full)
        with pytest.raises(ModelMemoryError, match="too little memory"):
            two.begin()
    two.begin()
    with pytest.raises(RolloutRunningError, match="runs already"):
        two.begin()
    assert two.champion() == 1


def test_processes_know_a_rollout_within_a_second_also_when_redis_was_emptied(
    two: Two, redis_url: str
) -> None:
    async def scenario() -> None:
        async with rolling_out(settings()):
            assert await standing().of(DEFAULT_BLOCK, two.model) is None
            for _ in range(2):
                begun = await asyncio.to_thread(two.begin)
                with redis.Redis.from_url(redis_url) as emptied:
                    emptied.flushdb()
                since = time.monotonic()
                while (found := await standing().of(DEFAULT_BLOCK, two.model)) != begun:
                    assert time.monotonic() - since < 1
                    await asyncio.sleep(0.05)
                assert found is not None
                async with opening.of_settings(settings()) as rollouts:
                    await rollouts.end(begun, Verdict(State.RETURNED, "for a test"), two.registry)

    asyncio.run(scenario())


def artifact(key: str) -> str:
    """Return the newest artifact of a key."""

    async def read() -> str:
        async with get_client() as prefect:
            wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
            found = await prefect.read_artifacts(artifact_filter=wanted)
            return str(max(found, key=lambda each: str(each.created)).data)

    return asyncio.run(read())


async def _counts(model: str) -> dict[str, int]:
    async with opening.of_settings(settings()) as rollouts:
        running = await rollouts.running(DEFAULT_BLOCK, model)
        counts = await rollouts.counts(running)
        return {
            f"{name}:requests": arm.requests
            for name, arm in (("stable", counts.stable), ("candidate", counts.candidate))
        }
