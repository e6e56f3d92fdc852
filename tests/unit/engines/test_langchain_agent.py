"""An agent's loop over a real chat protocol: tools, and budgets that end in the middle."""

import asyncio
import json
from collections.abc import Mapping, Sequence

import pytest
from langchain_core.messages import ToolMessage
from pydantic import JsonValue

from neurocortex.agents import arithmetic
from neurocortex.agents.pursuit import AnyTool, Model, Pursuit
from neurocortex.agents.tools import CalculateArguments, Tool, ToolName
from neurocortex.domain.agents import AgentStep, Stop
from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.domain.usage import Usage
from neurocortex.engines.langchain_agent import pursue
from neurocortex.engines.langchain_chat import PlatformChatModel
from neurocortex.engines.openai_chat import close_clients, complete
from neurocortex.errors import (
    CostBudgetSpentError,
    NeuroCortexError,
    ProviderError,
    TokenBudgetSpentError,
)
from neurocortex.testing.openai_replies import Failure, Hang
from neurocortex.testing.openai_server import OpenAIServer

TASK = "What is 6 times 7?"
ANSWER = json.dumps({"answer": "It is 42."})


def call(expression: str) -> str:
    return json.dumps({"tool": "calculate", "arguments": {"expression": expression}})


class Provider:
    """Answers one after the other, over the real protocol; an error of ours in place of a call."""

    def __init__(
        self, *answers: str | Failure | Hang | NeuroCortexError, name: str = "main"
    ) -> None:
        self.answers = list(answers)
        self.name = name
        self.asked: list[Sequence[ChatMessage]] = []

    def model(self, server: OpenAIServer) -> Model:
        async def ask(
            messages: Sequence[ChatMessage], schema: Mapping[str, JsonValue] | None
        ) -> Completion:
            self.asked.append(messages)
            answer = self.answers[0]
            if isinstance(answer, NeuroCortexError):
                raise answer
            endpoint = LlmEndpoint(base_url=server.base_url, model=self.name)
            return await complete(messages, endpoint, schema=schema)

        return Model(self.name, ask)

    def reply(self, _: str) -> str | Failure | Hang:
        answer = self.answers.pop(0)
        assert not isinstance(answer, NeuroCortexError)
        return answer


def calculator() -> AnyTool:
    async def use(given: CalculateArguments) -> str:
        return str(arithmetic.evaluate(given.expression))

    return Tool(ToolName.CALCULATE, "Calculates.", CalculateArguments, use)


def pursued(
    provider: Provider,
    max_steps: int = 5,
    tools: Sequence[AnyTool] = (),
    seconds: float | None = None,
) -> tuple[Pursuit, list[AgentStep]]:
    heard: list[AgentStep] = []

    async def on_step(step: AgentStep) -> None:
        heard.append(step)

    async def main(model: Model) -> Pursuit:
        try:
            given = tools or [calculator()]
            return await pursue(TASK, model, given, max_steps, on_step, seconds)
        finally:
            await close_clients()

    with OpenAIServer(provider.reply) as server:
        return asyncio.run(main(provider.model(server))), heard


def test_it_uses_a_tool_and_answers_from_its_result() -> None:
    provider = Provider(call("6 * 7"), ANSWER)
    done, heard = pursued(provider)
    assert (done.text, done.stopped, done.model) == ("It is 42.", Stop.ANSWERED, "main")
    (step,) = done.steps
    assert (step.number, step.tool, step.arguments) == (1, "calculate", {"expression": "6 * 7"})
    assert (step.result, step.error) == ("42", None)
    assert heard == [step]
    first, second = provider.asked
    assert [each.role for each in first] == ["system", "user"]
    assert "- calculate: Calculates." in first[0].content
    assert [each.role for each in second[2:]] == ["assistant", "user"]
    assert '<result tool="calculate">\n42\n</result>' in second[3].content


def test_a_tool_that_fails_is_told_to_the_model() -> None:
    provider = Provider(call("6 / 0"), '{"tool": "calculate", "arguments": {"x": 1}}', ANSWER)
    done, _ = pursued(provider)
    assert done.stopped is Stop.ANSWERED
    first, second = done.steps
    assert first.error is not None
    assert "division by zero" in first.error
    assert second.error is not None
    assert "expression: Field required" in second.error
    assert "It failed: '6 / 0' cannot be calculated" in provider.asked[1][-1].content


def test_what_is_no_call_is_asked_for_again_and_counts_as_a_step() -> None:
    provider = Provider('{"tool": "shell", "arguments": {}}', ANSWER)
    done, _ = pursued(provider)
    assert done.text == "It is 42."
    assert (done.steps[0].tool, done.steps[0].result) == ("", None)
    assert "There is no tool 'shell'" in provider.asked[1][-1].content


def test_it_stops_after_its_steps_and_answers_from_what_it_has() -> None:
    provider = Provider(call("1"), call("2"), "So far: 2.")
    done, _ = pursued(provider, max_steps=2)
    assert (done.text, done.stopped, len(done.steps)) == ("So far: 2.", Stop.STEPS, 2)
    assert done.reason == "it may take 2 steps, and took them"
    assert "No steps are left" in provider.asked[2][-1].content


def test_a_model_that_goes_on_calling_is_stopped_without_an_answer() -> None:
    done, _ = pursued(Provider(call("1"), call("2")), max_steps=1)
    assert (done.text, done.stopped, len(done.steps)) == ("", Stop.STEPS, 1)


@pytest.mark.parametrize(
    ("error", "stopped"),
    [
        (TokenBudgetSpentError(100, Usage(calls=1, prompt_tokens=90), 20), Stop.TOKENS),
        (CostBudgetSpentError(0.1, 0.2), Stop.COST),
        (ProviderError("http://x", "it is down"), Stop.PROVIDER),
    ],
    ids=["tokens", "cost", "provider"],
)
def test_what_ends_in_the_middle_leaves_its_steps(error: NeuroCortexError, stopped: Stop) -> None:
    done, _ = pursued(Provider(call("6 * 7"), error))
    assert (done.text, done.stopped, done.reason) == ("", stopped, str(error))
    assert [step.result for step in done.steps] == ["42"]
    with pytest.raises(type(error)):
        pursued(Provider(error))


def test_a_budget_that_ends_in_a_tool_is_in_the_receipt() -> None:
    spent = TokenBudgetSpentError(100, Usage(calls=1, prompt_tokens=90), 20)

    async def use(_: CalculateArguments) -> str:
        raise spent

    tool = Tool(ToolName.CALCULATE, "Calculates.", CalculateArguments, use)
    done, _ = pursued(Provider(call("1")), tools=[tool])
    assert (done.stopped, done.steps[0].error) == (Stop.TOKENS, str(spent))


def test_it_ends_in_time_with_what_it_has() -> None:
    hanging = Provider(call("6 * 7"), Hang())
    done, _ = pursued(hanging, seconds=1.0)
    assert (done.stopped, done.reason) == (Stop.TIME, "it may take 1 s, and took them")
    assert [step.result for step in done.steps] == ["42"]


def test_tools_are_bound_as_langchain_binds_them() -> None:
    async def ask(messages: Sequence[ChatMessage], _: object) -> Completion:
        return Completion(text=call("1"), model="m", finish_reason="stop")

    def calculate(expression: str) -> str:
        """Calculate."""
        return expression

    model = PlatformChatModel(complete=ask, name_of_model="m")
    said = model.bind_tools([calculate]).invoke("Hi")
    assert [each["args"] for each in said.tool_calls] == [{"expression": "1"}]
    with pytest.raises(ValueError, match="leave out tool_choice"):
        model.bind_tools([calculate], tool_choice="calculate")
    with pytest.raises(ValueError, match="type 'tool'"):
        model.invoke([ToolMessage("x", tool_call_id="1")])
