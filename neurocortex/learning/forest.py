"""Decision trees as plain arrays: what scikit-learn has fitted, asked without it.

A forest of regression trees whose leaves keep quantiles is a quantile regression forest
(Meinshausen 2006), here with the quantiles of each tree's leaf averaged instead of its weights.
"""

from collections.abc import Sequence
from typing import Final, Self

from pydantic import model_validator

from neurocortex.domain.strict import Strict

LEAF: Final = -1
"""In place of a feature: here the tree ends."""


Node = tuple[int, float, int, int]
"""Place of the feature that it asks for, or `LEAF`; up to which value it goes left; the places of
its left and right children."""


class Tree(Strict):
    """A binary tree; place 0 is its root, and each child has a higher place than its parent."""

    nodes: tuple[Node, ...]
    values: tuple[tuple[float, ...], ...]
    """By node: what a leaf says; empty for the others."""

    @model_validator(mode="after")
    def _ends(self) -> Self:
        """Refuse nodes over which a walk would not end in a leaf."""
        if not self.nodes or len(self.nodes) != len(self.values):
            raise ValueError("a tree has values for each node, and one node at least")
        for at, (feature, _, *children) in enumerate(self.nodes):
            if feature == LEAF and not self.values[at]:
                raise ValueError("a leaf of a tree says nothing")
            if feature != LEAF and not all(at < child < len(self.nodes) for child in children):
                raise ValueError("a node of a tree comes before its children")
        return self

    def leaf(self, values: Sequence[float]) -> tuple[float, ...]:
        """Return what the tree says about these features."""
        nodes, at = self.nodes, 0
        while True:
            feature, threshold, left, right = nodes[at]
            if feature == LEAF:
                return self.values[at]
            at = left if values[feature] <= threshold else right


class Forest(Strict):
    """Trees over the same features, whose leaves say the same things."""

    trees: tuple[Tree, ...]

    def mean(self, values: Sequence[float]) -> tuple[float, ...]:
        """Return the mean of what the trees say, place by place."""
        said = [tree.leaf(values) for tree in self.trees]
        return tuple([sum(each) / len(said) for each in zip(*said, strict=True)])
