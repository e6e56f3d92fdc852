"""An agent on a real Lake and a real protocol: its tools, its receipt, its budgets."""

import asyncio
import gc
import json
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

import pytest
from prefect import Task
from prefect.client.orchestration import get_client

import blocks
from flows.pipelines.agent import PIPELINE as AGENT
from flows.pipelines.agent import AgentRequest
from flows.run_agent import run_agent
from neurocortex.agents.tools import ToolName
from neurocortex.domain.agents import AgentAnswer, Stop
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.engines.openai_chat import close_clients
from neurocortex.errors import ProviderMissingError, TokenBudgetSpentError
from neurocortex.lake.store import Lake
from neurocortex.settings import settings
from neurocortex.testing.openai_replies import Failure
from neurocortex.testing.openai_server import OpenAIServer
from tasks.agents import ENGINE
from tasks.tracked_steps import TrackedSteps
from tasks.vectors import Text, upsert_texts

# Prefect leaves a connection of an asynchronous flow to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

NOTES = [
    Text(source="tiers", text="The tiers have 4 slots for critical and 6 slots for high."),
    Text(source="people", text="Ann Smith (ann.smith@example.org) looks after the slots."),
    Text(source="cache", text="The cache has three levels: memory, Redis and the disk."),
]

Reply = str | Failure


def use(tool: str, **arguments: Any) -> str:
    return json.dumps({"tool": tool, "arguments": arguments})


def answer(text: str) -> str:
    return json.dumps({"answer": text})


class Provider:
    """A provider block of that name, whose model says these things one after the other, or what
    a function says to a prompt."""

    def __init__(
        self, *replies: Reply | Callable[[str], str], name: str = DEFAULT_BLOCK, **options: Any
    ) -> None:
        self.name = name
        self._replies = list(replies)
        self._options = options
        self.server = OpenAIServer(self._reply)

    def _reply(self, prompt: str) -> Reply:
        said = self._replies.pop(0)
        return said if isinstance(said, str | Failure) else said(prompt)

    def __enter__(self) -> OpenAIServer:
        server = self.server.__enter__()
        block = blocks.LLMProvider(base_url=server.base_url, model=server.model, **self._options)
        block.save(self.name, overwrite=True)
        return server

    def __exit__(self, *error: Any) -> None:
        blocks.LLMProvider.delete(self.name)
        self.server.__exit__(*error)


@pytest.fixture
def notes(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """A collection of notes."""
    # Now: what Prefect left open is collected with a warning, which imports a module itself, and in
    # the middle of an import Python 3.11 does not bear that (CPython's gh-106176).
    import_module(ENGINE)
    upsert_texts.fn(DEFAULT_BLOCK, "notes", NOTES)
    yield lake
    settings.cache_clear()
    gc.collect()


def worked(task: str = "How many slots?", **chosen: Any) -> AgentAnswer:
    async def main() -> AgentAnswer:
        try:
            answer: AgentAnswer = await run_agent(task, collection="notes", **chosen)
            return answer
        finally:
            await close_clients()

    return asyncio.run(main())


def test_it_searches_calculates_and_answers_with_a_receipt(notes: Lake) -> None:
    replies = (
        use("search", query="slots of tiers"),
        use("calculate", expression="4 + 6"),
        answer("There are 10 slots (source: tiers)."),
    )
    with Provider(*replies, prompt_price=2.0, completion_price=10.0) as server:
        done = worked()
    assert (done.text, done.stopped) == ("There are 10 slots (source: tiers).", Stop.ANSWERED)
    searched, calculated = done.steps
    assert (searched.tool, searched.arguments) == ("search", {"query": "slots of tiers"})
    assert searched.result is not None
    assert "4 slots for critical" in searched.result
    assert "4 slots for critical" in server.prompts[1]
    assert calculated.result == "10"
    assert (done.usage.calls, done.model) == (3, server.model)
    assert done.usage.cost > 0
    with get_client(sync_client=True) as client:
        report = next(each for each in client.read_artifacts() if each.key == "agent-report")
    assert "There are 10 slots" in str(report.data)
    assert "| 2 | calculate |" in str(report.data)


def test_a_value_is_read_from_a_text_and_a_model_that_may_not_be_asked_is_not(
    notes: Lake,
) -> None:
    replies = (
        use("extract", text="4 slots for critical", fields=["slots"]),
        '{"slots": 4}',  # what the extraction's own call is answered
        use("predict", model="secret", rows=[{"x": 1}]),
        answer("4."),
    )
    tools = (ToolName.EXTRACT, ToolName.PREDICT)
    with Provider(*replies):
        done = worked(tools=tools, models=("wine",))
    assert done.steps[0].result == '{"slots": 4}'
    assert done.steps[1].error is not None
    assert "the model must be one of: wine" in done.steps[1].error
    assert done.usage.calls == 4
    with pytest.raises(ValueError, match="the tool predict asks `models`"):
        worked(tools=tools)


def test_tokens_that_end_in_the_middle_leave_what_was_found(notes: Lake) -> None:
    with Provider(use("search", query="slots"), max_tokens=50) as server:
        done = worked(max_tokens=400)
    assert done.stopped is Stop.TOKENS
    assert "4 slots for critical" in done.text
    assert done.text.startswith("No answer was written.")
    assert done.note is not None
    assert "The 400 tokens" in done.note
    assert (len(done.steps), len(server.prompts)) == (1, 1)
    with Provider(answer("never")) as server, pytest.raises(TokenBudgetSpentError):
        worked(max_tokens=20)
    assert server.prompts == []


def test_no_call_begins_that_could_cost_more_than_is_left(notes: Lake) -> None:
    dear: dict[str, Any] = {"completion_price": 1e6, "prompt_price": 0.0, "max_tokens": 30}
    with Provider(use("calculate", expression="1 + 1"), **dear) as server:
        done = worked(max_cost=32.0)  # a call may cost 30, and the first takes some of it
    assert (done.stopped, len(server.prompts)) == (Stop.COST, 1)
    assert done.usage.cost <= 32.0
    assert done.steps[0].result == "2"


def test_a_tool_makes_no_call_that_could_cost_more_than_is_left_either(notes: Lake) -> None:
    dear: dict[str, Any] = {"completion_price": 1e6, "prompt_price": 0.0, "max_tokens": 30}
    replies = (use("extract", text="4 slots", fields=["slots"]), '{"slots": 4}', answer("4."))
    with Provider(*replies, **dear) as server:
        done = worked(max_cost=32.0)
    assert (done.stopped, len(server.prompts)) == (Stop.COST, 1)
    assert done.usage.cost <= 32.0
    assert done.steps[0].error is not None
    assert "`max_cost` is left" in done.steps[0].error


def test_personal_data_is_hidden_from_the_provider_and_there_for_the_tools(
    notes: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROCORTEX_PRIVACY__PROMPTS", "all")
    settings.cache_clear()
    hidden: list[str] = []

    def search(prompt: str) -> str:
        hidden.append(prompt[prompt.index("<") : prompt.index(">") + 1])
        return use("search", query=f"slots of {hidden[0]}")

    with Provider(search, lambda _: answer(f"Ask {hidden[0]}.")) as server:
        done = worked("Who is ann.smith@example.org?")
    assert done.steps[0].arguments == {"query": "slots of ann.smith@example.org"}
    assert done.steps[0].result is not None
    assert "ann.smith@example.org" in done.steps[0].result
    assert done.text == "Ask ann.smith@example.org."
    assert not any("ann.smith" in each for each in server.prompts)


def test_another_provider_is_asked_where_one_is_down(
    notes: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [Failure(401)] * 10
    with (
        Provider(*refusals) as down,
        Provider(answer("It works."), name="backup") as backup,
    ):
        done = worked(fallbacks=("backup",))
    assert done.text == "It works."
    assert (len(down.prompts), len(backup.prompts)) == (1, 1)
    assert done.choice is None
    with pytest.raises(ProviderMissingError):
        worked(llm="missing")


def test_a_stream_has_each_step_as_a_line_of_json(notes: Lake) -> None:
    class Heard(TrackedSteps):
        def __init__(self) -> None:
            self.parts: list[str] = []

        async def run(self, task: Task[..., Any], *args: Any, **kwargs: Any) -> Any:
            """As the real-time lane: its function, without a task run."""
            if task.isasync:
                return await task.fn(*args, **kwargs)
            return await asyncio.to_thread(task.fn, *args, **kwargs)

        async def emit(self, text: str) -> None:
            self.parts.append(text)

    async def main() -> tuple[AgentAnswer, Sequence[str]]:
        heard = Heard()
        request = AgentRequest(task="1 + 1?", collection="notes", stream=True)
        assert AGENT.realtime is not None
        try:
            return await AGENT.realtime(request, heard), heard.parts
        finally:
            await close_clients()

    with Provider(use("calculate", expression="1 + 1"), answer("2.")):
        done, parts = asyncio.run(main())
    assert [json.loads(each)["result"] for each in parts] == ["2"]
    assert parts[0].endswith("\n")
    assert done.text == "2."
