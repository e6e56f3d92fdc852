"""Tests of the worker's parts that need no service: real processes, no Prefect server."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
