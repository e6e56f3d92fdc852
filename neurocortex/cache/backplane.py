"""Invalidations, told to every instance: none is missed for longer than a connection is lost.

A message over Redis publish and subscribe reaches who listens. Each names the version before it,
and Redis keeps the marks: who was cut off, or lost a message, asks for what came since.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final
from uuid import uuid4

from pydantic import TypeAdapter
from redis.asyncio.client import PubSub

from neurocortex.cache import scripts
from neurocortex.cache.client import Scripts, decoded, reached
from neurocortex.cache.keys import Key
from neurocortex.cache.marks import MICROSECONDS, Marks, target_of, text_of
from neurocortex.cache.values import Announced, Invalidation

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 1.0
"""Between two attempts to reach Redis: doubled from the first to the longest."""

QUIET_S: Final = 1.0
"""After so long without a message the instance asks whether it missed one: a dead connection is
silent too."""

LISTEN_S: Final = 0.1
"""One look for messages: so soon the instance notices that it is to close."""

CLOSE_S: Final = 5.0
"""Longer than anything it may be doing."""

CHECK_S: Final = 3.0
"""That question takes longer: it is cut off."""

_MISSED: Final = TypeAdapter(tuple[int, int, list[bytes]])
_MARKED: Final = TypeAdapter(tuple[int, int, int])

_log = logging.getLogger(__name__)


class Backplane:
    """This instance's end of it. Open it, and close it at the end."""

    def __init__(
        self,
        client: Scripts,
        marks: Marks,
        ended: Callable[[Key], None],
        cleared: Callable[[str], None],
    ) -> None:
        """Keep some marks up to date.

        Args:
            client: where they come from.
            marks: what is known here.
            ended: called with each key that is invalidated by name.
            cleared: called with each tenant all of whose entries are.
        """
        self.instance = uuid4().hex
        """What this instance is called in messages."""
        self._client = client
        self._marks = marks
        self._ended = ended
        self._cleared = cleared
        self._channel = client.key("invalidations")
        self._unsent: dict[str, None] = {}
        self.behind = True
        """Whether invalidations may have been missed: ask (`catch_up`) before trusting a copy."""
        self._closing = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Start to listen, for as long as it takes to connect."""
        self._listener = asyncio.create_task(self._listen(), name="cache backplane")

    async def close(self) -> None:
        """Stop to listen."""
        # Asked, not cancelled: redis-py loses a cancellation, or a socket, that meets it while it
        # connects.
        self._closing.set()
        if self._listener is not None:
            await asyncio.wait({self._listener}, timeout=CLOSE_S)
            self._listener.cancel()
        self.behind = True

    async def invalidate(self, target: Invalidation) -> Announced:
        """Mark something as ended, for every instance.

        Raises:
            CacheUnavailableError: Redis does not answer.
        """
        text = text_of(target)
        epoch, before, version = await self._send(text)
        if self._marks.follows(epoch, before):
            self._marks.learn([(text, version)], epoch, version)
        else:
            await self.catch_up()
        announced = Announced(target, version, self.instance)
        self._heard(announced)
        return announced

    def invalidate_here(self, target: Invalidation) -> Announced:
        """Mark something as ended on this instance, and for the others when Redis is back."""
        text = text_of(target)
        self._marks.mark(text, self._marks.latest + 1)
        self._unsent[text] = None
        announced = Announced(target, self._marks.latest, self.instance, delivered=False)
        self._heard(announced)
        return announced

    async def catch_up(self) -> None:
        """Learn all invalidations so far, and tell those of this instance that could not be sent.

        Raises:
            CacheUnavailableError: Redis does not answer.
        """
        for text in list(self._unsent):
            await self._send(text)
            self._unsent.pop(text, None)
        known: list[str | bytes | int] = [self._marks.epoch, self._marks.version]
        answer = await self._client.run(scripts.MISSED, known)
        epoch, version, flat = decoded(_MISSED, answer)
        pairs = zip(flat[::2], flat[1::2], strict=True)
        first = not self._marks.epoch
        missed = [(text.decode(), int(float(at))) for text, at in pairs]
        if (epoch, version) < (self._marks.epoch, self._marks.version):
            return  # another call was answered later and learned more
        self._marks.learn(missed, epoch, version)
        if first:
            return  # what all of them have ended was stored before this instance was there
        for text, at in missed:
            self._heard(Announced(target_of(text), at, source=""))

    async def _send(self, text: str) -> tuple[int, int, int]:
        arguments: list[str | bytes | int] = [
            text,
            self.instance,
            round(self._marks.kept_s * MICROSECONDS),
            self._channel,
        ]
        return decoded(_MARKED, await self._client.run(scripts.INVALIDATE, arguments))

    def _heard(self, announced: Announced) -> None:
        _log.debug("invalidated: %s", announced)
        target = announced.target
        if target.kind == "key":
            self._ended(Key(target.tenant, *target.name.split(":")))
        elif target.is_of_tenant:
            self._cleared(target.tenant)

    async def _listen(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._closing.is_set():
            try:
                async with aclosing(self._messages()) as messages:
                    async for message in messages:
                        if self._closing.is_set():
                            return
                        await self._take(message)
                        self.behind = False
                        pause = FIRST_PAUSE_S
            except Exception as error:  # noqa: BLE001 - without a listener it would not hear
                if not self.behind:
                    _log.warning(
                        "Cut off from invalidations, reads ask Redis first: %s", str(error)
                    )
                self.behind = True
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _messages(self) -> AsyncGenerator[str | None]:
        """Yield each message; None when some may have been missed: on connecting, after silence."""
        async with self._client.redis.pubsub() as subscription:
            with reached():
                await subscription.subscribe(self._channel)
            while not self._closing.is_set():
                yield await self._next(subscription)

    async def _take(self, message: str | None) -> None:
        if message is not None:
            epoch, before, version, source, text = message.split(" ", 4)
            if int(epoch) == self._marks.epoch and int(version) <= self._marks.version:
                return
            if self._marks.follows(int(epoch), int(before)):
                self._marks.learn([(text, int(version))], int(epoch), int(version))
                self._heard(Announced(target_of(text), int(version), source))
                return
        async with asyncio.timeout(CHECK_S):
            await self.catch_up()

    async def _next(self, subscription: PubSub) -> str | None:
        quiet_until = time.monotonic() + QUIET_S
        while not self._closing.is_set() and time.monotonic() < quiet_until:
            with reached():
                message = await subscription.get_message(timeout=LISTEN_S)
            if message is not None:
                return bytes(message["data"]).decode() if message["type"] == "message" else None
        return None
