"""Means and rates that may be looked at after every value: confidence sequences, e-values. Pure.

`Sequence` is the predictable plug-in empirical Bernstein confidence sequence of Waudby-Smith and
Ramdas (2023, theorem 2) for values from 0 to 1 with one mean: with probability 1 - alpha it holds
that mean after every value at once, so whoever looks may stop whenever they like.

`log_excess` is the likelihood ratio of "the rate is higher" against "it is at most the limit",
mixed over odds ratios: an e-value after every value (Ville 1939), from counts alone.
"""

import math
from dataclasses import dataclass
from typing import Final

from neurocortex.rollout.odds import RATIOS

LARGEST_BET: Final = 0.5
"""Truncation of the bets, as the paper recommends."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """Values seen one by one, and the interval that holds their mean."""

    alpha: float
    """Chance that the interval ever misses the mean, at most; of both sides together."""
    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    """Squared distances of the values from the mean as it was estimated with each."""
    bets: float = 0.0
    weighted: float = 0.0
    """Values times bets."""
    variation: float = 0.0
    low: float = 0.0
    """The narrowest interval so far."""
    high: float = 1.0

    @property
    def mean(self) -> float | None:
        """The plain mean; None of nothing."""
        return self.total / self.count if self.count else None

    def plus(self, value: float) -> "Sequence":
        """Return it with one more value, 0 to 1."""
        before = (0.5 + self.total) / (self.count + 1)
        variance = (0.25 + self.squares) / (self.count + 1)
        count = self.count + 1
        wanted = 2 * math.log(2 / self.alpha) / (variance * count * math.log(count + 1))
        bet = min(math.sqrt(wanted), LARGEST_BET)
        total = self.total + value
        bets = self.bets + bet
        weighted = self.weighted + bet * value
        shape = (-math.log1p(-bet) - bet) / 4
        variation = self.variation + 4 * (value - before) ** 2 * shape
        middle = weighted / bets
        margin = (math.log(2 / self.alpha) + variation) / bets
        after = (0.5 + total) / (count + 1)
        return Sequence(
            alpha=self.alpha,
            count=count,
            total=total,
            squares=self.squares + (value - after) ** 2,
            bets=bets,
            weighted=weighted,
            variation=variation,
            low=max(self.low, middle - margin),
            high=min(self.high, middle + margin),
        )


def log_excess(bad: int, total: int, limit: float) -> float:
    """Return the logarithm of how much likelier it is that the rate is above a limit.

    Args:
        bad: how many of all were bad.
        total: how many there were.
        limit: of the rate, between 0 and 1.
    """
    logs = []
    for ratio in RATIOS:
        rate = limit * ratio / (1 - limit + limit * ratio)
        logs.append(
            bad * math.log(rate / limit) + (total - bad) * math.log((1 - rate) / (1 - limit))
        )
    most = max(logs)
    return most + math.log(sum(math.exp(each - most) for each in logs) / len(logs))
