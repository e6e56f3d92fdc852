"""Cron expressions: what is accepted fires in Prefect, what is not gets a reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect.client.schemas.schedules import CronSchedule
from pydantic import ValidationError

from neurocortex.datasets.schedules import Schedule


@pytest.mark.parametrize(
    "cron",
    [
        "30 2 * * *",
        "*/15 * * * *",
        "0 9-17/2 * * mon-fri",
        "0,30 8 1,15 * *",
        "0 0 * JAN-mar sun",
        "5/10 0 29 2 7",
        "0 0 31 4 mon",
    ],
)
def test_what_crontab_knows_is_accepted(cron: str) -> None:
    assert Schedule(cron=cron).cron == cron


def test_white_space_is_put_in_order() -> None:
    assert Schedule(cron="  30 2  * * *\t").cron == "30 2 * * *"


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("", "has 0 parts, a cron expression has 5: minute, hour, day of the month, month, day"),
        ("@daily", "has 1 parts"),
        ("0 0 * * * *", "has 6 parts"),
        ("60 0 * * *", "'60' is no minute of a cron expression (0 to 59; *, a-b, */n"),
        ("0 24 * * *", "'24' is no hour of a cron expression (0 to 23;"),
        ("0 0 0 * *", "'0' is no day of the month of a cron expression (1 to 31;"),
        ("0 0 * 13 *", "'13' is no month of a cron expression (1 to 12 or jan to dec;"),
        ("0 0 * * 8", "'8' is no day of the week of a cron expression (0 to 7 or sun to sat;"),
        ("0 17-9 * * *", "'17-9' is no hour"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("1, * * * *", "'1,' is no minute"),
        ("0 0 ? * *", "'?' is no day of the month"),
        ("0 0 L * *", "'L' is no day of the month"),
        ("0 0 lw * *", "'lw' is no day of the month"),
        ("0 0 * * 5L", "'5L' is no day of the week"),
        ("0 0 * * mon#1", "'mon#1' is no day of the week"),
        ("0 0 30 2 *", "none of its months has such a day"),
        ("0 0 31 4,jun *", "none of its months has such a day"),
    ],
)
def test_what_cannot_be_read_is_explained(cron: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Schedule(cron=cron)
    assert reason in str(caught.value)


VALUES = st.sampled_from([*map(str, range(62)), "jan", "JUL", "dec", "sun", "Sat", "L", "lw", "h"])
RANGES = st.one_of(
    st.just("*"),
    VALUES,
    st.tuples(VALUES, VALUES).map("-".join),
    st.tuples(VALUES, VALUES).map("#".join),
    st.tuples(VALUES, st.just("L")).map("".join),
)
STEPS = st.tuples(RANGES, st.integers(0, 70).map(str)).map("/".join)
PARTS = st.lists(st.one_of(RANGES, STEPS), min_size=1, max_size=3).map(",".join)


@settings(max_examples=500)
@given(st.integers(0, 4), PARTS, PARTS)
def test_prefect_accepts_what_is_accepted_here(place: int, one: str, other: str) -> None:
    parts = ["0", "0", "*", "*", "*"]
    parts[place - 1] = other
    parts[place] = one
    try:
        cron = Schedule(cron=" ".join(parts)).cron
    except ValidationError:
        return
    assert CronSchedule(cron=cron).cron == cron
