"""agent: a task that an LLM works on with tools, within a budget of steps, tokens and cost."""

import math
from collections.abc import Mapping
from typing import Final, Literal

from pydantic import ConfigDict

from neurocortex.agents.assignment import Assignment
from neurocortex.domain.agents import AgentAnswer, AgentStep
from neurocortex.domain.deployments import RUN_AGENT, Tier
from neurocortex.requests.pipeline import Estimate, Pipeline, Standard
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from neurocortex.settings import settings
from tasks.agents import work_on

SECONDS_PER_STEP: Final = 3.0
TOKENS_PER_STEP: Final = 1500

USUAL_STEPS: Final = 3

MARGIN_S: Final = 2.0
"""It ends so long before the lane would end it, and says what it found."""


class AgentRequest(Request, Assignment):
    """Have a task worked on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"task": "How many slots do the two largest tiers have together?"}]
        }
    )

    operation: Literal["agent"] = "agent"


async def _serve(request: AgentRequest, steps: Steps) -> AgentAnswer:
    async def on_step(step: AgentStep) -> None:
        await steps.emit(f"{step.model_dump_json()}\n")

    allowed = min(settings().realtime.timeout_s, request.budget.seconds or math.inf)
    return await work_on(request, steps, on_step, max(allowed - MARGIN_S, allowed / 2))


def _estimate(request: AgentRequest) -> Estimate:
    steps = min(request.max_steps, USUAL_STEPS) + 1
    return Estimate(seconds=steps * SECONDS_PER_STEP, tokens=steps * TOKENS_PER_STEP)


def _parameters(request: AgentRequest) -> Mapping[str, object]:
    chosen = request.model_dump(mode="json", include=set(Assignment.model_fields))
    return {**chosen, "max_tokens": request.budget.tokens}


PIPELINE: Final = Pipeline(
    operation="agent",
    family="nlp",
    summary="Works on a task with tools (search, arithmetic, models), within a budget.",
    request=AgentRequest,
    result=AgentAnswer,
    tier=Tier.MEDIUM,
    estimate=_estimate,
    realtime=_serve,
    standard=Standard(deployments={Tier.MEDIUM: RUN_AGENT}, parameters=_parameters),
)
