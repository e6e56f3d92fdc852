"""What is chosen among, for whom, and from what knowledge."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from neurocortex.domain.deployments import Tier
from neurocortex.selection.limits import Limits

MILLION = 1_000_000
"""Tokens that a price is for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One LLM provider that could be asked."""

    provider: str
    """Name of its block."""
    prompt_price: float = 0.0
    """Of a million tokens that are sent, in the operator's currency."""
    completion_price: float = 0.0
    """Of a million tokens that are written."""
    regions: frozenset[str] = frozenset()
    """Where its endpoints are; empty: not known."""

    def cost(self, prompt_tokens: float, answer_tokens: float) -> float:
        """Return what a call costs."""
        sent, written = prompt_tokens * self.prompt_price, answer_tokens * self.completion_price
        return (sent + written) / MILLION


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as the choice depends on it."""

    operation: str
    """Its class: what is learned of one says nothing of another."""
    prompt_tokens: int = 0
    """About."""
    answer_tokens: int = 300
    """About, of a provider of which nothing is known; of others it is what they wrote before."""
    budget_tokens: int | None = None
    """In and out, at most: an answer is cut there."""
    limits: Limits = field(default_factory=Limits)
    tier: Tier = Tier.HIGH
    left_s: float | None = None
    """Until its deadline."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Providers that it asked already, in vain, and why."""

    @property
    def answer_room(self) -> float:
        """Tokens that an answer may have, by the budget."""
        if self.budget_tokens is None:
            return float("inf")
        return max(0, self.budget_tokens - self.prompt_tokens)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What outcomes of one operation at one provider taught, old ones faded: sums and counts."""

    succeeded: float = 0.0
    failed: float = 0.0
    scores: float = 0.0
    """Sum of the judgements, each 0 to 1."""
    judged: float = 0.0
    log_seconds: float = 0.0
    """Sum of the natural logarithms of the seconds that calls took."""
    log_seconds_squared: float = 0.0
    timed: float = 0.0
    tokens: float = 0.0
    """Sum of the tokens of answers."""
    counted: float = 0.0
    in_flight: int = 0
    """Calls that were chosen and have not ended."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call that was chosen ended."""

    succeeded: bool
    seconds: float
    answer_tokens: int
