"""What the end of a request says of the provider that served it."""

import asyncio

import pytest

from neurocortex.domain.usage import Usage
from neurocortex.errors import (
    ExtractionError,
    ProviderError,
    ProviderRefusedError,
    TokenBudgetSpentError,
)
from tasks.choosing import went_well


@pytest.mark.parametrize(
    ("error", "calls", "seconds", "expected"),
    [
        (None, 2, 1.0, True),
        (None, 0, 0.01, None),
        (ProviderError("http://llm", "500"), 0, 1.0, False),
        (ProviderRefusedError("http://llm", "401"), 0, 1.0, False),
        (ExtractionError("m", [("a", "missing")]), 2, 1.0, False),
        (TimeoutError(), 0, 20.0, False),
        (asyncio.CancelledError(), 0, 29.9, False),
        (asyncio.CancelledError(), 0, 3.0, None),
        (TokenBudgetSpentError(10, Usage(), 20), 0, 0.1, None),
        (ValueError("ours"), 1, 0.1, None),
    ],
    ids=[
        "answered",
        "kept-from-before",
        "failed",
        "refused",
        "wrote-nonsense",
        "timed-out",
        "hung-until-the-end",
        "client-left",
        "no-budget",
        "our-own-fault",
    ],
)
def test_only_what_the_provider_did_is_learned(
    error: BaseException | None, calls: int, seconds: float, expected: bool | None
) -> None:
    assert went_well(error, calls, seconds, room_s=30.0) is expected
