"""The table of rollouts, as SQLAlchemy sees it: the Lake's migrations create it."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from neurocortex.lake.tables import NAMING
from neurocortex.rollout.plan import State

SCHEMA: Final = "work"

metadata: Final = MetaData(schema=SCHEMA, naming_convention=NAMING)

rollouts: Final = Table(
    "rollouts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("forge", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", BigInteger, nullable=False, unique=True),
    Column("rollout", JSONB, nullable=False),
    Column("judged", JSONB, nullable=False),
    Index(
        "ix_rollouts_running",
        "forge",
        "model",
        unique=True,
        postgresql_where=text(f"state = '{State.RUNNING.value}'"),
    ),
    Index("ix_rollouts_model", "forge", "model", "revision"),
)
"""A row for each rollout. `revision` grows with each change of any row, in the order in which the
changes are committed."""
