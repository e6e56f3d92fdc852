"""The table of API keys, as SQLAlchemy sees it: the Lake's migrations create it.

It is in a schema of its own: who may read it may learn who holds keys, never a key.
"""

from typing import Final

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import ARRAY

from neurocortex.lake.tables import NAMING

SCHEMA: Final = "access"

metadata: Final = MetaData(schema=SCHEMA, naming_convention=NAMING)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
)
