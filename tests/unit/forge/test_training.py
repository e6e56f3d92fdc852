"""Models are learned from rows, judged on others, and written without pickle."""

import pickle
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import pytest
from sklearn.datasets import load_wine
from skops import io
from threadpoolctl import threadpool_limits

from neurocortex.errors import (
    FeaturesError,
    ModelCorruptError,
    TrainingError,
    TrainingSpecError,
)
from neurocortex.forge import artifact, training
from neurocortex.forge.estimators import CLASSIFIERS, REGRESSORS
from neurocortex.forge.held_out import Confusion
from neurocortex.forge.schema import Kind, Schema
from neurocortex.forge.spec import Task, TrainingSpec


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that spin for each other on a busy machine take minutes for what takes a second."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def wine() -> pd.DataFrame:
    """The wines, with a category that has gaps."""
    frame: pd.DataFrame = load_wine(as_frame=True).frame
    frame["cultivar"] = frame.pop("target").map({0: "a", 1: "b", 2: "c"})
    frame["strength"] = [None if a < 12 else "strong" if a > 13 else "mild" for a in frame.alcohol]
    frame["is_c"] = frame["cultivar"] == "c"
    return frame


def spec_of(**changes: Any) -> TrainingSpec:
    settings: Mapping[str, Any] = {
        "name": "wine",
        "description": "the cultivar",
        "task": Task.CLASSIFICATION,
        "table": "wine",
        "target": "cultivar",
        "leave_out": ("is_c",),
        "estimator": "logistic_regression",
        "metric": "accuracy",
    }
    return TrainingSpec.model_validate({**settings, **changes})


REGRESSION: Mapping[str, Any] = {
    "task": Task.REGRESSION,
    "target": "alcohol",
    "leave_out": ("strength", "is_c"),
    "metric": "r2",
}


@pytest.mark.parametrize(
    ("estimator", "changes"),
    [
        *((name, {}) for name in CLASSIFIERS),
        *((name, {"target": "is_c", "leave_out": ("cultivar",)}) for name in CLASSIFIERS),
        *((name, REGRESSION) for name in REGRESSORS),
    ],
)
def test_each_estimator_beats_the_baseline_and_predicts_the_same_once_written(
    wine: pd.DataFrame, estimator: str, changes: Mapping[str, Any]
) -> None:
    spec = spec_of(estimator=estimator, folds=2, **changes)
    trained = training.train(wine, spec)
    assert trained.scores.held_out > trained.scores.baseline + 0.2
    content = artifact.dump(trained.model)
    again = artifact.load("wine", content, artifact.digest(content))
    parts = training.split(wine, spec, trained.schema)
    assert trained.held_out.rows == len(parts.held_out)
    if isinstance(trained.held_out, Confusion):
        seen = trained.held_out
        assert seen.right / seen.rows == pytest.approx(trained.scores.held_out)
    assert list(again.predict(parts.held_out)) == list(trained.model.predict(parts.held_out))


def test_the_same_seed_and_rows_make_the_same_model(wine: pd.DataFrame) -> None:
    spec = spec_of(estimator="random_forest", parameters={"n_estimators": 10}, seed=7)
    first, second = training.train(wine, spec), training.train(wine, spec)
    assert (first.scores, first.importances) == (second.scores, second.importances)


def test_what_matters_most_comes_first(wine: pd.DataFrame) -> None:
    trained = training.train(wine, spec_of(features=("proline", "ash"), leave_out=()))
    assert [each.feature for each in trained.importances] == ["proline", "ash"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "colour"}, "no column colour"),
        ({"features": ("proline", "sugar")}, "no column sugar"),
        ({**REGRESSION, "target": "cultivar", "leave_out": ()}, "is no number"),
        ({"folds": 20, "target": "is_c", "test_share": 0.9}, "scikit-learn said"),
    ],
)
def test_what_cannot_be_learned_is_said(
    wine: pd.DataFrame, changes: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        training.train(wine, spec_of(**changes))


def test_a_constant_target_teaches_nothing(wine: pd.DataFrame) -> None:
    with pytest.raises(TrainingError, match="the same in all 178 rows"):
        training.train(wine.assign(cultivar="a"), spec_of())


def test_a_rare_class_is_named(wine: pd.DataFrame) -> None:
    rare = wine.assign(cultivar=["d", *wine["cultivar"][1:]])
    with pytest.raises(TrainingError, match="cultivar is d in fewer than 6 rows"):
        training.train(rare, spec_of())


def test_an_estimator_or_parameter_that_is_none_is_refused_with_those_there_are(
    wine: pd.DataFrame,
) -> None:
    with pytest.raises(TrainingSpecError, match="There are: logistic_regression, random_forest"):
        training.train(wine, spec_of(estimator="os.system"))
    with pytest.raises(TrainingSpecError, match="takes no parameter 'trees'"):
        training.train(wine, spec_of(estimator="random_forest", parameters={"trees": 3}))


def test_an_artifact_that_was_changed_is_not_loaded(wine: pd.DataFrame) -> None:
    content = artifact.dump(training.train(wine, spec_of()).model)
    broken = content[:-100] + bytes(100)
    with pytest.raises(ModelCorruptError, match="not those that were registered"):
        artifact.load("wine", broken, artifact.digest(content))
    with pytest.raises(ModelCorruptError, match="cannot be read"):
        artifact.load("wine", broken[:500], artifact.digest(broken[:500]))


class Strange:
    """A class that no model may bring along."""


def test_neither_pickle_nor_a_strange_class_is_read(wine: pd.DataFrame) -> None:
    pickled = pickle.dumps({"a": 1})
    with pytest.raises(ModelCorruptError, match="cannot be read"):
        artifact.load("wine", pickled, artifact.digest(pickled))
    strange = io.dumps({"a": Strange()})
    with pytest.raises(ModelCorruptError, match="Strange, which no model may"):
        artifact.load("wine", strange, artifact.digest(strange))


def test_rows_that_a_model_cannot_read_are_explained_one_by_one() -> None:
    schema = Schema.of(pd.DataFrame({"size": [1.5], "colour": ["red"], "new": [True]}))
    assert [feature.kind for feature in schema.features] == [
        Kind.NUMBER,
        Kind.CATEGORY,
        Kind.CATEGORY,
    ]
    good = {"size": 2, "colour": None, "new": False}
    assert len(schema.frame("m", [good, {**good, "size": None}])) == 2
    with pytest.raises(FeaturesError) as refused:
        schema.frame("m", [good, {"size": "big", "color": "red", "new": 1}])
    text = str(refused.value)
    assert "row 0" not in text
    assert "row 1: no value for colour" in text
    assert "no feature color; there are colour, new, size" in text
    assert "size is a number, not 'big'" in text
    assert "new is a category, not 1" in text
