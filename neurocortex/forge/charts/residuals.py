"""How far off a regressor was on rows that it has not seen."""

from collections.abc import Iterator
from typing import Final

from neurocortex.drawing import Scale, bar, dot, fitted, level, line, picture, text, upright
from neurocortex.forge.held_out import Residuals

TOP: Final = 46
SIDE: Final = 290
"""Width and height of each half's plot, in pixels."""
BOTTOM: Final = TOP + SIDE
LEFT: Final = 66
SECOND: Final = LEFT + SIDE + 90
"""Where the second half's plot begins."""


def chart(seen: Residuals, target: str) -> str:
    """Return the picture: predicted against right numbers, and how many rows were how far off.

    Args:
        seen: the rows.
        target: what is predicted.
    """
    title = f"{target} of {seen.rows:,} rows it has not seen: right and predicted numbers"
    return picture(title, BOTTOM + 52, [*_points(seen, target), *_distribution(seen, target)])


def _points(seen: Residuals, target: str) -> Iterator[str]:
    # One range for both axes: what is right lies on the diagonal.
    values = [each for point in seen.points for each in point]
    across = Scale.over(values, LEFT, LEFT + SIDE, most_ticks=5)
    up = Scale.over(values, BOTTOM, TOP, most_ticks=5)
    some = f"{len(seen.points):,} of " if len(seen.points) < seen.rows else ""
    yield text(16, 24, f"predicted, of {some}{seen.rows:,} rows it has not seen", kind="name")
    yield from upright(across, TOP, BOTTOM)
    yield from level(up, LEFT, LEFT + SIDE)
    yield line("trend", LEFT, BOTTOM, LEFT + SIDE, TOP)
    for true, predicted in seen.points:
        yield dot("mark", across.at(true), up.at(predicted), 3, opacity=0.45)
    yield text(
        LEFT + SIDE / 2, BOTTOM + 38, f"the right {fitted(target, SIDE / 2)}", anchor="middle"
    )


def _distribution(seen: Residuals, target: str) -> Iterator[str]:
    ends = [0.0, seen.bins[0].low, seen.bins[-1].high]
    across = Scale.over(ends, SECOND, SECOND + SIDE, most_ticks=5)
    most = max(each.rows for each in seen.bins)
    up = Scale(0, most, most, BOTTOM, TOP)
    yield text(SECOND - 40, 24, "rows by how far it was off", kind="name")
    yield from upright(across, TOP, BOTTOM)
    yield from level(up, SECOND, SECOND + SIDE)
    for each in seen.bins:
        low, high = across.at(each.low), across.at(each.high)
        width, top = max(2.0, high - low - 1), up.at(each.rows)
        yield bar("mark", (low + high - width) / 2, top, width, BOTTOM - top)
    yield line("trend", across.at(0), TOP, across.at(0), BOTTOM)
    said = f"the right {fitted(target, SIDE / 3)} less the predicted one"
    yield text(SECOND + SIDE / 2, BOTTOM + 38, said, anchor="middle")
