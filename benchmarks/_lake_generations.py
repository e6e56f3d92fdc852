"""Generations of a collection and of a table, and what a Lake must hold of each.

A generation changes, removes and adds a third of the sources of the one before, so that a load of
it replaces, deletes and inserts.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from neurocortex.datasets.spec import DatasetSpec
from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.domain.embedding import Vectors

COLLECTION: Final = "papers"
TABLE: Final = "readings"
DOCUMENTS: Final = 300
CHUNKS: Final = 4
ROWS: Final = 6_000
CHUNK_ROWS: Final = 1_000
DIMENSION: Final = 32


class HashEmbedder:
    """A ready model without sense: a text's vector comes from its hash."""

    name: Final = "hash"
    version: Final = "1"
    share: Final = 0.5
    dimension: Final = DIMENSION

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return a vector of length 1 for each text."""
        digests = [hashlib.sha256(each.encode()).digest() for each in texts]
        drawn = np.frombuffer(b"".join(digests), np.int8).reshape(-1, DIMENSION).astype(np.float32)
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)

    def embed_query(self, text: str) -> Vectors:
        """Return the vector of one text."""
        return self.embed_documents([text])


def documents(generation: int) -> Iterator[SplitDocument]:
    """Yield the documents of a generation."""
    for number in range(DOCUMENTS):
        # A third stays for ever, a third changes each time, a third is there every other time.
        if number % 3 == 2 and (generation + number // 3) % 2:
            continue
        edition = generation if number % 3 == 1 else 0
        text = f"document {number} edition {edition} "
        chunks = tuple(
            Chunk(place, f"{text} part {place} {'word ' * (number % 50)}", 0, 1)
            for place in range(CHUNKS)
        )
        source = f"source-{number}"
        yield SplitDocument(
            Document(source, source, text, "text/plain", f"{number}:{edition}"), chunks
        )


def removed(generation: int) -> list[str]:
    """Return the sources that the generation before held, and this one does not."""
    now = checksums(generation)
    return [source for source in checksums(generation - 1) if source not in now]


def checksums(generation: int) -> Mapping[str, str]:
    """Return what the collection holds of a generation."""
    return {each.document.source: each.document.checksum for each in documents(generation)}


def rows(generation: int) -> Mapping[str, str]:
    """Return what the table holds of a generation, by its key."""
    return {
        str(number): f"edition {generation if number % 3 else 0}"
        for number in range(ROWS)
        if number % 7 or (generation + number) % 2
    }


def dataset(folder: Path, generation: int) -> DatasetSpec:
    """Write the source of a generation, and return the dataset that replaces the table by it.

    Every hundredth row is refused.
    """
    path = folder / f"generation-{generation}.csv"
    lines = (
        f"{number},{text}\n" + (f"x{number},{text}\n" if number.endswith("00") else "")
        for number, text in rows(generation).items()
    )
    path.write_text("id,text\n" + "".join(lines))
    return DatasetSpec.model_validate(
        {
            "name": TABLE,
            "source": {"kind": "csv", "path": str(path)},
            "columns": [
                {"name": "id", "type": "integer", "key": True},
                {"name": "text", "type": "text"},
            ],
            "target": {"table": TABLE, "mode": "replace"},
        }
    )
