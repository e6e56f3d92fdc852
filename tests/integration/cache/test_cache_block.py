"""The cache as flows open it: by its block."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks import Cache
from neurocortex.cache.keys import key_of
from neurocortex.cache.process import DISK
from neurocortex.settings import settings


@pytest.mark.anyio
async def test_a_block_opens_all_levels_and_computes_once(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROCORTEX_HOME", str(tmp_path))
    settings.cache_clear()
    key = key_of("acme", "summaries", {"document": 17})
    computed = []

    async def summarise() -> str:
        computed.append(1)
        return "short"

    block = Cache(url=SecretStr(redis_url))
    for _ in range(2):
        async with block.levels() as cache:
            found = await cache.get_or_compute(key, summarise, tags=["document 17"])
            assert found.value == "short"
    assert computed == [1], "the second time it came from Redis or disk"
    assert (tmp_path / DISK).is_file()
    async with block.levels() as cache:
        await cache.invalidate_tag("acme", "document 17")
        assert await cache.get(key) is None
