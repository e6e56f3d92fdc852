"""Drift as people read it in the Prefect UI."""

from neurocortex.quality.drift import Aspect, Change
from tasks.publish_drift import drift_table


def test_each_change_is_a_row_with_how_far_it_went() -> None:
    volume = Change(
        column="",
        aspect=Aspect.VOLUME,
        sentence="5 rows, where 9 are usual",
        figure=1.8,
        threshold=1.2,
    )
    assert drift_table([volume]) == [
        {
            "of": "the table",
            "changed": "volume",
            "how": "5 rows, where 9 are usual",
            "by": 1.8,
            "allowed": 1.2,
        }
    ]
