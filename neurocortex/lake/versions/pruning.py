"""Old versions, records and refusals that nobody will look at again are deleted."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from neurocortex.lake.database import driver
from neurocortex.lake.rows.table import SCHEMA as DATA_SCHEMA
from neurocortex.lake.versions import former_documents, former_rows, numbers

OLDEST_KEPT: Final = text("""
WITH known AS (
    SELECT kind, target, version, finished_at FROM lake.loads WHERE version IS NOT NULL
    UNION SELECT kind, target, 0, NULL FROM lake.loads WHERE version IS NOT NULL
), made AS (
    SELECT kind, target, version,
        lead(finished_at) OVER newer AS ended_at,
        count(*) OVER (PARTITION BY kind, target ORDER BY version DESC) - 1 AS newer
    FROM known WINDOW newer AS (PARTITION BY kind, target ORDER BY version)
)
SELECT kind, target, min(version) AS version FROM made
WHERE newer = 0 OR (newer <= :keep AND ended_at > now() - make_interval(days => :days))
GROUP BY kind, target
""")
"""A version is kept while it is among the last, and was the present one not too long ago.

Of version 0, before the first load, there is no record.
"""

PRUNE_LOADS: Final = text("""
DELETE FROM lake.loads WHERE started_at < now() - make_interval(days => :days)
AND status <> 'running'
AND (version IS NULL OR version < (
    SELECT version FROM lake.oldest_versions AS oldest
    WHERE oldest.kind = loads.kind AND oldest.target = loads.target))
AND NOT EXISTS (SELECT FROM lake.documents WHERE load_id = loads.id)
AND NOT EXISTS (SELECT FROM lake.quarantine WHERE load_id = loads.id)
""")

PRUNE_QUARANTINE: Final = text("""
DELETE FROM lake.quarantine
WHERE greatest(last_seen_at, released_at) < now() - make_interval(days => :days)
""")


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted of former versions."""

    documents: int = 0
    rows: int = 0


def prune_versions(connection: Connection, *, keep: int, days: int) -> Pruned:
    """Delete what only versions held that are not to be kept any more.

    Args:
        connection: its transaction is the caller's to commit.
        keep: so many versions before the present one can be returned to, at most.
        days: and only those that were the present one within so many days.
    """
    documents = rows = 0
    for kept in connection.execute(OLDEST_KEPT, {"keep": keep, "days": days}).all():
        numbers.forget_before(driver(connection), kept.kind, kept.target, kept.version)
        if kept.kind == numbers.DOCUMENTS:
            documents += former_documents.prune(connection, kept.target, kept.version)
            continue
        table = kept.target.removeprefix(f"{DATA_SCHEMA}.")
        if former_rows.exists(driver(connection), table):
            rows += former_rows.prune(driver(connection), table, kept.version)
    return Pruned(documents, rows)


def prune_records(connection: Connection, days: int) -> int:
    """Delete records of loads older than that which nothing refers to; return how many."""
    return connection.execute(PRUNE_LOADS, {"days": days}).rowcount


def prune_quarantine(connection: Connection, days: int) -> int:
    """Delete what was refused, and not again since so many days; return how many."""
    return connection.execute(PRUNE_QUARANTINE, {"days": days}).rowcount
