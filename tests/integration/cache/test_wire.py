"""Many callers share one connection: each gets its own answer, or none."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from neurocortex.cache.wire import Wire
from neurocortex.errors import CacheUnavailableError

if TYPE_CHECKING:
    from tests.integration.cache.conftest import Line

pytestmark = pytest.mark.anyio

TIMEOUT_S = 0.1


@pytest.fixture
async def wire(line: "Line", client: Redis) -> AsyncIterator[Wire]:
    for number in range(200):
        await client.set(f"key {number}", f"value {number}")
    async with Redis.from_url(line.url) as far:
        wire = Wire(far, TIMEOUT_S)
        yield wire
        await wire.close()


async def test_callers_at_once_each_get_their_own_answer(wire: Wire) -> None:
    asked = (wire.call(("GET", f"key {number}")) for number in range(200))
    assert await asyncio.gather(*asked) == [[f"value {number}".encode()] for number in range(200)]


async def test_an_answer_that_comes_late_goes_to_nobody_else(wire: Wire, line: "Line") -> None:
    assert await wire.call(("GET", "key 0")) == [b"value 0"]
    line.delay_s = 2 * TIMEOUT_S
    with pytest.raises(CacheUnavailableError, match=r"no answer within 0\.1 s"):
        await wire.call(("GET", "key 1"))
    line.delay_s = 0.0
    await asyncio.sleep(4 * TIMEOUT_S)
    for number in range(2, 10):
        assert await wire.call(("GET", f"key {number}")) == [f"value {number}".encode()]


async def test_a_cancelled_caller_leaves_the_answers_of_the_others_in_order(wire: Wire) -> None:
    assert await wire.call(("GET", "key 0")) == [b"value 0"]
    calls = [asyncio.create_task(wire.call(("GET", f"key {number}"))) for number in range(10)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert found[1::2] == [[f"value {number}".encode()] for number in range(1, 10, 2)]
    assert all(isinstance(each, asyncio.CancelledError) for each in found[::2])
    assert await wire.call(("GET", "key 11")) == [b"value 11"]


async def test_an_error_is_raised_for_its_caller_alone(wire: Wire) -> None:
    wrong, right = await asyncio.gather(
        wire.call(("NOSUCHCOMMAND",)), wire.call(("GET", "key 1")), return_exceptions=True
    )
    assert isinstance(wrong, ResponseError)
    assert right == [b"value 1"]


async def test_it_connects_again_after_it_was_cut(wire: Wire, line: "Line") -> None:
    assert await wire.call(("GET", "key 1")) == [b"value 1"]
    line.cut()
    with pytest.raises(CacheUnavailableError):
        await wire.call(("GET", "key 1"))
    with pytest.raises(CacheUnavailableError):
        await wire.call(("GET", "key 1"))
    line.mend()
    async with asyncio.timeout(5):
        while True:
            try:
                assert await wire.call(("GET", "key 1")) == [b"value 1"]
                break
            except CacheUnavailableError:
                await asyncio.sleep(0.01)


async def test_a_caller_alone_waits_for_no_other_and_callers_together_share_a_round_trip(
    wire: Wire, line: "Line"
) -> None:
    assert await wire.call(("GET", "key 0")) == [b"value 0"]
    before = line.requests
    answers = await asyncio.gather(*(wire.call(("GET", f"key {number}")) for number in range(100)))
    assert len(answers) == 100
    assert line.requests - before <= 3


async def test_a_redis_that_is_silent_while_it_connects_is_given_up(
    wire: Wire, line: "Line", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurocortex.cache.wire.CONNECT_S", 2 * TIMEOUT_S)
    line.delay_s = 60.0
    with pytest.raises(CacheUnavailableError, match=r"no answer within 0\.1 s"):
        await wire.call(("GET", "key 1"))
    line.delay_s = 0.0
    async with asyncio.timeout(5):
        while True:
            try:
                assert await wire.call(("GET", "key 1")) == [b"value 1"]
                break
            except CacheUnavailableError:
                await asyncio.sleep(0.01)


async def test_several_commands_are_answered_together_and_in_order(wire: Wire) -> None:
    asked = (wire.call(("GET", f"key {at}"), ("STRLEN", f"key {at}")) for at in range(8, 12))
    expected = [[f"value {at}".encode(), len(f"value {at}")] for at in range(8, 12)]
    assert await asyncio.gather(*asked) == expected


async def test_closing_ends_a_call_that_waits_for_the_connection(
    wire: Wire, line: "Line", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurocortex.cache.wire.CLOSE_S", 0.01)
    line.delay_s = 60.0
    call = asyncio.create_task(wire.call(("GET", "key 1")))
    await asyncio.sleep(0)
    await wire.close()
    with pytest.raises(CacheUnavailableError):
        await call


async def test_garbage_in_place_of_answers_is_an_error_and_the_next_connection_works(
    wire: Wire, line: "Line"
) -> None:
    assert await wire.call(("GET", "key 1")) == [b"value 1"]
    line.garbage = b"!!! this is not Redis\r\n"
    with pytest.raises(CacheUnavailableError):
        await wire.call(("GET", "key 1"))
    line.garbage = None
    assert await wire.call(("GET", "key 2")) == [b"value 2"]
