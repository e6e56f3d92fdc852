"""Requests go to the lane and answers come back, each once; nothing is left of either."""

import asyncio
import time

import pytest

from neurocortex.domain.deployments import Tier
from neurocortex.errors import (
    DeadlinePassedError,
    LakeUnavailableError,
    LaneTimeoutError,
    QuestionError,
    RemoteError,
)
from neurocortex.realtime.lane_steps import AHEAD
from neurocortex.requests.steps import Steps
from tests.integration.realtime.harness import Answered, Asked, bench, until


async def echo(request: Asked, steps: Steps) -> Answered:
    return Answered(text=request.text)


def test_many_at_once_each_get_their_own_answer(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at, at.lane(echo):
            texts = [f"text {number}" for number in range(300)]
            assert await asyncio.gather(*map(at.ask, texts)) == texts

            async def nothing_left() -> bool:
                return await at.held() == 0 and await at.waiting() == 0

            await until(nothing_left)

    asyncio.run(main())


def test_calls_wait_for_a_lane_that_starts_later(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            asked = asyncio.create_task(at.ask("early"))
            await asyncio.sleep(0.1)
            async with at.lane(echo):
                assert await asked == "early"

    asyncio.run(main())


def test_each_failure_has_its_code_and_is_looked_into_where_it_is_ours(redis_url: str) -> None:
    errors = {
        "mistake": QuestionError("The question is empty."),
        "neighbour": LakeUnavailableError("Lake", "it is gone"),
        "bug": KeyError("secret"),
    }

    async def fail(request: Asked, steps: Steps) -> Answered:
        raise errors[request.text]

    async def main() -> None:
        async with bench(redis_url) as at, at.lane(fail):
            codes = {}
            for kind in errors:
                with pytest.raises(RemoteError) as raised:
                    await at.ask(kind)
                codes[kind] = raised.value.code
                assert "secret" not in str(raised.value)
            assert codes == {
                "mistake": "question",
                "neighbour": "lake_unavailable",
                "bug": "internal",
            }
            assert [type(error) for _, error in at.lost] == [LakeUnavailableError, KeyError]

    asyncio.run(main())


def test_a_request_that_hangs_fails_in_time_and_holds_up_no_other(redis_url: str) -> None:
    async def hang(request: Asked, steps: Steps) -> Answered:
        if request.text == "hang":
            await asyncio.Event().wait()
        return Answered(text=request.text)

    async def main() -> None:
        async with bench(redis_url) as at, at.lane(hang, timeout_s=0.3) as lane:
            hanging = asyncio.create_task(at.ask("hang"))
            assert await at.ask("quick") == "quick"
            with pytest.raises(RemoteError) as raised:
                await hanging
            assert raised.value.code == LaneTimeoutError.code

            async def forgotten() -> bool:
                return lane.in_flight == 0

            await until(forgotten)

    asyncio.run(main())


def test_a_deadline_that_passed_while_it_waited_is_not_begun(redis_url: str) -> None:
    async def main() -> None:
        served: list[str] = []

        async def note(request: Asked, steps: Steps) -> Answered:
            served.append(request.text)
            return Answered(text=request.text)

        async with bench(redis_url) as at:
            late = asyncio.create_task(at.ask("late", deadline=time.time() + 0.2))
            await asyncio.sleep(0.3)
            async with at.lane(note):
                with pytest.raises((RemoteError, DeadlinePassedError)) as raised:
                    await late
                assert raised.value.code == DeadlinePassedError.code
        assert served == []

    asyncio.run(main())


def test_who_goes_away_ends_the_work(redis_url: str) -> None:
    async def main() -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def work(request: Asked, steps: Steps) -> Answered:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            raise AssertionError

        async with bench(redis_url) as at, at.lane(work) as lane:
            asked = asyncio.create_task(at.ask("x"))
            await begun.wait()
            asked.cancel()
            await asyncio.wait_for(ended.wait(), 5)

            async def nothing_left() -> bool:
                return lane.in_flight == 0 and await at.held() == 0 and await at.waiting() == 0

            await until(nothing_left)
            assert at.lost == []

    asyncio.run(main())


def test_a_call_cancelled_before_the_lane_read_it_is_not_begun(redis_url: str) -> None:
    async def main() -> None:
        served: list[str] = []

        async def note(request: Asked, steps: Steps) -> Answered:
            served.append(request.text)
            return Answered(text=request.text)

        async with bench(redis_url) as at:
            gone = asyncio.create_task(at.ask("gone"))

            async def appended() -> bool:
                return await at.waiting() == 1

            await until(appended)
            gone.cancel()

            async def told() -> bool:
                return bool(await at.redis.exists("neurocortex:lane:control"))

            await until(told)
            async with at.lane(note):
                assert await at.ask("stays") == "stays"
        assert served == ["stays"]

    asyncio.run(main())


def test_parts_come_in_order_while_the_work_goes_on(redis_url: str) -> None:
    async def main() -> None:
        may_end = asyncio.Event()

        async def speak(request: Asked, steps: Steps) -> Answered:
            for number in range(10):
                await steps.emit(str(number))
            await may_end.wait()
            return Answered(text="done")

        async with bench(redis_url) as at, at.lane(speak):
            call, ticket = at.request(stream=True)
            heard = []
            async for event in at.client.stream(call, ticket):
                heard.append(event)
                if len(heard) == 10:
                    may_end.set()
            assert [getattr(event, "text", None) for event in heard[:10]] == list("0123456789")
            assert len(heard) == 11
            # Who did not ask for parts gets the result alone.
            assert await at.ask() == "done"

    asyncio.run(main())


def test_a_slow_reader_holds_up_the_writer_and_not_the_memory(redis_url: str) -> None:
    async def main() -> None:
        written = 0

        async def speak(request: Asked, steps: Steps) -> Answered:
            nonlocal written
            for _ in range(10 * AHEAD):
                await steps.emit("x" * 1000)
                written += 1
            return Answered(text="done")

        async with bench(redis_url) as at, at.lane(speak):
            parts = 0
            async for _ in at.client.stream(*at.request(stream=True)):
                parts += 1
                if parts == 1:
                    await asyncio.sleep(0.3)
                    assert AHEAD <= written <= AHEAD + 1
            assert parts == 10 * AHEAD + 1

    asyncio.run(main())


def test_a_stream_that_is_closed_ends_the_work(redis_url: str) -> None:
    async def main() -> None:
        ended = asyncio.Event()

        async def speak(request: Asked, steps: Steps) -> Answered:
            try:
                await steps.emit("first")
                await asyncio.Event().wait()
            finally:
                ended.set()
            raise AssertionError

        async with bench(redis_url) as at, at.lane(speak):
            stream = at.client.stream(*at.request(stream=True))
            await anext(stream)
            await stream.aclose()
            await asyncio.wait_for(ended.wait(), 5)

    asyncio.run(main())


def test_critical_goes_first_and_the_others_take_turns(redis_url: str) -> None:
    async def main() -> None:
        served: list[str] = []

        async def note(request: Asked, steps: Steps) -> Answered:
            served.append(request.text)
            return Answered(text=request.text)

        async with bench(redis_url) as at:
            asked = [
                asyncio.create_task(at.ask(tier.value, tier=tier))
                for tier in reversed(Tier)
                for _ in range(7)
            ]

            async def appended() -> bool:
                return await at.waiting() == len(asked)

            await until(appended)
            async with at.lane(note, pipelines=1):
                await asyncio.gather(*asked)
        assert served[:7] == ["critical"] * 7
        assert sorted(served[7:14]) == sorted(["high"] * 4 + ["medium"] * 2 + ["low"])

    asyncio.run(main())


def test_it_reads_no_more_than_it_has_room_for(redis_url: str) -> None:
    async def main() -> None:
        may_end = asyncio.Event()

        async def wait(request: Asked, steps: Steps) -> Answered:
            await may_end.wait()
            return Answered(text=request.text)

        async with bench(redis_url) as at, at.lane(wait, pipelines=6) as lane:
            asked = [asyncio.create_task(at.ask(str(number))) for number in range(40)]

            async def full() -> bool:
                return lane.in_flight == 6 and await at.waiting() == 40

            await until(full)
            await asyncio.sleep(0.1)
            pending = await at.redis.xpending("neurocortex:lane:calls:high", "lane")
            assert pending["pending"] == 6
            may_end.set()
            await asyncio.gather(*asked)

    asyncio.run(main())
