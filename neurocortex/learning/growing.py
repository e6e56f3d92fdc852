"""Forests fitted by scikit-learn, and written down as arrays that need none."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from neurocortex.learning import judging
from neurocortex.learning.forest import LEAF, Forest, Tree

TREES: Final = 4
"""More are not better on times that a few sizes decide, and each costs the gateway a microsecond a
request."""

DEPTH: Final = 6
LEAF_SHARE: Final = 0.02
LEAF_RUNS: Final = 10
"""In a leaf at least, or `LEAF_SHARE` of all if that is more: its p90 is one of ten."""

SEED: Final = 0

Floats = npt.NDArray[np.float64]


def quantiles(table: Floats, target: Floats) -> Forest:
    """Return a forest that says p50 and p90 of the target."""
    forest = RandomForestRegressor(**_options(len(target))).fit(table, target)

    def said(inside: npt.NDArray[np.bool_]) -> tuple[float, ...]:
        found = np.quantile(target[inside], [judging.MEDIAN, judging.LATE])
        return tuple(float(each) for each in found)

    return _exported(forest, table, said)


def shares(table: Floats, labels: npt.NDArray[np.int_], kinds: int) -> Forest:
    """Return a forest that says the share of each kind; labels are numbers from 0."""
    forest = RandomForestClassifier(**_options(len(labels))).fit(table, labels)

    def said(inside: npt.NDArray[np.bool_]) -> tuple[float, ...]:
        counts = np.bincount(labels[inside], minlength=kinds)
        return tuple(float(each) for each in counts / counts.sum())

    return _exported(forest, table, said)


def _options(runs: int) -> dict[str, Any]:
    leaf = max(LEAF_RUNS, round(runs * LEAF_SHARE))
    return {
        "n_estimators": TREES,
        "max_depth": DEPTH,
        "min_samples_leaf": leaf,
        "random_state": SEED,
    }


def _exported(
    forest: Any, table: Floats, said: Callable[[npt.NDArray[np.bool_]], tuple[float, ...]]
) -> Forest:
    """Return a fitted forest as arrays; `said` of the runs inside a leaf is what that leaf says."""
    trees = []
    for fitted in forest.estimators_:
        nodes, leaves = fitted.tree_, fitted.apply(table)
        is_leaf = nodes.children_left == -1
        values = (said(leaves == at) if leaf else () for at, leaf in enumerate(is_leaf))
        arrays = (
            np.where(is_leaf, LEAF, nodes.feature),
            np.where(is_leaf, 0.0, nodes.threshold),
            nodes.children_left,
            nodes.children_right,
        )
        rows = zip(*(each.tolist() for each in arrays), strict=True)
        trees.append(Tree(nodes=tuple(rows), values=tuple(values)))
    return Forest(trees=tuple(trees))
