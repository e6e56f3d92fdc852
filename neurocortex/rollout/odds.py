"""Whether one group fails more often than another: a test that may be looked at any time. Pure.

The counts come in batches, e.g. one each 5 s. Of a batch with `n` trials of the candidate and `m`
of the stable version, of which `k` failed in all, the number of the candidate's failures is
hypergeometric if the two fail equally often, whatever that rate is (Fisher's exact test). If the
candidate's odds of failing are `w` times as high it is Fisher's noncentral hypergeometric. The
ratio of the two probabilities is an e-value: under the null hypothesis "no worse" its mean is at
most 1, also where the candidate is better, because it grows with the candidate's failures. The
product over batches, averaged over several `w`, is a nonnegative supermartingale, so by Ville's
inequality (1939) it ever reaches 1/a with probability a at most, however often one looks and
whenever one stops.

This is the mixture sequential probability ratio test (Robbins 1970; Johari et al. 2022) made exact
for counts, as a safe test for two proportions (Turner, Ly, Gruenwald 2024). It holds for errors of
1 in 1,000 and ten requests, where tests on a normal approximation (asymptotic confidence
sequences) do not, and adds up over processes from counts alone.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]

RATIOS: Final = (1.2, 1.5, 2.0, 3.0, 6.0, 20.0, 100.0)
"""Odds ratios that are looked for at once: a little worse needs many requests to be told, broken
only a few."""

Evidence = tuple[float, ...]
"""Logarithm of the product so far, for each of `RATIOS`."""

NONE: Final[Evidence] = (0.0,) * len(RATIOS)
"""Before the first batch."""


class Trials(NamedTuple):
    """Counts of one group in one batch."""

    total: int
    bad: int


def updated(evidence: Evidence, stable: Trials, candidate: Trials) -> Evidence:
    """Return the evidence after one more batch.

    The batch must not be chosen by what is in it: cut it by time.
    """
    bad = stable.bad + candidate.bad
    total = stable.total + candidate.total
    if not stable.total or not candidate.total or bad in (0, total):
        return evidence  # it says nothing about which is worse
    least, most = max(0, bad - stable.total), min(bad, candidate.total)
    counts = np.arange(least, most + 1, dtype=np.float64)
    chances = _log_chances(counts, bad, stable.total, candidate.total)
    ratios = np.log(RATIOS)
    means = _log_sum(chances + counts * ratios[:, None])
    return tuple(map(float, np.asarray(evidence) + candidate.bad * ratios - means))


def log_strength(evidence: Evidence) -> float:
    """Return the logarithm of the mixture: how many times likelier "worse" has become."""
    return float(_log_sum(np.asarray(evidence)) - np.log(len(RATIOS)))


def _log_chances(counts: Numbers, bad: int, stable: int, candidate: int) -> Numbers:
    """Return the logarithm of the hypergeometric chance of each count, by its recurrence."""
    before = counts[:-1]
    more = np.log((bad - before) * (candidate - before))
    less = np.log((before + 1) * (stable - bad + before + 1))
    chances = np.concatenate(([0.0], np.cumsum(more - less)))
    found: Numbers = chances - _log_sum(chances)
    return found


def _log_sum(logs: Numbers) -> Numbers:
    """Return the logarithm of the sum along the last axis."""
    most = logs.max(axis=-1, keepdims=True)
    found: Numbers = np.log(np.exp(logs - most).sum(axis=-1)) + most[..., 0]
    return found
