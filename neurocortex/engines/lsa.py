"""Latent semantic analysis: an embedding model fitted on the collection itself.

Needs no download and no GPU. TF-IDF weights (sublinear term frequency, smoothed idf) are
projected on the leading right singular vectors of the chunk-term matrix (Deerwester et al. 1990,
"Indexing by latent semantic analysis"), found by a randomised decomposition (Halko et al. 2011).
"""

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neurocortex.domain.embedding import Vectors
from neurocortex.text.tokens import tokens

NAME: Final = "lsa"

SHARE: Final = 0.1
"""Measured on COVID-QA: up to 0.1 nothing is lost to the lexical score, from 0.2 on hits are."""


class LsaTrainer:
    """Fits LSA models."""

    name: Final = NAME

    def fit(self, texts: Iterable[str]) -> "LsaEmbedder":
        """Return the model of the texts. Holds their term counts in memory, not the texts."""
        from neurocortex.engines import lsa_fitting  # scipy: 0.4 s that a search does not need

        terms, idf, projection = lsa_fitting.fit(texts)
        stored = projection.astype(np.float16).astype(np.float32)  # what `to_bytes` keeps of it
        return LsaEmbedder(terms, idf, stored)


class LsaEmbedder:
    """A fitted model."""

    name: Final = NAME
    share: Final = SHARE

    def __init__(
        self,
        terms: Sequence[str],
        idf: NDArray[np.float32],
        projection: NDArray[np.float32],
    ) -> None:
        """Take the vocabulary, each term's idf, and the (terms, dimension) projection."""
        self._terms = tuple(terms)
        self._columns = {term: column for column, term in enumerate(self._terms)}
        self._idf = idf
        self._projection = projection
        self.version = blake2b(self.to_bytes(), digest_size=8).hexdigest()

    @property
    def dimension(self) -> int:
        """Numbers in a vector: 256, or the rank of a small collection."""
        return int(self._projection.shape[1])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector for each text; 0 where it has no known term."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            counts = {
                self._columns[term]: count
                for term, count in Counter(tokens(text)).items()
                if term in self._columns
            }
            if counts:
                columns = np.fromiter(counts, np.intp, len(counts))
                found = np.fromiter(counts.values(), np.float32, len(counts))
                weights = (1 + np.log(found)) * self._idf[columns]
                vectors[row] = weights @ self._projection[columns]
        return _normalised(vectors)

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector of a question as (1, dimension)."""
        return self.embed_documents([text])

    def to_bytes(self) -> bytes:
        """Return the parameters as npz."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            terms=np.frombuffer("\n".join(self._terms).encode(), np.uint8),
            idf=self._idf,
            projection=self._projection.astype(np.float16),
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "LsaEmbedder":
        """Return the model that `to_bytes` wrote."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            terms = arrays["terms"].tobytes().decode()
            return cls(
                tuple(terms.split("\n")) if terms else (),
                arrays["idf"],
                arrays["projection"].astype(np.float32),
            )


def _normalised(vectors: NDArray[np.float32]) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return np.asarray(vectors / lengths, np.float32)
