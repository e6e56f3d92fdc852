"""Where dead letters are kept: a table of the platform's PostgreSQL."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Row, delete, desc, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from neurocortex.dead_letters.letter import DeadLetter
from neurocortex.dead_letters.tables import dead_letters
from neurocortex.errors import DeadLetterNotFoundError
from neurocortex.lake.service_store import ServiceStore

POOL_SIZE: Final = 2
"""A worker records one letter at a time; the second connection is for who looks."""

STATEMENT_TIMEOUT_S: Final = 30.0
"""Every statement touches a few rows: one that takes longer meets a database in trouble."""

PRUNED_AT_ONCE: Final = 1000
"""A thousand rows go in milliseconds; the rest goes with the next letters."""

KEY: Final = (dead_letters.c.flow_run_id, dead_letters.c.attempts)


class DeadLetters(ServiceStore):
    """Dead letters in the database of the Lake, whose migrations make their table.

    Safe to use from several threads and processes. Every method raises LakeUnavailableError where
    PostgreSQL refuses, is gone, or was never set up.
    """

    def __init__(self, url: str) -> None:
        """Open the store at a `postgresql://` address; it connects at first use."""
        super().__init__(url, pool_size=POOL_SIZE, statement_timeout_s=STATEMENT_TIMEOUT_S)

    def record(self, letter: DeadLetter) -> bool:
        """Keep a letter; tell whether it is new.

        There is one for each run and number of attempts: recording it again changes nothing.
        """
        values = letter.model_dump(mode="python", exclude={"flow_run", "created", "history"})
        # PostgreSQL keeps no NUL, which the text of somebody's exception may hold.
        values["message"] = letter.message.replace("\0", "\N{REPLACEMENT CHARACTER}")
        row = insert(dead_letters).values(
            **values,
            flow_run_id=letter.flow_run,
            created_at=letter.created,
            history=[state.model_dump(mode="json") for state in letter.history],
        )
        with self.transaction() as connection:
            made = row.on_conflict_do_nothing(index_elements=KEY).returning(*KEY)
            return connection.execute(made).first() is not None

    def get(self, flow_run: UUID) -> DeadLetter:
        """Return the letter of a run; the last one, of a run that was tried again and died again.

        Raises:
            DeadLetterNotFoundError: there is none.
        """
        query = (
            select(dead_letters)
            .where(dead_letters.c.flow_run_id == flow_run)
            .order_by(desc(dead_letters.c.attempts))
            .limit(1)
        )
        with self.transaction() as connection:
            found = connection.execute(query).first()
        if found is None:
            raise DeadLetterNotFoundError(flow_run)
        return _letter(found)

    def list(
        self,
        *,
        tier: str | None = None,
        flow: str | None = None,
        since: datetime | None = None,
        is_replayed: bool | None = None,
        limit: int = 100,
    ) -> tuple[DeadLetter, ...]:
        """Return the youngest letters, youngest first.

        Args:
            tier: of this work pool only.
            flow: of the flow of this name only.
            since: recorded then or later.
            is_replayed: those that were replayed, or those that were not.
            limit: at most so many.
        """
        table = dead_letters.c
        query = select(dead_letters).order_by(desc(table.created_at), *KEY).limit(limit)
        if tier is not None:
            query = query.where(table.tier == tier)
        if flow is not None:
            query = query.where(table.flow == flow)
        if since is not None:
            query = query.where(table.created_at >= since)
        if is_replayed is not None:
            query = query.where(
                table.replayed_as.is_not(None) if is_replayed else table.replayed_as.is_(None)
            )
        with self.transaction() as connection:
            return tuple(_letter(row) for row in connection.execute(query))

    def count(self) -> int:
        """Return how many letters wait to be looked into: those that were not replayed."""
        query = select(func.count()).where(dead_letters.c.replayed_as.is_(None))
        with self.transaction() as connection:
            return connection.execute(query).scalar_one()

    def missing(self, ends: Collection[tuple[UUID, int]]) -> frozenset[UUID]:
        """Return which of these runs, each with its number of attempts, have no letter yet."""
        query = select(*KEY).where(tuple_(*KEY).in_(ends))
        with self.transaction() as connection:
            known = {(run, attempts) for run, attempts in connection.execute(query)}
        return frozenset(run for run, attempts in ends if (run, attempts) not in known)

    def mark_replayed(self, letter: DeadLetter, run: UUID) -> bool:
        """Note the run that repeats a letter's; tell whether that was done.

        It is not when somebody replayed the letter since it was read, or when it is gone.
        """
        change = (
            update(dead_letters)
            .where(
                dead_letters.c.flow_run_id == letter.flow_run,
                dead_letters.c.attempts == letter.attempts,
                dead_letters.c.replayed_as.is_not_distinct_from(letter.replayed_as),
            )
            .values(replayed_as=run)
        )
        with self.transaction() as connection:
            return connection.execute(change).rowcount == 1

    def prune(self, older_than: timedelta) -> int:
        """Delete the oldest letters that are older; return how many, PRUNED_AT_ONCE at most."""
        expired = (
            select(*KEY)
            .where(dead_letters.c.created_at < func.now() - older_than)
            .order_by(dead_letters.c.created_at)
            .limit(PRUNED_AT_ONCE)
            .with_for_update(skip_locked=True)  # another worker prunes these
        )
        with self.transaction() as connection:
            return connection.execute(
                delete(dead_letters).where(tuple_(*KEY).in_(expired))
            ).rowcount


def _letter(row: Row[tuple[object, ...]]) -> DeadLetter:
    found = dict(row._mapping)
    return DeadLetter.model_validate(
        {**found, "flow_run": found["flow_run_id"], "created": found["created_at"]}
    )
