"""Locks on results in the Cache: renewed while their holder lives, and gone when it died."""

from typing import Final

from prefect.locking.protocol import LockManager
from prefect.results import get_result_store

from blocks import Cache
from neurocortex.cache import addresses
from neurocortex.cache.process import ProcessCache
from neurocortex.errors import CacheError


class CacheLocks(LockManager):
    """Prefect's locks on transactions, as claims in the Cache that stores the task's result.

    `hold_timeout` is not needed: a lock lasts as long as its holder lives, and seconds after that.
    Where Redis does not answer, everybody is given the lock.
    """

    def __init__(self) -> None:
        self._cache_of: dict[str, Cache] = {}

    def acquire_lock(
        self,
        key: str,
        holder: str,
        acquire_timeout: float | None = None,
        hold_timeout: float | None = None,  # noqa: ARG002 - see the class
    ) -> bool:
        """Take the lock of an address; False: another holder had it for `acquire_timeout` s."""
        claimed, cache = addresses.parse(key).key, self._opened(key)
        return cache.call(lambda results: results.claim(claimed, holder, acquire_timeout))

    async def aacquire_lock(
        self,
        key: str,
        holder: str,
        acquire_timeout: float | None = None,
        hold_timeout: float | None = None,  # noqa: ARG002 - see the class
    ) -> bool:
        """See `acquire_lock`."""
        claimed, cache = addresses.parse(key).key, self._opened(key)
        return await cache.acall(lambda results: results.claim(claimed, holder, acquire_timeout))

    def release_lock(self, key: str, holder: str) -> None:
        """Give a lock back, if it is still the holder's."""
        claimed, cache = addresses.parse(key).key, self._opened(key)
        cache.call(lambda results: results.release(claimed, holder))
        self._cache_of.pop(key, None)

    def is_locked(self, key: str) -> bool:
        """Return whether anybody holds the lock."""
        claimed, cache = addresses.parse(key).key, self._opened(key)
        return cache.call(lambda results: results.is_claimed(claimed))

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Return whether that holder, of this process, holds the lock."""
        claimed, cache = addresses.parse(key).key, self._opened(key)
        return cache.call(lambda results: results.holds(claimed, holder))

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody holds the lock; False: not within `timeout` seconds."""
        claimed, cache = addresses.parse(key).key, self._opened(key)
        return cache.call(lambda results: results.wait(claimed, timeout))

    async def await_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """See `wait_for_lock`."""
        claimed, cache = addresses.parse(key).key, self._opened(key)
        return await cache.acall(lambda results: results.wait(claimed, timeout))

    def _opened(self, key: str) -> ProcessCache:
        """Return the cache of the task run that asks, also when a transaction ends after it."""
        storage = get_result_store().result_storage
        if isinstance(storage, Cache):
            self._cache_of[key] = storage
        elif key not in self._cache_of:
            raise CacheError(f"{key} is not stored in a Cache block: set `result_storage` to one.")
        return self._cache_of[key].shared()


LOCKS: Final = CacheLocks()
"""One for all tasks of a process."""
