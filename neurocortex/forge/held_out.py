"""What a model said of the rows it has not seen, as far as a picture needs it."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from neurocortex.domain.strict import Strict

CLASSES: Final = 12
"""A larger matrix cannot be read."""
POINTS: Final = 300
FEWEST_BINS: Final = 5
MOST_BINS: Final = 20


class Confusion(Strict):
    """Rows of a classifier, by what they are and what they were taken for."""

    classes: tuple[str, ...]
    """All, or those with the most mistakes."""
    counts: tuple[tuple[int, ...], ...]
    """For each class, how many of its rows were taken for each class."""
    elsewhere: tuple[int, ...]
    """For each class, how many of its rows were taken for a class that is not among these."""
    hidden: int
    """Classes that are not among these."""
    rows: int
    right: int
    """Of all classes."""

    @classmethod
    def of(
        cls, classes: Sequence[str], truths: Sequence[str], predicted: Sequence[str]
    ) -> "Confusion":
        """Count rows, each with what it is and what it was taken for.

        Args:
            classes: that the model knows, in its order.
            truths: a class of each row.
            predicted: what the model took each row for, in the same order.
        """
        pairs = Counter(zip(truths, predicted, strict=True))
        wrong = Counter[str]()
        for (true, said), count in pairs.items():
            if true != said:
                wrong[true] += count
                wrong[said] += count
        worst = sorted(classes, key=lambda each: -wrong[each])[:CLASSES]
        chosen = tuple(each for each in classes if each in worst)
        of_class = Counter(truths)
        counts = tuple(tuple(pairs[true, said] for said in chosen) for true in chosen)
        return cls(
            classes=chosen,
            counts=counts,
            elsewhere=tuple(
                of_class[true] - sum(row) for true, row in zip(chosen, counts, strict=True)
            ),
            hidden=len(classes) - len(chosen),
            rows=len(truths),
            right=sum(count for (true, said), count in pairs.items() if true == said),
        )


class Bin(Strict):
    """Rows whose residuals are alike."""

    low: float
    high: float
    rows: int


class Residuals(Strict):
    """Rows of a regressor, by the right number and the predicted one."""

    rows: int
    points: tuple[tuple[float, float], ...]
    """The right number and the predicted one, of all rows or of some evenly picked ones."""
    bins: tuple[Bin, ...]
    """All rows by their residual, the right number less the predicted one; the lowest first."""

    @classmethod
    def of(cls, truths: Sequence[float], predicted: Sequence[float]) -> "Residuals":
        """Sort rows, one at least, by how far and in which direction the model was off."""
        points = list(zip(truths, predicted, strict=True))
        missed = [true - said for true, said in points]
        low, high = min(missed), max(missed)
        bins = min(MOST_BINS, max(FEWEST_BINS, math.isqrt(len(points)))) if low < high else 1
        width = (high - low) / bins
        counts = Counter(min(bins - 1, int((each - low) / (width or 1))) for each in missed)
        # Their order is by chance already: the split has shuffled them.
        picked = min(POINTS, len(points))
        return cls(
            rows=len(points),
            points=tuple(points[place * len(points) // picked] for place in range(picked)),
            bins=tuple(
                Bin(low=low + place * width, high=low + (place + 1) * width, rows=counts[place])
                for place in range(bins)
            ),
        )


HeldOut = Confusion | Residuals
