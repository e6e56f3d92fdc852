"""From rows to a model: cross-validated, fitted, and judged on rows that it has not seen."""

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import pandas as pd
from pandas.api import types
from sklearn.inspection import permutation_importance
from sklearn.metrics import get_scorer
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import Pipeline

from neurocortex.errors import TrainingError
from neurocortex.forge import estimators
from neurocortex.forge.held_out import Confusion, HeldOut, Residuals
from neurocortex.forge.schema import Schema
from neurocortex.forge.scores import Importance, Scores
from neurocortex.forge.spec import Task, TrainingSpec

REPEATS: Final = 5
"""Permutations of each feature."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model with how it was judged."""

    model: Pipeline
    schema: Schema
    classes: tuple[str, ...]
    """What a classifier tells apart; none for a regressor."""
    scores: Scores
    importances: tuple[Importance, ...]
    """The weightiest first."""
    held_out: HeldOut
    """What it said of the rows it has not seen."""
    rows: int
    """It was trained on."""


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to learn from, and rows to judge by; the same for the same spec and rows."""

    known: pd.DataFrame
    known_target: "pd.Series[Any]"
    held_out: pd.DataFrame
    held_out_target: "pd.Series[Any]"


def split(frame: pd.DataFrame, spec: TrainingSpec, schema: Schema) -> Split:
    """Divide a table's rows; rows whose target is not known are left out.

    Raises:
        TrainingError: the target is constant, or no number for a regression, or rows are too few.
    """
    rows = frame[frame[spec.target].notna()]
    target = rows[spec.target]
    if spec.task is Task.CLASSIFICATION:
        target = target.astype(str)
        counts = target.value_counts()
        rare = [str(value) for value, count in counts.items() if count < spec.folds + 1]
        if rare:
            raise TrainingError(
                spec.name,
                f"{spec.target} is {', '.join(rare)} in fewer than {spec.folds + 1} rows: too few"
                f" for {spec.folds} folds and held-out rows.",
            )
    elif not types.is_numeric_dtype(target):
        raise TrainingError(spec.name, f"{spec.target} is no number, as a regression needs.")
    if target.nunique() < 2:
        raise TrainingError(
            spec.name, f"{spec.target} is the same in all {len(rows)} rows: nothing to learn."
        )
    return Split(
        *_divided(
            schema.prepared(rows),
            target,
            spec.test_share,
            spec.seed,
            target if spec.task is Task.CLASSIFICATION else None,
        )
    )


def schema_of(frame: pd.DataFrame, spec: TrainingSpec) -> Schema:
    """Return the features that a spec takes from a table.

    Raises:
        TrainingError: the table lacks the target or a feature.
    """
    present = [str(name) for name in frame.columns]
    wanted = spec.features
    if wanted is None:
        wanted = tuple(
            name for name in present if name != spec.target and name not in spec.leave_out
        )
    missing = [name for name in (spec.target, *wanted, *spec.leave_out) if name not in present]
    if missing or not wanted:
        lacks = f"has no column {', '.join(missing)}" if missing else "has no other column"
        raise TrainingError(
            spec.name, f"the table {spec.table} {lacks}. It has: {', '.join(present)}."
        )
    return Schema.of(frame[list(wanted)])


def train(frame: pd.DataFrame, spec: TrainingSpec) -> Trained:
    """Fit a spec's model.

    Args:
        frame: the table's rows, shape (rows, columns); their order decides the split.
        spec: what to learn.

    Raises:
        TrainingSpecError: the estimator or a parameter of it is unknown.
        TrainingError: the table lacks a column, or there is nothing to learn from.
    """
    schema = schema_of(frame, spec)
    parts = split(frame, spec, schema)
    model = estimators.build(spec, schema)
    try:
        folds = cross_val_score(
            model, parts.known, parts.known_target, scoring=spec.metric, cv=spec.folds
        )
        model.fit(parts.known, parts.known_target)
    except ValueError as error:
        raise TrainingError(
            spec.name, f"scikit-learn said: {' '.join(str(error).split())}"
        ) from error
    bare = estimators.baseline(spec.task).fit(parts.known, parts.known_target)
    is_classifier = spec.task is Task.CLASSIFICATION
    classes = tuple(str(each) for each in model.classes_) if is_classifier else ()
    return Trained(
        model=model,
        schema=schema,
        classes=classes,
        scores=Scores(
            metric=spec.metric,
            folds=tuple(float(score) for score in folds),
            held_out=score(model, spec.metric, parts),
            baseline=score(bare, spec.metric, parts),
        ),
        importances=_importances(model, spec, parts, schema),
        held_out=_held_out(model, classes, parts),
        rows=len(parts.known),
    )


def score(model: Any, metric: str, parts: Split) -> float:
    """Return a model's score on the held-out rows."""
    return float(get_scorer(metric)(model, parts.held_out, parts.held_out_target))


def _held_out(model: Pipeline, classes: tuple[str, ...], parts: Split) -> HeldOut:
    predicted, truths = model.predict(parts.held_out), parts.held_out_target
    if classes:
        return Confusion.of(classes, list(map(str, truths)), list(map(str, predicted)))
    return Residuals.of(list(map(float, truths)), list(map(float, predicted)))


def _importances(
    model: Pipeline, spec: TrainingSpec, parts: Split, schema: Schema
) -> tuple[Importance, ...]:
    found = permutation_importance(
        model,
        parts.held_out,
        parts.held_out_target,
        scoring=spec.metric,
        n_repeats=REPEATS,
        random_state=spec.seed,
    )
    losses = np.asarray(found["importances_mean"])
    return tuple(
        Importance(feature=schema.features[place].name, loss=float(losses[place]))
        for place in np.argsort(-losses, kind="stable")
    )


def _divided(
    frame: pd.DataFrame,
    target: "pd.Series[Any]",
    share: float,
    seed: int,
    classes: "pd.Series[Any] | None",
) -> "tuple[pd.DataFrame, pd.Series[Any], pd.DataFrame, pd.Series[Any]]":
    known, held_out, known_target, held_out_target = train_test_split(
        frame, target, test_size=share, random_state=seed, stratify=classes
    )
    return (
        cast("pd.DataFrame", known),
        known_target,
        cast("pd.DataFrame", held_out),
        held_out_target,
    )
