"""The tables of requests and sessions, as SQLAlchemy sees them: the Lake's migrations create them.

They are in the schema `work`, with the dead letters.
"""

from typing import Final

from sqlalchemy import (
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from neurocortex.lake.tables import NAMING

SCHEMA: Final = "work"

metadata: Final = MetaData(schema=SCHEMA, naming_convention=NAMING)

requests: Final = Table(
    "requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("record", JSONB, nullable=False),
    Column("start", Text),
    Column("result", LargeBinary),
    Index(None, "created_at"),
    Index("ix_requests_open", "id", postgresql_where=text("state IN ('accepted', 'running')")),
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("context", JSONB, nullable=False),
    Column("used_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
)
