"""The saved LLM providers: read, checked for ever, shown.

`python -m tasks.providers [--check]` prints how their endpoints stand, as JSON.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Mapping
from typing import Final

import httpx
from prefect.exceptions import PrefectException
from pydantic import TypeAdapter

import blocks
from blocks import listing, saved
from neurocortex.balancing.checks import Read, check_for_ever
from neurocortex.balancing.redis_states import opened
from neurocortex.balancing.reports import EndpointReport, reports
from neurocortex.balancing.states import LocalStates
from neurocortex.domain.endpoints import LlmProvider
from neurocortex.engines.embedders import OPENAI
from neurocortex.engines.embedding_endpoints import embedding_provider
from neurocortex.settings import Settings, settings

logger = logging.getLogger(__name__)

CHECK: Final = "--check"

EMBEDDINGS: Final = "settings.lake"
"""What is shown in place of a block's name: no block may have a dot in its own."""

REPORTS: Final = TypeAdapter(list[EndpointReport])


def saved_providers() -> dict[str, LlmProvider]:
    """Return all LLM Provider blocks by their names, and where the settings say that embeddings
    come from; with their keys."""
    names = listing.names_of(blocks.LLMProvider, 0)
    found = ((name, saved.find(blocks.LLMProvider, name)) for name in names)
    known = {name: block.connect() for name, block in found if block is not None}
    lake = settings().lake
    if lake.embedder != OPENAI or lake.embedding_model is None:
        return known
    embedding = embedding_provider(lake.embedding_model, lake)
    return known if embedding is None else {**known, EMBEDDINGS: embedding}


def reading(every_s: float) -> Read:
    """Return what reads the providers, and asks Prefect's API once in so long.

    While that does not answer, or a block cannot be read, what was known before holds.
    """
    read_at, known = float("-inf"), dict[str, LlmProvider]()

    async def read() -> Mapping[str, LlmProvider]:
        nonlocal read_at, known
        if time.monotonic() - read_at >= every_s:
            try:
                known = await asyncio.to_thread(saved_providers)
                read_at = time.monotonic()
            except (httpx.HTTPError, PrefectException, ValueError) as error:
                logger.debug("LLM providers are read later: %s", error)
        return known

    return read


async def check_saved_for_ever(chosen: Settings, redis_url: str) -> None:
    """Check the endpoints of all saved providers, for as long as this process stands."""
    await check_for_ever(redis_url, chosen.balancing, reading(chosen.realtime.blocks_s))


async def _reported(*, is_checked: bool) -> list[EndpointReport]:
    chosen = settings()
    found = await asyncio.to_thread(saved_providers)
    timeout_s = chosen.balancing.check_timeout_s if is_checked else None
    if chosen.redis_url is None:
        return await reports(found, LocalStates(), timeout_s)
    async with opened(chosen.redis_url.get_secret_value()) as states:
        return await reports(found, states, timeout_s)


if __name__ == "__main__":
    sys.stdout.buffer.write(REPORTS.dump_json(asyncio.run(_reported(is_checked=CHECK in sys.argv))))
