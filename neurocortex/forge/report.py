"""What came of training a model: for people, and for whoever asked for it."""

from neurocortex.domain.strict import Strict
from neurocortex.forge.card import Lineage
from neurocortex.forge.scores import Importance, Scores


class TrainReport(Strict):
    """What a run of `train_model` did."""

    model: str
    version: int | None
    """None: it was not good enough to be registered."""
    better: bool
    """Whether it may serve: it is better than what serves."""
    promoted: bool
    """Whether it serves now."""
    reason: str
    """Of the promotion, or of why there was none."""
    estimator: str
    scores: Scores
    champion: float | None
    """Score of the version that served before, on the same rows."""
    importances: tuple[Importance, ...]
    lineage: Lineage
    seconds: float
