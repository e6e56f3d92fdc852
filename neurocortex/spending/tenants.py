"""How many tokens a tenant has left today, counted in Redis for all processes.

A key a tenant and day (UTC), `neurocortex:tokens:TENANT:DATE`, holds what is spent or reserved; it
ends by itself. What a process reserved before it died stays counted: the limit errs to its side.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from neurocortex.errors import LedgerUnavailableError, TenantBudgetSpentError
from neurocortex.settings import Settings

NAMESPACE: Final = "neurocortex"
NEIGHBOUR: Final = "The count of tokens"

KEPT: Final = timedelta(days=2)
"""A day's count, so that a call may end after midnight."""

TIMEOUT_S: Final = 2.0
"""A call of an LLM takes longer: it is not worth a longer wait."""


class TenantTokens:
    """Those of one tenant. A connection for each step: a call of an LLM takes far longer."""

    def __init__(self, redis_url: str, tenant: str, limit: int) -> None:
        """Count in a Redis; `limit` is of each day, in tokens, in and out."""
        self._url = redis_url
        self._tenant = tenant
        self._limit = limit
        self._taken_at: datetime | None = None

    def take(self, tokens: int) -> None:
        """Take tokens of today's.

        Raises:
            TenantBudgetSpentError: so many are not left; none was taken.
            LedgerUnavailableError: Redis does not answer.
        """
        now = datetime.now(UTC)
        with self._connected() as redis:
            # It is added before it is compared: two at once never find the same room.
            with redis.pipeline() as step:
                step.incrby(self._key(now), tokens)
                step.expire(self._key(now), KEPT)
                taken = int(step.execute()[0])
            if taken <= self._limit:
                self._taken_at = now
                return
            redis.decrby(self._key(now), tokens)
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        raise TenantBudgetSpentError(
            self._tenant,
            self._limit,
            left=max(0, self._limit - (taken - tokens)),
            asked=tokens,
            retry_after_s=(midnight - now).total_seconds(),
        )

    def give_back(self, tokens: int) -> None:
        """Give back what a call did not use; a negative number is what it used beyond.

        Raises:
            LedgerUnavailableError: Redis does not answer; they stay counted.
        """
        if self._taken_at is None or tokens == 0:
            return
        with self._connected() as redis:
            redis.decrby(self._key(self._taken_at), tokens)

    def _key(self, at: datetime) -> str:
        return f"{NAMESPACE}:tokens:{self._tenant}:{at:%Y-%m-%d}"

    @contextmanager
    def _connected(self) -> Iterator[Redis]:
        try:
            with Redis.from_url(
                self._url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
            ) as redis:
                yield redis
        except (RedisError, OSError) as error:
            raise LedgerUnavailableError(NEIGHBOUR, str(error)) from error


def tokens_of(tenant: str, settings: Settings) -> TenantTokens | None:
    """Return what a tenant has left; None: the settings set no limit, or there is no Redis."""
    limit, url = settings.llm.tenant_tokens_per_day, settings.redis_url
    if limit is None or url is None:
        return None
    return TenantTokens(url.get_secret_value(), tenant, limit)
