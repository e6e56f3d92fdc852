"""The selector: chooses, and learns from what comes of it."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import Final
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from neurocortex.errors import (
    ChoiceNotFoundError,
    ChoicesUnavailableError,
    InvalidRequestError,
    NotRunningError,
)
from neurocortex.selection.choosing import Decision, choose
from neurocortex.selection.policy import Policy, read
from neurocortex.selection.receipt import Call, Receipt
from neurocortex.selection.store import ChoiceStore
from neurocortex.selection.values import Asked, Candidate, Outcome
from neurocortex.settings import Settings, variable

PATIENCE_S: Final = 0.5
"""Redis is asked so long: a choice by the rules alone is better than a request that waits."""

NEIGHBOUR: Final = "The Redis of the choices"

GONE: Final = (RedisError, OSError, TimeoutError)

logger = logging.getLogger(__name__)


class Selector:
    """Chooses for all operations. Where Redis does not answer it goes by the rules: prices, weights
    and constraints hold, nothing is learned, and nothing is explored."""

    def __init__(
        self,
        store: ChoiceStore | None,
        policy: Policy,
        rng: Random,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Learn in a store, if there is one; `clock` gives seconds since the epoch."""
        self._store = store
        self._policy = policy
        self._rng = rng
        self._clock = clock

    async def choose(
        self, candidates: Sequence[Candidate], asked: Asked, *, id_: UUID, tenant: str
    ) -> Receipt:
        """Return who is asked, and why.

        Args:
            candidates: at least one.
            asked: the request.
            id_: of the request, and from now on of the receipt.
            tenant: whose request it is.

        Raises:
            NoProviderFitsError: the constraints leave nobody; it says which removed whom.
        """
        now = self._clock()

        def receipt(decision: Decision) -> Receipt:
            return Receipt.of(id_, datetime.fromtimestamp(now, UTC), tenant, asked, decision)

        if self._store is not None:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    return await self._learning(self._store, candidates, asked, receipt, now)
            except GONE as error:
                logger.warning("A provider is chosen by the rules alone: %s", error)
        return receipt(choose(candidates, {}, asked, self._policy, self._rng, learns=False))

    async def settle(self, receipt: Receipt, outcome: Outcome | None, call: Call) -> None:
        """Learn how a call ended; None: nothing is learned, it is only not under way any more."""
        if self._store is None:
            return
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._store.settle(receipt, outcome, call, self._clock())
        except GONE as error:
            logger.warning("What a call of %s took is not learned: %s", receipt.provider, error)

    async def judge(self, id_: UUID, score: float, tenant: str | None = None) -> bool:
        """Learn how good an answer was. See `judging.judge`."""
        if not 0 <= score <= 1:
            raise InvalidRequestError([("score", f"must be from 0 to 1, and is {score:g}")])
        if self._store is None:
            raise NotRunningError("Redis", variable("redis_url"))
        try:
            async with asyncio.timeout(PATIENCE_S):
                is_first = await self._store.judge(id_, score, tenant, self._clock())
        except GONE as error:
            raise ChoicesUnavailableError(NEIGHBOUR, str(error) or "no answer") from error
        if is_first is None:
            raise ChoiceNotFoundError(str(id_))
        return is_first

    async def _learning(
        self,
        store: ChoiceStore,
        candidates: Sequence[Candidate],
        asked: Asked,
        receipt: Callable[[Decision], Receipt],
        now: float,
    ) -> Receipt:
        known = await store.read(asked.operation, [each.provider for each in candidates], now)
        decision = choose(candidates, known, asked, self._policy, self._rng)
        chosen = receipt(decision)
        if not await store.begin(chosen, now):  # enough requests have explored
            chosen = receipt(replace(decision, chosen=decision.best, is_exploring=False))
            await store.begin(chosen, now)
        return chosen


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Selector]:
    """Give the selector of the platform, for one step: a call of an LLM takes far longer than to
    connect.

    Raises:
        SpecFileError: the policy's file is wrong.
    """
    chosen, url = settings.selection, settings.redis_url
    policy = read(chosen.policy)
    if url is None:
        yield Selector(None, policy, SystemRandom())
        return
    async with Redis.from_url(url.get_secret_value()) as redis:
        yield Selector(ChoiceStore(redis, chosen), policy, SystemRandom())
