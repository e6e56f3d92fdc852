"""Agents on the platform: their model is a provider block, their tools are tasks."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import JsonValue

from neurocortex.agents import arithmetic
from neurocortex.agents.assignment import Assignment
from neurocortex.agents.protocol import restored
from neurocortex.agents.pursuit import AnyTool, Model, OnStep, Pursuit
from neurocortex.agents.tools import (
    CalculateArguments,
    ExtractArguments,
    PredictArguments,
    SearchArguments,
    Tool,
    ToolName,
    schema_of,
    shown_passages,
)
from neurocortex.domain.agents import AgentAnswer, AgentStep
from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.usage import Usage, estimated_tokens
from neurocortex.errors import CostBudgetSpentError, ToolArgumentsError
from neurocortex.requests.steps import Steps
from neurocortex.spending import meter as meters
from neurocortex.spending.meter import Meter
from tasks.llm import converse, meter_of_run, placeholders_of, provider_of
from tasks.models import predict_rows
from tasks.options import STEP
from tasks.questions import read_collection_version, retrieve_passages
from tasks.structures import extract_structure

ENGINE: Final = "neurocortex.engines.langchain_agent"

CHAMPION: Final = "champion"


async def work_on(
    assignment: Assignment, steps: Steps, on_step: OnStep, seconds: float | None = None
) -> AgentAnswer:
    """Let an agent work until it has an answer, or nothing is left to work with.

    Args:
        assignment: what it is to do, and with what.
        steps: runs its tasks.
        on_step: hears of each step when it has ended.
        seconds: after so long it ends where it is; None: no matter when.

    Raises:
        NeuroCortexError: its model could not be asked even once.
    """
    await asyncio.to_thread(import_module, ENGINE)  # 1 s, which would hold up an event loop
    from neurocortex.engines.langchain_agent import pursue

    meter = meter_of_run()
    before = meter.spent
    with meters.metered(meter):
        done = await pursue(
            assignment.task,
            [
                Model(name, partial(_ask, steps, meter, before, name, assignment.max_cost))
                for name in (assignment.llm, *assignment.fallbacks)
            ],
            list(_tools(assignment, steps)),
            assignment.max_steps,
            on_step,
            seconds,
        )
    return _answer(done, _since(before, meter.spent))


@task(**STEP, task_run_name="ask {provider}", cache_policy=NO_CACHE)
async def ask_model(
    messages: Sequence[ChatMessage],
    schema: Mapping[str, JsonValue] | None,
    provider: str,
    cost_left: float | None,
) -> Completion:
    """Return what a provider's LLM writes next.

    Raises:
        CostBudgetSpentError: it could cost more than is left.
        ProviderMissingError: there is no such provider block.
        ProviderError: the endpoint refused or failed.
        TokenBudgetSpentError: the request's budget has no room for it.
        TenantBudgetSpentError: its tenant's has not.
    """
    model = await asyncio.to_thread(provider_of, provider)
    if cost_left is not None:
        prompt = estimated_tokens(*(each.content for each in messages))
        most = max(each.usage(prompt, each.max_tokens).cost for each in model.endpoints)
        if most > cost_left:
            raise CostBudgetSpentError(cost_left, most)
    hidden = await asyncio.to_thread(placeholders_of, model)
    if hidden is None:
        return await converse(messages, model, schema=schema)
    # The whole conversation is hidden each time: what came first has the same placeholder again.
    sent = await asyncio.to_thread(hidden.hide_messages, messages)
    completion = await converse(sent, model, schema=schema)
    return completion.model_copy(update={"text": restored(completion.text, hidden.restore)})


@task(**STEP, task_run_name="calculate", cache_policy=NO_CACHE)
def calculate(expression: str) -> str:
    """Return the value of an arithmetic expression.

    Raises:
        ArithmeticTextError: it is none, or has none.
    """
    return str(arithmetic.evaluate(expression))


async def _ask(
    steps: Steps,
    meter: Meter,
    before: Usage,
    provider: str,
    max_cost: float | None,
    messages: Sequence[ChatMessage],
    schema: Mapping[str, JsonValue] | None,
) -> Completion:
    left = None if max_cost is None else max_cost - (meter.spent.cost - before.cost)
    return await steps.run(ask_model, messages, schema, provider, left)


def _tools(assignment: Assignment, steps: Steps) -> Iterator[AnyTool]:
    lake, collection = assignment.lake, assignment.collection

    async def search(given: SearchArguments) -> str:
        version = await steps.run(read_collection_version, lake, collection)
        found = await steps.run(
            retrieve_passages, lake, collection, version, given.query, assignment.passages
        )
        return shown_passages(found)

    async def count(given: CalculateArguments) -> str:
        return await steps.run(calculate, given.expression)

    async def extract(given: ExtractArguments) -> str:
        schema = schema_of(given.fields)
        found = await steps.run(extract_structure, given.text, schema, None, assignment.llm)
        return json.dumps(found.data, ensure_ascii=False)

    async def predict(given: PredictArguments) -> str:
        if given.model not in assignment.models:
            allowed = ", ".join(assignment.models)
            raise ToolArgumentsError("predict", f"the model must be one of: {allowed}")
        found = await steps.batched(
            predict_rows, given.rows, assignment.forge, given.model, CHAMPION
        )
        return found.model_dump_json()

    for name in dict.fromkeys(assignment.tools):
        match name:
            case ToolName.SEARCH:
                about = f"Finds passages in the documents of the collection {collection!r}."
                yield Tool(name, about, SearchArguments, search)
            case ToolName.CALCULATE:
                about = "Calculates: + - * / // % ^, brackets, sqrt, log, exp, round, min, max."
                yield Tool(name, about, CalculateArguments, count)
            case ToolName.EXTRACT:
                about = "Reads the values of named fields from a text."
                yield Tool(name, about, ExtractArguments, extract)
            case ToolName.PREDICT:
                about = f"Asks a trained model about rows. Models: {', '.join(assignment.models)}."
                yield Tool(name, about, PredictArguments, predict)


def _answer(done: Pursuit, usage: Usage) -> AgentAnswer:
    note = None if done.reason is None else f"It stopped before it was done: {done.reason}"
    return AgentAnswer(
        text=done.text or _found(done.steps),
        stopped=done.stopped,
        note=note,
        steps=done.steps,
        model=done.model,
        usage=usage,
    )


def _found(steps: Sequence[AgentStep]) -> str:
    """Return what tools returned, where no model can be asked to put it into words."""
    found = [f"{each.tool}: {each.result}" for each in steps if each.result is not None]
    return "\n\n".join(["No answer was written. What was found so far:", *found])


def _since(before: Usage, now: Usage) -> Usage:
    return Usage(
        calls=now.calls - before.calls,
        prompt_tokens=now.prompt_tokens - before.prompt_tokens,
        completion_tokens=now.completion_tokens - before.completion_tokens,
        cost=max(0.0, now.cost - before.cost),
    )
