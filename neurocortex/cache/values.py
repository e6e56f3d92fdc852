"""What the cache keeps and what it answers."""

import random
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from neurocortex.cache.keys import Key, check_part
from neurocortex.cache.lifetimes import stretched_s
from neurocortex.errors import CacheUnavailableError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value as the levels keep it. It knows no clock: its age is the level's to know."""

    body: bytes
    """The value, as `codec.py` writes it."""
    ttl_s: float
    """It is fresh while its age is less."""
    stale_s: float
    """After that it may stand in for a computation that fails, for so long."""
    born: int
    """The last invalidation when its computation began: an invalidation after that is an end."""
    token: int
    """Of the lock it was computed under: of two entries of a key the higher is the newer."""
    tags: tuple[str, ...]
    """It ends when one of them is invalidated."""

    @property
    def life_s(self) -> float:
        """For how long it is of any use."""
        return self.ttl_s + self.stale_s


class Aged(NamedTuple):
    """An entry as a level found it."""

    entry: Entry
    age_s: float
    """Since it was computed, whichever levels it has been through."""

    @property
    def is_fresh(self) -> bool:
        """Whether it can be served without a reason."""
        return self.age_s < self.entry.ttl_s


class Found(NamedTuple, Generic[T]):
    """A value, and where it came from."""

    value: T
    level: str
    """`memory`, `redis`, `disk`, or `computed`."""
    age_s: float
    """Since it was computed."""
    stale_because: str | None = None
    """Why a value past its time was served; None: it is fresh."""


@dataclass(frozen=True, slots=True)
class Computed(Generic[T]):
    """What a computation may return in place of a plain value, to decide how long it is kept."""

    value: T
    ttl_s: float | None = None
    """None: as the caller said. 0: do not keep it."""
    tags: tuple[str, ...] = ()
    """In addition to the caller's."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a value is kept and when it is computed again."""

    ttl_s: float = 86400.0
    """Fresh for so long; no level keeps it longer than that level's own limit."""
    longest_ttl_s: float | None = None
    """A result that was dear to compute is fresh for longer (`lifetimes.py`), up to this. None:
    all are for `ttl_s`."""
    jitter: float = 0.1
    """Up to this share is taken off the time, at random: entries made together do not end
    together."""
    refresh_after: float | None = None
    """Of its time, 0 to 1: a hit after that computes it anew in the background. None: never."""
    stale_s: float = 0.0
    """Kept so long past its time, for when the computation fails or is slow."""
    soft_timeout_s: float | None = None
    """A stale value is served when the computation takes longer; that one goes on. None: wait."""
    failure_ttl_s: float = 0.0
    """A failure is repeated from memory for so long, in this process. 0: always tried again."""

    def __post_init__(self) -> None:
        optional = (self.soft_timeout_s or 0.0, self.longest_ttl_s or 0.0)
        amounts = (self.ttl_s, self.stale_s, self.failure_ttl_s, *optional)
        shares = (self.jitter, self.refresh_after or 0.0)
        if not all(0 <= each < float("inf") for each in amounts):
            raise ValueError(f"times must be finite and not negative: {self}")
        if not all(0 <= each <= 1 for each in shares):
            raise ValueError(f"jitter and refresh_after are shares from 0 to 1: {self}")

    def lifetime_s(self, ttl_s: float | None = None, took_s: float = 0.0) -> float:
        """Return for how long one entry is fresh, less the jitter.

        Args:
            ttl_s: what the computation decided; None: the policy decides.
            took_s: seconds that it took.
        """
        wanted = ttl_s
        if wanted is None:
            wanted = stretched_s(self.ttl_s, self.longest_ttl_s or self.ttl_s, took_s)
        return wanted * (1 - self.jitter * random.random())  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True)
class LevelStats:
    """What one level did since this process opened it."""

    hits: int = 0
    """Reads that found an entry that was still good."""
    misses: int = 0
    fills: int = 0
    """Entries written into it."""
    skipped: int = 0
    """Reads and writes that went past it while its circuit breaker was open."""
    failures: int = 0
    """Calls that failed or took too long."""
    evicted_bytes: int = 0
    stale: int = 0
    """Entries past their time that stood in for a computation."""
    reads: tuple[int, ...] = ()
    """How long reads took: counts by the buckets of `durations.py`; of memory's one in 64."""
    read_s: float = 0.0
    """The sum of those."""


EVERYONE: Final = ""
"""Stands for all tenants in an invalidation by tag: what several share has changed."""

EVERYTHING: Final = "*"
"""The pattern that all entries fit."""


@dataclass(frozen=True, slots=True)
class Invalidation:
    """One order to forget."""

    tenant: str
    kind: str
    """`key`, `tag` or `pattern`."""
    name: str
    """`namespace:digest`, the tag, or the pattern over `namespace:digest`."""

    def __post_init__(self) -> None:
        if (self.tenant, self.kind) != (EVERYONE, "tag"):
            check_part("tenant", self.tenant)

    @classmethod
    def of_key(cls, key: Key) -> "Invalidation":
        """Forget one entry."""
        return cls(key.tenant, "key", f"{key.namespace}:{key.digest}")

    @classmethod
    def of_tenant(cls, tenant: str) -> "Invalidation":
        """Forget all that a tenant has."""
        return cls(tenant, "pattern", EVERYTHING)

    @property
    def is_of_tenant(self) -> bool:
        """Whether it forgets all that a tenant has."""
        return (self.kind, self.name) == ("pattern", EVERYTHING)


@dataclass(frozen=True, slots=True)
class Announced:
    """An invalidation as it reached this instance."""

    target: Invalidation
    version: int
    """Grows with each; microseconds since the epoch by the clock of Redis."""
    source: str
    """The instance that ordered it; empty where only the marks tell of it."""
    delivered: bool = True
    """False: Redis is away, and the other instances learn of it when it is back."""

    @property
    def at(self) -> float:
        """When, in seconds since the epoch."""
        return self.version / 1_000_000

    def require_delivery(self) -> None:
        """Make sure that the others know: for a process that may end before Redis is back.

        Raises:
            CacheUnavailableError: they do not.
        """
        if not self.delivered:
            raise CacheUnavailableError(
                "cache", f"the other instances could not be told that {self.target.name} has ended"
            )
