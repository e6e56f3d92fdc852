"""What one process remembers of a model's endpoints beside their health: whose turn it is, how
long they take, who waits, how many calls it made since it asked for a further attempt."""

import random
from collections.abc import Collection
from hashlib import sha256
from threading import Lock
from typing import Final

from neurocortex.balancing.choosing import Candidate, Choice, Turns, choose, weights
from neurocortex.balancing.health import Standing
from neurocortex.balancing.latencies import Latencies
from neurocortex.balancing.line import Line
from neurocortex.balancing.states import Look, States
from neurocortex.domain.endpoints import LlmProvider
from neurocortex.settings import BalancingSettings

NAME_CHARS: Final = 16
"""Of a hash: an installation has a handful of models."""


class Group:
    """The endpoints of one model. Safe to use from several threads."""

    def __init__(self, provider: LlmProvider, chosen: BalancingSettings) -> None:
        """Begin with nobody's turn: processes that make one call must not all make it alike."""
        self.endpoints = {each.name: each for each in provider.endpoints}
        self.model = provider.model
        self.hedges = provider.hedge
        self.latencies = Latencies()
        self.name = sha256("".join(sorted(self.endpoints)).encode()).hexdigest()[:NAME_CHARS]
        self.line = Line()
        self._weights = weights(provider.endpoints, chosen.region)
        # Not for secrets: any endpoint may be the first.
        self._turns: Turns = {name: random.uniform(0, each) for name, each in self._weights.items()}  # noqa: S311
        self._share = chosen.retry_share
        self._calls = 0
        self._lock = Lock()

    def choose(self, look: Look, without: Collection[str]) -> Choice | None:
        """Return who gets the next call; see `choosing.choose`."""
        candidates = [
            Candidate(
                name,
                self._weights[name],
                look.states[name].health.standing(look.now),
                look.states[name].in_flight,
                endpoint.max_concurrent,
            )
            for name, endpoint in self.endpoints.items()
            if name not in without
        ]
        with self._lock:
            choice = choose(candidates, self._turns)
            if choice is not None:
                self._turns = choice.turns
            return choice

    def may_eject(self, look: Look, name: str) -> bool:
        """Tell whether another endpoint than this one gets calls."""
        return any(
            state.health.standing(look.now) is Standing.IN
            for other, state in look.states.items()
            if other != name
        )

    def called(self) -> None:
        """Count a call: it adds to what may be tried again."""
        with self._lock:
            self._calls += 1

    async def may_try_again(self, states: States) -> bool:
        """Take a further attempt or a hedge out of the budget; False: it has none left."""
        with self._lock:
            calls, self._calls = self._calls, 0
        return await states.may_retry(self.name, calls, self._share)
