"""A Lake of the test's own."""

from collections.abc import Iterator

import pytest

from neurocortex.lake.store import Lake
from tests.integration.lake.conftest import restored


@pytest.fixture
def lake(database_url: str) -> Iterator[Lake]:
    with Lake(database_url, restore=restored) as opened:
        opened.migrate()
        yield opened
