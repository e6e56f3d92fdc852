"""What the platform asks of an embedding model, and no more.

Two kinds: one that is ready (a neural model, named by its provider), and one that must be fitted
on the collection first, whose parameters the Lake then stores with their version.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
"""(number of texts, dimension); every row of length 1, or 0 where the model knows no word of it."""


class Embedder(Protocol):
    """A model that is ready to embed."""

    @property
    def name(self) -> str:
        """What it is, e.g. `openai/text-embedding-3-small`: one per collection, for good."""

    @property
    def version(self) -> str:
        """Which parameters it has. Vectors of two versions cannot be compared."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector, at least 1."""

    @property
    def share(self) -> float:
        """How much of a passage's fused score is its similarity, 0 to 1; the rest is lexical."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one vector for each text."""

    def embed_query(self, text: str) -> Vectors:
        """Return the vector of a question, as a matrix of one row."""


@runtime_checkable
class StorableEmbedder(Embedder, Protocol):
    """A fitted model whose parameters live in the Lake."""

    def to_bytes(self) -> bytes:
        """Return its parameters as data (never a pickle)."""


@runtime_checkable
class Trainer(Protocol):
    """Fits a model on a collection."""

    @property
    def name(self) -> str:
        """Name of the models it makes."""

    def fit(self, texts: Iterable[str]) -> StorableEmbedder:
        """Return a model fitted on the texts, each seen once; the same texts, the same model."""


OWN_VECTORS: Final = "own-vectors"


@dataclass(frozen=True, slots=True)
class OwnVectors:
    """In the place of a model, where documents bring vectors that the platform did not make.

    It knows no word, so that a search without the vector of its question goes by words alone.
    """

    dimension: int
    name: str = OWN_VECTORS
    version: str = "1"
    share: float = 0.5

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return zeros."""
        return np.zeros((len(texts), self.dimension), np.float32)

    def embed_query(self, text: str) -> Vectors:
        """Return zeros."""
        return self.embed_documents([text])


@dataclass(frozen=True, slots=True)
class RecordedEmbedder:
    """What the Lake remembers of the model behind a collection's vectors."""

    name: str
    version: str
    dimension: int
    content: bytes | None
    """Parameters of a fitted model; None for one that its provider keeps."""


Restore: TypeAlias = Callable[[RecordedEmbedder], Embedder]
"""Rebuilds the model of a collection. Raises SettingsError where its provider is not set up."""


def embedded_text(title: str, heading: str | None, text: str) -> str:
    """Return what is embedded of a chunk: a passage is often unclear without what it is about."""
    if heading and heading.startswith(title):
        title = ""  # the outermost heading often is the title; once is enough
    return "\n".join(part for part in (title, heading, text) if part)
