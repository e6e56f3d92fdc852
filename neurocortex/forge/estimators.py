"""The estimators a training spec may name, all of scikit-learn, and how their inputs are prepared.

An allow-list: a spec is data, and may not have a class of its choosing built.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from neurocortex.errors import TrainingSpecError
from neurocortex.forge.schema import Kind, Schema
from neurocortex.forge.spec import Task, TrainingSpec

Make = Callable[[], Any]

CLASSIFIERS: Final[Mapping[str, Make]] = {
    "logistic_regression": lambda: LogisticRegression(max_iter=1000),
    "random_forest": RandomForestClassifier,
    "gradient_boosting": HistGradientBoostingClassifier,
    "nearest_neighbours": KNeighborsClassifier,
}

REGRESSORS: Final[Mapping[str, Make]] = {
    "ridge": Ridge,
    "random_forest": RandomForestRegressor,
    "gradient_boosting": HistGradientBoostingRegressor,
    "nearest_neighbours": KNeighborsRegressor,
}

KINDS: Final[Mapping[Task, Mapping[str, Make]]] = {
    Task.CLASSIFICATION: CLASSIFIERS,
    Task.REGRESSION: REGRESSORS,
}


def build(spec: TrainingSpec, schema: Schema) -> Pipeline:
    """Return what is fitted: missing values filled, numbers scaled, categories one-hot, estimator.

    Raises:
        TrainingSpecError: there is no such estimator, or it takes no such parameter.
    """
    estimator = _estimator(spec)
    numbers = [feature.name for feature in schema.features if feature.kind is Kind.NUMBER]
    categories = [feature.name for feature in schema.features if feature.kind is Kind.CATEGORY]
    inputs = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (
                "categories",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                categories,
            ),
        ],
        verbose_feature_names_out=False,
    )
    return Pipeline([("inputs", inputs), ("estimator", estimator)])


def baseline(task: Task) -> Any:
    """Return the estimator that looks at no feature: what any model has to beat."""
    return DummyClassifier() if task is Task.CLASSIFICATION else DummyRegressor()


def _estimator(spec: TrainingSpec) -> Any:
    known = KINDS[spec.task]
    make = known.get(spec.estimator)
    if make is None:
        raise TrainingSpecError(
            spec.name,
            f"{spec.estimator!r} is no estimator for {spec.task}. There are: {', '.join(known)}.",
        )
    estimator = make()
    takes = estimator.get_params(deep=False)
    for name in spec.parameters:
        if name not in takes:
            raise TrainingSpecError(
                spec.name,
                f"{spec.estimator} takes no parameter {name!r}. It takes: {', '.join(takes)}.",
            )
    seeded = {"random_state": spec.seed} if "random_state" in takes else {}
    return estimator.set_params(**{**seeded, **spec.parameters})
