"""Whose turn it is below the tier critical: each tier gets its weight's share of the turns."""

from collections.abc import Mapping

from neurocortex.domain.deployments import Tier


class Turns:
    """Smooth weighted round robin, as nginx chooses its upstreams: shares hold over any stretch.

    https://github.com/nginx/nginx/commit/52327e0627f49dbda1e8db695e63a4b0af4448b1
    """

    def __init__(self, weights: Mapping[Tier, float]) -> None:
        """Take the weights, above 0, of the tiers that take turns."""
        self._weights = dict(weights)
        self._current = dict.fromkeys(weights, 0.0)

    def next(self, count: int) -> list[Tier]:
        """Return whose the next `count` turns are."""
        total = sum(self._weights.values())
        chosen = []
        for _ in range(count):
            for tier, weight in self._weights.items():
                self._current[tier] += weight
            best = max(self._current, key=self._current.__getitem__)
            self._current[best] -= total
            chosen.append(best)
        return chosen
