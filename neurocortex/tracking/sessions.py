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
from sqlalchemy import func, select
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
        with reached():
            found = await self._together.command(
                "ZRANGE", self._scripts.key(layout.session(tenant, name)), 0, -1
            )
        ids = IDS.validate_python(found)
        context = await asyncio.to_thread(self._context, tenant, name, is_alive=bool(ids))
        return Session(name, ids, context)

    async def remember(self, tenant: str, name: str, values: Mapping[str, str]) -> Session:
        """Add to the context of a session, or replace what has the same names there.

        Raises:
            SessionFullError: the context would be too large; it stays as it is.
        """
        before = await self.get(tenant, name)
        context = {**before.context, **values}
        size = len(CONTEXT.dump_json(context))
        if size > self._context_bytes:
            raise SessionFullError(name, size, self._context_bytes)
        await asyncio.to_thread(self._write, tenant, name, context)
        return Session(name, before.requests, context)

    def _context(self, tenant: str, name: str, *, is_alive: bool) -> Mapping[str, str]:
        query = select(sessions.c.context).where(
            sessions.c.tenant == tenant, sessions.c.name == name
        )
        if not is_alive:
            used_since = datetime.now(UTC) - timedelta(seconds=self._idle_s)
            query = query.where(sessions.c.used_at >= used_since)
        with unavailable(), self._table.engine.begin() as connection:
            return CONTEXT.validate_python(connection.execute(query).scalar() or {})

    def _write(self, tenant: str, name: str, context: Mapping[str, str]) -> None:
        new = insert(sessions).values(tenant=tenant, name=name, context=dict(context))
        upsert = new.on_conflict_do_update(
            index_elements=[sessions.c.tenant, sessions.c.name],
            set_={"context": new.excluded.context, "used_at": func.now()},
        )
        with unavailable(), self._table.engine.begin() as connection:
            connection.execute(upsert)
