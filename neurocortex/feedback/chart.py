"""The versions of a model on fresh labelled rows, as a picture."""

from collections.abc import Iterator
from typing import Final

from neurocortex.drawing import WIDTH, Scale, dot, figure, line, picture, text, upright
from neurocortex.feedback.evaluation import Evaluation, Score

LEFT: Final = 190
"""Room for the versions."""
RIGHT: Final = 90
"""Room for the scores."""
TOP: Final = 44
ROW: Final = 34


def chart(evaluation: Evaluation) -> str:
    """Return the picture: each version's score, one at least, with the interval that holds it."""
    scores = evaluation.scores
    ends = [end for each in scores for end in (each.low, each.high, each.score)]
    scale = Scale.over(ends, LEFT, WIDTH - RIGHT)
    bottom = TOP + ROW * len(scores)
    heading = f"{evaluation.metric}, 95 % of resamples; to the right is better"
    return picture(
        f"Versions of {evaluation.model}: {heading}",
        bottom + 34,
        [
            text(16, 26, heading, kind="name"),
            *upright(scale, TOP - 8, bottom),
            *(part for place, each in enumerate(scores) for part in _row(place, each, scale)),
        ],
    )


def _row(place: int, score: Score, scale: Scale) -> Iterator[str]:
    y = TOP + ROW * (place + 0.5)
    kind = "other" if place == 0 else "mark"
    name = f"version {score.version}" + (", serves" if place == 0 else ", waits")
    yield text(16, y + 4, name, kind="name")
    yield line(kind, scale.at(score.low), y, scale.at(score.high), y, width=3)
    yield dot(kind, scale.at(score.score), y)
    yield text(WIDTH - 16, y + 4, figure(score.score), kind="name", anchor="end")
