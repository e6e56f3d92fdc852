"""A lane process without a flow run: `lane.py CONSUMER`; the settings say the rest."""

import asyncio
import sys

from redis.asyncio import Redis

from neurocortex.realtime import opening
from neurocortex.requests.registry import Registry
from neurocortex.settings import settings


async def main(consumer: str) -> None:
    """Serve until killed."""
    chosen = settings()
    assert chosen.redis_url is not None
    async with (
        Redis.from_url(chosen.redis_url.get_secret_value()) as redis,
        opening.opened(
            chosen,
            redis,
            Registry.load(chosen.gateway.pipelines),
            consumer=consumer,
            lost=lambda *_: None,
        ) as lane,
    ):
        await lane.serve(asyncio.Event())


asyncio.run(main(sys.argv[1]))
