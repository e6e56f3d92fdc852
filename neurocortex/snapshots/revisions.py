"""The revision of a change."""

from sqlalchemy import Column, Connection, func, select, text


def next_revision(connection: Connection, column: Column[int], turn: int) -> int:
    """Return the next revision of a table; this transaction is the next one that is committed.

    Args:
        connection: in a transaction.
        column: of the revisions.
        turn: number of an advisory lock, the table's own.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": turn})
    return (connection.scalar(select(func.max(column))) or 0) + 1
