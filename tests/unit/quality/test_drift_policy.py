"""A dataset says which drift stops a load; without a word, drift only tells."""

import pytest
from pydantic import ValidationError

from neurocortex.quality.drift import Aspect, Change
from neurocortex.quality.drift_policy import DriftPolicy

GONE = Change(column="fare", aspect=Aspect.SCHEMA, sentence="the column is gone")
SPREAD = Change(
    column="fare", aspect=Aspect.DISTRIBUTION, sentence="spread", figure=0.03, threshold=0.02
)


@pytest.mark.parametrize(
    ("said", "stopping"),
    [
        ({}, ()),
        ({"severity": "stop"}, (GONE, SPREAD)),
        ({"severity": "stop", "aspects": ["schema", "missing values"]}, (GONE,)),
        ({"severity": "stop", "factor": 1.5}, (GONE, SPREAD)),
        ({"severity": "stop", "factor": 2}, (GONE,)),
        ({"severity": "warn", "aspects": ["schema"]}, ()),
    ],
    ids=["default", "stop", "aspects", "factor reached", "factor not reached", "warn"],
)
def test_what_stops(said: dict[str, object], stopping: tuple[Change, ...]) -> None:
    assert DriftPolicy.model_validate(said).stopping([GONE, SPREAD]) == stopping


@pytest.mark.parametrize(
    "said", [{"severity": "halt"}, {"aspects": []}, {"aspects": ["size"]}, {"factor": 0.5}]
)
def test_what_makes_no_sense_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DriftPolicy.model_validate(said)
