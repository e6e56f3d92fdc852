"""The timeline of a dataset as a picture."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from neurocortex.datasets.timeline import Point
from neurocortex.drawing import WIDTH, bar, dot, line, picture, text

LEFT: Final = 64
"""Room for the numbers of an axis."""
RIGHT: Final = 24
STRIPS: Final = ((34, 110), (182, 60), (280, 40))
"""Top and height, in pixels, of rows, refused share, and drift."""
HEIGHT: Final = 350


def chart(dataset: str, points: Sequence[Point]) -> str:
    """Return the picture: rows loaded and refused, the refused share, signs of drift per load.

    Args:
        dataset: its name, for those who hear the picture instead of seeing it.
        points: the loads, the oldest first; one at least.
    """
    title = f"Loads of the dataset {dataset}: rows, refused share, drift"
    parts = [*_rows(points), *_shares(points), *_drift(points), *_dates(points)]
    return picture(title, HEIGHT, parts)


def _rows(points: Sequence[Point]) -> Iterator[str]:
    (top, height), _, _ = STRIPS
    most = max((each.rows or 0 for each in points), default=0) or 1
    yield from _frame(top, height, "rows: loaded and refused", f"{most:,}")
    width = _step(points) * 0.6
    for place, each in enumerate(points):
        middle = _middle(points, place)
        rows = each.rows or 0
        refused = each.refused if each.is_loaded else rows
        tall, red = height * rows / most, height * refused / most
        if not each.is_loaded:
            yield from _cross(middle, max(top + 6, top + height - tall - 8))
        yield bar("mark", middle - width / 2, top + height - tall, width, tall - red)
        yield bar("wrong", middle - width / 2, top + height - red, width, red)


def _shares(points: Sequence[Point]) -> Iterator[str]:
    _, (top, height), _ = STRIPS
    most = max(1.0, *(each.refused_percent for each in points))
    yield from _frame(top, height, "refused, % of the rows", f"{most:.0f} %")
    known = [(place, each) for place, each in enumerate(points) if each.rows is not None]
    dots = [
        (_middle(points, place), top + height * (1 - each.refused_percent / most))
        for place, each in known
    ]
    yield from (line("wrong", *one, *other) for one, other in pairwise(dots))
    yield from (dot("wrong", x, y, 3) for x, y in dots)


def _drift(points: Sequence[Point]) -> Iterator[str]:
    *_, (top, height) = STRIPS
    most = max(1, *(each.changes for each in points))
    yield from _frame(top, height, "signs of drift", str(most))
    width = _step(points) * 0.6
    for place, each in enumerate(points):
        tall = height * each.changes / most
        yield bar("warning", _middle(points, place) - width / 2, top + height - tall, width, tall)


def _dates(points: Sequence[Point]) -> Iterator[str]:
    for place in sorted({0, len(points) - 1}):
        at, x = f"{points[place].at:%Y-%m-%d}", _middle(points, place)
        yield text(x, HEIGHT - 10, at, anchor="middle")


def _frame(top: float, height: float, name: str, most: str) -> Iterator[str]:
    """Yield a strip's name and axis."""
    bottom = top + height
    yield text(LEFT, top - 10, name, kind="name")
    yield text(LEFT - 8, top + 10, most, anchor="end")
    yield text(LEFT - 8, bottom, "0", anchor="end")
    yield line("axis", LEFT, bottom, WIDTH - RIGHT, bottom)


def _step(points: Sequence[Point]) -> float:
    """Return the width of a load in pixels; few loads stand together."""
    return (WIDTH - LEFT - RIGHT) / max(8, len(points))


def _middle(points: Sequence[Point], place: int) -> float:
    return LEFT + _step(points) * (place + 0.5)


def _cross(x: float, y: float) -> Iterator[str]:
    """Yield the sign of a load that failed."""
    for one, other in ((-4, 4), (4, -4)):
        yield line("wrong", x - 4, y + one, x + 4, y + other, width=2)
