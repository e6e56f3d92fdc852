"""What is known of a model's version: kept beside it, for people and for whoever serves it."""

from datetime import datetime
from uuid import UUID

from neurocortex.domain.strict import Strict
from neurocortex.forge.schema import Schema
from neurocortex.forge.scores import Importance, Scores
from neurocortex.forge.spec import TrainingSpec


class Lineage(Strict):
    """The data a model was trained on."""

    table: str
    """Of the Lake."""
    version: int
    """Of the table: `neurocortex lake versions` lists them."""
    rows: int
    """Of the table then."""
    digest: str
    """SHA-256 of the rows: the same digest is the same data."""
    feedback_rows: int = 0
    """Of them, how many are labelled predictions."""


class Card(Strict):
    """A version's card (Mitchell et al. 2019, Model Cards for Model Reporting)."""

    spec: TrainingSpec
    takes: Schema
    classes: tuple[str, ...]
    scores: Scores
    importances: tuple[Importance, ...]
    lineage: Lineage
    trained_at: datetime
    flow_run: UUID | None
