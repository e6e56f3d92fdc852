"""What is counted of the calls of an endpoint, for people who watch: see `metrics`."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from neurocortex.balancing.verdicts import Verdict

BOUNDS_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Of the histogram of the seconds until an answer began: from a small model to one that hangs."""

EJECTIONS: Final = "ejections"
SECONDS: Final = "seconds"


class AttemptKind(StrEnum):
    """Why an endpoint was called."""

    FIRST = "first"
    RETRY = "retry"
    """Another endpoint had failed the call."""
    HEDGE = "hedge"
    """Another one was slow to begin."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What is known of a call that has ended."""

    kind: AttemptKind
    verdict: Verdict
    began_s: float | None = None
    """Seconds until its answer began; None: it did not, or another endpoint's did first."""

    def names(self) -> Iterator[str]:
        """Yield the names of the counts that it adds one to."""
        yield kind_name(self.kind)
        yield verdict_name(self.verdict)
        if self.began_s is not None:
            yield bound_name(next((each for each in BOUNDS_S if self.began_s <= each), None))


def kind_name(kind: AttemptKind) -> str:
    """Return the name of the count of calls that were made for that reason."""
    return f"attempt:{kind.value}"


def verdict_name(verdict: Verdict) -> str:
    """Return the name of the count of calls that ended so."""
    return f"ended:{verdict.name.lower()}"


def bound_name(bound_s: float | None) -> str:
    """Return the name of the count of answers that began within a bound, and not within the one
    below; None: later than all of them."""
    return "le:+Inf" if bound_s is None else f"le:{bound_s:g}"
