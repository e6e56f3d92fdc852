"""Providers of several endpoints, over the real protocol, saved as a block."""

from collections.abc import Iterator

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from neurocortex.settings import settings


@pytest.fixture
def platform(prefect_server: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Prefect server, and an empty Redis for the states of endpoints: its URL."""
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", redis_url)
    settings.cache_clear()
    with temporary_settings({PREFECT_API_URL: prefect_server}):
        yield redis_url
    settings.cache_clear()
