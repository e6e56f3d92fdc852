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
from neurocortex.domain.language import Extraction
from neurocortex.domain.usage import Usage, estimated_tokens
from neurocortex.errors import ToolArgumentsError
from neurocortex.requests.steps import Steps
from neurocortex.selection.values import Asked
from neurocortex.spending import meter as meters
from tasks.asking import Providers
from tasks.llm import converse, meter_of_run, placeholders_of, provider_of
from tasks.models import predict_rows
from tasks.options import STEP
from tasks.questions import read_collection_version, retrieve_passages
from tasks.structures import extract_structure

ENGINE: Final = "neurocortex.engines.langchain_agent"

CHAMPION: Final = "champion"

OPERATION: Final = "agent"
"""What the selector learns of providers for: the whole work is one outcome."""

USUAL_ANSWER: Final = 600
"""Tokens that a model writes for a task, of all steps together."""


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
        NoProviderFitsError: `auto` was asked for, and the constraints leave none.
        NeuroCortexError: its model could not be asked even once.
    """
    await asyncio.to_thread(import_module, ENGINE)  # 1 s, which would hold up an event loop
    from neurocortex.engines.langchain_agent import pursue

    meter = meter_of_run()
    before = meter.spent
    if assignment.max_cost is not None:
        meter.cap(assignment.max_cost)
    with meters.metered(meter):
        async with _providers(assignment, steps) as providers:
            done = await pursue(
                assignment.task,
                Model(assignment.llm, partial(_ask, steps, providers)),
                list(_tools(assignment, steps, providers)),
                assignment.max_steps,
                on_step,
                seconds,
            )
    answer = _answer(done, _since(before, meter.spent))
    return answer.model_copy(update={"choice": providers.choice})


@task(**STEP, task_run_name="ask {provider}", cache_policy=NO_CACHE)
async def ask_model(
    messages: Sequence[ChatMessage],
    schema: Mapping[str, JsonValue] | None,
    provider: str,
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


def _providers(assignment: Assignment, steps: Steps) -> Providers:
    sent = estimated_tokens(assignment.task)
    asked = Asked(OPERATION, sent, USUAL_ANSWER, limits=assignment.choose)
    named, fallbacks = assignment.llm, assignment.fallbacks
    return Providers(named, asked, steps, fallbacks=fallbacks, is_needed=True)


async def _ask(
    steps: Steps,
    providers: Providers,
    messages: Sequence[ChatMessage],
    schema: Mapping[str, JsonValue] | None,
) -> Completion:
    async def ask(provider: str) -> Completion:
        return await steps.run(ask_model, messages, schema, provider)

    return await providers.ask(ask)


def _tools(assignment: Assignment, steps: Steps, providers: Providers) -> Iterator[AnyTool]:
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

        async def read(provider: str) -> Extraction:
            return await steps.run(extract_structure, given.text, schema, None, provider)

        return json.dumps((await providers.ask(read)).data, ensure_ascii=False)

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
