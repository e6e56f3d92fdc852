"""The computing times of a rollout's two versions, as a picture."""

from collections.abc import Iterator
from typing import Final

from neurocortex.drawing import WIDTH, bar, line, picture, text
from neurocortex.rollout.counts import PER_OCTAVE, ArmCounts, seconds_of, share_below

LEFT: Final = 130
"""Room for the versions."""
RIGHT: Final = 40
TOP: Final = 58
PANEL: Final = 84
"""Height of a version's bars, in pixels."""
GAP: Final = 26
FEWEST: Final = 3 * PER_OCTAVE
"""Classes across: fewer would make the bars too wide."""


def chart(candidate: ArmCounts, stable: ArmCounts) -> str:
    """Return the picture: how many computations took how long; one of the versions has computed."""
    classes = {*candidate.times, *stable.times}
    first = min(classes)
    across = range(first, max(max(classes), first + FEWEST - 1) + 1)
    middle, bottom = TOP + PANEL + GAP, TOP + 2 * PANEL + GAP
    title = "Computing time by version: share of the computations, the line is the median"
    tallest = max(
        count / arm.computations for arm in (candidate, stable) for count in arm.times.values()
    )
    parts = [
        text(16, 26, title, kind="name"),
        *_panel("new", "mark", candidate, across, TOP, tallest),
        *_panel("old", "other", stable, across, middle, tallest),
        *_axis(across, bottom),
    ]
    return picture(title, bottom + 34, parts)


def _panel(
    name: str, kind: str, counts: ArmCounts, across: range, top: float, tallest: float
) -> Iterator[str]:
    bottom, width = top + PANEL, _x(across, across.start + 1) - LEFT
    yield text(16, top + PANEL / 2, name, kind="name")
    yield text(16, top + PANEL / 2 + 18, f"{counts.computations:,} times")
    yield line("axis", LEFT, bottom, WIDTH - RIGHT, bottom)
    for each, count in sorted(counts.times.items()):
        tall = PANEL * count / counts.computations / tallest
        yield bar(kind, _x(across, each) + 1, bottom - tall, width - 2, tall)
    median = share_below(counts.times, 0.5)
    if median is not None:
        x = _x(across, median + 1)
        yield line("trend", x, top - 12, x, bottom)
        yield text(x + 5, top - 3, _told(median))


def _axis(across: range, bottom: float) -> Iterator[str]:
    every = PER_OCTAVE * max(1, round(len(across) / PER_OCTAVE / 8))
    for each in across[::every]:
        yield text(_x(across, each + 1), bottom + 18, _told(each), anchor="middle")


def _x(across: range, time_class: int) -> float:
    """Return where a class begins."""
    return LEFT + (WIDTH - LEFT - RIGHT) * (time_class - across.start) / len(across)


def _told(time_class: int) -> str:
    """Return the longest time of a class."""
    return f"{seconds_of(time_class) * 1000:.3g} ms"
