"""What gets lost, or comes twice, between a gateway and the lane leaves no call behind."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from neurocortex.admission.values import Admitted, StreamEntry, Ticket
from neurocortex.domain.deployments import Tier
from neurocortex.errors import LaneUnavailableError
from neurocortex.realtime import answers, control, layout
from neurocortex.realtime import call as calls
from neurocortex.realtime.answers import Event, Part, Reply
from neurocortex.realtime.call import Delivery
from neurocortex.realtime.client import GRACE_S, LaneClient
from neurocortex.realtime.control import Cancel
from neurocortex.realtime.inbox import Inbox
from neurocortex.realtime.turns import Turns
from neurocortex.requests.steps import Steps
from tests.integration.realtime.harness import (
    PATIENCE_S,
    Answered,
    Asked,
    Bench,
    bench,
    until,
)

CALLS = "neurocortex:lane:calls:high"
CONTROL = "neurocortex:lane:control"


async def echo(request: Asked, steps: Steps) -> Answered:
    return Answered(text=request.text)


async def read_by(at: Bench, name: str) -> tuple[Inbox, Delivery]:
    """Return another reader, and the one call that it read."""
    inbox = Inbox(at.redis, layout.NAMESPACE, name, Turns({Tier.HIGH: 1}))
    await inbox.join()
    found: list[Delivery] = []

    async def read() -> bool:
        found.extend(await inbox.next(8))
        return bool(found)

    await until(read)
    (delivery,) = found
    return inbox, delivery


async def content(at: Bench, key: str) -> bytes:
    """Return the content of the one entry of a stream."""
    found: Any = await at.redis.xrange(key)
    ((_, fields),) = found
    return bytes(fields[layout.FIELD.encode()])


async def long_ago(at: Bench, name: str, delivery: Delivery) -> None:
    """Let a call have been handed out a minute ago."""
    await at.redis.xclaim(CALLS, layout.GROUP, name, 0, [delivery.entry], idle=60_000, justid=True)


def test_a_call_whose_reading_got_lost_is_answered_by_the_same_process(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            asked = asyncio.create_task(at.ask("missed"))
            _, delivery = await read_by(at, "one")  # it hears nothing of that
            await long_ago(at, "one", delivery)
            async with at.lane(echo, name="one", lost_after_s=0.5):
                assert await asyncio.wait_for(asked, 5) == "missed"

    asyncio.run(main())


def test_a_call_that_a_process_works_on_or_just_read_is_not_missed(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            asked = asyncio.create_task(at.ask("long"))
            inbox, delivery = await read_by(at, "one")
            assert await inbox.take_over(8, 3, [], may_be_last=True) == []
            await long_ago(at, "one", delivery)
            assert await inbox.take_over(8, 3, [delivery], may_be_last=True) == []
            (missed,) = await inbox.take_over(8, 3, [], may_be_last=True)
            assert (missed.call, missed.attempt) == (delivery.call, 2)
            asked.cancel()

    asyncio.run(main())


def test_a_client_whose_replies_ended_hears_again(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at, at.lane(echo):
            (replies,) = await at.redis.keys("neurocortex:lane:replies:*")
            assert await at.ask("before") == "before"
            await at.redis.delete(replies)  # as it ends by itself while the machine sleeps

            async def there() -> bool:
                return bool(await at.redis.exists(replies))

            await until(there)
            assert await asyncio.wait_for(at.ask("after"), 5) == "after"

    asyncio.run(main())


def test_a_call_without_a_deadline_is_not_worked_on_for_nobody(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            asked = asyncio.create_task(at.ask("x"))
            _, delivery = await read_by(at, "one")
            assert delivery.call.deadline is not None
            assert 0 < delivery.call.deadline - time.time() <= PATIENCE_S + GRACE_S
            asked.cancel()

    asyncio.run(main())


def test_a_call_cancelled_in_the_turn_in_which_it_is_read_leaves_nothing(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            asked = asyncio.create_task(at.ask("x"))
            other, delivery = await read_by(at, "other")
            await other.beat(60)
            async with at.lane(echo, name="one") as lane:
                lane._begin(delivery)
                lane._heard(Cancel(delivery.call.id.bytes))
                assert lane.in_flight == 1

                async def nothing_left() -> bool:
                    return lane.in_flight == 0 and await at.waiting() == 0

                await until(nothing_left)
            asked.cancel()

    asyncio.run(main())


class Unanswered:
    """Lets everything in, as its admission does, and never says so."""

    def __init__(self, at: Bench) -> None:
        self.at = at

    async def admit(self, ticket: Ticket, append: StreamEntry | None = None) -> Admitted:
        await self.at.admission.admit(ticket, append)
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize("is_stream", [True, False])
def test_who_goes_away_while_the_call_is_sent_ends_the_work(
    redis_url: str, is_stream: bool
) -> None:
    async def main() -> None:
        async with (
            bench(redis_url) as at,
            LaneClient(at.redis, Unanswered(at), PATIENCE_S) as client,
        ):
            call, ticket = at.request(stream=is_stream)

            async def send() -> None:
                if is_stream:
                    await anext(client.stream(call, ticket))
                else:
                    await client.call(call, ticket)

            sending = asyncio.create_task(send())

            async def sent() -> bool:
                return await at.waiting() == 1

            await until(sent)
            sending.cancel()

            async def told() -> bool:
                return bool(await at.redis.exists(CONTROL))

            await until(told)
            assert control.decode(await content(at, CONTROL)) == Cancel(call.id.bytes)

    asyncio.run(main())


async def streamed(at: Bench, events: Sequence[Event]) -> list[str]:
    """Return the parts that a reader gets of what a lane answers."""

    async def read() -> list[str]:
        stream = at.client.stream(*at.request(stream=True))
        return [event.text async for event in stream if isinstance(event, Part)]

    reading = asyncio.create_task(read())

    async def sent() -> bool:
        return await at.waiting() == 1

    await until(sent)
    delivery = calls.decode(b"1-0", await content(at, CALLS))
    key = f"{layout.NAMESPACE}:{layout.replies(delivery.client)}"
    for event in events:
        await at.redis.xadd(key, {layout.FIELD: answers.encode(delivery.call.id, event)})
    return await asyncio.wait_for(reading, 5)


@pytest.mark.parametrize(
    "events",
    [
        [Part("a", 1), Part("b", 2), Part("a", 1), Part("b", 2), Part("c", 3)],
        [Part("a", 1, 2), Part("late", 1, 1), Part("b", 2, 2), Part("c", 3, 2)],
    ],
)
def test_parts_that_come_twice_are_read_once(redis_url: str, events: list[Event]) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            assert await streamed(at, [*events, Reply(b"{}")]) == ["a", "b", "c"]

    asyncio.run(main())


def test_a_text_that_another_process_begins_anew_is_not_read_twice(redis_url: str) -> None:
    async def main() -> None:
        async with bench(redis_url) as at:
            with pytest.raises(LaneUnavailableError, match="the answer has ended"):
                await streamed(at, [Part("a", 1), Part("other words", 1, 2)])

    asyncio.run(main())
