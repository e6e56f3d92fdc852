"""The computing times of a rollout's versions, as a picture in its report."""

from base64 import b64decode
from datetime import UTC, datetime
from uuid import UUID
from xml.etree.ElementTree import Element, fromstring

from neurocortex.rollout.chart import chart
from neurocortex.rollout.counts import ArmCounts, Counts, time_class
from neurocortex.rollout.judging import Judged
from neurocortex.rollout.plan import Deployed, Guard, Rollout, State, Strategy
from tasks.publish_rollout import render

SVG = "{http://www.w3.org/2000/svg}"
FAST, SLOW = time_class(0.001), time_class(0.004)
NEW = ArmCounts(requests=3, times={SLOW: 3})
OLD = ArmCounts(requests=100, times={FAST: 75, SLOW: 25})


def parsed(picture: str) -> Element:
    return fromstring(picture)  # noqa: S314 - it is our own


def bars(picture: str, kind: str) -> list[Element]:
    return [each for each in parsed(picture).iter(f"{SVG}rect") if each.get("class") == kind]


def test_bars_are_as_high_as_the_share_of_the_computations_and_stand_at_their_time() -> None:
    picture = chart(NEW, OLD)
    (new,), (fast, slow) = bars(picture, "mark"), bars(picture, "other")
    heights = [float(each.attrib["height"]) for each in (new, fast, slow)]
    assert heights == [84, 63, 21]
    assert new.attrib["x"] == slow.attrib["x"] > fast.attrib["x"]
    texts = [each.text for each in parsed(picture).iter(f"{SVG}text")]
    assert {"3 times", "100 times"} <= set(texts)


def test_a_version_that_has_not_computed_yet_has_no_bars() -> None:
    picture = chart(ArmCounts(), OLD)
    assert (len(bars(picture, "mark")), len(bars(picture, "other"))) == (0, 2)


def rollout() -> Rollout:
    return Rollout(
        id=UUID(int=1),
        forge="default",
        model="wine",
        strategy=Strategy.CANARY,
        percent=10,
        stable=Deployed(version=1),
        candidate=Deployed(version=2),
        guard=Guard(),
        started_at=datetime(2026, 5, 1, tzinfo=UTC),
        state=State.RETURNED,
        reason="it is slower",
    )


def test_the_report_of_an_end_has_the_picture_where_anything_was_computed() -> None:
    shown = render(rollout(), Judged(sums=Counts(stable=OLD, candidate=NEW)))
    assert "It is slower." in shown
    assert "Computing times: median 4.3" in shown
    parsed(b64decode(shown.partition("base64,")[2].partition(")")[0]).decode())
    assert "data:image" not in render(rollout(), Judged())
