"""What was learned of each operation, and whether it serves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from neurocortex.domain.strict import Strict
from neurocortex.learning.forest import Forest
from neurocortex.routing.route import Length

LENGTHS: Final = tuple(Length)
"""In the order in which a forest of lengths says their shares."""


class Verdict(Strict):
    """How something learned did beside the rule, on later runs than it was learned from."""

    metric: str
    learned: float
    rule: float
    serves: bool
    reason: str
    """In a few words, for people."""


class Bound(Strict):
    """A feature, and the values of it that were learned from."""

    name: str
    lowest: float
    highest: float


class OperationModel(Strict):
    """What was learned of one operation."""

    runs: int
    """It was learned from."""
    features: tuple[Bound, ...] = ()
    """In the order in which the forests ask for them."""
    seconds: Forest | None = None
    """Says the logarithm of p50 and p90 as multiples of the rule's; None: the rule serves."""
    tokens: Forest | None = None
    """The same of tokens."""
    cpu_s: Forest | None = None
    """The same of processor time, as multiples of the rule's seconds."""
    memory_mb: Forest | None = None
    """Says the logarithm of p50 and p90 in MB."""
    storage_mb: Forest | None = None
    """The same of what is written to disks."""
    length: Forest | None = None
    """Says the share of each of `LENGTHS`."""
    verdicts: Mapping[str, Verdict] = {}
    """By what was learned: `seconds`, `tokens`, `cpu_s`, `memory_mb`, `storage_mb`,
    `length`."""
    reason: str = ""
    """Why nothing was learned."""

    @property
    def serving(self) -> tuple[str, ...]:
        """What was learned that is better than the rule."""
        return tuple(name for name, verdict in self.verdicts.items() if verdict.serves)


class RouterModel(Strict):
    """What was learned of all operations."""

    learned_at: datetime
    release: str
    """Of NeuroCortex: another one has other rules, of which these are multiples."""
    operations: Mapping[str, OperationModel]

    @property
    def serving(self) -> tuple[str, ...]:
        """The operations of which something learned serves."""
        return tuple(name for name, each in self.operations.items() if each.serving)
