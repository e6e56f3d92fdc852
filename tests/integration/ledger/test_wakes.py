"""Wake-up calls reach who listens, also after Redis went away and came back."""

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from neurocortex.errors import LedgerUnavailableError
from neurocortex.ledger.wakes import Wakes

if TYPE_CHECKING:
    from tests.integration.conftest import MortalRedis

pytestmark = pytest.mark.anyio

PATIENCE_S = 10.0


async def test_every_listener_hears_a_call(client: Redis) -> None:
    wakes = Wakes(client)
    async with aclosing(wakes.listen()) as one, aclosing(wakes.listen()) as other:
        assert (await anext(one), await anext(other)) == (None, None)
        await wakes.announce("high")
        await wakes.announce("low")
        assert [await anext(one), await anext(one)] == ["high", "low"]
        assert await anext(other) == "high"


async def test_namespaces_do_not_hear_each_other(client: Redis) -> None:
    async with aclosing(Wakes(client, "one").listen()) as calls:
        assert await anext(calls) is None
        await Wakes(client, "other").announce("high")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(calls), 0.2)


async def test_a_listener_survives_the_loss_of_redis(mortal_redis: "MortalRedis") -> None:
    async with Redis.from_url(mortal_redis.url, decode_responses=True) as client:
        wakes = Wakes(client)
        async with aclosing(wakes.listen()) as calls:
            assert await asyncio.wait_for(anext(calls), PATIENCE_S) is None
            mortal_redis.kill()
            with pytest.raises(LedgerUnavailableError):
                await wakes.announce("high")
            waiting = asyncio.ensure_future(anext(calls))
            await asyncio.sleep(0.3)
            mortal_redis.start()
            assert await asyncio.wait_for(waiting, PATIENCE_S) is None, "something may be missed"
            await wakes.announce("low")
            assert await asyncio.wait_for(anext(calls), PATIENCE_S) == "low"
