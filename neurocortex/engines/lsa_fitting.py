"""Fitting a model of latent semantic analysis: term counts, their weights, singular vectors."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lu, qr
from scipy.sparse import csr_array

from neurocortex.text.tokens import tokens

DIMENSION: Final = 256
"""Singular vectors kept. On COVID-QA the fused hit rates are level from 100 to 384."""

MAX_TERMS: Final = 50_000
"""Terms kept, the most widespread: bounds the stored model at 25 MB."""

MIN_CHUNKS: Final = 2
"""A term of a single chunk relates it to no other."""

SEED: Final = 0
POWER_ITERATIONS: Final = 2
OVERSAMPLES: Final = 10
MIN_STRENGTH: Final = 1e-4
"""Singular vectors weaker than this, against the strongest, are rounding errors."""


class Parameters(NamedTuple):
    """What a fitted model consists of."""

    terms: tuple[str, ...]
    idf: NDArray[np.float32]
    """Weight of each term."""
    projection: NDArray[np.float32]
    """(terms, dimension): the right singular vectors."""


def fit(texts: Iterable[str]) -> Parameters:
    """Return the parameters for the texts. Holds their term counts in memory, not the texts."""
    counts, found = _count(texts)
    spread = np.asarray((counts > 0).sum(axis=0)).ravel()
    kept = _kept_terms(found, spread, minimum=min(MIN_CHUNKS, counts.shape[0]))
    idf = np.log((1 + counts.shape[0]) / (1 + spread[kept])) + 1
    weights = _weigh(csr_array(counts[:, kept]), idf)
    terms = tuple(found[index] for index in kept)
    return Parameters(terms, idf.astype(np.float32), _leading(weights))


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
