"""Documents and vectors made up for measuring: the same in every run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from neurocortex.domain.embedding import Vectors

VOCABULARY: Final = 20_000
"""Different words: what some thousand real documents have."""

ZIPF_EXPONENT: Final = 1.07
"""Of word frequencies in English (Piantadosi 2014)."""

TOPICS: Final = 64
"""Rank of the vectors without their noise: real embeddings fill few of their dimensions."""

NOISE: Final = 0.3
SEED: Final = 20_240_711

_ONSETS: Final = [
    "b",
    "bl",
    "br",
    "c",
    "cl",
    "cr",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "pr",
    "r",
    "s",
    "sk",
    "sl",
    "st",
    "t",
    "tr",
    "v",
    "w",
]
_VOWELS: Final = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "oa", "ou"]
_CODAS: Final = ["", "l", "m", "n", "nd", "r", "rt", "s", "st", "t"]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts with a vector for each."""

    texts: Sequence[str]
    vectors: Vectors
    """(texts, dimension), rows of length 1."""


def make(documents: int, words: int, dimension: int) -> Corpus:
    """Return documents of about so many words, in sentences and paragraphs."""
    rng = np.random.default_rng(SEED)
    vocabulary = _words(rng)
    weights = 1 / np.arange(1, VOCABULARY + 1) ** ZIPF_EXPONENT
    weights /= weights.sum()
    texts = []
    for number in range(documents):
        length = int(rng.normal(words, words / 10))
        chosen = rng.choice(VOCABULARY, size=max(20, length), p=weights)
        texts.append(_prose([vocabulary[index] for index in chosen], mark=mark(number)))
    topics = rng.standard_normal((documents, TOPICS)) @ rng.standard_normal((TOPICS, dimension))
    vectors = topics / np.sqrt(TOPICS) + NOISE * rng.standard_normal((documents, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Corpus(texts, vectors.astype(np.float32))


def mark(number: int) -> str:
    """Return a word that stands in one document only."""
    return f"mark{number:07d}"


def _words(rng: np.random.Generator) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        syllables = rng.integers(1, 4)
        word = "".join(
            str(rng.choice(_ONSETS)) + str(rng.choice(_VOWELS)) + str(rng.choice(_CODAS))
            for _ in range(syllables)
        )
        found.setdefault(word)
    return list(found)


def _prose(words: Sequence[str], mark: str) -> str:
    """Join words to sentences of a dozen, and those to paragraphs of five."""
    sentences = [" ".join(words[start : start + 12]) for start in range(0, len(words), 12)]
    sentences[0] = f"{mark} {sentences[0]}"
    stopped = [sentence.capitalize() + "." for sentence in sentences]
    return "\n\n".join(" ".join(stopped[start : start + 5]) for start in range(0, len(stopped), 5))
