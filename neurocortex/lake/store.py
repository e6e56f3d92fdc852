"""The Lake as the rest of the platform uses it."""

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from sqlalchemy import Connection, Engine

from neurocortex.domain.answers import Passage
from neurocortex.domain.documents import Duplicates, SplitDocument
from neurocortex.domain.embedding import Embedder, Restore, Trainer
from neurocortex.domain.filters import Filter
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import LoadReport
from neurocortex.engines import embedders
from neurocortex.lake import (
    collections,
    database,
    documents,
    loads,
    models,
    quarantine,
    reembedding,
    retrieval,
)
from neurocortex.lake.collections import Collection, CollectionInfo
from neurocortex.lake.database import translated
from neurocortex.lake.loading import DocumentLoader, LoadProgress
from neurocortex.lake.loads import LoadRecord
from neurocortex.lake.models import KEPT, ModelCache
from neurocortex.lake.quarantine import QuarantineEntry
from neurocortex.lake.retrieval import Question

_models: Final = ModelCache(KEPT)
"""This process's models: a warm process opens a Lake per run."""


def _silent(progress: LoadProgress) -> None:
    """Tell nobody."""


class Lake:
    """Collections of documents in one PostgreSQL database, and the records of what was loaded.

    Safe to use from several threads. Every method raises LakeUnavailableError where PostgreSQL
    refuses, is gone, or goes away in the middle.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        statement_timeout_s: float = 300.0,
        restore: Restore = embedders.restore,
    ) -> None:
        """Open the Lake at a `postgresql://` address; it connects at first use.

        Args:
            url: address of the database, with user and password.
            pool_size: connections this process holds at most.
            statement_timeout_s: a statement that runs longer is cancelled.
            restore: rebuilds the model of a collection from what is recorded.
        """
        self.engine: Final[Engine] = database.connect(
            url, pool_size=pool_size, statement_timeout_s=statement_timeout_s
        )
        self._restore = restore
        self._loader = DocumentLoader(self.engine, restore, _models)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        """Return the Lake itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def migrate(self) -> None:
        """Create or update the schema; does nothing where it is up to date."""
        from neurocortex.lake import migration  # Alembic: 0.3 s that most users of a Lake save

        with translated():
            migration.migrate(self.engine)

    def check(self) -> str | None:
        """Return in a sentence what is wrong with the Lake, None where nothing is."""
        from neurocortex.lake import diagnosis  # as above

        return diagnosis.check(self.engine)

    def collections(self) -> tuple[CollectionInfo, ...]:
        """Return all collections by name."""
        with translated(), self.engine.connect() as connection:
            return collections.every(connection)

    def collection(self, name: str) -> CollectionInfo:
        """Return one collection.

        Raises:
            CollectionNotFoundError: there is none of that name.
        """
        with translated(), self.engine.connect() as connection:
            return collections.info(connection, name)

    def embedder(self, collection: str) -> Embedder | None:
        """Return the model of a collection's vectors; None while it has none.

        Raises:
            CollectionNotFoundError: there is no such collection.
        """
        with translated(), self.engine.connect() as connection:
            found = collections.find(connection, collection)
            return models.load(connection, found, self._restore, _models)

    def model(self, connection: Connection, collection: Collection) -> Embedder | None:
        """Return the model of a collection as of a transaction that is open; None as above."""
        return models.load(connection, collection, self._restore, _models)

    def checksums(self, collection: str) -> dict[str, str]:
        """Return the checksum of each document by source; empty for an unknown collection."""
        with translated(), self.engine.connect() as connection:
            return documents.checksums(connection, collection)

    def load_documents(
        self,
        collection: str,
        incoming: Iterable[SplitDocument],
        embedder: Embedder | Trainer,
        *,
        removed: Sequence[str] = (),
        quarantined: Sequence[Quarantined] = (),
        flow_run_id: UUID | None = None,
        progress: Callable[[LoadProgress], None] = _silent,
        duplicates: Duplicates = Duplicates.REPLACE,
        rolled_back_to: int | None = None,
    ) -> LoadReport:
        """Load documents in one transaction; the collection is made where there is none.

        A document whose checksum the collection has is skipped, one that changed replaces its old
        version. Loads into one collection wait for each other; readers never wait. The documents
        are read as a stream and not held in memory.

        Args:
            collection: its name.
            incoming: documents with their chunks.
            embedder: the collection's model, or what fits one.
            removed: sources whose documents go; those the collection does not have are ignored.
            quarantined: what was refused on the way here, recorded with the load.
            flow_run_id: the Prefect flow run that does it.
            progress: told after every batch.
            duplicates: what becomes of documents whose source the collection has.
            rolled_back_to: the version that the collection returns to by it, for the record.

        Raises:
            EmbedderMismatchError: the collection has another model.
            DuplicateDocumentError: there are duplicates, and there were to be none.
            LoadError: the load failed and was undone; it is recorded as failed.
            ProviderError: the model's provider failed; undone and recorded as well.
        """
        return self._loader.load(
            collection,
            incoming,
            embedder,
            removed=removed,
            quarantined=quarantined,
            flow_run_id=flow_run_id,
            progress=progress,
            duplicates=duplicates,
            rolled_back_to=rolled_back_to,
        )

    def reembed(
        self,
        collection: str,
        embedder: Embedder | Trainer,
        *,
        flow_run_id: UUID | None = None,
        progress: Callable[[LoadProgress], None] = _silent,
    ) -> LoadReport:
        """Give a collection another model: new vectors beside the old ones, switched in one step.

        Searches go on with the old vectors until then; loads into the collection wait.

        Raises:
            CollectionNotFoundError: there is no such collection.
            EmbedderMismatchError: its documents bring their own vectors.
            LoadError: it failed and was undone; it is recorded as failed.
            ProviderError: the model's provider failed; undone and recorded as well.
        """
        return reembedding.reembed(
            self.engine,
            collection,
            embedder,
            restore=self._restore,
            cache=_models,
            flow_run_id=flow_run_id,
            progress=lambda done: progress(LoadProgress("embed", done)),
        )

    def record_refused(
        self,
        target: str,
        refused: Sequence[Quarantined],
        *,
        flow_run_id: UUID | None = None,
    ) -> None:
        """Keep what was refused by a load that had nothing to bring in; make no collection."""
        with loads.attempt(
            self.engine,
            loads.LoadKind.DOCUMENTS,
            target,
            flow_run_id=flow_run_id,
            quarantined=refused,
        ) as opened:
            opened.counts.update(quarantined=len(refused))

    def delete_documents(self, collection: str, sources: Sequence[str]) -> int:
        """Delete the documents of these sources; return how many there were.

        Raises:
            CollectionNotFoundError: there is no such collection.
        """
        with translated():
            return self._loader.delete(collection, sources)

    def search(
        self, collection: str, query: str, k: int = 5, *, wanted: Filter | None = None
    ) -> tuple[Passage, ...]:
        """Return the `k` best passages for a question, best first; fewer where fewer match.

        Args:
            collection: its name.
            query: the question.
            k: passages to return.
            wanted: what their documents must be like; see `neurocortex.domain.filter_syntax`.

        Raises:
            CollectionNotFoundError: there is no such collection.
            ProviderError: the model's provider failed.
        """
        with translated():
            asked = Question(query, k, wanted)
            return retrieval.search(self.engine, collection, asked, self._restore, _models)

    def quarantine(
        self, target: str | None = None, limit: int = 100
    ) -> tuple[QuarantineEntry, ...]:
        """Return what gates refused, youngest first, for one collection or table or for all."""
        with translated(), self.engine.connect() as connection:
            return quarantine.entries(connection, quarantine.Choice(target), limit)

    def loads(self, limit: int = 100) -> tuple[LoadRecord, ...]:
        """Return the youngest loads of documents and rows, youngest first."""
        with translated(), self.engine.connect() as connection:
            return loads.latest(connection, limit)
