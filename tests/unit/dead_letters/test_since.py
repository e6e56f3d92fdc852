"""Times as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from neurocortex.cli.since import moment

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        (" 7 d ", timedelta(days=7)),
        ("2w", timedelta(days=14)),
    ],
)
def test_so_long_ago(text: str, ago: timedelta) -> None:
    assert moment(text, NOW) == NOW - ago


def test_a_date_is_this_machines_and_a_zone_is_kept() -> None:
    assert moment("2030-01-01", NOW) == datetime(2030, 1, 1).astimezone()
    assert moment("2030-01-01T10:00:00+02:00", NOW) == datetime(2030, 1, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "7", "7y", "-1d", "999999w", "2030-02-31"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time|before the year 1"):
        moment(text, NOW)
