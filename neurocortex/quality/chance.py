"""How much two samples of the same data may differ by chance."""

import math
from typing import Final

UNLIKELY: Final = 1e-4
"""Probability below which a difference is no chance: once in 100 loads of 100 checks."""


def surprising(found: int, of: int, before: int, of_before: int) -> bool:
    """Whether more values fail than the failures seen before let expect.

    The failures among `of` values, when `before` of `of_before` failed, follow a beta-binomial
    distribution, under Jeffreys' prior.

    Args:
        found: values that fail now.
        of: values judged now.
        before: values that failed before.
        of_before: values judged before.
    """
    failed, met = before + 0.5, of_before - before + 0.5
    if not found or found * (failed + met) <= of * failed:
        return False
    return _at_least(found, of, failed, met) < UNLIKELY


def _at_least(found: int, of: int, failed: float, met: float) -> float:
    """Return the probability of so many or more; above the mean, as here, terms get smaller."""
    term = math.exp(
        math.lgamma(of + 1)
        - math.lgamma(found + 1)
        - math.lgamma(of - found + 1)
        + _log_beta(found + failed, of - found + met)
        - _log_beta(failed, met)
    )
    total = 0.0
    for each in range(found, of):
        total += term
        term *= (of - each) / (each + 1) * (each + failed) / (of - each - 1 + met)
        if term < total * 1e-9:
            break
    return total + term


def _log_beta(one: float, other: float) -> float:
    return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)


def divergence_noise(bins: int, rows: int, before: int) -> float:
    """Return the Jensen-Shannon divergence, in bits, that samples of one distribution may reach.

    It is on the average (bins - 1) (1/rows + 1/before) / (8 ln 2); four times that is the bound.
    """
    if not rows or not before:
        return 1.0
    return min(1.0, 4 * max(1, bins - 1) * (1 / rows + 1 / before) / (8 * math.log(2)))
