"""Fitting a model of latent semantic analysis: term counts, their weights, singular vectors."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lu, qr
from scipy.sparse import csr_array

from neurocortex.text.numbering import NumberedTexts, number

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
    numbered = number(texts)
    counts = _counts(numbered)
    spread = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = _kept(spread, minimum=min(MIN_CHUNKS, counts.shape[0]))
    idf = np.log((1 + counts.shape[0]) / (1 + spread[kept])) + 1
    weights = _weigh(csr_array(counts[:, kept]), idf)
    terms = tuple(numbered.terms[column] for column in kept)
    return Parameters(terms, idf.astype(np.float32), _leading(weights))


def _counts(texts: NumberedTexts) -> csr_array:
    """Return how often each term stands in each text, as (texts, terms)."""
    ends = np.concatenate([[0], np.cumsum(texts.lengths)])
    ones = np.ones(len(texts.numbers), np.float32)
    matrix = csr_array((ones, texts.numbers, ends), shape=(len(texts.lengths), len(texts.terms)))
    matrix.sum_duplicates()
    return matrix


def _kept(spread: NDArray[np.int64], minimum: int) -> NDArray[np.intp]:
    """Return the columns of the terms that stand in most texts, in their order."""
    widest = np.argsort(-spread, kind="stable")[:MAX_TERMS]
    return np.sort(widest[spread[widest] >= minimum])


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
    transposed = csr_array(weights.T)
    start = np.random.default_rng(SEED).standard_normal((weights.shape[1], width))
    basis = weights @ start.astype(np.float32)
    for _ in range(POWER_ITERATIONS):
        # LU keeps the numbers in range, as a QR would, at a tenth of the cost.
        scaled, _ = lu(basis, permute_l=True, check_finite=False)
        basis = weights @ (transposed @ scaled)
    basis, _ = qr(basis, mode="economic", check_finite=False)
    projected = transposed @ basis
    squares, rotation = np.linalg.eigh((projected.T @ projected).astype(np.float64))
    strongest = np.argsort(-squares)[:DIMENSION]
    kept = strongest[squares[strongest] > MIN_STRENGTH**2 * squares[strongest[0]]]
    return np.asarray(projected @ (rotation[:, kept] / np.sqrt(squares[kept])), np.float32)
