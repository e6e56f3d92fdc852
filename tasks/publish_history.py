"""The loads of a dataset as a picture in the Prefect UI."""

from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact

from neurocortex.datasets.chart import chart
from neurocortex.datasets.timeline import Point, told
from tasks.markdown import plain
from tasks.picture import shown


def publish_history(dataset: str, points: Sequence[Point]) -> None:
    """Leave the picture, with a table of the last loads for those who want the figures."""
    create_markdown_artifact(
        render(dataset, points), key="etl-history", description=f"Dataset {plain(dataset)}"
    )


def render(dataset: str, points: Sequence[Point]) -> str:
    """Return the timeline as Markdown."""
    lines = [
        f"## The last loads of {plain(dataset)}",
        "",
        told(points),
        "",
        shown("rows, refused share and drift per load", chart(dataset, points)),
        "",
        "| load | rows | refused | signs of drift | |",
        "| --- | ---: | ---: | ---: | --- |",
        *map(_row, reversed(points)),
    ]
    return "\n".join(lines)


def _row(point: Point) -> str:
    at = f"{point.at:%Y-%m-%d %H:%M}"
    if point.rows is None:
        return f"| {at} | | | | failed |"
    became = "" if point.is_loaded else "not loaded"
    refused = f"{point.refused} ({point.refused_percent:.1f} %)"
    return f"| {at} | {point.rows} | {refused} | {point.changes} | {became} |"
