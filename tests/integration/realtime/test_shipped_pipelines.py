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
from neurocortex.realtime.answers import Part
from neurocortex.realtime.call import Call
from neurocortex.requests.registry import Registry
from neurocortex.routing.route import Lane
from neurocortex.settings import settings
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
            with pytest.raises(RemoteError, match="fitted on a collection"):
                await ask(at, "embed", texts=["x"])
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
