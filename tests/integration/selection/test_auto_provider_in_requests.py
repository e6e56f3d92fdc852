"""Requests that say `auto`: the provider that does best serves, and the answer says why."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner

from neurocortex.admission.values import Ticket
from neurocortex.cli.main import app
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.engines.openai_chat import close_clients
from neurocortex.errors import ChoiceNotFoundError, RemoteError
from neurocortex.realtime.call import Call
from neurocortex.requests.registry import Registry
from neurocortex.routing.route import Lane
from neurocortex.selection.judging import judge
from neurocortex.selection.receipt import Followed
from neurocortex.selection.store import ChoiceStore
from neurocortex.settings import SelectionSettings, settings
from neurocortex.testing.openai_replies import Failure
from tasks.agents import ENGINE as AGENTS
from tasks.haystack_pipelines import ENGINE as PIPELINES
from tasks.vectors import Text, upsert_texts
from tests.integration.realtime.harness import Bench, bench
from tests.integration.selection.conftest import Provide

MESSAGES = [{"role": "user", "content": "Which tiers are there?"}]
DOCUMENTS = [
    {"source": "tiers", "text": "There are four priority tiers: critical, high, medium and low."}
]
BROKEN = Failure(401, "Incorrect API key")


async def ask(at: Bench, operation: str, id_: UUID | None = None, **fields: Any) -> dict[str, Any]:
    body = json.dumps({"operation": operation, **fields}).encode()
    call = Call(id_ or uuid4(), operation, body, "acme", Tier.HIGH)
    ticket = Ticket(call.id, Lane.REALTIME, Tier.HIGH, "acme", 0.01)
    found: dict[str, Any] = json.loads((await at.client.call(call, ticket)).body)
    return found


def served(redis_url: str, story: Callable[[Bench], Awaitable[None]]) -> None:
    async def main() -> None:
        async with (
            bench(redis_url) as at,
            at.lane(Registry.load(settings().gateway.pipelines)),
        ):
            await story(at)
        await close_clients()

    asyncio.run(main())


async def receipts(redis_url: str) -> list[Followed]:
    async with Redis.from_url(redis_url) as redis:
        return await ChoiceStore(redis, SelectionSettings()).recent(100)


def test_a_provider_that_fails_fails_no_request_and_is_left(
    provide: Provide, redis_url: str
) -> None:
    broken = provide("broken", BROKEN)
    provide("works", "Four of them.", prompt_price=2.0, completion_price=10.0)

    async def story(at: Bench) -> None:
        failed = 0
        for _ in range(16):
            answer = await ask(at, "chat", messages=MESSAGES, provider="auto")
            assert answer["choice"]["provider"] == "works"
            failed += answer["choice"]["failed"] == ["broken"]
        assert len(broken.prompts) == failed <= 5
        known = [each for each in await receipts(redis_url) if each.receipt.provider == "works"]
        assert all(each.call is not None and each.call.succeeded for each in known)
        assert known[0].call is not None
        assert known[0].call.tokens > 0
        assert known[0].call.cost > 0
        first = known[0].receipt.candidates[0]
        assert (first.provider, first.removed_by) == ("works", None)

    served(redis_url, story)


def test_agents_and_pipelines_choose_too_and_go_on_where_one_fails(
    provide: Provide, redis_url: str
) -> None:
    broken = provide("broken", BROKEN)
    works = provide("works", json.dumps({"answer": "Four of them [1]."}), region="eu")
    # What takes seconds once is not the requests' matter: the lane would give them up.
    for engine in (AGENTS, PIPELINES):
        import_module(engine)
    upsert_texts.fn(DEFAULT_BLOCK, "notes", [Text.model_validate(each) for each in DOCUMENTS])

    async def story(at: Bench) -> None:
        cheap: dict[str, Any] = {"provider": "auto", "collection": "notes"}
        inputs = {"query": "Which tiers are there?"}
        for limits in ({}, {"regions": ["eu"]}):
            work: dict[str, Any] = {"task": "How many?", "llm": "auto", "choose": limits}
            agent = await ask(at, "agent", collection="notes", **work)
            assert (agent["text"], agent["choice"]["provider"]) == ("Four of them [1].", "works")
            asked: dict[str, Any] = {
                "pipeline": "document_qa",
                "parameters": cheap,
                "choose": limits,
            }
            outcome = await ask(at, "run_pipeline", inputs=inputs, **asked)
            assert "Four of them" in outcome["outputs"]["answers"][0]["data"]
            assert outcome["choice"]["provider"] == "works"
        assert len(works.prompts) == 4
        known = {each.receipt.operation: each for each in await receipts(redis_url)}
        assert set(known) == {"agent", "run_pipeline"}
        assert all(each.call is not None and each.call.succeeded for each in known.values())
        asked_in_vain = len(broken.prompts)
        named: dict[str, Any] = {"messages": MESSAGES, "provider": "broken", "fallbacks": ["works"]}
        answer = await ask(at, "chat", **named)
        assert ("Four of them" in answer["text"], answer["choice"]) == (True, None)
        assert len(broken.prompts) == asked_in_vain + 1
        with pytest.raises(RemoteError, match="`fallbacks` stand in for a named provider"):
            await ask(at, "chat", **{**named, "provider": "auto"})

    served(redis_url, story)


def test_the_id_of_a_request_is_that_of_its_receipt_and_takes_its_judgement(
    provide: Provide, redis_url: str
) -> None:
    provide("only", "Four of them [1].")

    async def story(at: Bench) -> None:
        await ask(at, "upsert", collection="notes", documents=DOCUMENTS)
        id_ = uuid4()
        question: dict[str, Any] = {
            "collection": "notes",
            "question": "Which tiers are there?",
            "llm": "auto",
        }
        answer = await ask(at, "answer", id_, **question)
        assert answer["kind"] == "generated"
        assert answer["choice"]["receipt"] == str(id_)
        assert "only one" in answer["choice"]["why"]
        assert await judge(id_, 0.25, "acme")
        with pytest.raises(ChoiceNotFoundError):
            await judge(id_, 0.25, "another")
        (followed,) = await receipts(redis_url)
        assert (followed.receipt.operation, followed.score) == ("answer", 0.25)

    served(redis_url, story)


def test_constraints_that_leave_nobody_are_told_and_an_answer_is_quoted(
    provide: Provide, redis_url: str
) -> None:
    hosted = provide("hosted", "Four of them.", region="us")
    local = provide("local", "Four.", region="eu")

    async def story(at: Bench) -> None:
        internal = await ask(
            at, "chat", messages=MESSAGES, provider="auto", choose={"data_class": "internal"}
        )
        assert internal["choice"]["provider"] == "local"
        abroad = {"data_class": "internal", "regions": ["us"]}
        with pytest.raises(RemoteError, match=r"local: it is in eu \(region\)") as told:
            await ask(at, "chat", messages=MESSAGES, provider="auto", choose=abroad)
        assert told.value.code == "no_provider_fits"
        await ask(at, "upsert", collection="notes", documents=DOCUMENTS)
        question: dict[str, Any] = {
            "collection": "notes",
            "question": "Which tiers are there?",
            "llm": "auto",
        }
        quoted = await ask(at, "answer", **question, choose=abroad)
        assert (quoted["kind"], quoted["choice"]) == ("extractive", None)
        assert "does not let it see data of the class 'internal'" in quoted["note"]
        with pytest.raises(RemoteError, match="a provider is named already"):
            await ask(at, "chat", messages=MESSAGES, provider="local", choose=abroad)

    served(redis_url, story)
    assert (len(hosted.prompts), len(local.prompts)) == (0, 1)


@pytest.mark.usefixtures("platform")
def test_where_there_is_no_provider_texts_are_still_summarised(redis_url: str) -> None:
    async def story(at: Bench) -> None:
        summary = await ask(at, "summarise", text=DOCUMENTS[0]["text"], llm="auto")
        assert (summary["method"], summary["choice"]) == ("extractive", None)
        with pytest.raises(RemoteError, match="There is no LLM Provider block 'auto'"):
            await ask(at, "chat", messages=MESSAGES, provider="auto")

    served(redis_url, story)


def test_the_command_line_shows_the_choices(
    provide: Provide, platform: Path, redis_url: str, prefect_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    provide("local", '{"amount": 12.5}')
    provide("hosted", '{"amount": 12.5}', region="us")
    schema = {"type": "object", "properties": {"amount": {"type": "number"}}}
    id_ = uuid4()

    async def story(at: Bench) -> None:
        more = {"llm": "auto", "choose": {"data_class": "internal"}}
        found = await ask(at, "extract", id_, text="12.50 EUR", json_schema=schema, **more)
        assert (found["data"], found["choice"]["provider"]) == ({"amount": 12.5}, "local")

    served(redis_url, story)
    monkeypatch.chdir(platform)
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    monkeypatch.setenv("COLUMNS", "300")
    cli = CliRunner()
    listed = cli.invoke(app, ["choices"])
    assert str(id_) in listed.output, listed.output
    shown = cli.invoke(app, ["choices", str(id_)]).output
    assert "local was chosen for extract" in shown
    assert "data_class: the policy does not let it see data of the class 'internal'" in shown
    assert "The call: answered" in shown
    line = json.loads(cli.invoke(app, ["choices", str(id_), "--json"]).output)
    assert line["receipt"]["provider"] == "local"
    unknown = cli.invoke(app, ["choices", str(uuid4())])
    assert isinstance(unknown.exception, ChoiceNotFoundError)
