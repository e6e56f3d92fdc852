"""Where an entry is, until when, and what has ended it."""

from dataclasses import dataclass

from neurocortex.cache.keys import Key
from neurocortex.cache.marks import MICROSECONDS
from neurocortex.cache.stack import Located, Stack


@dataclass(frozen=True, slots=True)
class Ended:
    """An invalidation that ends an entry."""

    mark: str
    """`KIND:TENANT:NAME`."""
    at: float
    """When, in seconds since the epoch, by the clock of Redis."""


@dataclass(frozen=True, slots=True)
class Copy:
    """An entry on one level."""

    level: str
    age_s: float
    """Since it was computed."""
    fresh_s: float
    """It is served for so long still; negative: its time is over since."""
    usable_s: float
    """It may stand in for a computation that fails for so long still."""
    bytes: int
    """Of its value, unpacked."""
    tags: tuple[str, ...]
    ended: tuple[Ended, ...]
    """What has ended it since it was computed: it is read as a miss."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that the levels know of a key."""

    key: Key
    copies: tuple[Copy, ...]
    """Fastest level first; memory is that of this process."""
    ended: tuple[Ended, ...]
    """Invalidations of the key itself, or of a pattern that it fits, that are remembered."""
    is_computed: bool
    """Whether somebody holds its lock: it is being computed."""


async def explain(stack: Stack, key: Key, *, is_computed: bool) -> Explanation:
    """Return what each level has under a key, whether it may be used or not.

    Raises:
        CacheUnavailableError: Redis does not answer.
        CorruptEntryError: what a level has is no entry.
    """
    await stack.catch_up()
    copies = [_copy(stack, key, located) for located in await stack.look(key)]
    return Explanation(key, tuple(copies), _ended(stack, key, 0, ()), is_computed)


def _copy(stack: Stack, key: Key, located: Located) -> Copy:
    entry, age_s = located.aged
    return Copy(
        level=located.level,
        age_s=age_s,
        fresh_s=entry.ttl_s - age_s,
        usable_s=entry.life_s - age_s,
        bytes=len(entry.body),
        tags=entry.tags,
        ended=_ended(stack, key, entry.born, entry.tags),
    )


def _ended(stack: Stack, key: Key, born: int, tags: tuple[str, ...]) -> tuple[Ended, ...]:
    marks = stack.marks.since(key, born, tags)
    return tuple(Ended(mark, version / MICROSECONDS) for mark, version in marks)
