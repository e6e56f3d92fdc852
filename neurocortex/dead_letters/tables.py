"""The table of dead letters, as SQLAlchemy sees it: the Lake's migrations create it.

It is in a schema of its own: `lake` holds what people know, `work` what became of their runs.
"""

from typing import Final

from sqlalchemy import Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

from neurocortex.lake.tables import NAMING

SCHEMA: Final = "work"

metadata: Final = MetaData(schema=SCHEMA, naming_convention=NAMING)

dead_letters: Final = Table(
    "dead_letters",
    metadata,
    Column("flow_run_id", Uuid, primary_key=True),
    Column("attempts", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("deployment", Text),
    Column("deployment_id", Uuid),
    Column("tier", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("error_type", Text),
    Column("history", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("replayed_as", Uuid),
    Index(None, "created_at"),
)
