"""A gateway looks at its machine, and tells the others when its load is too high."""

import asyncio
from collections import namedtuple

import psutil
import pytest
from redis.asyncio import Redis

from neurocortex.admission import watch
from neurocortex.admission.admission import Admission
from neurocortex.admission.limits import Limits
from neurocortex.admission.watch import SMOOTHED_OVER_S, LoadWatch, smoothed
from neurocortex.domain.deployments import Tier

Memory = namedtuple("Memory", "percent")


def test_a_burst_is_no_overload_and_a_minute_of_it_is() -> None:
    assert smoothed(0.2, 1.0, 1.0) < 0.3
    assert smoothed(0.2, 1.0, 60.0) > 0.99
    half_way = smoothed(0.0, 1.0, SMOOTHED_OVER_S)
    assert half_way == pytest.approx(0.632, abs=0.001)


def test_a_full_machine_sheds_for_all_gateways(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "EVERY_S", 0.01)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(percent=93.0))

    async def scenario() -> None:
        async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as other:
            looking = LoadWatch(Admission(one, Limits()))
            running = asyncio.create_task(looking.run())
            elsewhere = Admission(other, Limits())
            async with asyncio.timeout(10):
                while looking.standing is None:
                    await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.wait([running])
            shed = (await elsewhere.standing()).standard
            assert [tier for tier in Tier if shed[tier].shed_for_s > 0] == [Tier.MEDIUM, Tier.LOW]
            assert looking.pressure.memory == 0.93

    asyncio.run(scenario())
