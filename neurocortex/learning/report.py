"""What a run of train-router learned, for people."""

from neurocortex.domain.strict import Strict
from neurocortex.learning.model import OperationModel, RouterModel


class OperationReport(Strict):
    """One operation."""

    operation: str
    runs: int
    """It was learned from; those it was judged by come on top."""
    serves: tuple[str, ...]
    """What was learned that is better than the rule: `seconds`, `tokens`, `cpu_s`, `memory_mb`,
    `storage_mb`, `length`."""
    reasons: tuple[str, ...]
    """For each thing that was learned, or why nothing was."""


class RouterReport(Strict):
    """All operations, and whether any of it is used."""

    is_used: bool
    """The setting `routing.learned`."""
    operations: tuple[OperationReport, ...]


def report_of(model: RouterModel, *, is_used: bool) -> RouterReport:
    """Return what a person wants to know of a model."""
    operations = tuple(_operation(name, each) for name, each in model.operations.items())
    return RouterReport(is_used=is_used, operations=operations)


def _operation(name: str, learned: OperationModel) -> OperationReport:
    verdicts = learned.verdicts
    return OperationReport(
        operation=name,
        runs=learned.runs,
        serves=learned.serving,
        reasons=tuple(f"{what}: {verdict.reason}" for what, verdict in verdicts.items())
        or (learned.reason,),
    )
