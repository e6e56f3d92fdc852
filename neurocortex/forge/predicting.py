"""Predictions of a model for rows from outside."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np

from neurocortex.domain.strict import Strict
from neurocortex.forge.schema import Value
from neurocortex.forge.spec import Task
from neurocortex.forge.versions import Loaded


class Predicted(Strict):
    """Predictions, in the order of the rows."""

    model: str
    version: int
    predictions: tuple[float | str, ...]
    """Numbers of a regression, classes of a classification."""
    probabilities: tuple[dict[str, float], ...] | None = None
    """Of each class, for each row; None for a regression."""
    request_id: UUID | None = None
    """Feedback names the prediction by it, where the model's predictions are kept."""


def predict(loaded: Loaded, groups: Sequence[Sequence[Mapping[str, Value]]]) -> list[Predicted]:
    """Predict for many groups of rows at once.

    Args:
        loaded: the model.
        groups: rows of each request.

    Returns:
        The predictions for each group.

    Raises:
        FeaturesError: a row is not what the model takes.
    """
    card, version = loaded.card, loaded.version
    rows = [row for group in groups for row in group]
    frame = card.takes.frame(version.model, rows)
    found = loaded.model.predict(frame)
    chances = None
    if card.spec.task is Task.CLASSIFICATION:
        chances = np.asarray(loaded.model.predict_proba(frame), dtype=np.float64)
    results, start = [], 0
    for group in groups:
        end = start + len(group)
        values = found[start:end]
        results.append(
            Predicted(
                model=version.model,
                version=version.number,
                predictions=tuple(map(str if chances is not None else float, values)),
                probabilities=None
                if chances is None
                else tuple(
                    dict(zip(card.classes, map(float, each), strict=True))
                    for each in chances[start:end]
                ),
            )
        )
        start = end
    return results
