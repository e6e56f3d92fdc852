"""For how long a result is fresh: longer, the dearer it was to compute.

Recomputing costs `took / ttl` for each second, and what a value lags behind its source grows with
`ttl`. The sum of both is least at a `ttl` that goes with the square root of `took`: the rule of the
economic order quantity (Harris, "How many parts to make at once", 1913).
"""

from math import sqrt
from typing import Final

TYPICAL_S: Final = 1.0
"""A result that took so long lives as long as its policy says; one that took less no shorter."""


def stretched_s(ttl_s: float, longest_s: float, took_s: float) -> float:
    """Return for how long a result is fresh.

    Args:
        ttl_s: one that took no longer than `TYPICAL_S`.
        longest_s: any, unless `ttl_s` is longer.
        took_s: seconds that computing it took.
    """
    return min(ttl_s * max(sqrt(took_s / TYPICAL_S), 1.0), max(longest_s, ttl_s))
