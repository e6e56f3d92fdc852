"""A dataset's load on its way, and what became of it."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict

from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import EtlReport
from neurocortex.errors import DatasetError, DriftStoppedError, GateFailedError
from neurocortex.lake.loads import Load
from neurocortex.quality.drift import Change
from neurocortex.quality.profile import TableProfile
from neurocortex.quality.report import ExpectationResult, GateReport


class Staged(BaseModel):
    """A load whose rows wait to be published."""

    model_config = ConfigDict(frozen=True)

    load: Load
    dataset: str
    extracted: int
    """Rows of the source."""
    staged: int
    """Rows that passed everything."""
    rules: Mapping[str, int]
    """Rows set aside, by the rule that refused them."""
    sample: tuple[Quarantined, ...]
    """The first of them; all are in the Lake's quarantine."""
    gate: GateReport
    """Without `failed_rows`."""
    profile: TableProfile
    """What the source's rows are like; kept when they are published."""
    changes: tuple[Change, ...]
    """How that differs from earlier loads."""
    stopping: tuple[Change, ...] = ()
    """Those of them that the dataset does not bear."""
    seconds: float

    @property
    def refusal(self) -> DatasetError | None:
        """Why nothing of it may be loaded; None where it may."""
        if self.gate.stopped:
            reason = "; ".join(map(_unmet, self.gate.stoppers))
            return GateFailedError(
                self.dataset, f"nothing was loaded, because the data was expected {reason}."
            )
        if self.stopping:
            return DriftStoppedError(
                self.dataset,
                "nothing was loaded, because the data differs from earlier loads:"
                f" {'; '.join(_changed(self.stopping))}. If that is how it is from now on, load it"
                " once with `drift: {severity: warn}`: the later ones are compared with it, too.",
            )
        return None


class EtlOutcome(BaseModel):
    """What a whole run did."""

    model_config = ConfigDict(frozen=True)

    report: EtlReport
    rules: Mapping[str, int]
    """Rows set aside, by the rule that refused them."""
    sample: tuple[Quarantined, ...]
    gate: GateReport


def _unmet(result: ExpectationResult) -> str:
    expectation = result.expectation
    note = f" ({expectation.note})" if expectation.note else ""
    return f"{expectation.subject} {expectation.sentence}{note}"


def _changed(changes: Iterable[Change]) -> Iterable[str]:
    return (f"{each.column or 'the table'}: {each.sentence}" for each in changes)
