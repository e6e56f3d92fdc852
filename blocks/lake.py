"""The Lake: documents, vectors and tables in PostgreSQL with pgvector."""

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.logos import logo_url
from neurocortex.errors import LakeUnavailableError
from neurocortex.lake.store import Lake as LakeStore


class Lake(Block):
    """The Lake holds documents, their vectors and tables, in PostgreSQL with pgvector.

    Example:
        Search a collection:

        ```python
        from blocks import Lake

        lake = Lake.load("BLOCK_NAME")
        with lake.connect() as store:
            passages = store.search("documents", "What are the four priority tiers?")
        ```
    """

    _block_type_name: ClassVar[str | None] = "Lake"
    _block_type_slug: ClassVar[str | None] = "lake"
    _logo_url: ClassVar[HttpUrl | None] = logo_url("lake")
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl("https://github.com/pgvector/pgvector")

    url: SecretStr = Field(
        default=...,
        title="URL",
        description="Where PostgreSQL is: postgresql://user:password@host:port/database.",
    )
    pool_size: int = Field(
        default=5, ge=1, le=100, description="Connections one process keeps open, at most."
    )
    statement_timeout_s: float = Field(
        default=300.0,
        gt=0,
        title="Statement timeout",
        description="Seconds after which PostgreSQL cancels a statement.",
    )

    def connect(self) -> LakeStore:
        """Return an open Lake; use it as a context manager, or call `close()`."""
        return LakeStore(
            self.url.get_secret_value(),
            pool_size=self.pool_size,
            statement_timeout_s=self.statement_timeout_s,
        )

    def check(self) -> str | None:
        """Return what is wrong with the Lake in one sentence, or None."""
        try:
            with self.connect() as store:
                return store.check()
        except LakeUnavailableError as error:
            return str(error)
