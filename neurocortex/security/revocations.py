"""Revocations, told to every gateway at once over Redis publish and subscribe.

A notice that is missed costs little: a gateway looks again after `security.key_cache_s`.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import redis
from redis.asyncio import Redis

from neurocortex.cache.client import reached
from neurocortex.errors import CacheUnavailableError
from neurocortex.security.remote import NAMESPACE

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
"""Between two attempts to reach Redis: doubled from the first to the longest."""

LISTEN_S: Final = 0.1
"""One look for notices: so soon the listener notices that it is to end."""

TIMEOUT_S: Final = 2.0
"""The command line waits no longer to tell: the revocation itself is in PostgreSQL."""


def announce(redis_url: str, key_id: str, namespace: str = NAMESPACE) -> None:
    """Tell all gateways that a key was revoked.

    Raises:
        CacheUnavailableError: Redis does not answer.
    """
    with (
        reached(),
        redis.Redis.from_url(
            redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        ) as client,
    ):
        client.publish(_channel(namespace), key_id)


async def listen(
    client: Redis, closing: asyncio.Event, namespace: str = NAMESPACE
) -> AsyncGenerator[str | None]:
    """Yield the public id of each key that is revoked; None on connecting: some may be missed.

    It connects again by itself, and ends soon after `closing` is set.
    """
    pause = FIRST_PAUSE_S
    while not closing.is_set():
        try:
            async with aclosing(_notices(client, closing, namespace)) as notices:
                async for key_id in notices:
                    pause = FIRST_PAUSE_S
                    yield key_id
        except CacheUnavailableError:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)


async def _notices(
    client: Redis, closing: asyncio.Event, namespace: str
) -> AsyncGenerator[str | None]:
    async with client.pubsub() as subscription:
        with reached():
            await subscription.subscribe(_channel(namespace))
        while not closing.is_set():
            with reached():
                message = await subscription.get_message(timeout=LISTEN_S)
            if message is None:
                continue
            if message["type"] == "message":
                yield bytes(message["data"]).decode()
            elif message["type"] == "subscribe":  # now, or after redis-py connected again by itself
                yield None


def _channel(namespace: str) -> str:
    return f"{namespace}:revoked"
