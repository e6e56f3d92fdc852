"""The sentences that stand for a text: LexRank (Erkan & Radev 2004,
https://doi.org/10.1613/jair.1523), in its continuous form.

Sentences that are like many others, which are like many others in turn, hold what the text is
about. With a question the walk begins anew at sentences that are like it (biased LexRank:
Otterbacher, Erkan & Radev 2009). What says again what was chosen is passed over.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from neurocortex.text.sentences import sentences
from neurocortex.text.tokens import tokens

DAMPING: Final = 0.85
"""How often the walk goes on instead of beginning anew, as in PageRank; the paper's value."""

BEGIN_ALIKE: Final = 0.9
"""With a question: how often it begins anew at a sentence that is like it, not anywhere."""

STEPS: Final = 50
"""Of the walk. The differences shrink by DAMPING each step: to 3e-4 of the first."""

SAME: Final = 0.6
"""From this cosine on, a sentence says again what another one has said."""

SHORTEST: Final = 5
LONGEST: Final = 80
"""Terms of a sentence that may be chosen: others are headings, or tables."""

MAX_SENTENCES: Final = 2000
"""Of a text; the rest of it is not looked at. All are compared with all."""


def summarise(text: str, count: int, question: str | None = None) -> list[str]:
    """Return the sentences that stand for a text best, word for word, in the text's order.

    Args:
        text: of any length; of a very long one the first MAX_SENTENCES sentences count.
        count: sentences to return, at most.
        question: what the summary is to be about; None: what the text is about.
    """
    spans = sentences(text)[:MAX_SENTENCES]
    found = [" ".join(text[span.start : span.end].split()) for span in spans]
    terms = [tokens(each) for each in found]
    usable = [at for at, each in enumerate(terms) if SHORTEST <= len(each) <= LONGEST]
    if len(usable) <= 1:  # nothing that could be ranked: it begins with what it is about
        return found[:count]
    asked = tokens(question) if question else []
    weights = _weights([*(terms[at] for at in usable), asked])
    rows = weights[: len(usable)]
    alike = np.asarray((rows @ rows.T).todense())
    start = np.asarray((rows @ weights[[len(usable)]].T).todense()).ravel()
    order = np.argsort(-_walk(alike, start), kind="stable")
    chosen: list[int] = []
    for at in order:
        if len(chosen) == count:
            break
        if all(alike[at, other] < SAME for other in chosen):
            chosen.append(int(at))
    return [found[usable[at]] for at in sorted(chosen)]


def _weights(texts: Sequence[Sequence[str]]) -> csr_array:
    """Return a unit vector of tf-idf weights for each text, as rows."""
    counts = [Counter(each) for each in texts]
    spread = Counter(term for each in counts for term in each)
    columns = {term: column for column, term in enumerate(spread)}
    values, places, ends = [], [], [0]
    for each in counts:
        row = [count * np.log(len(texts) / spread[term] + 1.0) for term, count in each.items()]
        length = float(np.linalg.norm(row)) or 1.0
        values += [value / length for value in row]
        places += [columns[term] for term in each]
        ends.append(len(places))
    return csr_array((values, places, ends), shape=(len(texts), len(columns)))


def _walk(alike: NDArray[np.float64], start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how often a walk from sentence to like sentence comes by each."""
    size = len(alike)
    anywhere = np.full(size, 1 / size)
    begin = anywhere
    if start.any():
        begin = BEGIN_ALIKE * start / start.sum() + (1 - BEGIN_ALIKE) * anywhere
    steps = alike / alike.sum(axis=1, keepdims=True)
    rank = anywhere
    for _ in range(STEPS):
        rank = DAMPING * (rank @ steps) + (1 - DAMPING) * begin
    return rank
