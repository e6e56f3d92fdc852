"""Lock-out: who tries wrong credentials is made to wait, on every gateway."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from neurocortex.errors import CacheUnavailableError, LockedOutError
from neurocortex.security import scripts
from neurocortex.security.lockout_policy import (
    FRESH,
    GOOD_FOR_S,
    LockoutPolicy,
    Record,
    after_failure,
    after_success,
    locked_for,
    network_of,
)
from neurocortex.security.remote import Remote

MS: Final = 1000

LOCAL_RECORDS: Final = 20_000
"""Kept in memory while Redis is gone, 200 bytes each; the ones used longest ago are forgotten."""

_INTEGER: Final = TypeAdapter(int)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody tries a credential."""

    identity: str
    """Which credential it claims to be: an API key's id, a token's subject; untrusted text."""
    address: str
    """From where."""

    @property
    def network(self) -> str:
        """What its address counts as."""
        return network_of(self.address)


class Lockout:
    """Counts failures in Redis, for all gateways; by itself while Redis is gone."""

    def __init__(
        self, remote: Remote, policy: LockoutPolicy, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Apply a policy; the clock is for what is counted without Redis."""
        self._remote = remote
        self._policy = policy
        self._clock = clock
        self._local: OrderedDict[str, Record] = OrderedDict()

    async def check(self, attempt: Attempt) -> None:
        """Make sure that an attempt may be made.

        Attempts that are made at the same time are all let in: a secret of 256 bits is not found by
        the few that can be under way.

        Raises:
            LockedOutError: not now.
        """
        pair, network = _keys(attempt)
        try:
            left = await self._remote.call(scripts.CHECK, (pair, network), ())
            left_s = _INTEGER.validate_python(left) / MS
        except CacheUnavailableError:
            left_s = locked_for(self._record(pair), self._record(network), self._clock())
        if left_s > 0:
            raise LockedOutError(left_s)

    async def failed(self, attempt: Attempt) -> None:
        """Count a wrong credential."""
        pair, network = _keys(attempt)
        policy = self._policy
        durations = (policy.lock_s, policy.longest_lock_s, policy.kept_s)
        limits = (policy.pair_failures, policy.network_failures)
        try:
            await self._remote.call(
                scripts.FAILED,
                (pair, network),
                (*limits, *(round(seconds * MS) for seconds in durations)),
            )
        except CacheUnavailableError:
            for key, limit in zip((pair, network), limits, strict=True):
                self._keep(key, after_failure(self._record(key), limit, self._clock(), policy))

    async def succeeded(self, attempt: Attempt) -> None:
        """Count a right credential: what failed before is forgotten."""
        pair, _ = _keys(attempt)
        try:
            await self._remote.call(
                scripts.SUCCEEDED,
                (pair,),
                (round(GOOD_FOR_S * MS), round(self._policy.kept_s * MS)),
            )
        except CacheUnavailableError:
            self._keep(pair, after_success(self._record(pair), self._clock()))

    def _record(self, key: str) -> Record:
        return self._local.get(key, FRESH)

    def _keep(self, key: str, record: Record) -> None:
        self._local[key] = record
        self._local.move_to_end(key)
        if len(self._local) > LOCAL_RECORDS:
            self._local.popitem(last=False)


def _keys(attempt: Attempt) -> tuple[str, str]:
    """Return the names of an attempt's two records; untrusted text in them has a fixed length."""
    network = _short(attempt.network)
    return f"pair:{network}:{_short(attempt.identity)}", f"network:{network}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
