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
from neurocortex.balancing.lateness import Lateness
from neurocortex.balancing.line import Line
from neurocortex.balancing.retry_budget import RETRY, Need
from neurocortex.balancing.shortage import LONGEST_WAIT_S, is_brief, is_due_early
from neurocortex.balancing.states import Look, State, States
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
        self.hedges = provider.hedge and len(provider.endpoints) > 1
        self.latencies = Latencies()
        self.lateness = Lateness(chosen.failures)
        self.name = sha256("".join(sorted(self.endpoints)).encode()).hexdigest()[:NAME_CHARS]
        self.line = Line()
        self._weights = weights(provider.endpoints, chosen.region)
        # Not for secrets: any endpoint may be the first.
        self._turns: Turns = {name: random.uniform(0, each) for name, each in self._weights.items()}  # noqa: S311
        self._share = chosen.retry_share
        self._max_wait_s = chosen.max_wait_s
        self._calls = 0
        self._lock = Lock()

    def choose(
        self, look: Look, without: Collection[str], *, needs_fine: bool, may_probe: bool
    ) -> Choice | None:
        """Return who gets the next call; see `choosing.choose`.

        Args:
            look: what is known of the endpoints.
            without: those that are no use.
            needs_fine: one that is left out is none.
            may_probe: those that are out may be probed, or waited for until they are.
        """
        candidates = [
            self._candidate(name, look.states[name], look.now)
            for name in self.endpoints
            if name not in without
        ]
        with self._lock:
            choice = choose(candidates, self._turns, needs_fine=needs_fine, may_probe=may_probe)
            if choice is not None:
                self._turns = choice.turns
            return choice

    @property
    def retries(self) -> bool:
        """Whether anything is ever tried again."""
        return self._share > 0

    def is_brief(self, look: Look) -> bool:
        """Tell whether nobody is in, and somebody may be in a moment."""
        standings = self.standings(look)
        wait_s = self._wait_s()
        return Standing.IN not in standings.values() and any(
            is_brief(state.health, look.now, wait_s) for state in look.states.values()
        )

    def standings(self, look: Look) -> dict[str, Standing]:
        """Return how each stands, by name."""
        return {name: each.health.standing(look.now) for name, each in look.states.items()}

    def _candidate(self, name: str, state: State, now: float) -> Candidate:
        return Candidate(
            name,
            self._weights[name],
            state.health.standing(now),
            state.in_flight,
            self.endpoints[name].max_concurrent,
            is_due_early=is_due_early(state.health, now),
            is_brief=is_brief(state.health, now, self._wait_s()),
        )

    def _wait_s(self) -> float:
        """Return how long a call waits for an endpoint that refuses: as long as an answer takes."""
        wait_s = min(self.latencies.slow_s() or 0.0, LONGEST_WAIT_S)
        return wait_s if self._share and wait_s <= self._max_wait_s else 0.0

    def called(self) -> None:
        """Count a call: it adds to what may be tried again."""
        with self._lock:
            self._calls += 1

    async def may_try_again(self, states: States, need: Need = RETRY) -> bool:
        """Take a further attempt out of the budget; False: too little is left for it."""
        with self._lock:
            calls, self._calls = self._calls, 0
        return await states.may_retry(self.name, calls, self._share, need)
