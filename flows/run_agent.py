"""run-agent: a task that an LLM works on with tools, in sight: each step is a task run."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from neurocortex.agents.assignment import Assignment
from neurocortex.agents.tools import ToolName
from neurocortex.domain.agents import AgentAnswer, AgentStep
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.selection.limits import Fallbacks, Limits
from neurocortex.settings import settings
from neurocortex.spending.meter import Meter, metered
from neurocortex.spending.tenants import tokens_of
from tasks.agents import work_on
from tasks.publish_agent import publish_agent
from tasks.publish_failure import failure_shown
from tasks.tenant import tenant_of_run
from tasks.tracked_steps import TrackedSteps

Name = Annotated[str, Field(min_length=1)]


@flow(
    name="run-agent",
    description="Works on a task with tools, within a budget of steps, tokens and cost.",
    persist_result=True,
)
async def run_agent(
    task: Annotated[str, Field(min_length=1, examples=["Which tiers are there? Name sources."])],
    tools: tuple[ToolName, ...] = (ToolName.SEARCH, ToolName.CALCULATE, ToolName.EXTRACT),
    collection: Name = "documents",
    passages: Annotated[int, Field(ge=1, le=20)] = 5,
    models: tuple[str, ...] = (),
    llm: Name = DEFAULT_BLOCK,
    fallbacks: Fallbacks = (),
    max_steps: Annotated[int, Field(ge=1, le=30)] = 8,
    max_tokens: Annotated[int, Field(ge=1)] | None = None,
    max_cost: Annotated[float, Field(gt=0)] | None = None,
    lake: Name = DEFAULT_BLOCK,
    forge: Name = DEFAULT_BLOCK,
    choose: Limits | None = None,
) -> AgentAnswer:
    """Work on a task with tools, until there is an answer or a budget is spent.

    Args:
        task: What is wanted, in words.
        tools: What it may use: search, calculate, extract, predict. predict needs models.
        collection: Collection of the Lake where search looks.
        passages: How many passages a search returns, 1 to 20.
        models: Models of the Forge that predict may ask.
        llm: Name of the LLM Provider block, or `auto` for the one that serves best now.
        fallbacks: LLM Provider blocks that are asked when the named one fails, in order. With
            `auto` leave it empty: there the next best is asked.
        max_steps: How often it may use a tool.
        max_tokens: Tokens that all its calls of LLMs may use together. Empty: no limit.
        max_cost: What these may cost, by the prices of the blocks. Empty: no limit.
        lake: Name of the Lake block.
        forge: Name of the Forge block.
        choose: With `auto` for the LLM, which providers may be chosen. Leave it empty to allow all.

    Raises:
        ProviderMissingError: there is no such LLM Provider block.
        ProviderError: the LLM could not be asked even once.
    """
    assignment = Assignment(
        task=task,
        tools=tools,
        collection=collection,
        passages=passages,
        models=models,
        llm=llm,
        fallbacks=fallbacks,
        max_steps=max_steps,
        max_cost=max_cost,
        lake=lake,
        forge=forge,
        choose=choose or Limits(),
    )

    async def on_step(step: AgentStep) -> None:
        """Nobody waits for it: the task run is there."""

    meter = Meter(max_tokens, tokens_of(tenant_of_run(), settings()))
    with failure_shown("agent-report", "The agent could not work"), metered(meter):
        answer = await work_on(assignment, TrackedSteps(), on_step)
        publish_agent(answer)
        return answer
