"""Columns of tabular data."""

from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from neurocortex.domain.strict import Strict


class ColumnType(StrEnum):
    """What a column holds."""

    INTEGER = "integer"
    """Whole numbers of 64 bits."""
    NUMBER = "number"
    """Floating point numbers of 64 bits; neither infinite nor NaN."""
    TEXT = "text"
    BOOLEAN = "boolean"
    """Written `true`, `false`, `1` or `0`."""
    DATE = "date"
    """Written 2019-01-31, unless the column has a `format`."""
    TIMESTAMP = "timestamp"
    """Written 2019-01-31 23:59:59 (fractions, `T` and offsets allowed), or as `format` says."""


class Column(Strict):
    """One column of a table."""

    name: str = Field(min_length=1)
    type: ColumnType
    nullable: bool = False
    """Whether a value may be missing."""
    key: bool = False
    """Whether it is part of what makes a row unique."""
    description: str = ""
    format: str | None = None
    """How dates or times are written, in strptime's codes; ISO 8601 where it is None."""
    timezone: str | None = None
    """IANA name. With one, a timestamp is a point in time, read in that zone where it has no
    offset of its own. Without, it is what a clock on a wall shows, and an offset is refused."""

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, name: str | None) -> str | None:
        return name if name is None else known_timezone(name)

    @model_validator(mode="after")
    def _fits_together(self) -> "Column":
        if self.key and self.nullable:
            raise ValueError(f"column {self.name!r} is part of the key, so it cannot be nullable.")
        if self.format and self.type not in {ColumnType.DATE, ColumnType.TIMESTAMP}:
            raise ValueError(f"column {self.name!r}: only dates and timestamps have a format.")
        if self.timezone and self.type is not ColumnType.TIMESTAMP:
            raise ValueError(f"column {self.name!r}: only timestamps have a timezone.")
        return self


def known_timezone(name: str) -> str:
    """Return the name.

    Raises:
        ValueError: there is no such time zone.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}; e.g. Europe/Berlin, UTC.") from error
    return name
