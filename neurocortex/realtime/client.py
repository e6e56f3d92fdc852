"""The gateway's side of the real-time lane: it sends calls and receives their answers."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Protocol, Self

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from neurocortex.admission.values import Admitted, StreamEntry, Ticket
from neurocortex.domain.deployments import Tier
from neurocortex.errors import (
    DeadlineImpossibleError,
    DeadlinePassedError,
    LaneFullError,
    LaneTimeoutError,
    LaneUnavailableError,
    RemoteError,
)
from neurocortex.realtime import call as calls
from neurocortex.realtime import control as controls
from neurocortex.realtime import layout
from neurocortex.realtime.answers import Event, Failure, Part, Reply
from neurocortex.realtime.call import Call
from neurocortex.realtime.control import Cancel, Caught, Control
from neurocortex.realtime.ending import end
from neurocortex.realtime.lane_steps import AHEAD
from neurocortex.realtime.mailbox import Mailbox

GRACE_S: Final = 1.0
"""Beyond the lane's own timeout: its failure says more than ours."""

CONTROLS_KEPT: Final = 10_000
"""Entries of the control stream, about: minutes of cancellations."""

logger = logging.getLogger(__name__)


class Admits(Protocol):
    """Lets requests in, and appends them to the lane's streams in the same step."""

    async def admit(self, ticket: Ticket, append: StreamEntry | None = None) -> Admitted:
        """Take a place and append the entry, or raise AdmissionError and do neither."""


@dataclass(slots=True)
class _Waiting:
    """Who waits for the events of a call."""

    hear: Callable[[Event], None]
    fail: Callable[[LaneUnavailableError], None]


class LaneClient:
    """That of one event loop: `async with LaneClient(...) as lane`."""

    def __init__(
        self,
        redis: Redis,
        admission: Admits,
        timeout_s: float,
        *,
        namespace: str = layout.NAMESPACE,
    ) -> None:
        """Speak over a Redis with `decode_responses=False`.

        Args:
            redis: where the lane is; its socket timeout is above a second, as reads wait so long.
            admission: of the same Redis and namespace.
            timeout_s: the lane's own, `settings.realtime.timeout_s`.
            namespace: what all keys start with.
        """
        self._redis = redis
        self._admission = admission
        self._timeout_s = timeout_s
        self._namespace = namespace
        self._calls = f"{namespace}:{layout.calls(Tier.CRITICAL)}"
        self._control = f"{namespace}:{layout.CONTROL}"
        self._mailbox = Mailbox(redis, namespace)
        self._waiting: dict[bytes, _Waiting] = {}
        self._jobs: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Begin to receive.

        Raises:
            LaneUnavailableError: Redis does not answer.
        """
        try:
            await self._mailbox.make()
        except (RedisError, OSError) as error:
            raise LaneUnavailableError(str(error)) from error
        self._spawn(self._mailbox.receive(self._hear, self._lost))
        self._spawn(self._mailbox.tidy(self._lost))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Receive no more; calls that wait are told so."""
        await end(list(self._jobs))
        self._fail_all("the gateway stops")
        await self._mailbox.remove()

    async def call(
        self, call: Call, ticket: Ticket, let_in: Callable[[], None] | None = None
    ) -> Reply:
        """Send a call and return its answer. Cancelling this ends the work on it.

        Args:
            call: what to do.
            ticket: its place in the queue.
            let_in: called as soon as it has that place.

        Raises:
            AdmissionError: it is not let in.
            DeadlinePassedError: its deadline passed.
            LaneTimeoutError: there was no answer in time.
            LaneUnavailableError: Redis is gone, or came back without it.
            RemoteError: the pipeline failed; `code` says how.
        """
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()

        def hear(event: Event) -> None:
            if not answer.done() and not isinstance(event, Part):
                answer.set_result(event)

        def fail(error: LaneUnavailableError) -> None:
            if not answer.done():
                answer.set_exception(error)

        def give_up() -> None:
            if not answer.done():
                answer.set_exception(self._too_late(call))
                self._tell(Cancel(number))

        number = call.id.bytes
        self._waiting[number] = _Waiting(hear, fail)
        # Cheaper than `asyncio.timeout`, which would cancel this task.
        timer = asyncio.get_running_loop().call_later(self._limit_s(call), give_up)
        try:
            await self._send(call, ticket)
            if let_in is not None:
                let_in()
            return self._result(call, await answer)
        except asyncio.CancelledError:
            self._tell(Cancel(number))
            raise
        finally:
            timer.cancel()
            self._waiting.pop(number, None)
            if answer.done() and not answer.cancelled():
                answer.exception()  # seen, where sending it failed first

    async def stream(self, call: Call, ticket: Ticket) -> AsyncGenerator[Part | Reply]:
        """Send a call, yield the parts of its answer as they come, and at last its result.

        The lane is ahead of the reader by some parts, no more. Closing this, or cancelling, ends
        the work: use `contextlib.aclosing`.

        Raises:
            LaneUnavailableError: also when the process that wrote the answer has ended after some
                parts: another would write it anew, and in other words.
            Exception: as `call`, also after some parts.
        """
        events: asyncio.Queue[Event | LaneUnavailableError] = asyncio.Queue()
        number = call.id.bytes
        ends = time.monotonic() + self._limit_s(call)
        self._waiting[number] = _Waiting(events.put_nowait, events.put_nowait)
        is_over, taken, attempt = True, 0, 0
        try:
            try:
                await self._send(call, ticket)
            except asyncio.CancelledError:
                is_over = False  # it may be sent nevertheless, together with others
                raise
            is_over = False
            while True:
                try:
                    async with asyncio.timeout(ends - time.monotonic()):
                        event = await events.get()
                except TimeoutError:
                    raise self._too_late(call) from None
                if isinstance(event, Part):
                    if event.attempt > attempt and taken > 0:
                        raise LaneUnavailableError("the process that wrote the answer has ended")
                    if event.attempt < attempt or event.number <= taken:
                        continue  # sent twice, or by a process that was taken for dead
                    yield event
                    attempt, taken = event.attempt, event.number
                    if taken % (AHEAD // 2) == 0:
                        self._tell(Caught(number, taken))
                    continue
                is_over = True
                if isinstance(event, LaneUnavailableError):
                    raise event
                yield self._result(call, event)
                return
        finally:
            self._waiting.pop(number, None)
            if not is_over:
                self._tell(Cancel(number))

    async def processes(self) -> Sequence[str]:
        """Return the names of the lane's living processes: without one, calls wait in vain.

        Raises:
            LaneUnavailableError: Redis does not answer.
        """
        try:
            groups = await self._redis.xinfo_consumers(self._calls, layout.GROUP)
            names = [each["name"].decode() for each in groups]
            alive = [f"{self._namespace}:{layout.alive(name)}" for name in names]
            living = await self._redis.mget(alive) if alive else []
        except ResponseError:  # no process was ever there
            return []
        except (RedisError, OSError) as error:
            raise LaneUnavailableError(str(error)) from error
        return [name for name, sign in zip(names, living, strict=True) if sign is not None]

    async def _send(self, call: Call, ticket: Ticket) -> None:
        # While no lane lives it would wait, and be worked on for nobody: it ends with our patience.
        until = time.time() + self._timeout_s + GRACE_S
        content = calls.encode(call, self._mailbox.name, until)
        entry = StreamEntry(layout.calls(call.tier), {layout.FIELD: content})
        if ticket.deadline is not None:
            await self._admission.admit(ticket, entry)
            return
        # The lane's own timeout is a deadline too: what would start after it is refused now.
        ends = time.time() + self._timeout_s + ticket.estimate_s
        try:
            await self._admission.admit(replace(ticket, deadline=ends), entry)
        except DeadlineImpossibleError as error:
            after_s = error.retry_after_s
            raise LaneFullError(error.start_s, self._timeout_s, after_s) from None

    def _limit_s(self, call: Call) -> float:
        left = self._timeout_s
        if call.deadline is not None:
            left = min(left, call.deadline - time.time())
        return max(0.0, left) + GRACE_S

    def _result(self, call: Call, event: Event) -> Reply:
        if isinstance(event, Failure):
            if event.code == DeadlinePassedError.code and call.deadline is None:
                raise LaneTimeoutError(self._timeout_s)  # it is the one that `_send` gave it
            raise RemoteError(event.code, event.message, event.retry_after_s)
        if isinstance(event, Part):
            raise TypeError("A part is no result.")
        return event

    def _too_late(self, call: Call) -> DeadlinePassedError | LaneTimeoutError:
        if call.deadline is not None and time.time() >= call.deadline:
            return DeadlinePassedError()
        return LaneTimeoutError(self._timeout_s)

    def _hear(self, call: bytes, event: Event) -> None:
        waiting = self._waiting.get(call)
        if waiting is not None:  # else it was answered before, or nobody waits any more
            waiting.hear(event)

    def _lost(self) -> None:
        self._fail_all("its Redis lost the request")

    def _fail_all(self, reason: str) -> None:
        for waiting in list(self._waiting.values()):
            waiting.fail(LaneUnavailableError(reason))

    def _tell(self, control: Control) -> None:
        """Tell the lane, without waiting for it: it is told in vain while Redis is away."""
        self._spawn(self._told(controls.encode(control)))

    async def _told(self, content: bytes) -> None:
        try:
            await self._redis.xadd(
                self._control, {layout.FIELD: content}, maxlen=CONTROLS_KEPT, approximate=True
            )
        except (RedisError, OSError) as error:
            logger.debug("The lane was not told that nobody waits: %s", error)

    def _spawn(self, job: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("The client of the lane is broken", exc_info=error)
            self._fail_all(f"{type(error).__name__}: {error}")
