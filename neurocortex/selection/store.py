"""What is known of providers, and the receipts, in Redis for all processes. See `scripts.py`."""

from collections.abc import Sequence
from typing import Final, cast
from uuid import UUID

from redis.asyncio import Redis

from neurocortex.lua import LuaScripts
from neurocortex.selection import scripts
from neurocortex.selection.receipt import Call, Followed, Receipt
from neurocortex.selection.values import Evidence, Outcome
from neurocortex.settings import SelectionSettings

NAMESPACE: Final = "neurocortex"

BURST: Final = 40.0
"""Explorations beyond the share, while an operation is new or after a time without any: a handful
for each provider, or most of what is lost by a wrong choice is lost at the beginning."""

LOST_S: Final = 600.0
"""A call that has not ended after so long is not counted as under way: its process died."""

RECENT: Final = 1000
"""Receipts that are listed."""


class ChoiceStore:
    """Each method is one step in Redis. All raise RedisError where that does not answer."""

    def __init__(
        self, redis: Redis, settings: SelectionSettings, namespace: str = NAMESPACE
    ) -> None:
        """Keep them in a Redis, of which all keys start with `namespace`."""
        self._lua = LuaScripts(redis, f"{namespace}:selection")
        self._settings = settings

    async def read(
        self, operation: str, providers: Sequence[str], now: float
    ) -> dict[str, Evidence]:
        """Return what is known of each provider; `now` is in seconds since the epoch."""
        keys = [f"clocks:{operation}"]
        for each in providers:
            keys += [f"evidence:{operation}:{each}", f"flight:{operation}:{each}"]
        found = await self._lua.call(scripts.READ, keys, self._fading(now))
        lines = cast("list[list[bytes | int]]", found)
        return {each: _evidence(line) for each, line in zip(providers, lines, strict=True)}

    async def begin(self, receipt: Receipt, now: float) -> bool:
        """Enter a choice; False: it explores, and enough requests of its operation did."""
        operation, chosen, id_ = receipt.operation, receipt.provider, str(receipt.id)
        keys = [
            f"credit:{operation}",
            f"flight:{operation}:{chosen}",
            f"receipt:{id_}",
            "recent",
        ]
        entered = await self._lua.call(
            scripts.BEGIN,
            keys,
            [
                *(repr(now), id_, int(receipt.explored)),
                *(repr(self._settings.explore_share), repr(BURST), repr(LOST_S)),
                *(int(self._settings.receipts_s), operation, chosen, receipt.tenant),
                *(receipt.model_dump_json(), RECENT),
            ],
        )
        return entered == 1

    async def settle(
        self, receipt: Receipt, outcome: Outcome | None, call: Call, now: float
    ) -> bool:
        """Enter how a call ended; None: nothing is learned from it. False: it was told before."""
        operation, chosen = receipt.operation, receipt.provider
        learned = ["", "", ""]
        if outcome is not None:
            # A call that failed at once says nothing of how long its answers take.
            seconds = repr(max(outcome.seconds, 1e-3)) if outcome.succeeded else ""
            tokens = repr(outcome.answer_tokens) if outcome.succeeded else ""
            learned = [str(int(outcome.succeeded)), seconds, tokens]
        counted = await self._lua.call(
            scripts.SETTLE,
            [
                *(f"clocks:{operation}", f"evidence:{operation}:{chosen}"),
                *(f"flight:{operation}:{chosen}", f"receipt:{receipt.id}"),
            ],
            [*self._fading(now), str(receipt.id), *learned, call.model_dump_json()],
        )
        return counted == 1

    async def judge(self, id_: UUID, score: float, tenant: str | None, now: float) -> bool | None:
        """Enter how good an answer was; False: it was judged before; None: there is no such
        receipt, or it is another tenant's."""
        found = await self._fields(id_, "operation", "provider", "tenant")
        if found is None or (tenant is not None and tenant != found[2]):
            return None
        operation, provider, _ = found
        counted = await self._lua.call(
            scripts.JUDGE,
            [f"clocks:{operation}", f"evidence:{operation}:{provider}", f"receipt:{id_}"],
            [*self._fading(now), repr(score)],
        )
        return counted == 1

    async def followed(self, id_: UUID) -> Followed | None:
        """Return a receipt with what came of it, or None."""
        found = await self._fields(id_, "body", "outcome", "score")
        if found is None:
            return None
        body, outcome, score = found
        return Followed(
            receipt=Receipt.model_validate_json(body or ""),
            call=Call.model_validate_json(outcome) if outcome else None,
            score=float(score) if score else None,
        )

    async def recent(self, count: int) -> list[Followed]:
        """Return the latest receipts that are kept, newest first."""
        found = await self._lua.redis.lrange(self._lua.key("recent"), 0, count - 1)
        ids = cast("list[bytes]", found)
        kept = [await self.followed(UUID(id_.decode())) for id_ in ids]
        return [each for each in kept if each is not None]

    async def _fields(self, id_: UUID, *names: str) -> list[str | None] | None:
        key = self._lua.key(f"receipt:{id_}")
        found = cast("list[bytes | None]", await self._lua.redis.hmget(key, list(names)))
        values = [None if each is None else each.decode() for each in found]
        return None if values[0] is None else values

    def _fading(self, now: float) -> list[str]:
        return [repr(now), repr(float(self._settings.window)), repr(self._settings.half_life_s)]


def _evidence(line: Sequence[bytes | int]) -> Evidence:
    *sums, in_flight = map(float, line)
    succeeded, failed, scores, judged, log_seconds, squared, timed, tokens, counted = sums
    return Evidence(
        succeeded=succeeded,
        failed=failed,
        scores=scores,
        judged=judged,
        log_seconds=log_seconds,
        log_seconds_squared=squared,
        timed=timed,
        tokens=tokens,
        counted=counted,
        in_flight=int(in_flight),
    )
