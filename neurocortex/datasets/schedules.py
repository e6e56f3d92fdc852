"""When a dataset is loaded by itself."""

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

from cronsim import CronSim, CronSimError
from pydantic import field_validator

from neurocortex.domain.columns import known_timezone
from neurocortex.domain.strict import Strict


class _Part(NamedTuple):
    """One of the five parts of a cron expression (crontab(5))."""

    name: str
    allowed: str


PARTS: Final = (
    _Part("minute", "0 to 59"),
    _Part("hour", "0 to 23"),
    _Part("day of the month", "1 to 31"),
    _Part("month", "1 to 12 or jan to dec"),
    _Part("day of the week", "0 to 7 or sun to sat; 0 and 7 are Sunday"),
)

_EXTENSION: Final = re.compile(r"#|(?:\b|\d)L", re.IGNORECASE)
"""`L` (last) and `#` (n-th) are no part of crontab(5): Prefect, which fires the schedule, and
cronsim, which reads it here, know different ones."""

_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""cronsim wants a start; whether an expression can be read does not depend on it."""


class Schedule(Strict):
    """A cron expression and the clock it speaks of."""

    cron: str
    """Minute, hour, day of the month, month, day of the week, e.g. `30 2 * * *`."""
    timezone: str = "UTC"
    """IANA name."""

    @field_validator("cron")
    @classmethod
    def _cron_is_readable(cls, cron: str) -> str:
        texts = cron.split()
        if len(texts) != len(PARTS):
            raise ValueError(
                f"{cron!r} has {len(texts)} parts, a cron expression has {len(PARTS)}:"
                f" {', '.join(part.name for part in PARTS)}."
            )
        for place, (text, part) in enumerate(zip(texts, PARTS, strict=True)):
            alone = ["*"] * len(PARTS)
            alone[place] = text
            if _EXTENSION.search(text) or not _is_readable(alone):
                raise ValueError(
                    f"{text!r} is no {part.name} of a cron expression"
                    f" ({part.allowed}; *, a-b, */n, or a list of those)."
                )
        if not _is_readable(texts):
            raise ValueError(f"{cron!r}: none of its months has such a day.")
        return " ".join(texts)

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, name: str) -> str:
        return known_timezone(name)


def _is_readable(texts: list[str]) -> bool:
    try:
        CronSim(" ".join(texts), _ANY_TIME)
    except CronSimError:
        return False
    return True
