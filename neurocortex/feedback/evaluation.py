"""What an evaluation of a model's versions found."""

from neurocortex.domain.strict import Strict


class Score(Strict):
    """One version."""

    version: int
    score: float
    low: float
    """End of the 95 % interval of the bootstrap (Efron 1979)."""
    high: float


class Evaluation(Strict):
    """How versions of a model do on fresh rows, the champion first."""

    model: str
    metric: str
    rows: int
    """Labelled after all of these versions had been trained, and of the kind they take."""
    scores: tuple[Score, ...]
    """None at all where the rows are too few, or of one class only."""
    reason: str
    """What follows, in a sentence without its full stop."""
