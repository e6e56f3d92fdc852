"""LLM Provider blocks with several endpoints: saved, hidden, read, shown."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prefect.types import SecretDict
from pydantic import SecretStr
from typer.testing import CliRunner

from blocks import LLMProvider
from blocks.llm_provider import FurtherEndpoint
from blocks.saved import load
from neurocortex.cli.main import app
from neurocortex.testing.openai_replies import Failure, script
from neurocortex.testing.openai_server import OpenAIServer
from tasks.providers import reading, saved_providers

GONE = "http://127.0.0.1:9/v1"


@pytest.fixture
def saved(platform: str) -> Iterator[tuple[str, OpenAIServer]]:
    """The name of a block of two endpoints; nobody is at the second one."""
    name = f"test-{uuid4().hex[:8]}"
    with OpenAIServer(script("fine"), api_key="first-secret") as server:
        LLMProvider(
            base_url=server.base_url,
            model=server.model,
            api_key=SecretStr("first-secret"),
            endpoints=[FurtherEndpoint(base_url=GONE, region="eu")],
            endpoint_keys=SecretDict({GONE: "second-secret"}),
        ).save(name)
        yield name, server
        LLMProvider.delete(name)


def test_prefects_api_shows_no_key(saved: tuple[str, OpenAIServer], prefect_server: str) -> None:
    name, _ = saved
    url = f"{prefect_server}/block_types/slug/llm-provider/block_documents/name/{name}"
    shown = httpx.get(url).raise_for_status()
    assert "secret" not in json.dumps(shown.json()["data"])
    assert GONE in shown.text


def test_a_saved_block_comes_back_whole(saved: tuple[str, OpenAIServer]) -> None:
    name, server = saved
    found = saved_providers()[name]
    assert [each.base_url for each in found.endpoints] == [server.base_url, GONE]
    keys = [each.api_key.get_secret_value() for each in found.endpoints if each.api_key]
    assert keys == ["first-secret", "second-secret"]


def test_the_checks_read_them_once_in_a_while(saved: tuple[str, OpenAIServer]) -> None:
    name, _ = saved
    read = reading(60)

    async def main() -> None:
        before = dict(await read())
        other = LLMProvider(base_url=GONE, model="other")
        await asyncio.to_thread(other.save, name, overwrite=True)
        assert await read() == before
        assert await reading(60)() != before

    asyncio.run(main())


def test_the_command_line_shows_what_a_check_finds(
    saved: tuple[str, OpenAIServer],
    prefect_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, server = saved
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    monkeypatch.setenv("NEUROCORTEX_HOME", str(tmp_path))
    shown = CliRunner().invoke(app, ["providers", "check"])
    assert shown.exit_code == 1
    lines = [line.split() for line in shown.stdout.splitlines() if line.startswith(name)]
    assert lines == [
        [name, server.base_url, server.model, "-", "in", "0", "-"],
        [name, GONE, server.model, "eu", "in", "0", "-"],
    ]
    assert f"{GONE} (block {name}): " in shown.stderr
    assert server.base_url not in shown.stderr
    assert "secret" not in shown.output


def test_the_block_says_what_is_wrong_with_each(saved: tuple[str, OpenAIServer]) -> None:
    name, server = saved
    block = load(LLMProvider, name)
    complaint = block.check()
    assert complaint is not None
    assert GONE in complaint
    assert server.base_url not in complaint
    server.health = Failure(500)
    assert server.base_url in (block.check() or "")
