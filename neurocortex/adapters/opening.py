"""The Lake of a store that is described by an address: opened at first use, closed by its owner."""

from collections.abc import Callable
from threading import Lock
from typing import Final

from neurocortex.lake.pipeline_store import PipelineStore
from neurocortex.lake.store import Lake

URL_VARIABLE: Final = "NEUROCORTEX_LAKE_URL"
"""Where the address is read from unless it is given: postgresql://user:password@host/database."""


class LazyStore:
    """A collection whose Lake is opened when it is first used. Safe to use from several threads."""

    def __init__(self, url: Callable[[], str], collection: str) -> None:
        """Take what gives the address, and the collection's name."""
        self._url = url
        self._collection = collection
        self._lock = Lock()
        self._lake: Lake | None = None

    @property
    def store(self) -> PipelineStore:
        """The collection."""
        with self._lock:
            if self._lake is None:
                self._lake = Lake(self._url())
            return PipelineStore(self._lake, self._collection)

    def close(self) -> None:
        """Close its connections; the next use opens new ones."""
        with self._lock:
            if self._lake is not None:
                self._lake.close()
                self._lake = None
