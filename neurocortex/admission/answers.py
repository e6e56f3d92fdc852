"""What the scripts of the admission return, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from neurocortex.admission.rules import Verdict
from neurocortex.admission.values import QueueStanding
from neurocortex.domain.deployments import Tier

SECOND: Final = 1_000_000
"""In microseconds."""

NUMBERS: Final = TypeAdapter(list[int])


@dataclass(frozen=True, slots=True)
class Answer:
    """What the script ADMIT returned."""

    verdict: Verdict
    position: int
    wait_s: float
    shed_for_s: float
    rate: float
    """Releases per second."""

    @classmethod
    def of(cls, answer: object) -> "Answer":
        """Read it."""
        verdict, position, wait, shed, rate = NUMBERS.validate_python(answer)
        # Redis cuts numbers to whole ones; a rate below a thousandth is one start in 17 minutes.
        return cls(Verdict(verdict), position, wait / SECOND, shed / SECOND, max(rate, 1) / 1000)


def standing(answer: object, tiers: Sequence[Tier], bound: int) -> dict[Tier, QueueStanding]:
    """Read what the script STANDING returned about queues of these tiers that share a bound."""
    measured, rate, *rest = NUMBERS.validate_python(answer)
    each = zip(tiers, rest[0::3], rest[1::3], rest[2::3], strict=True)
    return {
        tier: QueueStanding(
            held=held,
            bound=bound,
            starts_per_s=rate / 1000 if measured else None,
            expected_start_s=wait / SECOND,
            shed_for_s=shed / SECOND,
        )
        for tier, held, wait, shed in each
    }
