"""The report of an experiment: a table, a picture, the decision with its reason."""

from base64 import b64decode
from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from neurocortex.experiments.figures import Outcome, Scored, looked, nothing
from neurocortex.experiments.judging import judged
from neurocortex.experiments.plan import Experiment, ExperimentSpec
from neurocortex.experiments.store import Known
from tasks.publish_experiment import render

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def known(scores: tuple[float, float], **fields: object) -> Known:
    spec = ExperimentSpec.model_validate(
        {
            "name": "context",
            "operation": "answer",
            "variants": [
                {"name": "usual", "share": 50},
                {"name": "short", "share": 50, "set": {"passages": 2}},
            ],
            **fields,
        }
    )
    begun = Experiment(id=UUID(int=1), spec=spec, started_at=NOW)
    names = ("usual", "short")
    ended = [
        Outcome(name, "acme", failed=False, seconds=seconds, cost=0.0)
        for name, seconds in zip(names, (0.2, 1.0), strict=True)
        for _ in range(60)
    ]
    said = [
        Scored(name, "acme", score)
        for name, score in zip(names, scores, strict=True)
        for _ in range(60)
    ]
    figures = looked(nothing(spec), spec, ended, said)
    return Known(judged(begun, figures, NOW), figures)


def test_the_report_says_who_won_and_why() -> None:
    text = render(known((0.2, 0.9), guardrails={"p95_s": 5}))
    assert text.startswith("## Experiment context: decided: short\n")
    assert "The reason: short is better: score 0.900 against 0.200." in text
    assert "| usual | 50 | 60 | 0 | 0.2" in text
    assert "| 60 | 0.900 |" in text
    assert "**it is to serve**" in text
    assert "Guardrails: p95_s 5." in text


def test_the_report_of_one_that_goes_on_decides_nothing() -> None:
    text = render(known((0.5, 0.5)))
    assert text.startswith("## Experiment context goes on\n")
    assert "to serve" not in text


def test_the_report_of_interleaved_rankings_says_how_often_each_was_preferred() -> None:
    variants = [{"name": "usual"}, {"name": "fused", "set": {"collection": "papers-2"}}]
    spec = ExperimentSpec.model_validate(
        {"name": "rankings", "operation": "search", "design": "interleaved", "variants": variants}
    )
    said = [Scored(spec.both, "acme", score) for score in (1.0, 1.0, 0.5, 0.0)]
    figures = looked(nothing(spec), spec, [], said)
    begun = Experiment(id=UUID(int=1), spec=spec, started_at=NOW)
    text = render(Known(judged(begun, figures, NOW), figures))
    assert "| variant | won / lost / tied | requests |" in text
    assert "| usual | 1 / 2 / 1 | 0 | 0 | – | 4 | 37.5% | 0.0% to 100.0% |" in text
    assert "| fused | 2 / 1 / 1 |" in text
    assert "each served by both variants in turns" in text


@pytest.mark.parametrize("fields", [{}, {"metric": "latency", "cap": 4.0}])
def test_the_picture_has_a_mean_and_an_interval_for_each_variant(fields: dict[str, object]) -> None:
    text = render(known((0.2, 0.9), **fields))
    encoded = text.partition("base64,")[2].partition(")")[0]
    picture = ET.fromstring(b64decode(encoded))  # noqa: S314 - our own
    below = "{http://www.w3.org/2000/svg}"
    means = [float(each.attrib["cx"]) for each in picture.iter(f"{below}circle")]
    ranges = [each for each in picture.iter(f"{below}line") if each.attrib["class"] != "axis"]
    assert len(means) == len(ranges) == 2
    assert means[0] < means[1]  # a lower score, and less time
    for mean, line in zip(means, ranges, strict=True):
        assert float(line.attrib["x1"]) <= mean <= float(line.attrib["x2"])
