"""The Lake of a store: one that is bound to the work being done, else by an address, opened at
first use and closed by its owner."""

from collections.abc import Callable
from threading import Lock
from typing import Final

from neurocortex.lake import bound
from neurocortex.lake.pipeline_store import PipelineStore
from neurocortex.lake.store import Lake

URL_VARIABLE: Final = "NEUROCORTEX_LAKE_URL"
"""Where the address is read from unless it is given: postgresql://user:password@host/database."""


class LazyStore:
    """A collection whose Lake is opened when it is first used. Safe to use from several threads."""

    def __init__(self, url: Callable[[], str], collection: str, *, is_named: bool) -> None:
        """Take what gives the address, and the collection's name.

        `is_named`: the store's owner chose the address, so that no other Lake takes its place.
        """
        self._url = url
        self._is_named = is_named
        self._collection = collection
        self._lock = Lock()
        self._lake: Lake | None = None

    @property
    def store(self) -> PipelineStore:
        """The collection."""
        given = None if self._is_named else bound.current()
        if given is not None:
            return PipelineStore(given.lake, self._collection, given.changed)
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
