"""What has changed in a dataset since its earlier loads, as a table in the Prefect UI."""

from collections.abc import Sequence

from prefect.artifacts import create_table_artifact

from neurocortex.quality.drift import Change

Cell = str | float


def publish_drift(dataset: str, changes: Sequence[Change]) -> None:
    """Leave one row for each change."""
    create_table_artifact(
        table=drift_table(changes),
        key="etl-drift",
        description=f"Dataset **{dataset}** differs from its earlier loads by more than they do.",
    )


def drift_table(changes: Sequence[Change]) -> list[dict[str, Cell]]:
    """Return the rows of the table."""
    return [
        {
            "of": each.column or "the table",
            "changed": each.aspect.value,
            "how": each.sentence,
            "by": round(each.figure, 4),
            "allowed": round(each.threshold, 4),
        }
        for each in changes
    ]
