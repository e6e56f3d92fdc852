"""When a dataset is loaded by itself."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from pydantic import field_validator

from neurocortex.domain.columns import known_timezone
from neurocortex.domain.strict import Strict

_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec"
_DAYS: Final = "sun mon tue wed thu fri sat"


class _Field(NamedTuple):
    """One of the five parts of a cron expression (crontab(5))."""

    name: str
    least: int
    largest: int
    names: Mapping[str, int] = MappingProxyType({})


FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, {name: place for place, name in enumerate(_MONTHS.split(), 1)}),
    _Field("day of the week", 0, 7, {name: place for place, name in enumerate(_DAYS.split())}),
)

_PART: Final = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?")


class Schedule(Strict):
    """A cron expression and the clock it speaks of."""

    cron: str
    """Minute, hour, day of the month, month, day of the week, e.g. `30 2 * * *`."""
    timezone: str = "UTC"
    """IANA name."""

    @field_validator("cron")
    @classmethod
    def _cron_is_readable(cls, cron: str) -> str:
        parts = cron.split()
        if len(parts) != len(FIELDS):
            raise ValueError(
                f"{cron!r} has {len(parts)} parts, a cron expression has {len(FIELDS)}:"
                f" {', '.join(field.name for field in FIELDS)}."
            )
        for part, field in zip(parts, FIELDS, strict=True):
            for item in part.lower().split(","):
                if not _is_readable(item, field):
                    raise ValueError(
                        f"{item!r} is no {field.name} of a cron expression"
                        f" ({field.least} to {field.largest}, *, a-b, */n, or a list of those)."
                    )
        return " ".join(parts)

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, name: str) -> str:
        return known_timezone(name)


def _is_readable(item: str, field: _Field) -> bool:
    found = _PART.fullmatch(item)
    if found is None:
        return False
    first, last, step = found.groups()
    texts = [str(field.names.get(text, text)) for text in (first, last) if text is not None]
    if not all(text.isdecimal() for text in texts):
        return False
    values = [int(text) for text in texts]
    inside = all(field.least <= value <= field.largest for value in values)
    return inside and values == sorted(values) and (step is None or int(step) > 0)
