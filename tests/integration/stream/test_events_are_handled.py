"""Each event reaches its handler, or is kept with the reason."""

import asyncio

import pytest
from redis.asyncio import Redis

from neurocortex.errors import StreamFullError, StreamUnavailableError
from neurocortex.settings import StreamSettings
from neurocortex.stream.dispatcher import MAX_DELIVERIES
from neurocortex.stream.event import Event
from neurocortex.stream.handlers import Handlers
from neurocortex.stream.stream import Delivery, EventStream, SetAside
from tests.integration.conftest import MortalRedis
from tests.integration.stream.conftest import dispatching, until

pytestmark = pytest.mark.anyio


def _event(kind: str = "moved", name: str | None = None) -> Event:
    return Event(source="crm", type=kind, id=name or "1", data={"to": "Bern"})


async def _aside(stream: EventStream) -> list[SetAside]:
    return [each async for each in stream.aside()]


async def test_events_published_before_and_after_the_start_are_handled_once(
    stream: EventStream,
) -> None:
    seen: list[str] = []

    async def handle(event: Event) -> None:
        seen.append(event.id)

    handlers = Handlers()
    handlers.register("moved", handle)
    for number in range(40):
        assert await stream.publish(_event(name=f"before {number}"))
    async with dispatching(stream, handlers):
        for number in range(40):
            assert await stream.publish(_event(name=f"after {number}"))
        await until(lambda: len(seen) >= 80, "all are handled")
    assert len(seen) == len(set(seen)) == 80
    assert await stream.waiting() == 0


async def test_an_event_published_again_is_one_event(stream: EventStream) -> None:
    assert await stream.publish(_event())
    assert not await stream.publish(_event())
    assert await stream.publish(_event().model_copy(update={"tenant": "another"}))
    assert await stream.waiting() == 2


async def test_an_unknown_type_is_kept_until_it_has_a_handler(stream: EventStream) -> None:
    told: list[SetAside] = []
    seen: list[Event] = []

    async def handle(event: Event) -> None:
        seen.append(event)

    handlers = Handlers()
    async with dispatching(stream, handlers, on_set_aside=told.append):
        await stream.publish(_event("born"))
        await until(lambda: bool(told), "it is set aside")
        (kept,) = await _aside(stream)
        assert (kept.why, kept.event) == (
            "unknown_type",
            _event("born").model_copy(update={"time": kept.event.time}),
        )
        assert "'born'" in kept.reason
        handlers.register("born", handle)  # while events flow
        assert await stream.bring_back(kept.entry)
        await until(lambda: bool(seen), "it is handled after all")
    assert await _aside(stream) == []
    assert not await stream.bring_back(kept.entry)


async def test_a_failing_handler_is_tried_again(stream: EventStream) -> None:
    tries: list[int] = []

    async def handle(event: Event) -> None:
        tries.append(len(tries))
        if len(tries) < 3:
            raise OSError("not yet")

    handlers = Handlers()
    handlers.register("moved", handle)
    async with dispatching(stream, handlers):
        await stream.publish(_event())
        await until(lambda: len(tries) == 3, "the third try works")
    assert await _aside(stream) == []
    assert await stream.waiting() == 0


async def test_what_fails_for_good_is_kept_and_holds_up_nothing(stream: EventStream) -> None:
    told: list[SetAside] = []
    seen: list[str] = []

    async def break_down(event: Event) -> None:
        raise ValueError("no such street")

    async def hang(event: Event) -> None:
        await asyncio.Event().wait()

    async def handle(event: Event) -> None:
        seen.append(event.id)

    handlers = Handlers()
    handlers.register("broken", break_down)
    handlers.register("hanging", hang)
    handlers.register("moved", handle)
    settings = StreamSettings(handler_timeout_s=0.05)
    async with dispatching(stream, handlers, settings, told.append):
        for kind in ("broken", "hanging", "moved"):
            await stream.publish(_event(kind, kind))
        await until(lambda: len(told) == 2 and bool(seen), "two are set aside, one is handled")
    reasons = {kept.event.type: kept.reason for kept in await _aside(stream)}
    assert reasons == {"broken": "ValueError: no such street", "hanging": "TimeoutError: "}


async def test_more_events_than_may_wait_are_refused(client: Redis) -> None:
    stream = EventStream(client, StreamSettings(max_waiting=2))
    for name in ("1", "2"):
        await stream.publish(_event(name=name))
    with pytest.raises(StreamFullError, match="2 events wait"):
        await stream.publish(_event(name="3"))
    await stream.join()
    (delivery, _) = await stream.next("me", 2, 0.1)
    await stream.finish(delivery)
    assert await stream.publish(_event(name="3"))


async def test_what_a_consumer_left_behind_is_taken_over(stream: EventStream) -> None:
    await stream.join()
    await stream.publish(_event())
    await stream.next("it dies", 1, 0.1)
    seen: list[str] = []

    async def handle(event: Event) -> None:
        seen.append(event.id)

    handlers = Handlers()
    handlers.register("moved", handle)
    async with dispatching(stream, handlers):
        await until(lambda: seen == ["1"], "another handles it")


async def test_what_a_living_consumer_works_on_is_not_taken_over(stream: EventStream) -> None:
    await stream.join()
    await stream.publish(_event())
    (delivery,) = await stream.next("busy", 1, 0.1)
    await asyncio.sleep(0.2)
    await stream.keep("busy", [delivery.entry])
    assert await stream.take_over("other", 0.15, 10) == []
    await asyncio.sleep(0.2)
    (taken,) = await stream.take_over("other", 0.15, 10)
    assert (taken.entry, taken.deliveries) == (delivery.entry, 2)


async def test_an_event_that_ends_every_process_is_set_aside(stream: EventStream) -> None:
    await stream.join()
    await stream.publish(_event())
    await stream.next("first", 1, 0.1)
    for number in range(MAX_DELIVERIES - 1):
        assert await stream.take_over(f"consumer {number}", 0, 1)
    told: list[SetAside] = []
    handlers = Handlers()
    async with dispatching(stream, handlers, on_set_aside=told.append):
        await until(lambda: bool(told), "it is set aside")
    assert told[0].why == "failed"
    assert "5 processes ended" in told[0].reason


async def test_an_entry_that_is_no_event_is_dropped(stream: EventStream, client: Redis) -> None:
    await client.xadd("neurocortex:events", {"event": b"\xff poison"})
    seen: list[str] = []

    async def handle(event: Event) -> None:
        seen.append(event.id)

    handlers = Handlers()
    handlers.register("moved", handle)
    async with dispatching(stream, handlers):
        await stream.publish(_event())
        await until(lambda: bool(seen), "the next one is handled")
    assert await stream.waiting() == 0


async def test_setting_aside_what_another_finished_keeps_nothing(stream: EventStream) -> None:
    await stream.set_aside(Delivery("1-1", _event().encode(), 1), "failed", "late")
    assert await _aside(stream) == []


async def test_handling_goes_on_when_redis_comes_back_empty(mortal_redis: MortalRedis) -> None:
    seen: list[str] = []

    async def handle(event: Event) -> None:
        seen.append(event.id)

    handlers = Handlers()
    handlers.register("moved", handle)
    async with Redis.from_url(mortal_redis.url) as client:
        stream = EventStream(client, StreamSettings())
        async with dispatching(stream, handlers):
            await stream.publish(_event(name="before"))
            await until(lambda: seen == ["before"], "the first is handled")
            mortal_redis.kill()
            with pytest.raises(StreamUnavailableError):
                await stream.publish(_event(name="lost"))
            mortal_redis.start()
            await client.flushall()
            await stream.publish(_event(name="after"))
            await until(lambda: seen[-1] == "after", "the next is handled")
