"""A lane process to be killed: `lane_process.py REDIS CONSUMER`. It holds what says `hold`."""

import asyncio
import sys
from pathlib import Path

from redis.asyncio import Redis

sys.path.insert(0, str(Path(__file__).parents[3]))

from neurocortex.realtime import opening
from neurocortex.requests.registry import Registry
from neurocortex.requests.steps import Steps
from neurocortex.settings import Settings
from tests.integration.realtime.harness import Answered, Asked, pipeline


async def serve(request: Asked, steps: Steps) -> Answered:
    """Answer, but for what says `hold`."""
    await asyncio.sleep(60 if request.text == "hold" else 0.05)
    return Answered(text=request.text)


async def main(url: str, consumer: str) -> None:
    """Serve until killed."""
    async with (
        Redis.from_url(url) as redis,
        opening.opened(
            Settings(),
            redis,
            Registry([pipeline(serve)]),
            consumer=consumer,
            lost=lambda *_: None,
        ) as lane,
    ):
        await lane.serve(asyncio.Event())


asyncio.run(main(sys.argv[1], sys.argv[2]))
