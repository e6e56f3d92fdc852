"""A moment in the past, as people write it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGO: Final = re.compile(r"(\d{1,6})\s?([mhdw])")


def moment(text: str, now: datetime) -> datetime:
    """Return the moment meant by `30m`, `12h`, `7d` or `2w` (so long ago), or by an ISO date.

    A date or time without a zone is this machine's.

    Raises:
        ValueError: the text is neither.
    """
    if ago := AGO.fullmatch(text.strip()):
        try:
            return now - timedelta(**{UNITS[ago.group(2)]: int(ago.group(1))})
        except OverflowError:
            raise ValueError(f"{text!r} is before the year 1") from None
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time: write 30m, 12h, 7d or 2w, or a date such as 2030-01-31"
        ) from None
