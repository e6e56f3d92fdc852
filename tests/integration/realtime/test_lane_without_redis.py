"""Redis goes and comes back: calls that it kept are answered, those it lost fail at once."""

import asyncio
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from neurocortex.errors import AdmissionUnavailableError, LaneUnavailableError
from neurocortex.requests.steps import Steps
from tests.integration.realtime.harness import Answered, Asked, bench

if TYPE_CHECKING:
    from tests.integration.conftest import MortalRedis


@pytest.mark.parametrize("data_is_lost", [False, True])
def test_redis_is_killed_and_comes_back(mortal_redis: "MortalRedis", data_is_lost: bool) -> None:
    async def main() -> None:
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def wait(request: Asked, steps: Steps) -> Answered:
            if request.text == "across":
                begun.set()
                await may_end.wait()
            return Answered(text=request.text)

        async with bench(mortal_redis.url) as at, at.lane(wait, lost_after_s=0.5):
            across = asyncio.create_task(at.ask("across"))
            await begun.wait()
            await asyncio.sleep(1.2)  # a write is on disk within a second
            await asyncio.to_thread(mortal_redis.kill)
            may_end.set()
            with pytest.raises((AdmissionUnavailableError, LaneUnavailableError)):
                await at.ask("nobody is let in")
            if data_is_lost:
                await asyncio.to_thread(shutil.rmtree, mortal_redis.server.data)
            await asyncio.to_thread(mortal_redis.start)
            back = time.monotonic()
            if data_is_lost:
                with pytest.raises(LaneUnavailableError, match="lost the request"):
                    await across
            else:
                assert await across == "across"
            assert time.monotonic() - back < 5
            assert await asyncio.gather(*(at.ask(str(number)) for number in range(20))) == [
                str(number) for number in range(20)
            ]

    asyncio.run(main())
