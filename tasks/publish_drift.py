"""What has changed in a dataset since its earlier loads, as a table in the Prefect UI."""

from collections.abc import Sequence

from prefect.artifacts import create_table_artifact

from neurocortex.quality.drift import Change

Cell = str | float


def publish_drift(dataset: str, changes: Sequence[Change], stopping: int) -> None:
    """Leave one row for each change; `stopping` of them are why nothing is loaded."""
    then = f" {stopping} of the changes stop the load." if stopping else ""
    create_table_artifact(
        table=drift_table(changes),
        key="etl-drift",
        description=f"Dataset **{dataset}** differs from its loads before more than they do.{then}",
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
