"""How well a model does."""

from neurocortex.domain.strict import Strict


class Scores(Strict):
    """How well a model does, by one metric; more is better."""

    metric: str
    folds: tuple[float, ...]
    """Of the cross-validation, on the rows it was trained on."""
    held_out: float
    """On rows it has not seen."""
    baseline: float
    """Of the model that looks at no feature, on the same rows."""


class Importance(Strict):
    """What a model loses when a feature's held-out values are shuffled (Breiman 2001)."""

    feature: str
    loss: float
