"""The variants of an experiment as a picture (SVG 1.1): it needs no script, font or network."""

from collections.abc import Iterator
from html import escape
from typing import Final

from neurocortex.experiments.figures import Figures
from neurocortex.experiments.judging import told
from neurocortex.experiments.plan import Experiment, Metric

WIDTH: Final = 760
LEFT: Final = 160
"""Room for the names."""
RIGHT: Final = 40
TOP: Final = 52
ROW: Final = 40
"""Height of a variant, in pixels."""

STYLE: Final = """
text{font:12px system-ui,sans-serif;fill:#5b6776}.name{fill:#17202b;font-weight:600}
.ground{fill:#fff}.axis{stroke:#dfe4ea}.range{stroke:#1f63d6;stroke-width:3}.mean{fill:#1f63d6}
.stopped{stroke:#c02b34;stroke-width:3}
@media (prefers-color-scheme:dark){.ground{fill:#171e28}text{fill:#97a4b5}.name{fill:#e6ebf2}
.axis{stroke:#28323f}.range{stroke:#77a8ff}.mean{fill:#77a8ff}.stopped{stroke:#ff7f85}}
"""


def chart(experiment: Experiment, figures: Figures) -> str:
    """Return the picture: each variant's mean of the metric, and the interval that holds it."""
    spec = experiment.spec
    height = TOP + ROW * len(spec.variants) + 34
    title = f"Experiment {spec.name}: mean {spec.metric.value} by variant"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height}" rx="8"/>',
        f'<text class="name" x="{LEFT}" y="26">{escape(_heading(experiment))}</text>',
        *_axis(experiment, height - 34),
        *_variants(experiment, figures),
        "</svg>",
    ]
    return "".join(parts)


def _heading(experiment: Experiment) -> str:
    spec = experiment.spec
    better = "to the left" if spec.metric.is_capped else "to the right"
    return f"{spec.metric.value}, {1 - spec.alpha:.0%} of all intervals at once; {better} is better"


def _axis(experiment: Experiment, bottom: float) -> Iterator[str]:
    spec = experiment.spec
    for quarter in range(5):
        x = LEFT + (WIDTH - LEFT - RIGHT) * quarter / 4
        value = quarter / 4 if not spec.metric.is_capped else 1 - quarter / 4
        yield f'<line class="axis" x1="{x:.1f}" y1="{TOP - 12}" x2="{x:.1f}" y2="{bottom}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{told(spec, value)}</text>'


def _variants(experiment: Experiment, figures: Figures) -> Iterator[str]:
    spec = experiment.spec
    for place, variant in enumerate(spec.variants):
        y = TOP + ROW * (place + 0.5)
        seen = figures.arms[variant.name].metric
        kind = "stopped" if variant.name in experiment.stopped else "range"
        start, end = sorted((_x(spec.metric, seen.low), _x(spec.metric, seen.high)))
        yield f'<text class="name" x="16" y="{y + 4:.1f}">{escape(variant.name)}</text>'
        yield f'<line class="{kind}" x1="{start:.1f}" y1="{y}" x2="{end:.1f}" y2="{y}"/>'
        if seen.mean is not None:
            middle = _x(spec.metric, seen.mean)
            yield f'<circle class="mean" cx="{middle:.1f}" cy="{y}" r="5"/>'


def _x(metric: Metric, value: float) -> float:
    """Return where a value is; those of time and cost are kept upside down."""
    place = 1 - value if metric.is_capped else value
    return LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, place))
