"""A call ends at the first of three: the lane's timeout, its deadline, its budget."""

import asyncio
import time
from typing import Any, Literal
from uuid import uuid4

import pytest
from pydantic import BaseModel

from neurocortex.domain.deployments import Tier
from neurocortex.errors import BudgetSpentError, DeadlinePassedError, LaneTimeoutError
from neurocortex.realtime.batching import Limits
from neurocortex.realtime.call import Call
from neurocortex.realtime.failures import code_of, is_for_good
from neurocortex.realtime.lane_steps import LaneSteps
from neurocortex.realtime.processing import process
from neurocortex.realtime.running import TaskRunner
from neurocortex.realtime.threads import Threads
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.registry import Registry
from neurocortex.requests.request import Budget, Request
from neurocortex.requests.steps import Steps

LONG_S = 20.0
SHORT_S = 0.02


class Asked(Request):
    operation: Literal["wait"] = "wait"


class Answered(BaseModel):
    pass


async def wait(_: Asked, steps: Steps) -> Answered:
    await asyncio.Event().wait()
    return Answered()


def serve(*, timeout_s: float, budget_s: float | None, deadline_s: float | None) -> None:
    pipeline: Pipeline[Any, Any] = Pipeline(
        operation="wait",
        family="nlp",
        summary="For a test.",
        request=Asked,
        result=Answered,
        tier=Tier.HIGH,
        estimate=lambda _: Estimate(seconds=0.01),
        realtime=wait,
    )
    body = Asked(budget=Budget(seconds=budget_s)).model_dump_json().encode()
    deadline = None if deadline_s is None else time.time() + deadline_s
    call = Call(uuid4(), "wait", body, "acme", Tier.HIGH, deadline)

    async def main() -> None:
        with Threads(1) as threads:
            steps = LaneSteps(TaskRunner(threads, Limits(8, 0.01), None), "acme", None)
            await process(Registry([pipeline]), call, steps, timeout_s)

    asyncio.run(main())


def test_a_budget_that_is_spent_ends_the_work() -> None:
    with pytest.raises(BudgetSpentError, match=r"0\.02 s of its `budget.seconds`") as raised:
        serve(timeout_s=LONG_S, budget_s=SHORT_S, deadline_s=LONG_S)
    assert code_of(raised.value) == "budget_spent"
    assert not is_for_good(raised.value)


@pytest.mark.parametrize("deadline_s", [SHORT_S, -1.0])
def test_a_deadline_that_passes_ends_the_work(deadline_s: float) -> None:
    with pytest.raises(DeadlinePassedError) as raised:
        serve(timeout_s=LONG_S, budget_s=LONG_S, deadline_s=deadline_s)
    assert code_of(raised.value) == "deadline_passed"


def test_the_time_of_the_lane_ends_the_work() -> None:
    with pytest.raises(LaneTimeoutError, match="NEUROCORTEX_REALTIME__TIMEOUT_S"):
        serve(timeout_s=SHORT_S, budget_s=LONG_S, deadline_s=None)
