"""The scores of a model: each fold, the rows it has not seen, and what it is compared with."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from neurocortex.drawing import WIDTH, Scale, dot, figure, line, picture, text, upright
from neurocortex.forge.scores import Scores

LEFT: Final = 230
"""Room for what each row is."""
RIGHT: Final = 130
"""Room for its figures."""
TOP: Final = 44
ROW: Final = 32


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture."""

    name: str
    kind: str
    found: tuple[float, ...]


def chart(scores: Scores, champion: float | None) -> str:
    """Return the picture; `champion` is the score of the version that served before, if any."""
    before = () if champion is None else (champion,)
    rows = [
        Row("folds of the cross-validation", "other", scores.folds),
        Row("rows it has not seen", "mark", (scores.held_out,)),
        Row("the version before, same rows", "other", before),
        Row("without any feature, same rows", "wrong", (scores.baseline,)),
    ]
    scale = Scale.over((score for row in rows for score in row.found), LEFT, WIDTH - RIGHT)
    bottom = TOP + ROW * len(rows)
    return picture(
        f"{scores.metric}: {scores.held_out:.3f} on rows it has not seen",
        bottom + 34,
        [
            text(16, 26, f"{scores.metric}, to the right is better", kind="name"),
            *upright(scale, TOP - 8, bottom),
            *(part for place, row in enumerate(rows) for part in _drawn(place, row, scale)),
        ],
    )


def _drawn(place: int, row: Row, scale: Scale) -> Iterator[str]:
    y = TOP + ROW * (place + 0.5)
    yield text(16, y + 4, row.name)
    # A fold in which the metric is not defined has no score.
    found = [each for each in row.found if math.isfinite(each)]
    if not found:
        yield text(WIDTH - 16, y + 4, "none", anchor="end")
        return
    low, high = min(found), max(found)
    figures = figure(low) if len(found) == 1 else f"{figure(low)} to {figure(high)}"
    yield text(WIDTH - 16, y + 4, figures, kind="name", anchor="end")
    yield line(row.kind, scale.at(low), y, scale.at(high), y)
    yield from (dot(row.kind, scale.at(each), y, 5, opacity=0.6) for each in found)
