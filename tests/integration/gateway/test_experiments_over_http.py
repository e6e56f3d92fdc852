"""Experiments as clients meet them: requests vary, answers say how, feedback counts."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from time import time
from typing import TypeVar
from uuid import uuid4

import httpx
import pytest

from neurocortex.domain.deployments import Tier
from neurocortex.embedded.redis_server import RedisServer
from neurocortex.errors import (
    ExperimentApplyError,
    ExperimentEndedError,
    ExperimentRunningError,
)
from neurocortex.experiments.experiments import Experiments
from neurocortex.experiments.opening import opened
from neurocortex.experiments.outcomes import Taken
from neurocortex.experiments.plan import Experiment, ExperimentSpec, State
from neurocortex.experiments.taking import Taking
from neurocortex.routing.route import Lane
from neurocortex.tracking.record import Record
from neurocortex.tracking.record import State as RequestState
from neurocortex.tracking.table import RequestTable, Written
from tests.integration.gateway.conftest import REDIS_DATABASE, Gateway, until

HEADER = "X-Neurocortex-Experiment"

T = TypeVar("T")

Platform = Callable[[Callable[[Experiments], Awaitable[T]]], T]


@pytest.fixture
def platform(gateway_database: str, redis_server: RedisServer) -> Platform[object]:
    """Calls work with the experiments of the gateway's platform."""

    def do(work: Callable[[Experiments], Awaitable[T]]) -> T:
        async def work_opened() -> T:
            async with opened(redis_server.url(REDIS_DATABASE), gateway_database) as experiments:
                return await work(experiments)

        return asyncio.run(work_opened())

    return do


@contextmanager
def begun(
    gateway: Gateway, platform: Platform[object], operation: str, **fields: object
) -> Iterator[Experiment]:
    """An experiment that the gateway knows; stopped at the end if it still runs."""
    variants = [
        {"name": "usual", "set": {"text": "fine"}},
        {"name": "other", "set": {"text": "ours"}},
    ]
    spec = ExperimentSpec.model_validate(
        {"name": f"of-{operation}", "operation": operation, "variants": variants, **fields}
    )
    started: Experiment = platform(lambda each: each.begin(spec))  # type: ignore[assignment]
    with gateway.client() as client:
        until(lambda: HEADER in asked(client, operation).headers, gateway.log)
    try:
        yield started
    finally:
        with suppress(ExperimentEndedError):
            platform(lambda each: each.stop(spec.name))


def asked(client: httpx.Client, operation: str, **fields: object) -> httpx.Response:
    return client.post("/v1/requests", json={"operation": operation, **fields})


def test_a_variant_that_breaks_a_guardrail_is_stopped_and_nobody_gets_it_any_more(
    gateway: Gateway, platform: Platform[object]
) -> None:
    rails = {"error_rate": 0.05}
    with (
        begun(gateway, platform, "failing", guardrails=rails) as experiment,
        gateway.client() as client,
    ):
        for _ in range(40):
            answer = asked(client, "failing", text="asked for something else")
            if answer.status_code == 404:  # a problem document, and nothing of an answer
                continue
            assert answer.json() == {"text": "fine"}
            assert answer.headers[HEADER] == "of-failing; variant=usual"
            assert "experiment" in answer.headers["X-Neurocortex-Route"]

        def is_over() -> bool:
            platform(lambda each: each.judge(experiment))
            answer = asked(client, "failing", text="as asked")
            return answer.status_code == 200 and HEADER not in answer.headers

        until(is_over, gateway.log)
        assert asked(client, "failing", text="as asked").json() == {"text": "as asked"}
    known = platform(lambda each: asyncio.to_thread(each.table.known, "of-failing"))
    ended = known.experiment  # type: ignore[attr-defined]
    assert (ended.state, ended.winner) == (State.BROKEN, "usual")
    assert "requests could not be answered, 5.0% may" in ended.stopped["other"]


def test_a_variant_that_is_applied_serves_until_it_is_withdrawn(
    gateway: Gateway, platform: Platform[object]
) -> None:
    with (
        begun(gateway, platform, "echo"),
        pytest.raises(ExperimentApplyError, match="runs still"),
    ):
        platform(lambda each: each.apply("of-echo", "other", "ada"))
    with pytest.raises(ExperimentApplyError, match=r"no variant won.*usual, other"):
        platform(lambda each: each.apply("of-echo", None, "ada"))
    with pytest.raises(ExperimentApplyError, match="no variant 'better'"):
        platform(lambda each: each.apply("of-echo", "better", "ada"))
    platform(lambda each: each.apply("of-echo", "other", "ada"))
    with pytest.raises(ExperimentApplyError, match="applied already"):
        platform(lambda each: each.apply("of-echo", "other", "ada"))

    def answers(text: str) -> bool:
        answer = asked(client, "echo", text="as asked")
        if HEADER in answer.headers:  # that it was stopped is known in a moment
            return False
        is_applied = "applied" in answer.headers["X-Neurocortex-Route"]
        assert is_applied is (answer.json() == {"text": "ours"})
        return bool(answer.json() == {"text": text})

    with gateway.client() as client:
        until(lambda: answers("ours"), gateway.log)
        platform(lambda each: each.withdraw("of-echo", "eve"))
        until(lambda: answers("as asked"), gateway.log)
    with pytest.raises(ExperimentApplyError, match="no variant of it is applied"):
        platform(lambda each: each.withdraw("of-echo", "eve"))
    known = platform(lambda each: asyncio.to_thread(each.table.known, "of-echo"))
    changes = known.experiment.changes  # type: ignore[attr-defined]
    assert [(each.variant, each.by) for each in changes] == [("other", "ada"), (None, "eve")]


def test_feedback_on_a_request_counts_for_its_variant_once(
    gateway: Gateway, platform: Platform[object]
) -> None:
    with begun(gateway, platform, "counted", metric="score") as experiment:
        with gateway.client() as client:
            answers = [asked(client, "counted", text=str(number)) for number in range(12)]
            # An answer is kept by the request as its variant has it.
            caches = [each.headers["X-Cache"] for each in answers]
            assert caches.count("miss") <= 2  # one for each variant
            assert caches.count("hit") == len(caches) - caches.count("miss")
            first = answers[0]
            said = {"request_id": first.headers["X-Request-Id"], "score": 1.0}
            for counted in (True, False):
                judged = client.post("/v1/feedback", json=said)
                assert (judged.status_code, judged.json()["counted"]) == (201, counted)
        with gateway.client(gateway.stranger) as client:
            assert client.post("/v1/feedback", json=said).status_code == 404
        platform(lambda each: each.judge(experiment))
        known = platform(lambda each: asyncio.to_thread(each.table.known, "of-counted"))
        arms = known.figures.arms  # type: ignore[attr-defined]
        variant = first.headers[HEADER].partition("variant=")[2]
        assert {name: arm.metric.count for name, arm in arms.items() if arm.metric.count} == {
            variant: 1
        }
        assert sum(arm.requests for arm in arms.values()) >= 12
        assert sum(arm.timed for arm in arms.values()) <= 3  # what was kept took no time


def test_the_passages_that_helped_say_which_of_two_rankings_is_preferred(
    gateway: Gateway, platform: Platform[object]
) -> None:
    variants = [{"name": "usual"}, {"name": "other", "set": {"text": "theirs"}}]
    design = {"design": "interleaved", "variants": variants}
    with begun(gateway, platform, "ranking", **design) as experiment, gateway.client() as client:
        answers = [asked(client, "ranking", text="ours") for _ in range(6)]
        # The same request, and coins of its own each time.
        assert len({tuple(each.json()["passages"]) for each in answers}) > 1
        for answer in answers:
            assert "X-Cache" not in answer.headers
            assert answer.headers[HEADER] == "of-ranking; variant=usual+other"
            numbers = [
                number
                for number, passage in enumerate(answer.json()["passages"], 1)
                if passage.startswith("theirs")
            ]
            said = {"request_id": answer.headers["X-Request-Id"], "used": numbers}
            for counted in (True, False):
                judged = client.post("/v1/feedback", json=said)
                assert (judged.status_code, judged.json()["counted"]) == (201, counted)
        scored = client.post("/v1/feedback", json={"request_id": said["request_id"], "score": 0})
        assert scored.json()["counted"] is False
        many = client.post("/v1/feedback", json={**said, "used": [5]})
        assert (many.status_code, "4 passages" in many.text) == (400, True)
        by_hand = asked(client, "ranking", text="ours", against={"text": "mine"})
        assert HEADER not in by_hand.headers
        said["request_id"] = by_hand.headers["X-Request-Id"]
        assert client.post("/v1/feedback", json=said).status_code == 404
        platform(lambda each: each.judge(experiment))
        known = platform(lambda each: asyncio.to_thread(each.table.known, "of-ranking"))
        usual, other = (known.figures.arms[name] for name in ("usual", "other"))  # type: ignore[attr-defined]
        assert (other.wins, other.metric.mean, usual.metric.mean) == (6, 1.0, 0.0)
        assert (usual.losses, usual.errors, usual.ties) == (6, 0, 0)
        assert usual.requests == other.requests >= 6


def test_a_request_sent_again_with_its_key_is_served_by_the_same_variant(
    gateway: Gateway, platform: Platform[object]
) -> None:
    with begun(gateway, platform, "slow"), gateway.client() as client:
        key = {"Idempotency-Key": uuid4().hex}
        answers = [
            client.post("/v1/requests", json={"operation": "slow"}, headers=key) for _ in range(4)
        ]
        assert {each.status_code for each in answers} == {200}
        assert len({each.headers[HEADER] for each in answers}) == 1


def test_an_operation_has_one_experiment_at_a_time(
    gateway: Gateway, platform: Platform[object]
) -> None:
    with begun(gateway, platform, "echo"):
        again = ExperimentSpec.model_validate(
            {
                "name": "another",
                "operation": "echo",
                "variants": [
                    {"name": "a", "share": 50},
                    {"name": "b", "share": 50, "set": {"text": "b"}},
                ],
            }
        )
        with pytest.raises(ExperimentRunningError, match="The experiment of-echo runs"):
            platform(lambda each: each.begin(again))


def test_accepted_requests_count_when_their_record_has_ended(
    gateway: Gateway, gateway_database: str, platform: Platform[object]
) -> None:
    with begun(gateway, platform, "slow") as experiment:
        now = time()
        records = [
            Record(
                id=uuid4(),
                tenant="acme",
                operation="slow",
                lane=Lane.STANDARD,
                tier=Tier.HIGH,
                created=now - 8,
                ended=now,
                state=state,
            )
            for state in (RequestState.COMPLETED, RequestState.FAILED, RequestState.CANCELLED)
        ]
        taken = [
            Taken(each.id, experiment.id, "other", "acme", datetime.now(UTC), failed=None)
            for each in records
        ]
        with RequestTable(gateway_database) as table:
            table.write([Written(each, None) for each in records])
        platform(lambda each: asyncio.to_thread(each.table.take, taken))
        for _ in range(2):  # each counts once
            platform(lambda each: each.judge(experiment))
        known = platform(lambda each: asyncio.to_thread(each.table.known, "of-slow"))
        arm = known.figures.arms["other"]  # type: ignore[attr-defined]
        slow = {each: count for each, count in arm.times.items() if count and each > 70}
        assert (arm.errors, sum(slow.values())) == (1, 2)


def test_an_outcome_that_cannot_be_kept_holds_up_no_other(platform: Platform[object]) -> None:
    experiment = uuid4()
    of_tenants = ("acme", "ac\0me", "acme")
    ids = (uuid4(), uuid4(), uuid4())

    async def work(experiments: Experiments) -> list[bool | None]:
        taking = Taking(experiments)
        for id_, tenant in zip(ids, of_tenants, strict=True):
            taking.tell(Taken(id_, experiment, "usual", tenant, datetime.now(UTC), failed=False))
        return [await taking.score(each, "acme", 0.5) for each in ids]

    assert platform(work) == [True, None, True]
