"""The timeline of a dataset as a picture (SVG 1.1): it needs no script, no font and no network."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from neurocortex.datasets.timeline import Point

WIDTH: Final = 760
LEFT: Final = 64
"""Room for the numbers of an axis."""
RIGHT: Final = 24
STRIPS: Final = ((34, 110), (182, 60), (280, 40))
"""Top and height, in pixels, of rows, refused share, and drift."""
HEIGHT: Final = 350

STYLE: Final = """
text{font:12px system-ui,sans-serif;fill:#5b6776}.name{fill:#17202b;font-weight:600}
.ground{fill:#fff}.axis{stroke:#dfe4ea}.loaded{fill:#1f63d6}.refused{fill:#c02b34}
.drift{fill:#9a5b00}.failed{stroke:#c02b34;stroke-width:2}.share{stroke:#c02b34;fill:none}
@media (prefers-color-scheme:dark){.ground{fill:#171e28}text{fill:#97a4b5}.name{fill:#e6ebf2}
.axis{stroke:#28323f}.loaded{fill:#77a8ff}.refused{fill:#ff7f85}.drift{fill:#e6ac51}
.failed,.share{stroke:#ff7f85}}
"""


def chart(dataset: str, points: Sequence[Point]) -> str:
    """Return the picture: rows loaded and refused, the refused share, signs of drift per load.

    Args:
        dataset: its name, for those who hear the picture instead of seeing it.
        points: the loads, the oldest first; one at least.
    """
    title = f"Loads of the dataset {dataset}: rows, refused share, drift"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        *_rows(points),
        *_shares(points),
        *_drift(points),
        *_dates(points),
        "</svg>",
    ]
    return "".join(parts)


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
        yield _bar("loaded", middle - width / 2, top + height - tall, width, tall - red)
        yield _bar("refused", middle - width / 2, top + height - red, width, red)


def _shares(points: Sequence[Point]) -> Iterator[str]:
    _, (top, height), _ = STRIPS
    most = max(1.0, *(each.refused_percent for each in points))
    yield from _frame(top, height, "refused, % of the rows", f"{most:.0f} %")
    known = [(place, each) for place, each in enumerate(points) if each.rows is not None]
    dots = [
        (_middle(points, place), top + height * (1 - each.refused_percent / most))
        for place, each in known
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
    yield f'<polyline class="share" points="{line}"/>'
    yield from (f'<circle class="refused" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in dots)


def _drift(points: Sequence[Point]) -> Iterator[str]:
    *_, (top, height) = STRIPS
    most = max(1, *(each.changes for each in points))
    yield from _frame(top, height, "signs of drift", str(most))
    width = _step(points) * 0.6
    for place, each in enumerate(points):
        tall = height * each.changes / most
        yield _bar("drift", _middle(points, place) - width / 2, top + height - tall, width, tall)


def _dates(points: Sequence[Point]) -> Iterator[str]:
    for place in sorted({0, len(points) - 1}):
        at, x = f"{points[place].at:%Y-%m-%d}", _middle(points, place)
        yield f'<text x="{x:.1f}" y="{HEIGHT - 10}" text-anchor="middle">{at}</text>'


def _frame(top: float, height: float, name: str, most: str) -> Iterator[str]:
    """Yield a strip's name and axis."""
    bottom = top + height
    yield f'<text class="name" x="{LEFT}" y="{top - 10}">{name}</text>'
    yield f'<text x="{LEFT - 8}" y="{top + 10}" text-anchor="end">{most}</text>'
    yield f'<text x="{LEFT - 8}" y="{bottom}" text-anchor="end">0</text>'
    yield f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{WIDTH - RIGHT}" y2="{bottom}"/>'


def _step(points: Sequence[Point]) -> float:
    """Return the width of a load in pixels; few loads stand together."""
    return (WIDTH - LEFT - RIGHT) / max(8, len(points))


def _middle(points: Sequence[Point], place: int) -> float:
    return LEFT + _step(points) * (place + 0.5)


def _bar(kind: str, x: float, y: float, width: float, height: float) -> str:
    if height <= 0:
        return ""
    at = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {at}/>'


def _cross(x: float, y: float) -> Iterator[str]:
    """Yield the sign of a load that failed."""
    for one, other in ((-4, 4), (4, -4)):
        yield (
            f'<line class="failed" x1="{x - 4:.1f}" y1="{y + one}" x2="{x + 4:.1f}"'
            f' y2="{y + other}"/>'
        )
