"""Versions of a model on fresh rows, as a picture in the report of their evaluation."""

from base64 import b64decode
from xml.etree.ElementTree import fromstring

from neurocortex.feedback.evaluation import Evaluation, Score
from tasks.publish_feedback import render

SVG = "{http://www.w3.org/2000/svg}"
EVALUATION = Evaluation(
    model="wine_cultivar",
    metric="accuracy",
    rows=40,
    scores=(
        Score(version=1, score=0.75, low=0.625, high=0.875),
        Score(version=2, score=0.875, low=0.75, high=1.0),
    ),
    reason="version 2 may be better: the intervals overlap",
)


def test_each_version_has_its_score_on_the_line_of_its_interval() -> None:
    shown = render(EVALUATION)
    picture = fromstring(b64decode(shown.partition("base64,")[2].partition(")")[0]))  # noqa: S314
    lines = [each for each in picture.iter(f"{SVG}line") if each.get("class") in {"mark", "other"}]
    places = [float(each.attrib["cx"]) for each in picture.iter(f"{SVG}circle")]
    starts, ends = ([float(each.attrib[end]) for each in lines] for end in ("x1", "x2"))
    assert len(places) == 2
    assert starts[0] < places[0] == starts[1] < ends[0] == places[1] < ends[1]
    texts = [each.text for each in picture.iter(f"{SVG}text")]
    assert {"version 1, serves", "version 2, waits", "0.750", "0.875"} <= set(texts)


def test_the_report_says_what_follows_and_has_the_figures() -> None:
    shown = render(EVALUATION)
    assert "\n\nVersion 2 may be better: the intervals overlap.\n" in shown
    assert "version 2 has the highest, 0.875](data:image/svg" in shown
    assert "| 2 | **0.875** | 0.750 to 1.000 |" in shown


def test_too_few_rows_make_no_picture() -> None:
    few = EVALUATION.model_copy(update={"scores": (), "reason": "3 rows are too few"})
    assert render(few).endswith("3 rows are too few.")
