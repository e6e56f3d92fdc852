"""Values that a load refers to, looked for in the tables that are in the Lake."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from neurocortex.domain.columns import Column
from neurocortex.errors import ExpectationError
from neurocortex.lake import loads
from neurocortex.lake.database import driver, translated
from neurocortex.lake.rows.table import SCHEMA, columns_of, postgres_type
from neurocortex.quality.references import IN_TABLE, Reference

MISSING: Final = """
SELECT place FROM unnest(%s::{type}[]) WITH ORDINALITY AS given (value, place)
WHERE NOT EXISTS (SELECT FROM {table} AS other WHERE other.{column} = given.value)
ORDER BY place
"""
"""The places, from 1, of values that a column does not hold: one anti-join."""


@dataclass(frozen=True, slots=True)
class LakeTables:
    """The tables of the datasets, as they are committed: `quality.references.Tables`."""

    engine: Engine

    def missing(self, reference: Reference, values: Sequence[object]) -> Sequence[int]:
        """Return the places of the values that the column does not hold.

        Raises:
            ExpectationError: there is no such table or column, or its type cannot be compared.
            LakeUnavailableError: PostgreSQL does not answer.
        """
        with translated(), self.engine.connect() as connection:
            column = self._column(reference, columns_of(driver(connection), reference.table))
            statement = sql.SQL(MISSING).format(
                type=sql.SQL(postgres_type(column)),
                table=sql.Identifier(SCHEMA, reference.table),
                column=sql.Identifier(column.name),
            )
            try:
                found = driver(connection).execute(statement, (list(values),)).fetchall()
            except (psycopg.DataError, psycopg.ProgrammingError) as error:
                raise ExpectationError(
                    IN_TABLE,
                    f"{reference.column} cannot be compared with {SCHEMA}.{reference.table}."
                    f"{column.name}, which is {postgres_type(column)}: {loads.explain(error)}",
                ) from error
        return [int(place) - 1 for (place,) in found]

    @staticmethod
    def _column(reference: Reference, columns: Sequence[Column]) -> Column:
        if not columns:
            raise ExpectationError(
                IN_TABLE,
                f"the values of {reference.column} are to be in {SCHEMA}.{reference.table}, and"
                " there is no such table yet: load its dataset first.",
            )
        named = {column.name: column for column in columns}
        if reference.table_column not in named:
            raise ExpectationError(
                IN_TABLE,
                f"the table {SCHEMA}.{reference.table} has no column {reference.table_column!r};"
                f" it has {', '.join(named)}.",
            )
        return named[reference.table_column]
