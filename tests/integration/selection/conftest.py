"""A lane's surroundings: a Prefect server with LLM Provider blocks, and settings of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import prefect.context
import pytest
from prefect.context import SettingsContext
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

import blocks
from blocks import listing, saved
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.lake.store import Lake
from neurocortex.settings import settings
from neurocortex.testing.openai_replies import Failure
from neurocortex.testing.openai_server import OpenAIServer
from tasks.lake import kept_open

Provide = Callable[..., OpenAIServer]
"""Takes a block's name, what it says, and more fields of the block."""


@pytest.fixture
def platform(
    prefect_server: str,
    redis_url: str,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """A Lake of this test's own as the block `default`, and no LLM Provider; returns its home."""
    current = prefect.context.get_settings_context()
    chosen = current.settings.copy_with_update(updates={PREFECT_API_URL: prefect_server})
    everywhere = SettingsContext(profile=current.profile, settings=chosen)
    # Threads without a context talk to that server too, as the environment of a lane has them do.
    monkeypatch.setattr(prefect.context, "GLOBAL_SETTINGS_CONTEXT", everywhere)
    monkeypatch.setenv("NEUROCORTEX_HOME", str(tmp_path))
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", redis_url)
    monkeypatch.setenv("NEUROCORTEX_SELECTION__POLICY", str(tmp_path / "policy.yaml"))
    (tmp_path / "policy.yaml").write_text("providers: {local: {data_classes: [internal]}}")
    settings.cache_clear()
    listing.forget()
    with (
        temporary_settings({PREFECT_API_URL: prefect_server}),
        Lake(database_url) as store,
        kept_open(),
    ):
        store.migrate()
        blocks.Lake(url=SecretStr(database_url)).save(DEFAULT_BLOCK, overwrite=True)
        saved.remember(30)
        yield tmp_path
        saved.remember(0)
    listing.forget()
    settings.cache_clear()


@pytest.fixture
def provide(platform: Path) -> Iterator[Provide]:
    """Save LLM Provider blocks, each with a server of its own; all are gone after the test."""
    with ExitStack() as stack:

        def provided(name: str, says: str | Failure, **fields: object) -> OpenAIServer:
            server = stack.enter_context(OpenAIServer(lambda _: says))
            block = blocks.LLMProvider(base_url=server.base_url, model=server.model, **fields)
            block.save(name, overwrite=True)
            stack.callback(blocks.LLMProvider.delete, name)
            return server

        yield provided
