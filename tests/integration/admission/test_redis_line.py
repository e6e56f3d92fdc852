"""A connection of one's own to Redis: what is asked is answered in order, whatever went before."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from neurocortex.redis_line import Argument, RedisLine

PATIENCE_S = 5.0


def test_each_command_has_its_answer_and_an_error_is_one(redis_url: str) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            line = RedisLine(redis, PATIENCE_S)
            asked: list[tuple[Argument, ...]] = [
                ("SET", "a", b"\x00\xff"),
                ("EVALSHA", "0" * 40, 0),
                ("GET", "a"),
                ("INCR", "a"),
            ]
            done, unknown, found, wrong = await line.exchange(asked)
            assert (done, found) == (b"OK", b"\x00\xff")
            assert isinstance(unknown, NoScriptError)
            assert isinstance(wrong, ResponseError)
            with pytest.raises(NoScriptError):
                await line.say(asked)

    asyncio.run(scenario())


def test_a_connection_that_ended_while_it_was_idle_is_made_anew(redis_url: str) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis, Redis.from_url(redis_url) as other:
            line = RedisLine(redis, PATIENCE_S)
            (mine,) = await line.say([("CLIENT", "ID")])
            assert await other.client_kill_filter(_id=str(mine)) == 1
            (again,) = await line.say([("CLIENT", "ID")])
            assert again != mine

    asyncio.run(scenario())


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next(redis_url: str) -> None:
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            line = RedisLine(redis, 0.5)
            with pytest.raises(RedisError, match="no answer within"):
                await line.say([("BLPOP", "nothing-here", 2)])
            assert await line.say([("ECHO", "x")]) == [b"x"]
            waiting = asyncio.create_task(line.say([("BLPOP", "nothing-here", 2)]))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert await line.say([("ECHO", "y"), ("ECHO", "z")]) == [b"y", b"z"]

    asyncio.run(scenario())
