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
from scipy.linalg import lu, qr
from scipy.sparse import csr_array

from neurocortex.lake.embedding import Vectors
from neurocortex.text.tokens import tokens

NAME: Final = "lsa"

DIMENSION: Final = 256
"""Singular vectors kept. On COVID-QA the fused hit rates are level from 100 to 384."""

MAX_TERMS: Final = 50_000
"""Terms kept, the most widespread: bounds the stored model at 25 MB."""

MIN_CHUNKS: Final = 2
"""A term of a single chunk relates it to no other."""

SHARE: Final = 0.1
"""Measured on COVID-QA: up to 0.1 nothing is lost to the lexical score, from 0.2 on hits are."""

SEED: Final = 0
POWER_ITERATIONS: Final = 2
OVERSAMPLES: Final = 10
MIN_STRENGTH: Final = 1e-4
"""Singular vectors weaker than this, against the strongest, are rounding errors."""


class LsaTrainer:
    """Fits LSA models."""

    name: Final = NAME

    def fit(self, texts: Iterable[str]) -> "LsaEmbedder":
        """Return the model of the texts. Holds their term counts in memory, not the texts."""
        counts, found = _count(texts)
        spread = np.asarray((counts > 0).sum(axis=0)).ravel()
        kept = _kept_terms(found, spread, minimum=min(MIN_CHUNKS, counts.shape[0]))
        idf = np.log((1 + counts.shape[0]) / (1 + spread[kept])) + 1
        weights = _weigh(csr_array(counts[:, kept]), idf)
        return LsaEmbedder(
            tuple(found[index] for index in kept),
            idf.astype(np.float32),
            _leading(weights).astype(np.float16).astype(np.float32),  # as it will be stored
        )


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
        rows: list[int] = []
        columns: list[int] = []
        counts: list[int] = []
        for row, text in enumerate(texts):
            for term, count in Counter(tokens(text)).items():
                column = self._columns.get(term)
                if column is not None:
                    rows.append(row)
                    columns.append(column)
                    counts.append(count)
        shape = (len(texts), len(self._terms))
        matrix = csr_array((np.asarray(counts, np.float32), (rows, columns)), shape=shape)
        return _normalised(_weigh(matrix, self._idf) @ self._projection)

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


def _count(texts: Iterable[str]) -> tuple[csr_array, list[str]]:
    """Return how often each term stands in each text, and the terms by column."""
    columns: dict[str, int] = {}
    indices: list[NDArray[np.int32]] = []
    values: list[NDArray[np.float32]] = []
    ends = [0]
    for text in texts:
        counter = Counter(tokens(text))
        found = [columns.setdefault(term, len(columns)) for term in counter]
        indices.append(np.asarray(found, np.int32))
        values.append(np.fromiter(counter.values(), np.float32, len(counter)))
        ends.append(ends[-1] + len(found))
    matrix = csr_array(
        (
            np.concatenate([np.zeros(0, np.float32), *values]),
            np.concatenate([np.zeros(0, np.int32), *indices]),
            np.asarray(ends),
        ),
        shape=(len(ends) - 1, len(columns)),
    )
    return matrix, list(columns)


def _kept_terms(terms: Sequence[str], spread: NDArray[np.int64], minimum: int) -> list[int]:
    """Return the columns of the terms that stand in most texts, in alphabetical order."""
    enough = [column for column in range(len(terms)) if spread[column] >= minimum]
    widest = sorted(enough, key=lambda column: (-int(spread[column]), terms[column]))[:MAX_TERMS]
    return sorted(widest, key=lambda column: terms[column])


def _weigh(counts: csr_array, idf: NDArray[np.floating]) -> csr_array:
    """Return TF-IDF weights with rows of unit length."""
    weights = counts.astype(np.float32)
    weights.data = (1 + np.log(weights.data)) * idf[weights.indices].astype(np.float32)
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    lengths[lengths == 0] = 1
    weights.data /= np.repeat(lengths, np.diff(weights.indptr)).astype(np.float32)
    return weights


def _leading(weights: csr_array) -> NDArray[np.float32]:
    """Return the leading right singular vectors as (terms, dimension), strongest first.

    Halko et al.'s algorithm 4.4 finds the range of the rows; in it the vectors are those of a
    matrix no larger than the dimension.
    """
    width = min(DIMENSION + OVERSAMPLES, *weights.shape)
    if width == 0:
        return np.zeros((weights.shape[1], 1), np.float32)
    start = np.random.default_rng(SEED).standard_normal((weights.shape[1], width))
    basis = weights @ start.astype(np.float32)
    for _ in range(POWER_ITERATIONS):
        # LU keeps the numbers in range, as a QR would, at a tenth of the cost.
        scaled, _ = lu(basis, permute_l=True, check_finite=False)
        basis = weights @ (weights.T @ scaled)
    basis, _ = qr(basis, mode="economic", check_finite=False)
    projected = weights.T @ basis
    squares, rotation = np.linalg.eigh((projected.T @ projected).astype(np.float64))
    strongest = np.argsort(-squares)[:DIMENSION]
    kept = strongest[squares[strongest] > MIN_STRENGTH**2 * squares[strongest[0]]]
    return np.asarray(projected @ (rotation[:, kept] / np.sqrt(squares[kept])), np.float32)


def _normalised(vectors: NDArray[np.float32]) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return np.asarray(vectors / lengths, np.float32)
