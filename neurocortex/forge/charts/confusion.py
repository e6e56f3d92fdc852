"""What a classifier took the rows for that it has not seen: a matrix of counts."""

from collections.abc import Iterator
from typing import Final

from neurocortex.drawing import CHAR, WIDTH, fitted, picture, text
from neurocortex.forge.held_out import Confusion

LEFT: Final = 190
"""Room for the classes."""
RIGHT: Final = 110
"""Room for the share of each class that was found."""
TOP: Final = 72
ROW: Final = 34
WIDEST: Final = 130
"""Of a cell, in pixels."""
FAINTEST: Final = 0.12
"""Opacity of a cell with few rows of its class: a single mistake is to be seen."""
OTHER: Final = "other"
"""Names the column of the classes that are not shown."""
DARKEST: Final = 0.55
"""The numbers can still be read on it, dark on light as well as light on dark."""


def chart(seen: Confusion) -> str:
    """Return the picture: a row for each class, a column for what its rows were taken for."""
    names = [*seen.classes, *([OTHER] if seen.hidden else [])]
    width = min(WIDEST, (WIDTH - LEFT - RIGHT) / len(names))
    is_numbered = any(len(each) * CHAR > width - 4 for each in names)
    bottom = TOP + ROW * len(seen.classes)
    parts = [
        text(16, 26, _heading(seen), kind="name"),
        text(16, TOP - 10, "is"),
        *_columns(names, len(seen.classes) if is_numbered else 0, width),
        text(LEFT + width * len(names) + 14, TOP - 10, "recognized"),
        *(
            part
            for place in range(len(seen.classes))
            for part in _row(seen, place, width, is_numbered=is_numbered)
        ),
    ]
    return picture(_heading(seen), bottom + 20, parts)


def _heading(seen: Confusion) -> str:
    said = f"{seen.right:,} of {seen.rows:,} rows it has not seen were recognized"
    if seen.hidden:
        total = len(seen.classes) + seen.hidden
        said += f"; the {len(seen.classes)} of {total} classes with the most mistakes"
    return said


def _columns(names: list[str], numbered: int, width: float) -> Iterator[str]:
    """Yield the names of the columns; only numbers of the first ones, where a name would be cut."""
    yield text(LEFT, TOP - 28, "was taken for")
    for place, name in enumerate(names):
        said = str(place + 1) if place < numbered else name
        yield text(LEFT + width * (place + 0.5), TOP - 10, fitted(said, width), anchor="middle")


def _row(seen: Confusion, place: int, width: float, *, is_numbered: bool) -> Iterator[str]:
    y = TOP + ROW * place
    counts = seen.counts[place]
    rows = sum(counts) + seen.elsewhere[place]
    name = f"{place + 1}  {seen.classes[place]}" if is_numbered else seen.classes[place]
    yield text(16, y + ROW / 2 + 4, fitted(name, LEFT - 24), kind="name")
    shown = (*counts, seen.elsewhere[place]) if seen.hidden else counts
    for column, count in enumerate(shown):
        x = LEFT + width * column
        yield _cell("mark" if column == place else "wrong", x, y, width, count / max(1, rows))
        kind = "name" if count else ""
        yield text(x + width / 2, y + ROW / 2 + 4, f"{count:,}", kind=kind, anchor="middle")
    found = f"{100 * counts[place] / rows:.0f} % of {rows:,}" if rows else "no rows"
    yield text(LEFT + width * len(shown) + 14, y + ROW / 2 + 4, found)


def _cell(kind: str, x: float, y: float, width: float, share: float) -> str:
    if not share:
        return ""
    opacity = FAINTEST + (DARKEST - FAINTEST) * share
    at = f'x="{x + 1:.1f}" y="{y + 1:.1f}" width="{width - 2:.1f}" height="{ROW - 2}"'
    return f'<rect class="{kind}" fill-opacity="{opacity:.2f}" rx="3" {at}/>'
