"""A training spec: what to learn, from which table, and how it is judged; written in YAML."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from neurocortex.domain.strict import Strict, problem

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Task(StrEnum):
    """What kind of thing is predicted."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


METRICS: Final[Mapping[Task, tuple[str, ...]]] = {
    Task.CLASSIFICATION: ("accuracy", "balanced_accuracy", "f1_macro", "roc_auc_ovr"),
    Task.REGRESSION: ("r2", "neg_mean_absolute_error", "neg_root_mean_squared_error"),
}
"""By scikit-learn's names; more is better for each."""


class TrainingSpec(Strict):
    """What to learn."""

    name: Name = Field(description="Of the model in the registry.")
    description: str = Field(min_length=1)
    task: Task
    table: Name = Field(description="Of the Lake.")
    target: str = Field(min_length=1, description="Column that is predicted.")
    features: tuple[str, ...] | None = Field(
        None, min_length=1, description="Columns it is predicted from. Unset: all others."
    )
    leave_out: tuple[str, ...] = Field(
        (), description="Columns that are no features, e.g. keys, or what only the future knows."
    )
    estimator: str = Field(min_length=1)
    parameters: Mapping[str, float | int | str | bool | None] = Field(
        {}, description="Of the estimator; scikit-learn's names."
    )
    metric: str
    at_least: float | None = Field(
        None, description="A version whose score on the held-out rows is lower is not registered."
    )
    test_share: float = Field(0.25, gt=0, lt=1, description="Rows held out, as a share.")
    folds: int = Field(5, ge=2, le=20, description="Of the cross-validation on the other rows.")
    keep_predictions: bool = Field(
        False,
        description="Keep the rows and answers of each request for a while, so that feedback finds"
        " them. Personal data in features is kept as it comes.",
    )
    seed: int = Field(0, ge=0, description="The same seed and rows make the same model.")

    @model_validator(mode="after")
    def _fits_together(self) -> "TrainingSpec":
        allowed = METRICS[self.task]
        if self.metric not in allowed:
            raise problem(
                ("metric",), f"{self.metric!r} is no metric of {self.task}: {', '.join(allowed)}."
            )
        if self.features is not None and self.target in self.features:
            raise problem(("features",), f"the target {self.target!r} is among the features.")
        return self
