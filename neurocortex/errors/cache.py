"""The cache."""

from neurocortex.errors.base import NeuroCortexError


class CacheError(NeuroCortexError):
    """The cache cannot do what was asked."""


class UnkeyableValueError(CacheError):
    """No key can be made of a value: two equal requests might get different keys."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"No cache key can be made of {path}: {reason}")
        self.path = path
        self.reason = reason


class UncacheableValueError(CacheError):
    """A value cannot be written as bytes. `path` is its place inside what was to be kept."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} cannot be cached: {reason}")
        self.path = path
        self.reason = reason


class CorruptEntryError(CacheError):
    """Bytes are no entry of this cache: damaged, foreign, or of another version."""


class EntryNotFoundError(CacheError):
    """No level of the cache has an entry."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The cache has nothing at {key}: its time is over, or it was invalidated. Run again"
            " what computes it."
        )
        self.key = key


class ForkedCacheError(CacheError):
    """The cache belongs to the parent of this process: its connections cannot be shared."""

    def __init__(self) -> None:
        super().__init__(
            "This cache was opened before the process was forked, and its connections are the"
            " parent's. Open one in this process."
        )


class CachedFailureError(CacheError):
    """The computation failed a moment ago and is not tried again yet; `reason` says how."""

    def __init__(self, key: str, reason: str, retry_after_s: float) -> None:
        super().__init__(f"{key} failed: {reason}. Tried again in {retry_after_s:.1f} s.")
        self.key = key
        self.reason = reason
        self.retry_after_s = retry_after_s
