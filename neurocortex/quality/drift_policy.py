"""What follows from drift: by itself it only tells, a dataset may say that it stops a load."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from pydantic import Field

from neurocortex.domain.strict import Strict
from neurocortex.quality.drift import Aspect, Change

ALL_ASPECTS: Final = tuple(Aspect)


class DriftSeverity(StrEnum):
    """What follows when a load differs from the earlier ones by more than they do."""

    STOP = "stop"
    """Nothing is loaded."""
    WARN = "warn"
    """Everything is loaded; the report and an event say what has changed."""


class DriftPolicy(Strict):
    """How much drift a dataset bears. The thresholds are those of `drift`: they follow history."""

    severity: DriftSeverity = DriftSeverity.WARN
    aspects: tuple[Aspect, ...] = Field(ALL_ASPECTS, min_length=1)
    """Of what the severity is; drift of other aspects only tells."""
    factor: float = Field(1.0, ge=1, le=1000)
    """So many times its threshold must a change be to stop a load; less only tells. A change of
    the schema has no threshold: it always counts."""

    def stopping(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Return the changes for which nothing may be loaded."""
        if self.severity is DriftSeverity.WARN:
            return ()
        return tuple(
            each
            for each in changes
            if each.aspect in self.aspects and each.figure >= self.factor * each.threshold
        )
