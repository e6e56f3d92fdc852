"""The variants of an experiment as a picture."""

from collections.abc import Iterator
from typing import Final

from neurocortex.drawing import WIDTH, dot, line, picture, text
from neurocortex.experiments.figures import Figures
from neurocortex.experiments.judging import told
from neurocortex.experiments.plan import Experiment, Metric

LEFT: Final = 160
"""Room for the names."""
RIGHT: Final = 40
TOP: Final = 52
ROW: Final = 40
"""Height of a variant, in pixels."""


def chart(experiment: Experiment, figures: Figures) -> str:
    """Return the picture: each variant's mean of the metric, and the interval that holds it."""
    spec = experiment.spec
    height = TOP + ROW * len(spec.variants) + 34
    title = f"Experiment {spec.name}: mean {spec.metric.value} by variant"
    parts = [
        text(LEFT, 26, _heading(experiment), kind="name"),
        *_axis(experiment, height - 34),
        *_variants(experiment, figures),
    ]
    return picture(title, height, parts)


def _heading(experiment: Experiment) -> str:
    spec = experiment.spec
    better = "to the left" if spec.metric.is_capped else "to the right"
    return f"{spec.metric.value}, {1 - spec.alpha:.0%} of all intervals at once; {better} is better"


def _axis(experiment: Experiment, bottom: float) -> Iterator[str]:
    spec = experiment.spec
    for quarter in range(5):
        x = LEFT + (WIDTH - LEFT - RIGHT) * quarter / 4
        value = quarter / 4 if not spec.metric.is_capped else 1 - quarter / 4
        yield line("axis", x, TOP - 12, x, bottom)
        yield text(x, bottom + 18, told(spec, value), anchor="middle")


def _variants(experiment: Experiment, figures: Figures) -> Iterator[str]:
    spec = experiment.spec
    for place, variant in enumerate(spec.variants):
        y = TOP + ROW * (place + 0.5)
        seen = figures.arms[variant.name].metric
        kind = "wrong" if variant.name in experiment.stopped else "mark"
        start, end = sorted((_x(spec.metric, seen.low), _x(spec.metric, seen.high)))
        yield text(16, y + 4, variant.name, kind="name")
        yield line(kind, start, y, end, y, width=3)
        if seen.mean is not None:
            yield dot(kind, _x(spec.metric, seen.mean), y)


def _x(metric: Metric, value: float) -> float:
    """Return where a value is; those of time and cost are kept upside down."""
    place = 1 - value if metric.is_capped else value
    return LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, place))
