"""Whether what was learned is better than the rule, on runs that came after those it learned from.

The estimator is judged by the pinball loss at the median (Koenker and Bassett 1978), in seconds,
the classifier by its accuracy. Each run is judged by both, and the differences decide: what is
better by chance only does not serve.
"""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import Final

from neurocortex.learning.model import Verdict

MEDIAN: Final = 0.5
LATE: Final = 0.9

SURE: Final = 1.645
"""Standard errors above 0 that the mean difference has to be: by chance in one of 20 cases."""


def pinball(actual: float, expected: float, share: float) -> float:
    """Return the loss of an expectation that a share of all runs should not exceed."""
    return max(share * (actual - expected), (share - 1) * (actual - expected))


def losses(actual: Sequence[float], expected: Sequence[float], share: float) -> list[float]:
    """Return the pinball loss of each run."""
    return [pinball(each, said, share) for each, said in zip(actual, expected, strict=True)]


def by_loss(metric: str, learned: Sequence[float], rule: Sequence[float], note: str) -> Verdict:
    """Compare two losses of the same runs; less is better."""
    is_better = _is_better([bad - good for good, bad in zip(learned, rule, strict=True)])
    return _verdict(metric, fmean(learned), fmean(rule), note, is_better=is_better)


def by_hits(metric: str, learned: Sequence[bool], rule: Sequence[bool]) -> Verdict:
    """Compare what two said of the same runs; more that is right is better."""
    differences = [float(good) - float(bad) for good, bad in zip(learned, rule, strict=True)]
    is_better = _is_better(differences)
    return _verdict(metric, fmean(learned), fmean(rule), "", is_better=is_better)


def _verdict(metric: str, learned: float, rule: float, note: str, *, is_better: bool) -> Verdict:
    compared = f"{metric} {learned:.4g} on later runs, the rule's {rule:.4g}{note}"
    reason = compared if is_better else f"{compared}: not surely better, so the rule serves"
    return Verdict(metric=metric, learned=learned, rule=rule, serves=is_better, reason=reason)


def _is_better(differences: Sequence[float]) -> bool:
    mean, spread = fmean(differences), stdev(differences)
    return mean > 0 and mean > SURE * spread / sqrt(len(differences))
