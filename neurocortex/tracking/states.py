"""Records and results in Redis: the newest that is known of each request."""

import asyncio
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID, uuid4

from pydantic import TypeAdapter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from neurocortex.admission.together import Together
from neurocortex.errors import TrackingUnavailableError
from neurocortex.lua import LuaScripts
from neurocortex.tracking import layout, scripts
from neurocortex.tracking.record import Record

MS: Final = 1000
"""Of a second."""

WRITTEN_KEEP_S: Final = 3600.0
"""What ended, and is in PostgreSQL, leaves Redis after so long."""

IDS: Final = TypeAdapter(frozenset[UUID])
TEXTS: Final = TypeAdapter(list[bytes])
VALUES: Final = TypeAdapter(list[bytes | None])


class EmptiedError(Exception):
    """Redis has lost what it held: fill it again, and repeat. No caller of the package sees it."""


class RequestStates:
    """Each method raises TrackingUnavailableError when Redis does not answer."""

    def __init__(self, redis: Redis, keep_s: float, namespace: str = layout.NAMESPACE) -> None:
        """Keep records in a Redis.

        Args:
            redis: a client with `decode_responses=False`, as results are bytes.
            keep_s: seconds that a record stays after its end; an open one stays until then.
            namespace: what all keys start with.
        """
        self._keep_ms = round(keep_s * MS)
        self._scripts = LuaScripts(redis, namespace)
        self._together = Together(redis)
        self.channel: Final = self._scripts.key(layout.CHANGES)

    async def put(
        self,
        record: Record,
        before: int,
        *,
        result: bytes | None = None,
        is_written: bool = False,
        recovering: bool = False,
    ) -> bool:
        """Write a record, and tell all gateways of it.

        Args:
            record: with its new version.
            before: the version it replaces; 0: there must be none.
            result: what the request returned.
            is_written: PostgreSQL has this version already.
            recovering: Redis is being filled again.

        Returns:
            Whether the version there was the expected one; nothing was written otherwise.

        Raises:
            EmptiedError: Redis was emptied.
        """
        names = [
            layout.EPOCH,
            layout.request(record.id),
            layout.OPEN,
            layout.UNWRITTEN,
            layout.result(record.id),
        ]
        arguments: list[str | bytes | int] = [
            len(names),
            *(self._scripts.key(name) for name in names),
            str(record.id),
            record.model_dump_json(exclude_defaults=True),
            record.version,
            before,
            self._keep_ms,
            int(record.is_final),
            int(is_written),
            int(recovering),
            self.channel,
        ]
        if result is not None:
            arguments.append(result)
        with reached():
            done = await self._together.script(scripts.PUT, arguments)
        if done == scripts.LOST:
            raise EmptiedError("Redis was emptied")
        return done == scripts.DONE

    async def get(self, id_: UUID) -> Record | None:
        """Return a record; None: Redis has none."""
        return (await self.many([id_])).get(id_)

    async def many(self, ids: Sequence[UUID]) -> Mapping[UUID, Record]:
        """Return the records of these requests; those that Redis does not have lack."""
        found = await self._values([layout.request(id_) for id_ in ids])
        return {id_: _record(each) for id_, each in zip(ids, found, strict=True) if each}

    async def results(self, ids: Sequence[UUID]) -> Mapping[UUID, bytes]:
        """Return what these requests returned, as JSON; those that Redis does not have lack."""
        found = await self._values([layout.result(id_) for id_ in ids])
        return {id_: each for id_, each in zip(ids, found, strict=True) if each is not None}

    async def open(self) -> frozenset[UUID]:
        """Return the requests that have not ended.

        Raises:
            EmptiedError: Redis was emptied.
        """
        with reached():
            if not await self._together.command("EXISTS", self._scripts.key(layout.EPOCH)):
                raise EmptiedError("Redis was emptied")
            found = await self._together.command("SMEMBERS", self._scripts.key(layout.OPEN))
        return IDS.validate_python(found)

    async def unwritten(self, limit: int) -> Sequence[tuple[UUID, int]]:
        """Return requests whose version PostgreSQL does not have yet."""
        with reached():
            found = await self._together.script(
                scripts.UNWRITTEN, [1, self._scripts.key(layout.UNWRITTEN), limit]
            )
        parts = TEXTS.validate_python(found)
        versions = zip(parts[0::2], parts[1::2], strict=True)
        return [(UUID(id_.decode()), int(version)) for id_, version in versions]

    async def written(self, versions: Iterable[tuple[UUID, int]], ended: Iterable[UUID]) -> None:
        """Say that PostgreSQL has these versions; those that ended leave Redis in an hour."""
        arguments = [str(part) for version in versions for part in version]
        with reached():
            await self._together.script(
                scripts.WRITTEN, [1, self._scripts.key(layout.UNWRITTEN), *arguments]
            )
            names = [name for id_ in ended for name in (layout.request(id_), layout.result(id_))]
            keep_ms = round(WRITTEN_KEEP_S * MS)
            await asyncio.gather(
                *(
                    self._together.command("PEXPIRE", self._scripts.key(name), keep_ms)
                    for name in names
                )
            )

    async def is_lost(self) -> bool:
        """Tell whether Redis was emptied since it was filled last."""
        with reached():
            return not await self._together.command("EXISTS", self._scripts.key(layout.EPOCH))

    async def filled(self) -> None:
        """Say that Redis has everything again."""
        with reached():
            await self._together.command("SET", self._scripts.key(layout.EPOCH), str(uuid4()))

    async def _values(self, names: Sequence[str]) -> Sequence[bytes | None]:
        if not names:
            return []
        with reached():
            found = await self._together.command(
                "MGET", *(self._scripts.key(name) for name in names)
            )
        return VALUES.validate_python(found)


@contextmanager
def reached() -> Generator[None]:
    """Turn what redis-py raises into the tracking's own error."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise TrackingUnavailableError(f"Redis: {str(error) or type(error).__name__}") from error


def _record(value: bytes) -> Record:
    return Record.model_validate_json(value.partition(b" ")[2])
