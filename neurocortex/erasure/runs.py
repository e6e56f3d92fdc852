"""What Prefect keeps of runs about a person: parameters, states, logs, artifacts, events.

It is looked for in the database of the platform's own Prefect server, because Prefect's API cannot
search parameters and artifacts. A run that has ended goes as a whole, as Prefect's own `DELETE
/flow_runs` has it, with its logs and artifacts; one that goes on keeps what it needs, and is told.
"""

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from neurocortex.erasure import rows
from neurocortex.erasure.rows import SearchedTable
from neurocortex.erasure.subject import Subject
from neurocortex.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurocortex.lake.database import DriverConnection

NAME: Final = "Prefect's database"
SCHEMAS: Final = ("public",)

ENDED: Final = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")

RUNS: Final[Mapping[str, tuple[str, str]]] = {
    "flow_run": ("flow_run", "id"),
    "flow_run_state": ("flow_run", "flow_run_id"),
    "flow_run_input": ("flow_run", "flow_run_id"),
    "task_run": ("task_run", "id"),
    "task_run_state": ("task_run", "task_run_id"),
}
"""Tables of which a row goes with its run: the run's table, and the column with its id."""

NOTES: Final = ("log", "artifact", "events", "event_resources")
"""Tables of which rows go alone."""

LATEST: Final = "artifact_collection"
"""Copies of the newest artifact of each key. All other tables hold what people set up."""

IDS: Final = "SELECT {column} FROM {table} WHERE ctid = ANY(%s::tid[])"

DELETE_RUNS: Final = """
DELETE FROM {table} WHERE id = ANY(%s) AND state_type::text = ANY(%s) RETURNING id
"""

DELETE_NOTES: Final = "DELETE FROM {table} WHERE {column} = ANY(%s)"

NEWEST_ARTIFACTS: Final = """
UPDATE artifact_collection AS kept SET latest_id = newest.id, type = newest.type,
    data = newest.data, description = newest.description, metadata_ = newest.metadata_,
    flow_run_id = newest.flow_run_id, task_run_id = newest.task_run_id
FROM (SELECT DISTINCT ON (key) * FROM artifact ORDER BY key, created DESC) AS newest
WHERE newest.key = kept.key
    AND NOT EXISTS (SELECT FROM artifact WHERE artifact.id = kept.latest_id)
"""

LOST_ARTIFACTS: Final = """
DELETE FROM artifact_collection AS kept
WHERE NOT EXISTS (SELECT FROM artifact WHERE artifact.id = kept.latest_id)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """Rows about a person, by Prefect's table."""

    erased: Mapping[str, int]
    """Those that go, or went."""
    left: Mapping[str, int]
    """Those that stay: of runs that have not ended, and what people set up."""


def find(url: str, subject: Subject) -> Told:
    """Count what Prefect has about a person.

    Raises:
        ConnectorError: the database does not answer.
    """
    with _opened(url) as connection:
        counts = {
            table.name: len(rows.find(connection, table, subject))
            for table in rows.searched(connection, SCHEMAS)
        }
        connection.rollback()
    there = {name: count for name, count in counts.items() if count}
    ours = {*RUNS, *NOTES, LATEST}
    return Told(
        erased={name: count for name, count in there.items() if name in ours},
        left={name: count for name, count in there.items() if name not in ours},
    )


def erase(url: str, subject: Subject) -> Told:
    """Erase what Prefect has about a person, in one transaction.

    Raises:
        ConnectorError: the database does not answer.
    """
    erased: dict[str, int] = {}
    with _opened(url) as connection:
        for table in rows.searched(connection, SCHEMAS):
            places = rows.find(connection, table, subject)
            if table.name in RUNS and places:
                owner, column = RUNS[table.name]
                gone = _delete_runs(connection, owner, _ids(connection, table, column, places))
                erased[owner] = erased.get(owner, 0) + gone
            elif table.name in NOTES and places:
                gone = rows.delete(connection, table, places)
                erased[table.name] = erased.get(table.name, 0) + gone
        connection.execute(NEWEST_ARTIFACTS)
        connection.execute(LOST_ARTIFACTS)
    rest = find(url, subject)
    return Told(
        erased={name: count for name, count in erased.items() if count},
        left={**rest.erased, **rest.left},
    )


def _ids(
    connection: "DriverConnection", table: SearchedTable, column: str, places: Sequence[str]
) -> list[object]:
    statement = sql.SQL(IDS).format(column=sql.Identifier(column), table=table.identifier)
    return [found for (found,) in connection.execute(statement, (list(places),))]


def _delete_runs(connection: "DriverConnection", owner: str, ids: Sequence[object]) -> int:
    """Delete those of these runs that have ended; states and task runs go with them."""
    runs = sql.SQL(DELETE_RUNS).format(table=sql.Identifier(owner))
    gone = [found for (found,) in connection.execute(runs, (list(ids), list(ENDED)))]
    for notes in ("log", "artifact"):
        statement = sql.SQL(DELETE_NOTES).format(
            table=sql.Identifier(notes), column=sql.Identifier(f"{owner}_id")
        )
        connection.execute(statement, (gone,))
    return len(gone)


@contextmanager
def _opened(url: str) -> "Iterator[DriverConnection]":
    """Give a transaction."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise ConnectorError(NAME, " ".join(str(error).split())) from error
