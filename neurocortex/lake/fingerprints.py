"""Which documents of a collection may say the same as others: numbers that alike texts share.

A document's fingerprint is made when it is first asked for, from its chunks, so no load takes
longer for it; it goes with the document, also where a new version takes its place.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.dialects.postgresql import insert

from neurocortex.lake.database import translated
from neurocortex.lake.tables import FingerprintRow

BATCH: Final = 200
"""Documents worked on at a time: their texts are in memory, and their bands in one query."""

WITHOUT: Final = text("""
SELECT documents.id FROM lake.documents
JOIN lake.collections ON collections.id = documents.collection_id
WHERE collections.name = :collection AND NOT EXISTS (
    SELECT FROM lake.fingerprints WHERE document_id = documents.id)
ORDER BY documents.id LIMIT :most
""")

ALIKE: Final = text("""
SELECT documents.source, fingerprints.bands FROM lake.fingerprints
JOIN lake.documents ON documents.id = fingerprints.document_id
JOIN lake.collections ON collections.id = documents.collection_id
WHERE collections.name = :collection AND fingerprints.bands && CAST(:bands AS bigint[])
""")

BY_SOURCE: Final = text("""
SELECT documents.id FROM lake.documents
JOIN lake.collections ON collections.id = documents.collection_id
WHERE collections.name = :collection AND documents.source = ANY(:sources)
""")

CHUNKS: Final = text("""
SELECT documents.id, documents.source, chunks.text, chunks.start, chunks."end"
FROM lake.chunks JOIN lake.documents ON documents.id = chunks.document_id
WHERE chunks.document_id = ANY(:documents) ORDER BY chunks.document_id, chunks.ordinal
""")


class Fingerprints:
    """Those of one collection. Every method raises LakeUnavailableError without PostgreSQL."""

    def __init__(
        self, engine: Engine, collection: str, bands_of: Callable[[str], Sequence[int]]
    ) -> None:
        """Look into a collection, which need not be there.

        Args:
            engine: of the Lake.
            collection: its name.
            bands_of: makes of a text the numbers of 64 bits that alike texts share.
        """
        self._engine = engine
        self._collection = collection
        self._bands_of = bands_of

    def alike(self, bands: Sequence[Sequence[int]]) -> Mapping[str, Sequence[int]]:
        """Return documents that share a band with any of these, by source, with their bands."""
        self._complete()
        found: dict[str, Sequence[int]] = {}
        with translated(), self._engine.connect() as connection:
            for start in range(0, len(bands), BATCH):
                wanted = sorted({band for each in bands[start : start + BATCH] for band in each})
                asked = {"collection": self._collection, "bands": wanted}
                found.update((row.source, row.bands) for row in connection.execute(ALIKE, asked))
        return found

    def texts(self, sources: Iterable[str]) -> Mapping[str, str]:
        """Return the texts of documents, by source; of one that is gone by now none."""
        asked = {"collection": self._collection, "sources": list(sources)}
        with translated(), self._engine.connect() as connection:
            ids = connection.scalars(BY_SOURCE, asked).all()
            return {source: whole for _, source, whole in _texts(connection, ids)}

    def _complete(self) -> None:
        """Make the fingerprints that are missing, batch by batch."""
        asked = {"collection": self._collection, "most": BATCH}
        while True:
            with translated(), self._engine.begin() as connection:
                ids = connection.scalars(WITHOUT, asked).all()
                if not ids:
                    return
                bands: dict[UUID, Sequence[int]] = dict.fromkeys(ids, ())
                bands |= {key: self._bands_of(whole) for key, _, whole in _texts(connection, ids)}
                rows = [{"document_id": key, "bands": list(each)} for key, each in bands.items()]
                # Another run may make them at the same time: they would be the same.
                connection.execute(insert(FingerprintRow).on_conflict_do_nothing(), rows)


def _texts(connection: Connection, ids: Sequence[UUID]) -> Iterator[tuple[UUID, str, str]]:
    """Yield id, source and text of documents, put together from chunks that overlap."""
    parts: dict[UUID, list[str]] = {}
    sources: dict[UUID, str] = {}
    ends: dict[UUID, int] = {}
    for row in connection.execute(CHUNKS, {"documents": list(ids)}):
        known = ends.get(row.id, 0)
        if row.end <= known:
            continue
        parts.setdefault(row.id, []).append(row.text[max(0, known - row.start) :])
        sources[row.id], ends[row.id] = row.source, row.end
        if row.start > known:
            parts[row.id].insert(-1, " ")  # white space between chunks is in none of them
    yield from ((key, sources[key], "".join(each)) for key, each in parts.items())
