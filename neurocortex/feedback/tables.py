"""The tables of predictions and of what was said about them: the Lake's migrations create them."""

from typing import Final

from sqlalchemy import (
    Column,
    DateTime,
    Float,
    Index,
    Integer,
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

predictions: Final = Table(
    "predictions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("forge", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("rows", JSONB, nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Index("ix_predictions_made_at", "made_at"),
)
"""A row for each request for predictions of a model whose spec keeps them."""

feedback: Final = Table(
    "feedback",
    metadata,
    # No foreign key: what was said outlives the features.
    Column("prediction_id", Uuid, primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("forge", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("given_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("score", Float),
    Column("label", JSONB),
    Column("comment", Text, server_default=text("''"), nullable=False),
    Column("collected_at", DateTime(timezone=True)),
    Index("ix_feedback_model", "forge", "model", "version", "made_at"),
    Index(
        "ix_feedback_uncollected",
        "forge",
        "model",
        postgresql_where=text("collected_at IS NULL AND label IS NOT NULL"),
    ),
)
"""A row for each row of a prediction that was judged or corrected."""
