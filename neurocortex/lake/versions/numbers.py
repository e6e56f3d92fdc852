"""Numbers of versions: which one a load makes, which is present, which is the oldest kept.

A collection counts its changes itself; a table's version is the number of loads into it. What a
target held at version v is what came by loads of a version up to v, and was not gone by then.
"""

from typing import Final, LiteralString

from sqlalchemy import ScalarSelect, case, exists, func, select
from sqlalchemy.orm import aliased

from neurocortex.lake.database import DriverConnection
from neurocortex.lake.tables import CollectionRow, LoadRow

DOCUMENTS: Final = "documents"
ROWS: Final = "rows"
"""The kinds of targets, as in `loads.LoadKind`, which stands on this module."""

_PRESENT_DOCUMENTS: Final = "SELECT version FROM lake.collections WHERE name = %s"
_PRESENT_ROWS: Final = "SELECT max(version) FROM lake.loads WHERE kind = 'rows' AND target = %s"
_OLDEST: Final = "SELECT version FROM lake.oldest_versions WHERE kind = %s AND target = %s"
_FORGET: Final = """
INSERT INTO lake.oldest_versions AS known (kind, target, version) VALUES (%s, %s, %s)
ON CONFLICT (kind, target) DO UPDATE SET version = greatest(known.version, excluded.version)
"""


def made_by(kind: str, target: str) -> ScalarSelect[int | None]:
    """Return, as SQL, the version that the load which ends now has made; null where it made none.

    The caller holds the target against other loads.
    """
    if kind == ROWS:
        return select(func.coalesce(_newest(ROWS, target), 0) + 1).scalar_subquery()
    earlier = aliased(LoadRow)
    known = exists().where(
        earlier.kind == DOCUMENTS,
        earlier.target == target,
        earlier.version == CollectionRow.version,
    )
    return (
        select(case((~known, CollectionRow.version), else_=None))
        .where(CollectionRow.name == target)
        .scalar_subquery()
    )


def present(connection: DriverConnection, kind: str, target: str) -> int:
    """Return the version a target is at; 0 where nothing was loaded into it yet."""
    query = _PRESENT_ROWS if kind == ROWS else _PRESENT_DOCUMENTS
    return _number(connection, query, (target,))


def oldest(connection: DriverConnection, kind: str, target: str) -> int:
    """Return the oldest version that a target can be returned to."""
    return _number(connection, _OLDEST, (kind, target))


def forget_before(connection: DriverConnection, kind: str, target: str, version: int) -> None:
    """Note that versions before this one cannot be returned to any more."""
    connection.execute(_FORGET, (kind, target, version))


def _number(connection: DriverConnection, query: LiteralString, parameters: tuple[str, ...]) -> int:
    found = connection.execute(query, parameters).fetchone()
    return int(found[0] or 0) if found else 0


def _newest(kind: str, target: str) -> ScalarSelect[int | None]:
    row = aliased(LoadRow)
    return (
        select(func.max(row.version))
        .where(row.kind == kind, row.target == target)
        .scalar_subquery()
    )
