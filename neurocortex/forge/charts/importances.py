"""What a model looks at: the features without which it does worse."""

from collections.abc import Iterator, Sequence
from typing import Final

from neurocortex.drawing import WIDTH, Scale, bar, figure, fitted, line, picture, text, upright
from neurocortex.forge.scores import Importance

LEFT: Final = 230
"""Room for the features."""
RIGHT: Final = 80
"""Room for the figures."""
TOP: Final = 44
ROW: Final = 24


def chart(importances: Sequence[Importance], metric: str) -> str:
    """Return the picture of features, one at least: what is lost without each of them."""
    scale = Scale.over([0.0, *(each.loss for each in importances)], LEFT, WIDTH - RIGHT)
    bottom = TOP + ROW * len(importances)
    title = f"{metric} lost when the values of a feature are shuffled, on rows it has not seen"
    parts = [
        text(16, 26, title, kind="name"),
        *upright(scale, TOP - 8, bottom),
        *_bars(importances, scale),
        line("trend", scale.at(0), TOP - 8, scale.at(0), bottom),
    ]
    return picture(title, bottom + 34, parts)


def _bars(importances: Sequence[Importance], scale: Scale) -> Iterator[str]:
    zero = scale.at(0)
    for place, each in enumerate(importances):
        y, end = TOP + ROW * place, scale.at(each.loss)
        kind = "mark" if each.loss >= 0 else "other"
        yield text(16, y + ROW / 2 + 4, fitted(each.feature, LEFT - 24))
        yield bar(kind, min(zero, end), y + 4, abs(end - zero), ROW - 8)
        yield text(WIDTH - 16, y + ROW / 2 + 4, figure(each.loss), kind="name", anchor="end")
