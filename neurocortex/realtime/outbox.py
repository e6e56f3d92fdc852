"""What a lane process tells Redis: answers, and that it is done with calls.

What comes together during one round trip goes out in the next one. Nothing is dropped while Redis
is away: it is sent when Redis is there again, perhaps twice, and clients drop the second answer.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from neurocortex.admission.values import Ticket
from neurocortex.cancellation import is_cancelled
from neurocortex.realtime import answers, layout
from neurocortex.realtime.answers import Event
from neurocortex.realtime.call import Delivery
from neurocortex.redis_line import Argument, RedisLine
from neurocortex.routing.route import Lane

Release = Callable[[Ticket], Sequence[Argument]]
"""Gives the command that frees an admitted request's place."""

PATIENCE_S: Final = 5.0
"""A Redis that has not answered by then counts as gone."""

AT_ONCE: Final = 256
"""Messages of one round trip: an answer may be large."""

PAUSE_S: Final = 0.2
"""Between attempts to reach Redis."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell."""

    delivery: Delivery
    event: Event | None
    """None: nobody waits for an answer."""
    is_last: bool
    """Whether the call is done with."""


class Outbox:
    """That of one lane process."""

    def __init__(
        self,
        redis: Redis,
        namespace: str,
        release: Release,
        done: Callable[[Delivery], None],
    ) -> None:
        """Send over a Redis; `done` is called for each call that is answered and forgotten."""
        self._line = RedisLine(redis, PATIENCE_S)
        self._namespace = namespace
        self._release = release
        self._done = done
        self._waiting: list[Message] = []
        self._filled = asyncio.Event()

    def put(self, message: Message) -> None:
        """Send a message soon."""
        self._waiting.append(message)
        self._filled.set()

    async def send(self) -> None:
        """Send for ever."""
        while not is_cancelled():
            await self._filled.wait()
            messages = self._waiting[:AT_ONCE]
            try:
                await self._flush(messages)
            except (RedisError, OSError) as error:
                logger.warning("%d answers wait for Redis: %s", len(self._waiting), error)
                await asyncio.sleep(PAUSE_S)
                continue
            del self._waiting[: len(messages)]
            if not self._waiting:
                self._filled.clear()
            for message in messages:
                if message.is_last:
                    self._done(message.delivery)

    async def empty(self) -> None:
        """Wait until all is sent. `send` must be running."""
        while self._waiting:
            await asyncio.sleep(0.005)

    async def _flush(self, messages: Sequence[Message]) -> None:
        done: dict[str, list[bytes]] = {}
        commands: list[Sequence[Argument]] = []
        for message in messages:
            call = message.delivery.call
            if message.event is not None:
                commands.append(
                    (
                        "XADD",
                        self._key(layout.replies(message.delivery.client)),
                        "NOMKSTREAM",  # of a client that is gone
                        "*",
                        layout.FIELD,
                        answers.encode(call.id, message.event),
                    )
                )
            if message.is_last:
                done.setdefault(layout.calls(call.tier), []).append(message.delivery.entry)
                commands.append(self._release(_ticket(message.delivery)))
        for stream, entries in done.items():
            key = self._key(stream)
            commands.append(("XACK", key, layout.GROUP, *entries))
            commands.append(("XDEL", key, *entries))
        await self._line.say(commands)

    def _key(self, name: str) -> str:
        return f"{self._namespace}:{name}"


def _ticket(delivery: Delivery) -> Ticket:
    call = delivery.call
    return Ticket(call.id, Lane.REALTIME, call.tier, call.tenant, 0.0, call.deadline)
