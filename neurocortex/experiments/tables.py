"""The tables of experiments, as SQLAlchemy sees them: the Lake's migrations create them."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    MetaData,
    Table,
    Text,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from neurocortex.experiments.plan import State
from neurocortex.lake.tables import NAMING

SCHEMA: Final = "work"

metadata: Final = MetaData(schema=SCHEMA, naming_convention=NAMING)

experiments: Final = Table(
    "experiments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", BigInteger, nullable=False, unique=True),
    Column("experiment", JSONB, nullable=False),
    Column("figures", JSONB, nullable=False),
    Index(
        "ix_experiments_running",
        "operation",
        unique=True,
        postgresql_where=text(f"state = '{State.RUNNING.value}'"),
    ),
    Index("ix_experiments_name", "name", "revision"),
)
"""A row for each experiment. `revision` grows with each change of any row, in the order in which
the changes are committed. A request is in one experiment, so an operation has one that runs."""

outcomes: Final = Table(
    "experiment_outcomes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("experiment_id", Uuid, nullable=False),
    Column("variant", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("failed", Boolean),
    Column("seconds", Float),
    Column("cost", Float),
    Column("score", Float),
    Column("teams", ARRAY(Text)),
    Column("is_counted", Boolean, nullable=False, server_default=false()),
    Column("is_score_counted", Boolean, nullable=False, server_default=false()),
    Index(
        "ix_experiment_outcomes_new",
        "experiment_id",
        postgresql_where=text("NOT is_counted OR (score IS NOT NULL AND NOT is_score_counted)"),
    ),
)
"""A row for each request of an experiment, by the request's id. `failed` is null until it ends.
`teams` has the answer's passages, if it is interleaved; its score is how much the second variant is
preferred."""
