"""What came of training, as pictures: each says what was measured, and stands by itself."""

import math
from base64 import b64decode
from xml.etree.ElementTree import Element, fromstring

import pytest

from neurocortex.forge.card import Lineage
from neurocortex.forge.charts import confusion, importances, residuals, scores
from neurocortex.forge.held_out import Confusion, HeldOut, Residuals
from neurocortex.forge.report import TrainReport
from neurocortex.forge.scores import Importance, Scores
from tasks.publish_training import render

SVG = "{http://www.w3.org/2000/svg}"
SEEN = Confusion.of("ab", list("aaaabb"), list("aaabba"))
MISSED = Residuals.of([1.0, 2.0, 3.0], [1.5, 2.0, 2.0])


def parsed(picture: str) -> Element:
    return fromstring(picture)  # noqa: S314 - it is our own


def said(picture: str) -> list[str]:
    return [each.text or "" for each in parsed(picture).iter(f"{SVG}text")]


def places(picture: str, kind: str, of: str = "cx") -> list[float]:
    dots = [each for each in parsed(picture).iter(f"{SVG}circle") if each.get("class") == kind]
    return [float(each.attrib[of]) for each in dots]


# --- what is kept of the rows


def test_rows_are_counted_by_what_they_are_and_what_they_were_taken_for() -> None:
    assert SEEN.counts == ((3, 1), (1, 1))
    assert (SEEN.rows, SEEN.right, SEEN.elsewhere, SEEN.hidden) == (6, 4, (0, 0), 0)


def test_of_many_classes_those_with_the_most_mistakes_are_kept_in_their_order() -> None:
    classes = [f"c{place:02}" for place in range(40)]
    truths = [*classes, "c39", "c20", "c39"]
    seen = Confusion.of(classes, truths, [*classes, "c20", "c39", "c05"])
    assert len(seen.classes) == 12
    assert {"c05", "c20", "c39"} <= set(seen.classes)
    assert list(seen.classes) == sorted(seen.classes)
    assert (seen.hidden, seen.rows, seen.right) == (28, 43, 40)
    assert all(map(sum, seen.counts))


def test_a_row_taken_for_a_class_that_is_not_shown_is_counted_still() -> None:
    classes = [f"c{place:02}" for place in range(14)]
    mistakes = [(one, other) for one in classes[:12] for other in classes[:12] if one != other]
    pairs = [*mistakes, ("c00", "c13")]
    seen = Confusion.of(classes, [one for one, _ in pairs], [other for _, other in pairs])
    assert "c13" not in seen.classes
    assert seen.elsewhere == (1, *[0] * 11)


def test_residuals_are_the_right_numbers_less_the_predicted_ones() -> None:
    assert MISSED.points == ((1.0, 1.5), (2.0, 2.0), (3.0, 2.0))
    assert [MISSED.bins[0].low, MISSED.bins[-1].high] == pytest.approx([-0.5, 1.0])
    assert [each.rows for each in MISSED.bins] == [1, 1, 0, 0, 1]


def test_of_many_rows_some_are_drawn_and_all_are_in_the_distribution() -> None:
    rows = [float(place) for place in range(1000)]
    seen = Residuals.of(rows, [place + math.sin(place) for place in rows])
    assert (seen.rows, len(seen.points), len(seen.bins)) == (1000, 300, 20)
    assert sum(each.rows for each in seen.bins) == 1000


# --- pictures


def test_a_confusion_matrix_has_a_count_in_each_cell_and_the_share_that_was_recognized() -> None:
    picture = confusion.chart(SEEN)
    texts = said(picture)
    assert "4 of 6 rows it has not seen were recognized" in texts
    assert {"75 % of 4", "50 % of 2"} <= set(texts)
    cells = [each.get("class") for each in parsed(picture).iter(f"{SVG}rect")]
    assert cells == ["ground", "mark", "wrong", "wrong", "mark"]
    assert [each for each in texts if each.isdigit()] == ["3", "1", "1", "1"]


def test_a_matrix_of_many_classes_names_its_columns_by_number() -> None:
    classes = [f"a long class <{place}>" for place in range(13)]
    texts = said(confusion.chart(Confusion.of(classes, classes, [classes[0]] * 13)))
    assert "1  a long class <0>" in texts
    assert {"12", "other"} <= set(texts)
    assert any(each.endswith("the 12 of 13 classes with the most mistakes") for each in texts)


def test_predicted_numbers_are_drawn_over_the_right_ones_with_their_residuals() -> None:
    picture = residuals.chart(MISSED, "a <fare>")
    across, up = places(picture, "mark"), places(picture, "mark", "cy")
    assert across == sorted(across)
    assert up[1] == up[2] < up[0]  # the higher the number, the higher its dot
    assert "the right a <fare> less the predicted one" in said(picture)
    bars = [each for each in parsed(picture).iter(f"{SVG}rect") if each.get("class") == "mark"]
    assert len({each.get("height") for each in bars}) == 1
    assert len(bars) == 3


@pytest.mark.parametrize("value", [0.0, 5.0, -1e12, 1e-9])
def test_numbers_that_are_all_the_same_can_be_drawn(value: float) -> None:
    picture = residuals.chart(Residuals.of([value] * 3, [value] * 3), "fare")
    assert len(places(picture, "mark")) == 3
    assert "nan" not in picture


def test_each_fold_has_a_dot_and_what_it_is_compared_with_too() -> None:
    found = Scores(metric="r2", folds=(0.5, 0.25, math.nan), held_out=0.75, baseline=-0.0001)
    picture = scores.chart(found, 0.4)
    assert len(places(picture, "other")) == 3
    (held_out,), (baseline,) = places(picture, "mark"), places(picture, "wrong")
    assert baseline < min(places(picture, "other")) < held_out
    assert {"0.250 to 0.500", "0.750", "0.400", "0.000"} <= set(said(picture))
    assert "none" in said(scores.chart(found, None))
    assert "nan" not in picture


def test_a_feature_without_which_it_does_better_is_drawn_to_the_left() -> None:
    found = (Importance(feature="a\x01&b", loss=0.2), Importance(feature="c", loss=-0.1))
    picture = importances.chart(found, "accuracy")
    _, good, bad = parsed(picture).iter(f"{SVG}rect")
    assert (good.get("class"), bad.get("class")) == ("mark", "other")
    assert float(bad.attrib["x"]) < float(good.attrib["x"])
    assert float(good.attrib["width"]) == pytest.approx(2 * float(bad.attrib["width"]), abs=0.2)
    assert {"a\ufffd&b", "0.200", "-0.100"} <= set(said(picture))


# --- the report


def report() -> TrainReport:
    return TrainReport(
        model="wine",
        version=2,
        better=True,
        promoted=True,
        reason="its accuracy is 0.9",
        estimator="ridge",
        scores=Scores(metric="accuracy", folds=(0.5, 0.75), held_out=0.9, baseline=0.4),
        champion=None,
        importances=(Importance(feature="proline", loss=0.2),),
        lineage=Lineage(table="wine", version=1, rows=178, digest="ab" * 32),
        seconds=1.5,
    )


def test_the_report_says_whether_it_serves_waits_or_neither() -> None:
    waits = report().model_copy(update={"promoted": False})
    worse = waits.model_copy(update={"better": False})
    assert "\n\nIt serves now: " in render(report(), SEEN, "cultivar")
    assert "\n\nIt is better, and waits to be deployed: " in render(waits, SEEN, "cultivar")
    assert "\n\nIt does not serve: " in render(worse, SEEN, "cultivar")


@pytest.mark.parametrize(
    ("held_out", "alt"),
    [
        pytest.param(SEEN, "Confusion matrix: 4 of 6 rows were recognized", id="classifier"),
        pytest.param(MISSED, "Predicted against right numbers of 3 rows", id="regressor"),
    ],
)
def test_the_report_has_three_pictures_each_with_what_it_shows_in_words(
    held_out: HeldOut, alt: str
) -> None:
    shown = render(report(), held_out, "cultivar")
    pictures = [each.partition(")")[0] for each in shown.split("base64,")[1:]]
    assert len(pictures) == 3
    assert all(parsed(b64decode(each).decode()).findtext(f"{SVG}title") for each in pictures)
    assert f"![{alt}" in shown
    assert "proline 0.200](data:image/svg" in shown
    assert "| rows it has not seen | **0.900** |" in shown
    assert "| cross-validation on the other rows | 0.500, 0.750 |" in shown
