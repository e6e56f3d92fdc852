"""A process of the real-time lane without Prefect's server: REDIS_URL CONSUMER PIPELINES."""

import asyncio
import logging
import signal
import sys

import uvloop
from redis.asyncio import Redis

from neurocortex.realtime import opening
from neurocortex.realtime.call import Delivery
from neurocortex.requests.registry import Registry
from neurocortex.settings import settings
from neurocortex.settling import settle


async def _serve(url: str, consumer: str, pipelines: str) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)

    def lost(delivery: Delivery, error: BaseException) -> None:
        logging.error("lost %s: %r", delivery.call.id, error)

    async with Redis.from_url(url) as redis:
        registry = Registry.load(pipelines.split(","))
        async with opening.opened(
            settings(), redis, registry, consumer=consumer, lost=lost
        ) as lane:
            settle()
            await lane.serve(stopping)


if __name__ == "__main__":
    uvloop.run(_serve(*sys.argv[1:4]))
