"""The blocks: their types, and one named `default` of each neighbour whose address is known."""

from typing import TypeVar

from prefect.blocks.core import Block
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr

from blocks import Cache, Forge, Lake, LLMProvider, Stream
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.settings import LlmSettings, Settings

AnyBlock = TypeVar("AnyBlock", bound=Block)


def apply(settings: Settings) -> list[str]:
    """Register every block type, and save the blocks named `default`.

    An address follows the settings; whatever else was edited in the UI stays as it is.

    Returns:
        One line for each block type and block.
    """
    lines = []
    for kind in (Lake, Cache, Stream, Forge, LLMProvider):
        kind.register_type_and_schema()
        lines.append(f"block type {kind.get_block_type_slug()}")
    lake_url, redis_url = settings.database_url, settings.redis_url
    if lake_url:
        lines.append(_save(_found(Lake, Lake(url=lake_url)), url=lake_url))
    if redis_url:
        lines.append(_save(_found(Cache, Cache(url=redis_url)), url=redis_url))
        lines.append(_save(_found(Stream, Stream(url=redis_url)), url=redis_url))
    lines.extend(_provider(settings.llm))
    return lines


def _provider(llm: LlmSettings) -> list[str]:
    if not (llm.base_url and llm.model):
        return []
    configured = LLMProvider(
        base_url=llm.base_url, model=llm.model, api_key=llm.api_key, timeout_s=llm.timeout_s
    )
    block = _found(LLMProvider, configured)
    return [
        _save(
            block,
            base_url=llm.base_url,
            model=llm.model,
            api_key=llm.api_key,
            timeout_s=llm.timeout_s,
        )
    ]


def _found(kind: type[AnyBlock], otherwise: AnyBlock) -> AnyBlock:
    """Return the saved default block of a kind, or the one to start with."""
    try:
        found = kind.load(DEFAULT_BLOCK)
    except ValueError as error:
        if not isinstance(error.__cause__, ObjectNotFound):
            raise
        return otherwise
    return found


def _save(block: Block, **addresses: SecretStr | str | float | None) -> str:
    for field, value in addresses.items():
        setattr(block, field, value)
    block.save(DEFAULT_BLOCK, overwrite=True)
    return f"block {block.get_block_type_slug()}/{DEFAULT_BLOCK}"
