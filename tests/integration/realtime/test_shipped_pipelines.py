"""Each operation that is shipped does its work in the lane, on a real Lake."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import prefect.context
import pytest
from prefect.context import SettingsContext
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

import blocks
from blocks import saved
from neurocortex.admission.values import Ticket
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.engines.openai_chat import close_clients
from neurocortex.errors import RemoteError
from neurocortex.lake.store import Lake
from neurocortex.lake.texts import document_text
from neurocortex.realtime.answers import Part
from neurocortex.realtime.call import Call
from neurocortex.requests.registry import Registry
from neurocortex.routing.route import Lane
from neurocortex.settings import settings
from neurocortex.testing.openai_replies import Failure
from neurocortex.testing.openai_server import OpenAIServer
from tasks.lake import kept_open, opened
from tests.integration.realtime.harness import Bench, bench

DOCUMENTS = [
    {"source": "tiers", "text": "There are four priority tiers: critical, high, medium and low."},
    {"source": "lake", "text": "The Lake keeps documents and vectors in PostgreSQL."},
    {"source": "cache", "text": "The cache has three levels: memory, Redis and the disk."},
    {"source": "slots", "text": "Priority tiers of the platform share its slots by weight."},
    {"source": "levels", "text": "Levels of the cache keep documents for some minutes."},
    {"source": "vectors", "text": "Vectors of documents are compared on the platform."},
]


STORY = (
    "Bees pollinate the apple trees of the valley every spring. "
    "Without bees the apple trees of the valley bear hardly any fruit. "
    "The valley's apple harvest depends on its bees and their keepers. "
    "A museum of clocks opened in the capital last year. "
    "Farmers of the valley rent hives of bees when the apple trees bloom."
)

LABELLED = {
    "labels": ["billing", "technical"],
    "examples": [
        {"text": "I was charged twice for one invoice.", "label": "billing"},
        {"text": "The app crashes at start.", "label": "technical"},
    ],
}


@pytest.fixture
def lake(
    prefect_server: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lake]:
    """A Lake of this test's own, as the block `default`; blocks are read as a lane reads them."""
    talk_to(prefect_server, monkeypatch)
    monkeypatch.setenv("NEUROCORTEX_HOME", str(tmp_path))
    monkeypatch.setenv("NEUROCORTEX_TASKS__RETRIES", "0")
    settings.cache_clear()
    with (
        temporary_settings({PREFECT_API_URL: prefect_server}),
        Lake(database_url) as store,
        kept_open(),
    ):
        store.migrate()
        blocks.Lake(url=SecretStr(database_url)).save(DEFAULT_BLOCK, overwrite=True)
        saved.remember(30)
        yield store
        saved.remember(0)


def talk_to(api_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let threads without a context talk to a Prefect server, as the environment of a lane does."""
    current = prefect.context.get_settings_context()
    chosen = current.settings.copy_with_update(updates={PREFECT_API_URL: api_url})
    everywhere = SettingsContext(profile=current.profile, settings=chosen)
    monkeypatch.setattr(prefect.context, "GLOBAL_SETTINGS_CONTEXT", everywhere)


def call(operation: str, *, stream: bool = False, **fields: Any) -> tuple[Call, Ticket]:
    body = json.dumps({"operation": operation, "stream": stream, **fields}).encode()
    made = Call(uuid4(), operation, body, "acme", Tier.HIGH, stream=stream)
    return made, Ticket(made.id, Lane.REALTIME, Tier.HIGH, "acme", 0.01)


async def ask(at: Bench, operation: str, **fields: Any) -> dict[str, Any]:
    reply = await at.client.call(*call(operation, **fields))
    found: dict[str, Any] = json.loads(reply.body)
    return found


def shipped() -> Registry:
    return Registry.load(settings().gateway.pipelines)


def test_texts_go_in_and_are_found_answered_from_embedded_and_deleted(
    lake: Lake, redis_url: str
) -> None:
    async def main() -> None:
        async with bench(redis_url) as at, at.lane(shipped()):
            loaded = await ask(at, "upsert", collection="notes", documents=DOCUMENTS)
            assert (loaded["load"]["inserted"], loaded["unchanged"]) == (6, 0)
            again = await ask(at, "upsert", collection="notes", documents=DOCUMENTS)
            assert (again["load"], again["unchanged"]) == (None, 6)

            found = await ask(at, "search", collection="notes", query="Which tiers are there?")
            assert found["passages"][0]["source"] == "tiers"
            none = await ask(
                at, "search", collection="notes", query="tiers", filters={"author": "nobody"}
            )
            assert none["passages"] == []
            dated = [{**each, "metadata": {"year": 2000 + n}} for n, each in enumerate(DOCUMENTS)]
            changed = await ask(at, "upsert", collection="notes", documents=dated)
            assert (changed["load"]["replaced"], changed["unchanged"]) == (6, 0)
            young = await ask(
                at, "search", collection="notes", query="tiers", filters={"year": {"$gte": 2003}}
            )
            assert "slots" in [each["source"] for each in young["passages"]]
            assert "tiers" not in [each["source"] for each in young["passages"]]
            asked = {"collection": "notes", "query": "Which tiers are there?"}
            both = await ask(at, "search", **asked, against={})
            picked = [each["source"] for each in both["passages"]]
            assert picked == [each["source"] for each in found["passages"]]
            assert sorted(both["teams"]) == ["first", "second"]
            alone = await ask(at, "search", **asked, against={"collection": "missing"})
            assert alone["teams"] == ["neither", "neither"]
            assert "missing" in alone["note"]
            answer = await ask(at, "answer", collection="notes", question="What are the tiers?")
            assert answer["kind"] == "extractive"
            assert "critical, high, medium and low" in answer["text"]

            texts = ["the priority tiers of the platform", "levels of the cache"]
            many = await asyncio.gather(
                *(ask(at, "embed", collection="notes", texts=texts[:n]) for n in (1, 2, 1, 2))
            )
            model = await asyncio.to_thread(lake.embedder, "notes")
            assert model is not None
            expected = model.embed_documents(texts)
            assert expected.any(axis=1).all()
            for n, embedded in zip((1, 2, 1, 2), many, strict=True):
                assert np.allclose(embedded["vectors"], expected[:n], atol=1e-6)
                assert (embedded["model"], embedded["version"]) == ("lsa", model.version)

            gone = await ask(at, "delete", collection="notes", sources=["tiers", "unknown"])
            assert gone["documents"] == 1
            left = await ask(at, "search", collection="notes", query="Which tiers are there?")
            assert "tiers" not in [passage["source"] for passage in left["passages"]]

    asyncio.run(main())


def test_texts_are_summarised_and_classified_without_an_llm(lake: Lake, redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at, at.lane(shipped()):
            long = {"source": "long", "text": f"{STORY} {'So it went on for years. ' * 60}"}
            await ask(at, "upsert", collection="notes", documents=[*DOCUMENTS, long])
            short = await ask(at, "summarise", text=STORY, sentences=2)
            assert (short["method"], short["model"]) == ("extractive", "lexrank")
            assert "bees" in short["text"]
            assert len(short["text"]) < len(STORY)

            document = await ask(at, "summarise", collection="notes", source="long", sentences=2)
            assert document["sources"] == ["long"]
            assert "bees" in document["text"]
            found = await ask(
                at, "summarise", collection="notes", query="Which tiers are there?", sentences=1
            )
            assert "riority tiers" in found["text"]
            assert "tiers" in found["sources"]
            with pytest.raises(RemoteError) as raised:
                await ask(at, "summarise", collection="notes", source="unknown")
            assert raised.value.code == "document_not_found"

            labelled = await ask(at, "classify", text="My invoice is wrong.", **LABELLED)
            assert (labelled["method"], labelled["label"]) == ("examples", "billing")
            labels = {"labels": ["levels of the cache", "priority tiers of the platform"]}
            nearest = await ask(
                at, "classify", text="Priority tiers share slots", collection="notes", **labels
            )
            assert (nearest["method"], nearest["model"]) == ("similarity", "lsa")
            assert nearest["label"] == "priority tiers of the platform"

    asyncio.run(main())


def test_a_document_reads_as_it_was_loaded(lake: Lake, redis_url: str) -> None:
    """Its chunks overlap: what two share is there once."""
    text = " ".join(f"Sentence {number} stands at its place." for number in range(200))

    async def main() -> None:
        async with bench(redis_url) as at, at.lane(shipped()):
            document = {"source": "long", "text": text}
            await ask(at, "upsert", collection="long", documents=[document])

    asyncio.run(main())
    assert lake.collection("long").chunks > 2
    assert document_text(lake.engine, "long", "long").text == text


def test_personal_data_is_hidden_in_texts_and_their_metadata(
    lake: Lake, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROCORTEX_PRIVACY__DOCUMENTS", "redact")
    settings.cache_clear()
    text = {
        "source": "letter",
        "text": "Write to ada@example.com about the four priority tiers.",
        "metadata": {"about": {"mail": "ada@example.com"}, "row": "the first"},
    }

    async def main() -> None:
        async with bench(redis_url) as at, at.lane(shipped()):
            await ask(at, "upsert", collection="letters", documents=[text])
            again = await ask(at, "upsert", collection="letters", documents=[text])
            assert again["unchanged"] == 1

    asyncio.run(main())
    settings.cache_clear()
    with lake.engine.connect() as connection:
        stored = connection.exec_driver_sql(
            "SELECT documents::text || chunks::text FROM lake.documents JOIN lake.chunks"
            " ON document_id = documents.id JOIN lake.collections ON collections.id ="
            " documents.collection_id WHERE name = 'letters'"
        ).scalar_one()
    assert "ada@example.com" not in stored
    assert "<EMAIL_ADDRESS>" in stored
    assert "the first" in stored


def test_an_llm_summarises_classifies_and_extracts_and_is_charged(
    lake: Lake, redis_url: str
) -> None:
    def reply(prompt: str) -> str | Failure:
        if "fail" in prompt:
            return Failure(500)
        if "Invoice" in prompt:
            return '{"number": 17}'
        return '{"billing": 0.9, "technical": 0.3}' if "charged" in prompt else "Bees matter."

    async def main() -> None:
        async with bench(redis_url) as at, at.lane(shipped()):
            reply = await at.client.call(*call("summarise", text=STORY))
            assert json.loads(reply.body)["text"] == "Bees matter."
            assert reply.usage is not None
            assert (reply.usage.calls, reply.usage.completion_tokens) == (1, 2)
            assert reply.usage.cost == pytest.approx((1 * 2.0 + 2 * 10.0) / 1e6)

            long = f"{STORY} " * 130
            parts = await at.client.call(*call("summarise", text=long))
            assert parts.usage is not None
            assert parts.usage.calls == 1 + -(-len(long) // 24_000)

            labelled = await ask(at, "classify", text="I was charged twice.", **LABELLED)
            assert (labelled["method"], labelled["label"]) == ("llm", "billing")
            schema = {"type": "object", "properties": {"number": {"type": "integer"}}}
            found = await ask(at, "extract", text="Invoice 17", json_schema=schema)
            assert (found["data"], found["is_repaired"]) == ({"number": 17}, False)
            wrong = {"type": "object", "properties": {"number": {"type": "string"}}}
            with pytest.raises(RemoteError) as raised:
                await ask(at, "extract", text="Invoice 17", json_schema=wrong)
            assert raised.value.code == "extraction_invalid"

            fallen = await ask(at, "summarise", text=f"{STORY} They fail.", sentences=2)
            assert fallen["method"] == "extractive"
            assert "failed" in fallen["note"]
            quoted = await ask(at, "classify", text="My invoices fail.", **LABELLED)
            assert (quoted["method"], quoted["label"]) == ("examples", "billing")

            budget = {"budget": {"tokens": 2000}}
            with pytest.raises(RemoteError, match="spent in") as raised:
                await ask(at, "summarise", text=long, **budget)
            assert raised.value.code == "token_budget_spent"
            small = {"budget": {"tokens": 20}, "messages": [{"role": "user", "content": "x" * 400}]}
            with pytest.raises(RemoteError, match="0 were spent in 0 calls") as raised:
                await ask(at, "chat", **small)
            await close_clients()

    with OpenAIServer(reply) as server:
        provider = blocks.LLMProvider(
            base_url=server.base_url, model=server.model, prompt_price=2.0, completion_price=10.0
        )
        provider.save(DEFAULT_BLOCK, overwrite=True)
        try:
            asyncio.run(main())
        finally:
            blocks.LLMProvider.delete(DEFAULT_BLOCK)


def test_a_tenant_has_so_many_tokens_a_day(
    lake: Lake, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", redis_url)
    monkeypatch.setenv("NEUROCORTEX_LLM__TENANT_TOKENS_PER_DAY", "1500")
    settings.cache_clear()
    message = {"messages": [{"role": "user", "content": "Say it."}]}

    async def main() -> None:
        async with bench(redis_url) as at, at.lane(shipped()):
            for _ in range(3):  # each may take 1024, and takes 5
                assert (await ask(at, "chat", **message))["text"] == "Four words are said."
            with pytest.raises(RemoteError, match="has 1485 of its 1500 tokens left") as raised:
                await ask(at, "chat", max_tokens=2000, **message)
            assert raised.value.code == "tenant_budget_spent"
            await close_clients()

    with OpenAIServer(lambda _: "Four words are said.") as server:
        provider = blocks.LLMProvider(base_url=server.base_url, model=server.model)
        provider.save(DEFAULT_BLOCK, overwrite=True)
        try:
            asyncio.run(main())
        finally:
            blocks.LLMProvider.delete(DEFAULT_BLOCK)


def test_a_lake_stays_open_until_its_block_is_edited(lake: Lake, database_url: str) -> None:
    with opened(DEFAULT_BLOCK) as first, opened(DEFAULT_BLOCK) as second:
        assert first is second
    edited = blocks.Lake(url=SecretStr(database_url), pool_size=2)
    edited.save(DEFAULT_BLOCK, overwrite=True)
    saved.remember(30)
    with opened(DEFAULT_BLOCK) as third:
        assert third is not first


def test_bad_texts_stay_out_and_missing_things_are_named(lake: Lake, redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at, at.lane(shipped()):
            noise = [{"source": "noise", "text": "%$ §§ ## !! ++ ** ~~ .. ;; :: ?? <> {} []"}]
            with pytest.raises(RemoteError, match="Nothing was ingested") as raised:
                await ask(at, "upsert", collection="notes", documents=noise)
            assert raised.value.code == "nothing_ingested"
            for operation, fields in (
                ("search", {"query": "x"}),
                ("embed", {"texts": ["x"]}),
                ("delete", {"sources": ["x"]}),
            ):
                with pytest.raises(RemoteError) as raised:
                    await ask(at, operation, collection="missing", **fields)
                assert raised.value.code == "collection_not_found"
            with pytest.raises(RemoteError, match="name one in `collection`") as raised:
                await ask(at, "embed", texts=["x"])
            assert raised.value.code == "collection_needed"
            with pytest.raises(RemoteError, match="give `examples`") as raised:
                await ask(at, "classify", text="x", labels=["a", "b"])
            assert raised.value.code == "collection_needed"
            for about in ("query", "source"):
                with pytest.raises(RemoteError) as raised:
                    await ask(at, "summarise", collection="missing", **{about: "x"})
                assert raised.value.code == "collection_not_found"
            with pytest.raises(RemoteError) as raised:
                await ask(at, "extract", text="x", json_schema={"type": "object"})
            assert raised.value.code == "provider_missing"
            assert at.lost == []

    asyncio.run(main())


def test_a_conversation_streams_from_the_provider(lake: Lake, redis_url: str) -> None:
    message = {"role": "user", "content": "Say it."}

    async def main(server: OpenAIServer) -> None:
        async with bench(redis_url) as at, at.lane(shipped()):
            parts, result = [], {}
            stream = at.client.stream(*call("chat", stream=True, messages=[message]))
            async for event in stream:
                if isinstance(event, Part):
                    parts.append(event.text)
                else:
                    result = json.loads(event.body)
            assert parts == ["Four ", "words ", "are ", "said."]
            assert result["text"] == "Four words are said."
            whole = await ask(at, "chat", messages=[message], max_tokens=5)
            assert whole["text"] == result["text"]
            await close_clients()

    with OpenAIServer(lambda _: "Four words are said.") as server:
        provider = blocks.LLMProvider(base_url=server.base_url, model=server.model)
        provider.save(DEFAULT_BLOCK, overwrite=True)
        try:
            asyncio.run(main(server))
        finally:
            blocks.LLMProvider.delete(DEFAULT_BLOCK)


def test_the_lane_serves_on_while_prefects_api_is_away(
    lake: Lake, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with bench(redis_url) as at, at.lane(shipped()):
            await ask(at, "upsert", collection="notes", documents=DOCUMENTS)
            saved.remember(0.001)  # what is known is old at once
            await ask(at, "search", collection="notes", query="tiers")
            talk_to("http://127.0.0.1:9/api", monkeypatch)
            found = await ask(at, "search", collection="notes", query="PostgreSQL")
            assert found["passages"][0]["source"] == "lake"

    asyncio.run(main())
