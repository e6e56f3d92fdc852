"""Who chooses: the real selector, and those it is compared with."""

from collections.abc import Sequence
from itertools import cycle
from random import Random
from typing import Final, Protocol
from uuid import UUID

from redis.asyncio import Redis

from benchmarks._selection_traffic import OPERATION, PROVIDERS, Recorded, Row
from neurocortex.selection.policy import Policy
from neurocortex.selection.receipt import Call, Receipt
from neurocortex.selection.selector import Selector
from neurocortex.selection.store import ChoiceStore
from neurocortex.selection.values import Asked, Outcome
from neurocortex.settings import SelectionSettings

NAMES: Final = tuple(each.candidate.provider for each in PROVIDERS)
CANDIDATES: Final = tuple(each.candidate for each in PROVIDERS)


class Contender(Protocol):
    """Chooses a place among PROVIDERS for each request, and hears what came of it."""

    async def choose(self, number: int, row: Row) -> int:
        """Return who is asked."""

    async def ended(self, number: int, place: int, row: Row, outcome: Recorded) -> None:
        """Hear how the call ended."""

    async def judged(self, number: int, score: float) -> None:
        """Hear how good its answer was."""


class Deaf:
    """Learns nothing."""

    async def ended(self, number: int, place: int, row: Row, outcome: Recorded) -> None:
        """Do nothing."""

    async def judged(self, number: int, score: float) -> None:
        """Do nothing."""


class RoundRobin(Deaf):
    """Each in turn."""

    def __init__(self) -> None:
        self._turns = cycle(range(len(PROVIDERS)))

    async def choose(self, number: int, row: Row) -> int:  # noqa: ARG002
        """Return the next one."""
        return next(self._turns)


class Chance(Deaf):
    """Any."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    async def choose(self, number: int, row: Row) -> int:  # noqa: ARG002
        """Return any."""
        return self._rng.randrange(len(PROVIDERS))


class Fixed(Deaf):
    """Always the same."""

    def __init__(self, place: int) -> None:
        self._place = place

    async def choose(self, number: int, row: Row) -> int:  # noqa: ARG002
        """Return the one."""
        return self._place


class Cheapest(Deaf):
    """Who costs least by the prices and the tokens that answers usually have."""

    async def choose(self, number: int, row: Row) -> int:  # noqa: ARG002
        """Return the cheapest."""
        costs = [each.candidate.cost(row.prompt_tokens, each.tokens) for each in PROVIDERS]
        return costs.index(min(costs))


class Soonest:
    """Who answered soonest lately: a moving average of the seconds, one of twenty at random. A
    failure counts as a call of 30 s, else who fails at once would be the soonest."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._seconds = [0.0] * len(PROVIDERS)

    async def choose(self, number: int, row: Row) -> int:  # noqa: ARG002
        """Return the soonest, at times another."""
        if self._rng.random() < 1 / 20:
            return self._rng.randrange(len(PROVIDERS))
        return self._seconds.index(min(self._seconds))

    async def ended(
        self,
        number: int,  # noqa: ARG002
        place: int,
        row: Row,  # noqa: ARG002
        outcome: Recorded,
    ) -> None:
        """Move the average."""
        took = outcome.seconds if outcome.succeeded else 30.0
        before = self._seconds[place]
        self._seconds[place] = took if before == 0 else before + 0.2 * (took - before)

    async def judged(self, number: int, score: float) -> None:
        """Do nothing."""


class Ours:
    """The platform's selector, on a real Redis, by the clock of the traffic."""

    def __init__(
        self, redis: Redis, settings: SelectionSettings, rng: Random, namespace: str
    ) -> None:
        store = ChoiceStore(redis, settings, namespace)
        self._selector = Selector(store, Policy(), rng, clock=lambda: self._now)
        self._receipts: dict[int, Receipt] = {}
        self._now = 0.0

    def at(self, now: float) -> None:
        """Move the clock."""
        self._now = now

    @property
    def explored(self) -> int:
        """How many requests explored."""
        return sum(each.explored for each in self._receipts.values())

    async def choose(self, number: int, row: Row) -> int:
        """Return whom the selector chooses."""
        asked = Asked(OPERATION, prompt_tokens=row.prompt_tokens)
        receipt = await self._selector.choose(
            CANDIDATES, asked, id_=UUID(int=number + 1), tenant="measured"
        )
        self._receipts[number] = receipt
        return NAMES.index(receipt.provider)

    async def ended(self, number: int, place: int, row: Row, outcome: Recorded) -> None:
        """Tell the selector, as a task does."""
        cost = PROVIDERS[place].candidate.cost(row.prompt_tokens, outcome.tokens)
        told = Outcome(outcome.succeeded, outcome.seconds, outcome.tokens)
        call = Call(
            succeeded=outcome.succeeded,
            seconds=outcome.seconds,
            tokens=row.prompt_tokens + outcome.tokens,
            cost=cost,
        )
        await self._selector.settle(self._receipts[number], told, call)

    async def judged(self, number: int, score: float) -> None:
        """Tell the selector, as the feedback endpoint does."""
        await self._selector.judge(UUID(int=number + 1), score)


def baselines(seed: int) -> dict[str, Contender]:
    """Return whom the selector is compared with."""
    return {
        "round_robin": RoundRobin(),
        "random": Chance(Random(seed)),
        "cheapest": Cheapest(),
        "latency_only": Soonest(Random(seed)),
    }


def every_fixed() -> Sequence[Contender]:
    """Return a contender for each provider that always asks it."""
    return [Fixed(place) for place in range(len(PROVIDERS))]
