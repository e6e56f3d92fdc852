"""The blocks: their types, and one named `default` of each neighbour whose address is known."""

from collections.abc import Iterator

from prefect.blocks.core import Block

from blocks import Cache, Forge, Lake, LLMProvider, Stream, saved
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.forge.store import MODELS
from neurocortex.settings import Settings


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
    return lines + [_save(block) for block in _configured(settings)]


def _configured(settings: Settings) -> Iterator[Block]:
    """Yield a block for each neighbour the settings know, with no more than they say of it."""
    if settings.database_url:
        yield Lake(url=settings.database_url)
    kept = settings.forge.url or settings.database_url
    if kept:
        yield Forge(tracking_url=kept, artifacts=settings.home.absolute() / MODELS)
    if settings.redis_url:
        yield Cache(url=settings.redis_url)
        yield Stream(url=settings.redis_url)
    llm = settings.llm
    if llm.base_url and llm.model:
        yield LLMProvider(
            base_url=llm.base_url,
            model=llm.model,
            api_key=llm.api_key,
            timeout_s=llm.timeout_s,
            prompt_price=llm.prompt_price,
            completion_price=llm.completion_price,
        )


def _save(configured: Block) -> str:
    block = saved.find(type(configured), DEFAULT_BLOCK) or configured
    for field in configured.model_fields_set:
        setattr(block, field, getattr(configured, field))
    block.save(DEFAULT_BLOCK, overwrite=True)
    return f"block {block.get_block_type_slug()}/{DEFAULT_BLOCK}"
