"""One process of the real-time lane: it reads calls, runs their pipelines, and answers.

Delivery is at least once: a call stays in its stream until its answer is in the client's, so what
a process that dies was working on is done again by another. A client takes one answer only.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from neurocortex.cancellation import is_cancelled
from neurocortex.domain.deployments import Tier
from neurocortex.errors import GivenUpError, WireError
from neurocortex.learning.sampling import Sample
from neurocortex.realtime import control as controls
from neurocortex.realtime import layout
from neurocortex.realtime.answers import Event, Part
from neurocortex.realtime.caching import TaskCache
from neurocortex.realtime.call import Delivery
from neurocortex.realtime.control import Cancel
from neurocortex.realtime.ending import end
from neurocortex.realtime.failures import code_of, failure_of, is_for_good
from neurocortex.realtime.inbox import Inbox
from neurocortex.realtime.lane_steps import LaneSteps
from neurocortex.realtime.outbox import PAUSE_S, Message, Outbox, Release
from neurocortex.realtime.processing import process
from neurocortex.realtime.running import TaskRunner
from neurocortex.realtime.tail import Tail
from neurocortex.realtime.threads import Threads
from neurocortex.realtime.turns import Turns
from neurocortex.realtime.windows import Figures
from neurocortex.requests.registry import Registry
from neurocortex.settings import RealtimeSettings, SchedulingSettings

NEARLY_FULL_S: Final = 0.01
"""Between looks for calls when there is less room than there are tiers: then no read may wait,
as it could bring one of each."""

CANCELS_KEPT_MS: Final = 60_000
"""A process that starts hears of what was cancelled so long before: its calls may still wait."""

Lost = Callable[[Delivery, BaseException], None]
"""Told of each call that failed for good."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Running:
    delivery: Delivery
    steps: LaneSteps
    began: float
    task: asyncio.Task[None] | None = None
    has_begun: bool = False
    is_cancelled: bool = False


@dataclass(slots=True)
class Lane:
    """One process. Make one for each event loop, and `serve`."""

    redis: Redis
    """With `decode_responses=False`, and a socket timeout above a second: reads wait so long."""
    registry: Registry
    consumer: str
    """Its name: of this start of this process, and of no other."""
    settings: RealtimeSettings
    scheduling: SchedulingSettings
    runner: TaskRunner
    threads: Threads
    release: Release
    lost: Lost
    cache: TaskCache | None = None
    namespace: str = layout.NAMESPACE
    figures: Figures = field(default_factory=Figures)
    sample: Sample = field(default_factory=Sample)
    """Of the runs, for the router to learn from."""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it has begun to read."""
    _calls: dict[bytes, _Running] = field(default_factory=dict)
    _cancelled: dict[bytes, float] = field(default_factory=dict)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)
    _inbox: Inbox = field(init=False)
    _outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        """Make what reads and what sends."""
        weights = {
            Tier.HIGH: self.scheduling.high_weight,
            Tier.MEDIUM: self.scheduling.medium_weight,
            Tier.LOW: self.scheduling.low_weight,
        }
        self._inbox = Inbox(self.redis, self.namespace, self.consumer, Turns(weights))
        self._outbox = Outbox(self.redis, self.namespace, self.release, self._forget)

    @property
    def in_flight(self) -> int:
        """Calls that it works on."""
        return len(self._calls)

    async def serve(self, stopping: asyncio.Event) -> None:
        """Serve until told to stop; calls that go on then have `drain_s` seconds to end.

        Raises:
            ThreadsStuckError: too many tasks hang: the process must end, and start again.
        """
        jobs = (self._read(), self._live(), self._listen(), self._outbox.send())
        working = [asyncio.create_task(job) for job in jobs]
        stop = [asyncio.create_task(event.wait()) for event in (stopping, self.threads.broken)]
        try:
            done, _ = await asyncio.wait([*working, *stop], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # the jobs never end but by an error
            self.threads.check()
            await end(working[:1])
            await self._drain()
        finally:
            await end([*working, *stop])
            await self._leave()

    async def _read(self) -> None:
        is_joined = False
        while not is_cancelled():
            try:
                if not is_joined:
                    await self._inbox.beat(self.settings.lost_after_s)
                    await self._inbox.join()
                    is_joined = True
                    self.ready.set()
                room = self.settings.pipelines - len(self._calls)
                if room <= 0:
                    await self._room_made()
                    continue
                found = await self._inbox.next(room)
            except (RedisError, OSError) as error:
                # A Redis that lost its data has no group: the streams are made anew.
                is_joined = False
                if not isinstance(error, ResponseError):
                    logger.warning("Redis does not answer; reading on when it does: %s", error)
                await asyncio.sleep(PAUSE_S)
                continue
            for delivery in found:
                self._begin(delivery)
            if not found and room < len(layout.TIERS):
                await asyncio.sleep(NEARLY_FULL_S)

    async def _room_made(self) -> None:
        self._freed.clear()
        await self._freed.wait()

    async def _live(self) -> None:
        """Show signs of life, and look for calls that nobody works on."""
        while not is_cancelled():
            try:
                await self._inbox.beat(self.settings.lost_after_s)
                await self._take_over()
            except (RedisError, OSError) as error:
                logger.debug("No sign of life while Redis does not answer: %s", error)
            now = time.monotonic()
            self._cancelled = {call: end for call, end in self._cancelled.items() if end > now}
            await asyncio.sleep(self.settings.lost_after_s / 3)

    async def _take_over(self) -> None:
        if not self.ready.is_set():
            return
        most = self.settings.max_attempts
        at_last = any(each.delivery.attempt >= most for each in self._calls.values())
        # Beyond what it works on at once: who had room for them is not there, and they waited.
        found = await self._inbox.take_over(
            self.settings.pipelines,
            most,
            [each.delivery for each in self._calls.values()],
            may_be_last=not at_last,
        )
        if found:
            logger.warning("Took over %d calls that no process worked on any more.", len(found))
            self.figures.taken_over(len(found))
        for delivery in found:
            if delivery.attempt > most:
                self._give_up(delivery)
            else:
                self._begin(delivery)

    def _give_up(self, delivery: Delivery) -> None:
        running = _Running(delivery, self._steps(delivery), time.monotonic())
        self._calls[delivery.call.id.bytes] = running
        self._fail(running, GivenUpError(self.settings.max_attempts))

    def _begin(self, delivery: Delivery) -> None:
        call = delivery.call.id.bytes
        held = self._calls.get(call)
        if held is not None:
            if held.delivery.entry != delivery.entry:  # sent twice: one answer is for both
                self._outbox.put(Message(delivery, None, is_last=True))
            return
        running = _Running(delivery, self._steps(delivery), time.monotonic())
        self._calls[call] = running
        if call in self._cancelled:
            self._drop(running)
            return
        running.task = asyncio.create_task(self._work(running))

    def _steps(self, delivery: Delivery) -> LaneSteps:
        def send(text: str, number: int) -> None:
            part = Part(text, number, delivery.attempt)
            self._outbox.put(Message(delivery, part, is_last=False))

        return LaneSteps(self.runner, delivery.call.tenant, send if delivery.call.stream else None)

    async def _work(self, running: _Running) -> None:
        running.has_begun = True
        try:
            call, limit_s = running.delivery.call, self.settings.timeout_s
            event = await process(
                self.registry, call, running.steps, limit_s, self.cache, self.sample
            )
        except asyncio.CancelledError:
            if not running.is_cancelled:
                raise  # we stop: another process takes it over
            self._drop(running)
        except Exception as error:  # noqa: BLE001 - it is told to the client, and looked into
            self._fail(running, error)
        else:
            self._end(running, event, None)

    def _fail(self, running: _Running, error: BaseException) -> None:
        call = running.delivery.call
        if is_for_good(error):
            logger.error("Request %s (%s) failed", call.id, call.operation, exc_info=error)
            self.lost(running.delivery, error)
        self._end(running, failure_of(error, call.operation), code_of(error))

    def _end(self, running: _Running, event: Event, failure: str | None) -> None:
        seconds = time.monotonic() - running.began
        self.figures.answered(running.delivery.call.operation, seconds, failure)
        self._outbox.put(Message(running.delivery, event, is_last=True))

    def _drop(self, running: _Running) -> None:
        self.figures.cancelled()
        self._outbox.put(Message(running.delivery, None, is_last=True))

    def _forget(self, delivery: Delivery) -> None:
        call = delivery.call.id.bytes
        if call in self._calls and self._calls[call].delivery.entry == delivery.entry:
            del self._calls[call]
            self._freed.set()

    async def _listen(self) -> None:
        """Hear what clients say about calls that are on their way."""
        began = f"{max(0, int(time.time() * 1000) - CANCELS_KEPT_MS)}-0".encode()
        tail = Tail(self.redis, f"{self.namespace}:{layout.CONTROL}", after=began)
        async with aclosing(tail.batches()) as batches:
            async for batch in batches:
                for content in batch or ():
                    try:
                        self._heard(controls.decode(content))
                    except WireError as error:
                        logger.error("What a client says is dropped: %s", error)

    def _heard(self, control: controls.Control) -> None:
        running = self._calls.get(control.call)
        if isinstance(control, Cancel):
            if running is None:  # not read yet, or another process's
                self._cancelled[control.call] = time.monotonic() + CANCELS_KEPT_MS / 1000
            elif running.task is not None and not running.task.done():
                running.is_cancelled = True
                running.task.cancel()
                if not running.has_begun:  # then nothing in it learns of the cancellation
                    self._drop(running)
        elif running is not None:
            running.steps.caught_up(control.parts)

    async def _drain(self) -> None:
        """Let calls end that go on; the others are handed back by dying."""
        tasks = self._tasks()
        if tasks:
            await asyncio.wait(tasks, timeout=self.settings.drain_s)
        try:
            async with asyncio.timeout(1):
                await self._outbox.empty()
        except TimeoutError:
            logger.warning("Answers could not be sent before the end: they are made again.")

    def _tasks(self) -> list[asyncio.Task[Any]]:
        changes = self.cache.changes if self.cache is not None else ()
        return [*changes, *(each.task for each in self._calls.values() if each.task is not None)]

    async def _leave(self) -> None:
        await end(self._tasks())
        try:
            await self._inbox.leave()
        except (RedisError, OSError) as error:
            logger.debug("Redis was not told that we leave: %s", error)
