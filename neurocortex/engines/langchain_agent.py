"""An agent on LangChain: a chat model with tools, in a loop with budgets.

LangChain's own loop (`create_agent`) is not used. What was done is lost in it when a call is
refused, and its fallbacks try the next model on any error, also when a budget is spent: which
provider is asked where one fails is the platform's matter (`tasks.asking`).
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ValidationError

from neurocortex.agents.pursuit import AnyTool, Model, OnStep, Pursuit
from neurocortex.agents.tools import as_schema
from neurocortex.domain.agents import AgentStep, Stop
from neurocortex.engines.langchain_chat import PlatformChatModel
from neurocortex.errors import (
    CostBudgetSpentError,
    NeuroCortexError,
    NoProviderFitsError,
    ProviderError,
    ProviderMissingError,
    TenantBudgetSpentError,
    TokenBudgetSpentError,
    ToolArgumentsError,
)

UNSERVED: Final = (ProviderError, ProviderMissingError, NoProviderFitsError)
"""No provider is left that the model could be asked of."""

SPENT: Final = (TokenBudgetSpentError, TenantBudgetSpentError, CostBudgetSpentError)
"""No call of a model is paid for any more, a tool's neither."""

_RULES: Final = """\
You work on a task with tools. Use them to find out what you need, in as few steps as you can; you
may take {steps}. Name the sources that your answer rests on. Say so if you could not find out."""

_LAST: Final = """\
No steps are left. Answer now, from the results above, and say what is missing."""


@dataclass(slots=True)
class _Work:
    messages: list[BaseMessage]
    steps: list[AgentStep] = field(default_factory=list)
    model: str = ""


async def pursue(
    task: str,
    model: Model,
    tools: Sequence[AnyTool],
    max_steps: int,
    on_step: OnStep,
    seconds: float | None = None,
) -> Pursuit:
    """Work on a task until there is an answer, or nothing is left to work with.

    Args:
        task: what is wanted, in words.
        model: what is asked for each step.
        tools: what may be used, at least one.
        max_steps: uses of tools, at most; then an answer from what there is.
        on_step: hears of each step when it has ended.
        seconds: after so long it ends where it is; None: no matter when.

    Raises:
        NeuroCortexError: the model could not be asked at all: budget, provider.
    """
    made = {each.name.value: _structured(each) for each in tools}
    ours = PlatformChatModel(complete=model.complete, name_of_model=model.name)
    acting = ours.bind_tools(list(made.values()))
    work = _Work([SystemMessage(_RULES.format(steps=max_steps)), HumanMessage(task)])
    try:
        async with asyncio.timeout(seconds) as limit:
            return await _worked(acting, made, work, max_steps, on_step)
    except (*SPENT, *UNSERVED) as error:
        if not work.steps:
            raise
        return _ended(work, "", _stop_of(error), str(error))
    except TimeoutError:
        if not limit.expired():
            raise
        return _ended(work, "", Stop.TIME, f"it may take {seconds:g} s, and took them")


async def _worked(
    model: Runnable[LanguageModelInput, AIMessage],
    tools: Mapping[str, BaseTool],
    work: _Work,
    max_steps: int,
    on_step: OnStep,
) -> Pursuit:
    while len(work.steps) < max_steps:
        said = await _asked(model, work)
        if _is_answer(said):
            return _ended(work, said.text, Stop.ANSWERED)
        await _take_step(said, tools, work, on_step)
    work.messages.append(HumanMessage(_LAST))
    said = await _asked(model, work)
    reason = f"it may take {max_steps} steps, and took them"
    return _ended(work, said.text if _is_answer(said) else "", Stop.STEPS, reason)


def _is_answer(said: AIMessage) -> bool:
    return not (said.tool_calls or said.invalid_tool_calls)


async def _asked(model: Runnable[LanguageModelInput, AIMessage], work: _Work) -> AIMessage:
    said = await model.ainvoke(work.messages)
    work.messages.append(said)
    work.model = str(said.response_metadata.get("model_name", ""))
    return said


async def _take_step(
    said: AIMessage, tools: Mapping[str, BaseTool], work: _Work, on_step: OnStep
) -> None:
    number = len(work.steps) + 1
    failure: Exception | None = None
    if said.invalid_tool_calls:
        reason = said.invalid_tool_calls[0].get("error") or "That is not usable."
        work.messages.append(HumanMessage(f"{reason} Write one JSON object, as you were told."))
        step = AgentStep(number=number, tool="", error=reason)
    else:
        call = said.tool_calls[0]
        began = time.monotonic()
        result: str | None = None
        try:
            result = str(await tools[call["name"]].ainvoke(call["args"]))
        except (NeuroCortexError, TimeoutError) as error:
            failure = error
        read = result if result is not None else f"It failed: {failure}"
        work.messages.append(ToolMessage(read, tool_call_id=call["id"], name=call["name"]))
        step = AgentStep(
            number=number,
            tool=call["name"],
            arguments=call["args"],
            result=result,
            error=None if failure is None else str(failure),
            seconds=round(time.monotonic() - began, 6),
        )
    work.steps.append(step)
    await on_step(step)
    if isinstance(failure, SPENT):
        raise failure


def _structured(tool: AnyTool) -> BaseTool:
    async def use(**given: Any) -> str:
        try:
            arguments: BaseModel = tool.arguments.model_validate(given)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            reasons = "; ".join(
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found
            )
            raise ToolArgumentsError(tool.name, reasons) from None
        return await tool.use(arguments)

    return StructuredTool.from_function(
        coroutine=use,
        name=tool.name.value,
        description=tool.description,
        args_schema=dict(as_schema(tool.arguments)),
        infer_schema=False,
    )


def _ended(work: _Work, text: str, stopped: Stop, reason: str | None = None) -> Pursuit:
    return Pursuit(text, stopped, work.model, tuple(work.steps), reason)


def _stop_of(error: Exception) -> Stop:
    match error:
        case CostBudgetSpentError():
            return Stop.COST
        case TokenBudgetSpentError() | TenantBudgetSpentError():
            return Stop.TOKENS
        case _:
            return Stop.PROVIDER
