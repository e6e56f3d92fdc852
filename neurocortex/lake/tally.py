"""What the batches of a load of documents did, counted together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection

from neurocortex.lake.collections import Change, Collection
from neurocortex.lake.documents import Prepared
from neurocortex.lake.embed import Brought
from neurocortex.lake.postings import Segment


@dataclass(slots=True)
class Tally:
    """What the batches of a load did together."""

    removed: int = 0
    inserted: int = 0
    replaced: int = 0
    unchanged: int = 0
    chunks: int = 0
    tokens: int = 0
    change: Change = Change()  # noqa: RUF009 - frozen
    gone: list[int] = field(default_factory=list)
    """Chunks of documents that were replaced or removed."""
    brought: list[Brought] = field(default_factory=list)
    """Vectors that came with the documents."""

    def add(self, batch: Prepared) -> None:
        """Add a batch."""
        self.inserted += len(batch.documents) - batch.replaced
        self.replaced += batch.replaced
        self.unchanged += batch.unchanged
        self.chunks += len(batch.chunk_ids)
        self.change += batch.change
        self.gone += batch.gone
        if any(split.vectors is not None for split in batch.documents.values()):
            self.brought.append(_brought(batch))

    def remove(self, gone: Sequence[int], change: Change) -> None:
        """Add documents that were taken out, by their chunks."""
        self.removed -= change.documents
        self.gone += gone
        self.change += change

    def index(self, segment: Segment, connection: Connection, collection: Collection) -> None:
        """Write a segment, and count its tokens."""
        segment.write(connection, collection)
        self.tokens += segment.tokens

    @property
    def seen(self) -> int:
        """Documents that were written, or are there as they are."""
        return self.inserted + self.replaced + self.unchanged

    @property
    def counts(self) -> Mapping[str, int]:
        """The figures that the record of the load keeps."""
        return {
            "removed": self.removed,
            "inserted": self.inserted,
            "replaced": self.replaced,
            "unchanged": self.unchanged,
            "chunks": self.chunks,
        }


def _brought(batch: Prepared) -> Brought:
    """Return the vectors that the chunks of a batch brought along."""
    splits = batch.documents.values()
    matrices = [split.vectors for split in splits if split.vectors is not None]
    has_vector = np.repeat(
        [split.vectors is not None for split in splits], [len(split.chunks) for split in splits]
    )
    ids = np.asarray(batch.chunk_ids, np.int64)[has_vector]
    return Brought(ids, np.concatenate(matrices).astype(np.float16))
