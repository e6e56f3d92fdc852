"""Sessions: which requests belong together, and what they remember, for as long as they are used.

The requests are in Redis, and recovered from the records; the context is written to PostgreSQL
when it changes, so that it outlives Redis.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter
from redis.asyncio import Redis
from sqlalchemy import Row, Select, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from neurocortex.admission.together import Together
from neurocortex.errors import SessionFullError
from neurocortex.lua import LuaScripts
from neurocortex.tracking import layout, scripts
from neurocortex.tracking.record import Record
from neurocortex.tracking.states import MS, reached
from neurocortex.tracking.table import RequestTable, unavailable
from neurocortex.tracking.tables import sessions

REMEMBERED: Final = 100
"""The last requests of a session that are listed."""

IDS: Final = TypeAdapter(list[UUID])
CONTEXT: Final = TypeAdapter(dict[str, str])

PRUNED_AT_ONCE: Final = 1000

Place = tuple[str, str]
"""Tenant and name of a session."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session of a tenant."""

    name: str
    requests: Sequence[UUID]
    """The last ones, oldest first."""
    context: Mapping[str, str]
    """What its requests remember for those after them."""


class Sessions:
    """Sessions of all tenants; a name is a tenant's own.

    Each method raises TrackingUnavailableError when Redis or PostgreSQL does not answer.
    """

    def __init__(
        self,
        redis: Redis,
        table: RequestTable,
        *,
        idle_s: float,
        context_bytes: int,
        namespace: str = layout.NAMESPACE,
    ) -> None:
        """Keep sessions.

        Args:
            redis: as that of the records.
            table: of the database where contexts are kept.
            idle_s: a session ends when it was not used for so many seconds.
            context_bytes: size of a context as JSON, at most.
            namespace: what all keys start with.
        """
        self._scripts = LuaScripts(redis, namespace)
        self._together = Together(redis)
        self._table = table
        self._idle_s = idle_s
        self._context_bytes = context_bytes

    async def visit(self, record: Record) -> None:
        """Add a request to its session, if it has one."""
        if record.session is None:
            return
        with reached():
            await self._together.script(
                scripts.VISIT,
                [
                    1,
                    self._scripts.key(layout.session(record.tenant, record.session)),
                    str(record.id),
                    repr(record.created),
                    REMEMBERED,
                    round(self._idle_s * MS),
                ],
            )

    async def get(self, tenant: str, name: str) -> Session:
        """Return a session; one that ended, or never was, is empty."""
        ids = await self._requests(tenant, name)
        context = await asyncio.to_thread(self._context, tenant, name, is_alive=bool(ids))
        return Session(name, ids, context)

    async def remember(self, tenant: str, name: str, values: Mapping[str, str]) -> Session:
        """Add to the context of a session, or replace what has the same names there.

        Several may do so at once: each adds to what those before it have left.

        Raises:
            SessionFullError: the context would be too large; it stays as it is.
        """
        ids = await self._requests(tenant, name)
        context = await asyncio.to_thread(self._add, tenant, name, values, is_alive=bool(ids))
        return Session(name, ids, context)

    async def prune(self, before: float) -> int:
        """Delete what some sessions remember that ended, and have learnt nothing since a time.

        Args:
            before: that time, in seconds since the epoch; at least `idle_s` ago, or it counts as
                that.

        Returns:
            How many were deleted.
        """
        now = datetime.now(UTC)
        since = min(datetime.fromtimestamp(before, UTC), now - timedelta(seconds=self._idle_s))
        old = await asyncio.to_thread(self._unchanged, since)
        with reached():
            alive = await asyncio.gather(
                *(
                    self._together.command("EXISTS", self._scripts.key(layout.session(*place)))
                    for place in old
                )
            )
        used = [place for place, is_alive in zip(old, alive, strict=True) if is_alive]
        ended = [place for place, is_alive in zip(old, alive, strict=True) if not is_alive]
        return await asyncio.to_thread(self._delete, ended, used, since)

    async def _requests(self, tenant: str, name: str) -> Sequence[UUID]:
        with reached():
            found = await self._together.command(
                "ZRANGE", self._scripts.key(layout.session(tenant, name)), 0, -1
            )
        return IDS.validate_python(found)

    def _unchanged(self, since: datetime) -> Sequence[Place]:
        query = (
            select(sessions.c.tenant, sessions.c.name)
            .where(sessions.c.used_at < since)
            .order_by(sessions.c.used_at)
            .limit(PRUNED_AT_ONCE)
        )
        with unavailable(), self._table.engine.begin() as connection:
            return [(tenant, name) for tenant, name in connection.execute(query)]

    def _delete(self, ended: Sequence[Place], used: Sequence[Place], since: datetime) -> int:
        place = tuple_(sessions.c.tenant, sessions.c.name)
        with unavailable(), self._table.engine.begin() as connection:
            if used:  # by requests alone: looked at again when they would be as old
                connection.execute(
                    update(sessions).where(place.in_(used)).values(used_at=func.now())
                )
            if not ended:
                return 0
            return connection.execute(
                delete(sessions).where(place.in_(ended), sessions.c.used_at < since)
            ).rowcount

    def _context(self, tenant: str, name: str, *, is_alive: bool) -> Mapping[str, str]:
        with unavailable(), self._table.engine.begin() as connection:
            return self._kept(connection.execute(_row(tenant, name)).one_or_none(), is_alive)

    def _add(
        self, tenant: str, name: str, values: Mapping[str, str], *, is_alive: bool
    ) -> Mapping[str, str]:
        place = {"tenant": tenant, "name": name}
        with unavailable(), self._table.engine.begin() as connection:
            # Who adds at the same time waits for the row, which is why there must be one.
            connection.execute(
                insert(sessions).values(context={}, **place).on_conflict_do_nothing()
            )
            row = connection.execute(_row(tenant, name).with_for_update()).one_or_none()
            context = {**self._kept(row, is_alive), **values}
            size = len(CONTEXT.dump_json(context))
            if size > self._context_bytes:
                raise SessionFullError(name, size, self._context_bytes)
            connection.execute(
                update(sessions).filter_by(**place).values(context=context, used_at=func.now())
            )
        return context

    def _kept(
        self, row: Row[tuple[dict[str, str], datetime]] | None, is_alive: bool
    ) -> Mapping[str, str]:
        """Return what a session remembers; nothing where it has ended."""
        used_since = datetime.now(UTC) - timedelta(seconds=self._idle_s)
        if row is None or not (is_alive or row.used_at >= used_since):
            return {}
        return CONTEXT.validate_python(row.context)


def _row(tenant: str, name: str) -> Select[tuple[dict[str, str], datetime]]:
    return select(sessions.c.context, sessions.c.used_at).where(
        sessions.c.tenant == tenant, sessions.c.name == name
    )
