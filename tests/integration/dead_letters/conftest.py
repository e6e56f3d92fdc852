"""Dead letters in a database of the test's own, and runs that failed on a real Prefect server."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import delete

from neurocortex.dead_letters.letter import DeadLetter, PastState
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.dead_letters.tables import dead_letters


@pytest.fixture(scope="session")
def letters_url(make_lake_database: Callable[[], str]) -> str:
    """A database with the table, for all these tests."""
    return make_lake_database()


@pytest.fixture
def letters(letters_url: str) -> Iterator[DeadLetters]:
    """An empty store."""
    with DeadLetters(letters_url) as store:
        with store.engine.begin() as connection:
            connection.execute(delete(dead_letters))
        yield store


@pytest.fixture
def make_letter() -> Callable[..., DeadLetter]:
    def make(
        flow_run: UUID | None = None,
        *,
        attempts: int = 1,
        tier: str = "low",
        flow: str = "count",
        created: datetime | None = None,
    ) -> DeadLetter:
        now = datetime.now(UTC)
        return DeadLetter(
            flow_run=flow_run or uuid4(),
            name="brave-otter",
            flow=flow,
            deployment="nightly",
            deployment_id=uuid4(),
            tier=tier,
            tenant="acme",
            parameters='{"n": 1, "text": "größer"}',
            state="Failed",
            message="Flow run encountered an exception: ValueError: no",
            error_type="ValueError",
            history=(
                PastState(name="Running", at=now, message=""),
                PastState(name="Failed", at=now, message="no"),
            ),
            attempts=attempts,
            created=created or now,
        )

    return make


@pytest.fixture
def prefect_api(prefect_server: str) -> Iterator[str]:
    """Let this process talk to the tests' Prefect server."""
    with temporary_settings({PREFECT_API_URL: prefect_server}):
        yield prefect_server
