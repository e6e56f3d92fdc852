"""The selector learns in a real Redis: shares move, exploring is bounded, receipts tell."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from random import Random
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from neurocortex.domain.deployments import Tier
from neurocortex.errors import ChoiceNotFoundError, ChoicesUnavailableError, InvalidRequestError
from neurocortex.selection.policy import Policy
from neurocortex.selection.receipt import Call, Receipt
from neurocortex.selection.selector import Selector
from neurocortex.selection.store import BURST, LOST_S, ChoiceStore
from neurocortex.selection.values import Asked, Candidate, Outcome
from neurocortex.settings import SelectionSettings
from tests.integration.conftest import MortalRedis

ASKED = Asked("chat", prompt_tokens=1000)
DONE = Call(succeeded=True, seconds=1, tokens=1300, cost=0)
GOOD = Outcome(succeeded=True, seconds=1.0, answer_tokens=300)
FAILED = Outcome(succeeded=False, seconds=0.1, answer_tokens=0)
CANDIDATES = [Candidate("a"), Candidate("b"), Candidate("c")]


class Bench:
    """A selector, its store, and a clock that the test moves."""

    def __init__(self, redis: Redis, settings: SelectionSettings) -> None:
        self.now = 1_800_000_000.0  # always the same, so that all draws are
        self.store = ChoiceStore(redis, settings)
        self.selector = Selector(self.store, Policy(), Random(3), lambda: self.now)

    async def choose(self, asked: Asked = ASKED, id_: UUID | None = None) -> Receipt:
        return await self.selector.choose(CANDIDATES, asked, id_=id_ or uuid4(), tenant="acme")

    async def serve(
        self, times: int, outcomes: Mapping[str, Outcome], asked: Asked = ASKED
    ) -> list[Receipt]:
        """Serve so many requests, one after the other; whoever is not in `outcomes` is good."""
        receipts = []
        for _ in range(times):
            self.now += 1
            receipt = await self.choose(asked)
            await self.selector.settle(receipt, outcomes.get(receipt.provider, GOOD), DONE)
            receipts.append(receipt)
        return receipts


@asynccontextmanager
async def bench(url: str, **settings: float) -> AsyncGenerator[Bench]:
    async with Redis.from_url(url) as redis:
        yield Bench(redis, SelectionSettings.model_validate(settings))


def shares(receipts: list[Receipt]) -> Counter[str]:
    return Counter(each.provider for each in receipts)


def test_equals_share_and_a_failing_provider_is_left_within_a_few_requests(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            before = shares(await at.serve(240, {}))
            assert all(40 < before[name] < 120 for name in "abc"), before
            failing = await at.serve(60, {"a": FAILED})
            assert shares(failing)["a"] <= 12
            assert shares(failing[20:])["a"] <= 4
            slow = Outcome(succeeded=True, seconds=20, answer_tokens=300)
            assert shares((await at.serve(80, {"a": FAILED, "b": slow}))[30:])["c"] >= 40

    asyncio.run(main())


def test_judgements_move_the_shares(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url, explore_share=0.05) as at:
            for _ in range(120):
                (receipt,) = await at.serve(1, {})
                await at.selector.judge(receipt.id, 0.95 if receipt.provider == "b" else 0.3)
            assert shares(await at.serve(60, {}))["b"] >= 50

    asyncio.run(main())


def test_exploring_keeps_to_its_share_and_spares_the_critical(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url, explore_share=0.1, window=20) as at:
            worse = {"a": Outcome(True, 5, 300), "b": Outcome(True, 7, 300)}
            served = await at.serve(300, worse)
            explored = [each for each in served if each.explored]
            assert 5 <= len(explored) <= 0.1 * 300 + BURST
            later = await at.serve(200, worse)
            assert sum(each.explored for each in later) <= 0.1 * 200 + 3, "what was saved is spent"
            assert all("learn about it" in each.why for each in explored)
            critical = Asked("chat", prompt_tokens=1000, tier=Tier.CRITICAL)
            assert not any(each.explored for each in await at.serve(100, worse, critical))
        async with bench(redis_url, explore_share=0) as at:
            answers = await at.serve(300, worse, Asked("answer"))
            assert sum(each.explored for each in answers) <= BURST

    asyncio.run(main())


def test_what_is_old_is_forgotten(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url, half_life_s=100) as at:
            ((name, _),) = shares(await at.serve(30, {})).most_common(1)
            known = (await at.store.read("chat", [name], at.now))[name]
            assert known.succeeded > 1
            later = (await at.store.read("chat", [name], at.now + 100))[name]
            assert later.succeeded == pytest.approx(known.succeeded / 2)
            assert (await at.store.read("answer", [name], at.now))[name].succeeded == 0

    asyncio.run(main())


def test_calls_under_way_are_counted_until_they_end_or_are_lost(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            receipt, _ = await at.choose(), await at.choose(Asked("answer"))

            async def in_flight() -> int:
                known = await at.store.read("chat", "abc", at.now)
                return sum(each.in_flight for each in known.values())

            assert await in_flight() == 1
            await at.selector.settle(receipt, None, DONE)
            assert await in_flight() == 0
            await at.choose()
            at.now += LOST_S + 1
            assert await in_flight() == 0

    asyncio.run(main())


def test_an_outcome_and_a_judgement_count_once(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            receipt = await at.choose()
            for _ in range(3):
                await at.selector.settle(receipt, GOOD, DONE)
            assert [await at.selector.judge(receipt.id, 0.5, "acme") for _ in range(2)] == [
                True,
                False,
            ]
            known = (await at.store.read("chat", [receipt.provider], at.now))[receipt.provider]
            assert (known.succeeded, known.judged, known.scores) == (1, 1, 0.5)
            followed = await at.store.followed(receipt.id)
            assert followed is not None
            assert (followed.receipt, followed.call, followed.score) == (receipt, DONE, 0.5)

    asyncio.run(main())


def test_a_receipt_has_each_candidates_factors_and_is_listed(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            first = await at.choose()
            second = await at.choose()
            again = await at.choose(id_=second.id)
            assert [each.receipt.id for each in await at.store.recent(5)] == [again.id, first.id]
            assert {each.provider for each in first.candidates} == set("abc")
            for each in first.candidates:
                assert 0 < each.score < 1
                assert (each.reliability, each.freshness) == (0.95, 0)
            assert "3 of 3 providers" in first.why
            assert first.choice.receipt == first.id

    asyncio.run(main())


def test_nobody_judges_what_is_unknown_of_another_tenant_or_out_of_range(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            receipt = await at.choose()
            with pytest.raises(ChoiceNotFoundError):
                await at.selector.judge(uuid4(), 1)
            with pytest.raises(ChoiceNotFoundError):
                await at.selector.judge(receipt.id, 1, "another")
            with pytest.raises(InvalidRequestError, match="from 0 to 1"):
                await at.selector.judge(receipt.id, 1.5)
            assert await at.selector.judge(receipt.id, 1, "acme")

    asyncio.run(main())


def test_while_redis_is_gone_the_rules_choose(mortal_redis: MortalRedis) -> None:
    async def main() -> None:
        async with bench(mortal_redis.url) as at:
            receipt = await at.choose()
            mortal_redis.kill()
            among = [Candidate("dear", 30, 60), Candidate("cheap", 0.1, 0.2)]
            found = await at.selector.choose(among, ASKED, id_=uuid4(), tenant="acme")
            assert (found.provider, found.explored) == ("cheap", False)
            await at.selector.settle(receipt, GOOD, DONE)
            with pytest.raises(ChoicesUnavailableError, match="Redis of the choices"):
                await at.selector.judge(receipt.id, 1)
            mortal_redis.start()
            assert (await at.choose()).provider in "abc"

    asyncio.run(main())
