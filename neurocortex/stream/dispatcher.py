"""Handing events to their handlers: several at once, again after a failure, aside at the end."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from neurocortex.cancellation import is_cancelled
from neurocortex.errors import InvalidEventError, StreamUnavailableError, UnknownEventTypeError
from neurocortex.settings import StreamSettings, TaskSettings
from neurocortex.stream.event import Event, decode
from neurocortex.stream.handlers import Handlers
from neurocortex.stream.stream import Delivery, EventStream, SetAside, Why

BEAT_S: Final = 1.0
"""Between two signs of life, and between two looks for what another consumer left behind."""

LOST_AFTER_S: Final = 5.0
"""Without a sign of life an event is taken over."""

WAIT_S: Final = 0.5
MAX_DELIVERIES: Final = 5
"""An event whose handling ended the process so often is set aside."""

PAUSE_S: Final = 0.5
"""After Redis did not answer."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Dispatcher:
    """Handles the events of a stream in this process; several processes share them."""

    stream: EventStream
    handlers: Handlers
    settings: StreamSettings
    retrying: TaskSettings
    """How often, and after which waits, a failed handler is tried again."""
    on_set_aside: Callable[[SetAside], None] = lambda _: None
    """Told of each event that could not be handled."""
    _name: str = field(default_factory=lambda: uuid4().hex)
    _working: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Handle events until cancelled; what is then being handled is handed out again later.

        While Redis is away it waits for it.
        """
        try:
            await asyncio.gather(self._read(), self._keep())
        finally:
            for task in self._working.values():
                task.cancel()
            await asyncio.gather(*self._working.values(), return_exceptions=True)

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        joined = False
        look_at = 0.0
        while not is_cancelled():
            try:
                if not joined:
                    await self.stream.join()
                    joined = True
                room = self.settings.at_once - len(self._working)
                if room <= 0:
                    await asyncio.wait(self._working.values(), return_when=asyncio.FIRST_COMPLETED)
                    continue
                if loop.time() >= look_at:
                    look_at = loop.time() + BEAT_S
                    for delivery in await self.stream.take_over(self._name, LOST_AFTER_S, room):
                        self._begin(delivery)
                    continue
                for delivery in await self.stream.next(self._name, room, WAIT_S):
                    self._begin(delivery)
            except StreamUnavailableError as error:
                log.warning("Events wait until the stream answers again: %s", error.reason)
                joined = False
                await asyncio.sleep(PAUSE_S)

    async def _keep(self) -> None:
        while not is_cancelled():
            await asyncio.sleep(BEAT_S)
            try:
                await self.stream.keep(self._name, tuple(self._working))
            except StreamUnavailableError:
                continue  # the reader says so

    def _begin(self, delivery: Delivery) -> None:
        if delivery.entry in self._working:
            return
        task = asyncio.create_task(self._deal_with(delivery))
        self._working[delivery.entry] = task
        task.add_done_callback(lambda _: self._working.pop(delivery.entry, None))

    async def _deal_with(self, delivery: Delivery) -> None:
        """Handle it and forget it, or set it aside. While Redis is away it is left as it is."""
        try:
            event = decode(delivery.body)
        except InvalidEventError as error:
            log.error("An entry of the stream is no event and is dropped: %s", error.reason)
            await self._settle(self.stream.finish(delivery))
            return
        if delivery.deliveries > MAX_DELIVERIES:
            reason = f"{delivery.deliveries - 1} processes ended while they handled it"
            await self._set_aside(delivery, event, "failed", reason)
            return
        try:
            handler = self.handlers.of(event.type)
        except UnknownEventTypeError as error:
            await self._set_aside(delivery, event, "unknown_type", str(error))
            return
        for attempt in range(self.retrying.retries + 1):
            try:
                async with asyncio.timeout(self.settings.handler_timeout_s):
                    await handler(event)
            except Exception as error:  # noqa: BLE001 - it is the handler's, and is kept
                reason = f"{type(error).__name__}: {error}"
                if attempt == self.retrying.retries:
                    await self._set_aside(delivery, event, "failed", reason)
                    return
                log.warning("Event %s of type %s is tried again: %s", event.id, event.type, reason)
                await asyncio.sleep(self._wait_s(attempt))
            else:
                await self._settle(self.stream.finish(delivery))
                return

    def _wait_s(self, attempt: int) -> float:
        wait = self.retrying.first_delay_s * self.retrying.backoff**attempt
        return wait * (1 + random.random() * self.retrying.jitter)  # noqa: S311

    async def _set_aside(self, delivery: Delivery, event: Event, why: Why, reason: str) -> None:
        log.error("Event %s of type %s is set aside: %s", event.id, event.type, reason)
        if await self._settle(self.stream.set_aside(delivery, why, reason)):
            self.on_set_aside(SetAside(delivery.entry, event, why, reason))

    async def _settle(self, settling: Awaitable[None]) -> bool:
        try:
            await settling
        except StreamUnavailableError as error:
            log.warning("What was done is not recorded, and will be done again: %s", error.reason)
            return False
        return True
