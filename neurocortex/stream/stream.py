"""Events in Redis Streams: published once, read by a consumer group, forgotten when handled."""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from neurocortex.errors import StreamFullError, StreamUnavailableError
from neurocortex.lua import LuaScripts
from neurocortex.settings import StreamSettings
from neurocortex.stream import scripts
from neurocortex.stream.event import Event, decode

NAMESPACE: Final = "neurocortex"
EVENTS: Final = "events"
ASIDE: Final = "events:aside"
GROUP: Final = "handlers"
PAGE: Final = 200
"""Entries read at once when all that was set aside is looked through."""

BODY: Final = b"event"
"""The field of an entry that holds the event as JSON."""

Why = Literal["unknown_type", "failed"]
Fields = dict[bytes, bytes]
Entries = list[tuple[bytes, Fields | None]]
"""What redis-py returns; an entry that was deleted has no fields."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event as one consumer has it. It is handed out again unless that consumer finishes it."""

    entry: str
    """Its id in Redis."""
    body: bytes
    """The event as JSON."""
    deliveries: int
    """How often it was handed out, this time included."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """An event that nobody could handle."""

    entry: str
    event: Event
    why: Why
    reason: str
    """What the handler's failure, or the lack of one, says."""


class EventStream:
    """The events of one platform."""

    def __init__(self, redis: Redis, settings: StreamSettings, namespace: str = NAMESPACE) -> None:
        """Keep them in a Redis, whose client must not decode answers."""
        self._redis = redis
        self._settings = settings
        self._lua = LuaScripts(redis, namespace)
        self._events = self._lua.key(EVENTS)
        self._aside = self._lua.key(ASIDE)

    async def publish(self, event: Event) -> bool:
        """Append an event; return False where its tenant published it lately: its source and id.

        Raises:
            InvalidEventError: it is too large.
            StreamFullError: as many events wait as may.
            StreamUnavailableError: Redis does not answer. Publishing again does no harm.
        """
        whose = f"{len(event.tenant)}:{event.tenant}:{len(event.source)}:{event.source}"
        seen = f"events:seen:{whose}:{event.id}"
        with reached():
            answer = await self._lua.call(
                scripts.PUBLISH,
                (EVENTS, ASIDE, seen),
                (event.encode(), self._settings.max_waiting, self._settings.remember_s),
            )
        if answer == b"full":
            raise StreamFullError(self._settings.max_waiting)
        return answer == b"published"

    async def join(self) -> None:
        """Make the consumer group where it is not there yet: events from before wait for it.

        Raises:
            StreamUnavailableError: Redis does not answer.
        """
        with reached():
            try:
                await self._redis.xgroup_create(self._events, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    async def next(self, consumer: str, count: int, wait_s: float) -> list[Delivery]:
        """Return up to `count` events that no consumer has had; wait for the first one.

        Raises:
            StreamUnavailableError: Redis does not answer, or lost its data: `join` again.
        """
        with reached():
            answer: object = await self._redis.xreadgroup(
                GROUP, consumer, {self._events: ">"}, count=count, block=max(1, int(wait_s * 1000))
            )
        streams = cast("list[tuple[bytes, Entries]]", answer)
        return [
            Delivery(entry.decode(), fields[BODY], 1)
            for _, entries in streams or ()
            for entry, fields in entries
            if fields
        ]

    async def take_over(self, consumer: str, idle_s: float, count: int) -> list[Delivery]:
        """Return events that a consumer has had for so long without a sign of life.

        Raises:
            StreamUnavailableError: as `next`.
        """
        idle_ms = int(idle_s * 1000)
        with reached():
            pending = await self._redis.xpending_range(
                self._events, GROUP, min="-", max="+", count=count, idle=idle_ms
            )
            if not pending:
                return []
            times = {
                cast("bytes", each["message_id"]): int(each["times_delivered"]) for each in pending
            }
            claimed: object = await self._redis.xclaim(
                self._events, GROUP, consumer, idle_ms, list(times)
            )
        return [
            Delivery(entry.decode(), fields[BODY], times[entry] + 1)
            for entry, fields in cast("Entries", claimed)
            if fields
        ]

    async def keep(self, consumer: str, entries: Sequence[str]) -> None:
        """Give a sign of life for what a consumer works on.

        Raises:
            StreamUnavailableError: Redis does not answer.
        """
        if entries:
            with reached():
                await self._redis.xclaim(
                    self._events, GROUP, consumer, 0, list(entries), justid=True
                )

    async def finish(self, delivery: Delivery) -> None:
        """Forget an event that was handled.

        Raises:
            StreamUnavailableError: Redis does not answer: it is handed out again.
        """
        with reached():
            await self._lua.call(scripts.FINISH, (EVENTS,), (GROUP, delivery.entry))

    async def set_aside(self, delivery: Delivery, why: Why, reason: str) -> None:
        """Keep an event that cannot be handled, with the reason.

        Raises:
            StreamUnavailableError: Redis does not answer: it is handed out again.
        """
        with reached():
            await self._lua.call(
                scripts.SET_ASIDE,
                (EVENTS, ASIDE),
                (GROUP, delivery.entry, why, reason, self._settings.keep),
            )

    async def aside(self) -> AsyncGenerator[SetAside]:
        """Yield what was set aside, oldest first.

        Raises:
            StreamUnavailableError: Redis does not answer.
        """
        start = "-"
        while True:
            with reached():
                answer: object = await self._redis.xrange(self._aside, min=start, count=PAGE)
            page = cast("list[tuple[bytes, Fields]]", answer)
            for entry, fields in page:
                yield SetAside(
                    entry.decode(),
                    decode(fields[BODY]),
                    cast("Why", fields[b"why"].decode()),
                    fields[b"reason"].decode(),
                )
            if len(page) < PAGE:
                return
            start = f"({page[-1][0].decode()}"

    async def bring_back(self, entry: str) -> bool:
        """Have an event handled again that was set aside; return False where it is gone.

        Raises:
            StreamUnavailableError: Redis does not answer.
        """
        with reached():
            return await self._lua.call(scripts.BRING_BACK, (EVENTS, ASIDE), (entry,)) == 1

    async def waiting(self) -> int:
        """Return how many events wait or are being handled.

        Raises:
            StreamUnavailableError: Redis does not answer.
        """
        with reached():
            return int(await self._redis.xlen(self._events))


@contextmanager
def reached() -> Generator[None]:
    """Turn what redis-py raises into the Stream's own error."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StreamUnavailableError("stream", str(error) or type(error).__name__) from error
