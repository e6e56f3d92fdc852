"""What the LLM calls of a flow run took, in Redis until the end of its request is recorded.

A hash a run, `neurocortex:spent:RUN`, with the fields of `Usage`. It ends by itself; what is lost
there counts as nothing.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from neurocortex.domain.usage import Usage
from neurocortex.errors import LedgerUnavailableError

NAMESPACE: Final = "neurocortex"
NEIGHBOUR: Final = "The count of what runs spend"

KEPT: Final = timedelta(days=1)
"""After its last call; its end is recorded within a second, unless all gateways are down."""

TIMEOUT_S: Final = 2.0

COST: Final = "cost"
"""The field that is no whole number."""


def note(redis_url: str, run: UUID, used: Usage) -> None:
    """Add what a call took to that of its flow run, from any process.

    Raises:
        LedgerUnavailableError: Redis does not answer.
    """
    try:
        with (
            BlockingRedis.from_url(
                redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
            ) as redis,
            redis.pipeline() as step,
        ):
            for name, amount in used.model_dump().items():
                if name == COST:
                    step.hincrbyfloat(_key(run), name, amount)
                else:
                    step.hincrby(_key(run), name, amount)
            step.expire(_key(run), KEPT)
            step.execute()
    except (RedisError, OSError) as error:
        raise LedgerUnavailableError(NEIGHBOUR, str(error)) from error


class RunSpending:
    """What flow runs spent, for those who record their ends."""

    def __init__(self, redis: Redis) -> None:
        """Read it from a Redis with `decode_responses=False`."""
        self._redis = redis

    async def of(self, run: UUID) -> Usage | None:
        """Return what a run spent; None: it called no LLM, or nobody knows any more."""
        try:
            found = await self._redis.hgetall(_key(run))
        except (RedisError, OSError):
            return None
        if not found:
            return None
        fields = {_text(name): _text(value) for name, value in found.items()}
        try:
            return Usage.model_validate_strings(fields)
        except ValidationError:  # of another release
            return None


def _text(said: bytes | str) -> str:
    return said.decode() if isinstance(said, bytes) else said


def _key(run: UUID) -> str:
    return f"{NAMESPACE}:spent:{run}"
