"""What versions of a collection or table there are, and returning to one of them.

Going back is a load like others: one transaction, recorded, and a version of its own, so that one
can go forward again in the same way. Vectors are made by the model that the collection has now:
only vectors of one model can be compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Engine, text

from neurocortex.domain.documents import SplitDocument
from neurocortex.errors import LakeError, TargetNotFoundError, VersionNotFoundError
from neurocortex.lake import collections, loads
from neurocortex.lake.database import DriverConnection, driver, translated
from neurocortex.lake.loads import LoadKind
from neurocortex.lake.rows import publishing, table
from neurocortex.lake.rows.table import Table
from neurocortex.lake.store import Lake
from neurocortex.lake.versions import former_documents, former_rows, numbers

ROLLED_BACK_TO: Final = "rolled_back_to"
"""Among the counts of a load: the version it returned to."""

VERSIONS: Final = text("""
SELECT version, id AS load_id, finished_at AS made_at, flow_run_id, counts FROM lake.loads
WHERE kind = :kind AND target = :target AND version >= :oldest ORDER BY version DESC
""")


@dataclass(frozen=True, slots=True)
class Target:
    """A collection, or a table of a dataset."""

    kind: LoadKind
    name: str
    """As loads record it: the collection's name, or `data.TABLE`."""

    @property
    def table(self) -> str:
        """Name of the table without its schema."""
        return self.name.removeprefix(f"{table.SCHEMA}.")


class Version(BaseModel):
    """A version that can be returned to, or the present one."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    version: int
    load_id: UUID
    """The load that made it."""
    made_at: datetime
    flow_run_id: UUID | None
    counts: Mapping[str, int]
    """What the load did."""


class Rollback(BaseModel):
    """What returning to a version did."""

    model_config = ConfigDict(frozen=True)

    target: str
    returned_to: int
    """The version whose content it has again."""
    made: int
    """The version that this is: returning to the one before it undoes the return."""
    removed: int
    """Documents or rows that came after that version, and went."""
    restored: int
    """Documents or rows of that version that had gone, and came back."""


def find(connection: Connection, name: str) -> Target:
    """Return the collection of that name, else the table; `data.NAME` is the table always.

    Raises:
        TargetNotFoundError: there is neither.
    """
    schema = f"{table.SCHEMA}."
    if not name.startswith(schema):
        found = connection.execute(
            text("SELECT FROM lake.collections WHERE name = :name"), {"name": name}
        )
        if found.first() is not None:
            return Target(LoadKind.DOCUMENTS, name)
    if table.exists(driver(connection), name.removeprefix(schema)):
        return Target(LoadKind.ROWS, schema + name.removeprefix(schema))
    raise TargetNotFoundError(name)


def versions(lake: Lake, name: str) -> tuple[Version, ...]:
    """Return the present version of a collection or table, and those that are kept, newest first.

    Raises:
        TargetNotFoundError: there is none of that name.
    """
    with translated(), lake.engine.connect() as connection:
        target = find(connection, name)
        oldest = numbers.oldest(driver(connection), target.kind, target.name)
        rows = connection.execute(
            VERSIONS, {"kind": target.kind, "target": target.name, "oldest": oldest}
        )
        return tuple(map(Version.model_validate, rows))


def rollback(lake: Lake, name: str, version: int) -> Rollback:
    """Return a collection or table to what it was at a version, in one transaction.

    Raises:
        TargetNotFoundError: there is none of that name.
        VersionNotFoundError: the version is not kept, or the present one.
        LoadError: it failed; everything is as it was.
        LakeUnavailableError: PostgreSQL does not answer.
    """
    with translated(), lake.engine.connect() as connection:
        target = find(connection, name)
    if target.kind is LoadKind.ROWS:
        return _rollback_rows(lake.engine, target, version)
    return _rollback_documents(lake, target, version)


def _rollback_rows(engine: Engine, target: Target, version: int) -> Rollback:
    with translated(), loads.attempt(engine, LoadKind.ROWS, target.name) as opened:
        connection = driver(opened.connection)
        publishing.wait_for_turn(connection, target.name)
        present = _checked(connection, target, version)
        spread = Table(target.table, table.columns_of(connection, target.table))
        if former_rows.make(connection, target.table, anew=False):
            raise LakeError(
                f"The columns of {target.name} were changed since: its former rows do not fit them"
                " any more. Change them back first."
            )
        removed = former_rows.take_out_after(connection, spread, version, present)
        restored = former_rows.put_back(connection, spread, version, opened.load.id)
        opened.counts.update({"removed": removed, "restored": restored, ROLLED_BACK_TO: version})
    return Rollback(
        target=target.name,
        returned_to=version,
        made=present + 1,
        removed=removed,
        restored=restored,
    )


def _rollback_documents(lake: Lake, target: Target, version: int) -> Rollback:
    with translated(), lake.engine.connect() as connection:
        collection = collections.find(connection, target.name)
        _checked(driver(connection), target, version)
        restored = former_documents.sources_at(connection, collection.id, version)
        removed = former_documents.came_after(connection, collection.id, version) - restored
    model = lake.embedder(target.name)
    if model is None:
        raise LakeError(f"{target.name!r} never had documents: there is nothing to return to.")

    def as_it_was() -> Iterator[SplitDocument]:
        # Read when the load holds the collection: nobody else can change it from here on.
        with lake.engine.connect() as reading:
            if collections.find(reading, target.name).version != collection.version:
                raise LakeError(
                    f"Another load into {target.name!r} ended meanwhile: look at its versions, and"
                    " run the rollback again."
                )
            yield from former_documents.at(reading, collection, version)

    report = lake.load_documents(
        target.name,
        as_it_was(),
        model,
        removed=sorted(removed),
        rolled_back_to=version,
    )
    return Rollback(
        target=target.name,
        returned_to=version,
        made=lake.collection(target.name).version,
        removed=len(removed),
        restored=report.inserted + report.replaced,
    )


def _checked(connection: DriverConnection, target: Target, version: int) -> int:
    """Return the present version, if the one asked for is kept.

    Raises:
        VersionNotFoundError: it is not.
    """
    present = numbers.present(connection, target.kind, target.name)
    oldest = numbers.oldest(connection, target.kind, target.name)
    if not oldest <= version < present:
        raise VersionNotFoundError(target.name, version, oldest, present)
    return present
