"""The loads of a dataset as a picture that stands by itself."""

from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element, fromstring

import pytest

from neurocortex.datasets.chart import chart
from neurocortex.datasets.timeline import Point, told

START = datetime(2024, 1, 31, 2, 30, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def point(day: int, rows: int | None = 100, **more: int | bool) -> Point:
    return Point.model_validate({"at": START + timedelta(days=day), "rows": rows, **more})


def parsed(picture: str) -> Element:
    return fromstring(picture)  # noqa: S314 - it is our own


def drawn(points: list[Point], kind: str, shape: str = "rect") -> list[Element]:
    root = parsed(chart("wine", points))
    return [each for each in root.iter(f"{SVG}{shape}") if each.get("class") == kind]


def test_each_load_is_as_high_as_its_rows_and_refused_ones_are_a_part_of_it() -> None:
    points = [point(0, 200), point(1, 100, refused=25), point(2, 50)]
    heights = [float(each.get("height", 0)) for each in drawn(points, "mark")]
    assert heights == [110.0, pytest.approx(41.2, abs=0.1), 27.5]
    (bar,) = drawn(points, "wrong")
    assert float(bar.get("height", 0)) == pytest.approx(13.8, abs=0.1)
    dots = drawn(points, "wrong", "circle")
    assert len(dots) == 3
    assert dots[1].get("cy") == "182.0"  # the top of its strip: no load has a higher share


def test_a_failed_load_and_a_stopped_one_are_crossed() -> None:
    points = [point(0), point(1, None, is_loaded=False), point(2, 80, is_loaded=False)]
    lines = drawn(points, "wrong", "line")
    assert len([each for each in lines if each.get("stroke-width") == "2"]) == 4  # two each
    assert len(drawn(points, "mark")) == 1


def test_a_first_load_without_rows_can_be_drawn() -> None:
    root = parsed(chart("a <b> & c", [point(0, 0)]))
    assert (
        root.findtext(f"{SVG}title") == "Loads of the dataset a <b> & c: rows, refused share, drift"
    )
    assert told([point(0, 0)]).startswith("This is the first load")


def test_the_sentence_says_what_is_usual() -> None:
    points = [point(0, 10), point(1, None, is_loaded=False), point(2, 12), point(3, 14)]
    assert told([*points, point(4, 50, refused=5, changes=2)]) == (
        "50 rows, 10.0 % of them refused; signs of drift: 2."
        " In the 3 loads before, 12 rows are usual."
    )
