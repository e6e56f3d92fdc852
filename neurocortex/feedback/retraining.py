"""What became of models that were to be learned anew."""

from neurocortex.domain.strict import Strict
from neurocortex.forge.report import TrainReport


class Retrained(Strict):
    """One model."""

    model: str
    report: TrainReport | None
    """None: it was not trained."""
    reason: str


class Retraining(Strict):
    """All that were looked at."""

    models: tuple[Retrained, ...]
