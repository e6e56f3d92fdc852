"""A lane process that dies loses nothing: others take over, and what kills them is given up."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from neurocortex.domain.deployments import Tier
from neurocortex.errors import GivenUpError, RemoteError
from neurocortex.realtime import layout
from neurocortex.realtime.inbox import Inbox
from neurocortex.realtime.turns import Turns
from neurocortex.requests.steps import Steps
from tests.integration.realtime.harness import Answered, Asked, Bench, bench, until

PROCESS = Path(__file__).parent / "lane_process.py"
ATTEMPTS = 3


async def slow_echo(request: Asked, steps: Steps) -> Answered:
    await asyncio.sleep(0.02)
    return Answered(text=request.text)


async def other(at: Bench, name: str) -> Inbox:
    """Return what another process would read by."""
    inbox = Inbox(at.redis, layout.NAMESPACE, name, Turns({Tier.HIGH: 1}))
    await inbox.join()
    return inbox


def test_a_process_killed_under_load_loses_nothing(redis_url: str) -> None:
    async def main() -> None:
        child = subprocess.Popen([sys.executable, str(PROCESS), redis_url, "mortal"])
        try:
            async with bench(redis_url) as at:

                async def alive() -> bool:
                    return bool(await at.redis.exists("neurocortex:lane:alive:mortal"))

                await until(alive)
                texts = [f"text {number}" for number in range(200)]
                # Of the child's calls those with `hold` never end: they are there when it dies.
                asked = [asyncio.create_task(at.ask(text)) for text in ("hold", *texts)]

                async def held() -> bool:
                    pending = await at.redis.xpending("neurocortex:lane:calls:high", "lane")
                    return bool(pending["pending"])

                await until(held)
                child.send_signal(signal.SIGKILL)
                died = time.monotonic()
                async with at.lane(slow_echo, name="heir") as heir:
                    assert await asyncio.gather(*asked) == ["hold", *texts]
                    assert time.monotonic() - died < 5
                    window = heir.figures.window(0)
                    assert window is not None
                    assert window.taken_over >= 1
        finally:
            child.kill()
            child.wait()

    asyncio.run(main())


def test_long_work_of_a_living_process_is_not_taken_from_it(redis_url: str) -> None:
    async def main() -> None:
        begun: list[str] = []

        async def long(request: Asked, steps: Steps) -> Answered:
            begun.append(request.text)
            await asyncio.sleep(1.5)
            return Answered(text=request.text)

        async with (
            bench(redis_url) as at,
            at.lane(long, name="one", lost_after_s=0.5),
            at.lane(long, name="two", lost_after_s=0.5),
        ):
            assert await at.ask("long") == "long"
        assert begun == ["long"]

    asyncio.run(main())


def test_a_second_answer_is_dropped(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            asked = asyncio.create_task(at.ask("twice"))
            frozen = await other(at, "frozen")

            async def read() -> bool:
                return bool(await frozen.next(8))

            await until(read)  # it reads the call, shows no sign of life, and never answers
            async with (
                at.lane(slow_echo, name="one", lost_after_s=0.5),
                at.lane(slow_echo, name="two", lost_after_s=0.5),
            ):
                assert await asked == "twice"
                assert await at.ask("next") == "next"

    asyncio.run(main())


def test_what_kills_every_process_is_given_up_and_others_are_not(redis_url: str) -> None:
    """Processes die three times with the same two calls; the third time one was there alone."""

    async def main() -> None:
        async with bench(redis_url) as at:
            poison = asyncio.create_task(at.ask("poison"))
            await asyncio.sleep(0.05)
            innocent = asyncio.create_task(at.ask("innocent"))

            async def both() -> bool:
                return await at.waiting() == 2

            await until(both)
            first = await other(at, "first")
            taken = await first.next(8)
            assert [delivery.attempt for delivery in taken] == [1, 1]
            second = await other(at, "second")
            taken = await second.take_over(8, ATTEMPTS, [], may_be_last=True)
            assert [delivery.attempt for delivery in taken] == [2, 2]
            third = await other(at, "third")
            (alone,) = await third.take_over(8, ATTEMPTS, [], may_be_last=True)
            assert alone.attempt == 3
            assert json.loads(alone.call.body)["text"] == "poison"
            assert await third.take_over(8, ATTEMPTS, [], may_be_last=False) == []
            async with at.lane(slow_echo, name="heir", lost_after_s=0.5, max_attempts=ATTEMPTS):
                assert await innocent == "innocent"
                with pytest.raises(RemoteError) as raised:
                    await poison
            assert raised.value.code == GivenUpError.code
            ((delivery, error),) = at.lost
            assert isinstance(error, GivenUpError)
            assert delivery.call.tenant == "acme"
            assert await at.waiting() == 0

    asyncio.run(main())


def test_a_process_told_to_stop_hands_back_what_does_not_end(redis_url: str) -> None:
    async def main() -> None:
        begun = asyncio.Event()

        async def stuck(request: Asked, steps: Steps) -> Answered:
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError

        async with bench(redis_url) as at:
            async with at.lane(stuck, name="stops", drain_s=0):
                asked = asyncio.create_task(at.ask("handed over"))
                await begun.wait()
            async with at.lane(slow_echo, name="heir", lost_after_s=0.5):
                assert await asked == "handed over"

    asyncio.run(main())


def test_an_entry_that_nobody_can_read_is_dropped(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at, at.lane(slow_echo):
            await at.redis.xadd("neurocortex:lane:calls:high", {"c": f"no call {uuid4()}"})

            async def gone() -> bool:
                return await at.waiting() == 0

            await until(gone)
            assert await at.ask("still serving") == "still serving"

    asyncio.run(main())
