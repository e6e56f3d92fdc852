"""What each level of the cache does, whatever it is made of."""

from typing import Protocol

from neurocortex.cache.keys import Key
from neurocortex.cache.values import Aged, Entry


class Level(Protocol):
    """A place where entries are kept for a while.

    A level is bounded in bytes and in time, and decides itself what to drop. It may lose any entry
    at any time; it never gives one back damaged, longer than its life, or under another key. It
    does not judge invalidations: the cache does, with what the entry says of itself.

    A call that cannot be done raises `CacheUnavailableError`; the entry is then there or not, but
    whole. A call may be cancelled at any time, with the same result.
    """

    name: str
    """As `Found.level` and the counters show it."""
    max_s: float
    """It keeps no entry longer."""

    async def get(self, key: Key) -> Aged | None:
        """Return an entry that is not past its life, or None. It keeps its own time.

        Raises:
            CacheUnavailableError: the level fails, or would take too long.
            CorruptEntryError: what is there is no entry.
        """
        ...

    async def put(self, key: Key, entry: Entry, age_s: float) -> int | None:
        """Keep an entry that is `age_s` old, in place of what was there.

        Returns:
            Bytes of other entries that it dropped for it; None: it did not take the entry.
        """
        ...

    async def drop(self, key: Key) -> None:
        """Forget one entry, if it is there."""
        ...

    async def clear(self, tenant: str) -> None:
        """Forget all entries of a tenant: nothing of them is left to be read."""
        ...
