"""The loads of a dataset as a picture in the Prefect UI."""

from base64 import b64encode
from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact

from neurocortex.datasets.chart import chart
from neurocortex.datasets.timeline import Point, told
from tasks.markdown import plain


def publish_history(dataset: str, points: Sequence[Point]) -> None:
    """Leave the picture, with a table of the last loads for those who want the figures."""
    create_markdown_artifact(
        render(dataset, points), key="etl-history", description=f"Dataset {plain(dataset)}"
    )


def render(dataset: str, points: Sequence[Point]) -> str:
    """Return the timeline as Markdown."""
    # Prefect's UI leaves out SVG that is written into the page in part, and shows a picture whole.
    picture = b64encode(chart(dataset, points).encode()).decode()
    lines = [
        f"## The last loads of {plain(dataset)}",
        "",
        told(points),
        "",
        f"![rows, refused share and drift per load](data:image/svg+xml;base64,{picture})",
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
