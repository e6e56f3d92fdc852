"""A new version meets traffic: promoted if it is no worse, returned if it is; nobody is harmed."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from redis.asyncio import Redis
from skops import io
from typer.testing import CliRunner

from flows.deploy_model import deploy_model
from neurocortex.cli.main import app
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.errors import (
    ModelMemoryError,
    ModelNotFoundError,
    RolloutError,
    RolloutRunningError,
)
from neurocortex.feedback.store import FeedbackTable
from neurocortex.feedback.values import Feedback, Prediction
from neurocortex.forge.registry import Registry
from neurocortex.forge.store import Place
from neurocortex.learning.model import OperationModel, RouterModel
from neurocortex.learning.model import Verdict as RouterVerdict
from neurocortex.learning.store import LearningStore
from neurocortex.rollout import opening
from neurocortex.rollout.counts import Counts
from neurocortex.rollout.plan import Deployed, Guard, Rollout, State, Strategy
from neurocortex.rollout.store import RolloutTable
from neurocortex.rollout.verdicts import Verdict
from neurocortex.settings import settings
from tasks.model_memory import ModelMemory
from tasks.model_warming import Warming
from tasks.rollout_standing import standing
from tasks.rollouts import begin_rollout, rolling_out
from tests.integration.forge.rollouts import Client, client, register

PATIENCE_S = 30.0
GUARD = Guard(enough=20, margin=0.3)


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
            # Few requests on a busy machine: only far worse ones would be told apart.
            deployed = await asyncio.to_thread(
                deploy_model,
                two.model,
                2,
                Strategy.CANARY,
                percent=50,
                enough=20,
                slower=16,
                margin=0.3,
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
    assert 0.2 < served[2] / served.total() < 0.8
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


def test_what_serves_is_in_memory_before_it_is_asked_for_and_loaded_once(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        mine, asking_by_number = Warming(), (two.model, "2")
        await mine.once()
        two.registry.promote(two.registry.version(*asking_by_number))
        await mine.once()
        loads: list[object] = []
        monkeypatch.setattr(Registry, "load", lambda *asked: loads.append(asked))
        await mine.once()
        async with client(two.model) as asking:
            assert (await asking.ask("1")).version == 1
            assert (await asking.ask("2")).version == 2
        assert loads == []

    asyncio.run(scenario())
    monkeypatch.undo()
    monkeypatch.setenv("NEUROCORTEX_FORGE__MEMORY_MB", "0.001")
    settings.cache_clear()
    assert not ModelMemory().warm(DEFAULT_BLOCK, two.model, 2, at_once=None)


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


def test_the_list_names_versions_where_they_serve_and_what_they_learned_from(
    two: Two,
    tmp_path: Path,
    prefect_server: str,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEUROCORTEX_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)

    def listed() -> list[str]:
        shown = CliRunner().invoke(app, ["models", "list"], catch_exceptions=False)
        return [" ".join(line.split()) for line in shown.output.splitlines()]

    data = "data.wines version 1, 178 rows"
    assert f"{two.model} 1 champion predict {data}" in listed()
    assert "router - - the pipelines' rules serve nothing yet: train-router learns" in listed()
    two.begin(percent=30)
    asyncio.run(publish_router(redis_url))
    lines = listed()
    assert f"{two.model} 2 challenger predict, 30 % (canary) {data}" in lines
    assert f"{two.model} 1 champion predict, 70 % {data}" in lines
    assert lines[-1] == (
        "router 2030-01-02 00:00 UTC - gateways: train (memory_mb)"
        " 310 finished runs of 2 operations"
    )


async def publish_router(url: str) -> None:
    serves = RouterVerdict(metric="pinball loss", learned=1, rule=2, serves=True, reason="")
    model = RouterModel(
        learned_at=datetime(2030, 1, 2, tzinfo=UTC),
        release="1",
        operations={
            "train": OperationModel(runs=300, verdicts={"memory_mb": serves}),
            "echo": OperationModel(runs=10, reason="10 runs: it takes 200 to learn from"),
        },
    )
    async with Redis.from_url(url) as client:
        await LearningStore(client).publish(model)


def test_corrected_numbers_have_a_regressor_returned_that_is_farther_off(two: Two) -> None:
    begun = two.begin(percent=50)
    url = two.place.url.get_secret_value()
    with FeedbackTable(url) as feedback, RolloutTable(url) as table:
        assert correct(feedback, two.model, table, begun) is None, "it takes some to set a limit"
        found = correct(feedback, two.model, table, begun)
        judged = table.judged(begun.id)
    assert found is not None
    assert found.state is State.RETURNED
    assert found.reason.startswith("its numbers are farther from the right ones: median 8")
    assert (judged.sums.stable.corrected, judged.sums.candidate.corrected) == (80, 80)
    assert judged.sums.candidate.scored == 0


def correct(
    feedback: FeedbackTable, model: str, table: RolloutTable, rollout: Rollout
) -> Verdict | None:
    """Have 40 numbers of each version corrected, of version 2 by more, and judge the rollout."""
    for version, off in ((1, 1.0), (2, 7.5)):
        made = [
            Prediction(
                id=uuid4(),
                tenant="acme",
                forge=DEFAULT_BLOCK,
                model=model,
                version=version,
                rows=[{"alcohol": 1.0}, {"alcohol": 2.0}],
                answers=[0.0, 20.0],
                made_at=datetime.now(UTC),
            )
            for _ in range(40)
        ]
        feedback.keep(made)
        for each in made:
            feedback.give("acme", Feedback(request_id=each.id, row=1, label=20 - off), "")
    return table.judge(rollout, Counts())


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
