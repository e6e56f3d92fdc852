"""Failures of a moment ago, in this process: what just failed is not tried by every caller."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from neurocortex.cache.keys import Key
from neurocortex.cache.marks import Marks
from neurocortex.cache.values import Entry
from neurocortex.errors import CachedFailureError

MOST: Final = 10_000
"""Remembered at once; the oldest goes first."""


class _Failure(NamedTuple):
    until: float
    reason: str
    outline: Entry
    """An invalidation that would end the entry ends the failure too."""


class Failures:
    """They are forgotten after their time."""

    def __init__(self, marks: Marks, clock: Callable[[], float] = time.monotonic) -> None:
        self._marks = marks
        self._clock = clock
        self._known: dict[str, _Failure] = {}

    def remember(self, key: Key, error: BaseException, outline: Entry, ttl_s: float) -> None:
        """Note that a computation failed."""
        if ttl_s > 0:
            self._known.pop(key.text, None)
            self._known[key.text] = _Failure(self._clock() + ttl_s, repr(error), outline)
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]

    def of(self, key: Key) -> CachedFailureError | None:
        """Return the failure of a key that is still in force, as the error to raise."""
        failure = self._known.get(key.text)
        if failure is None:
            return None
        left_s = failure.until - self._clock()
        if left_s <= 0 or not self._marks.allow(key, failure.outline):
            del self._known[key.text]
            return None
        return CachedFailureError(key.text, failure.reason, left_s)
