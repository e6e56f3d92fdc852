"""The Lake of the platform that runs, for commands that work on it."""

from collections.abc import Iterator
from contextlib import contextmanager

from neurocortex.embedded.running import Running, find
from neurocortex.errors import NotRunningError
from neurocortex.lake.store import Lake
from neurocortex.settings import load, variable


@contextmanager
def opened_lake() -> Iterator[tuple[Running, Lake]]:
    """Give the platform, and its Lake.

    Raises:
        NotRunningError: no platform runs, and no database is set.
    """
    running = find(load().settings)
    if running.database_url is None:
        raise NotRunningError("The database", variable("database_url"))
    with Lake(running.database_url) as lake:
        yield running, lake
