"""What is expected of data, as frozen values that a YAML file or a program writes."""

from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, JsonValue, model_validator

from neurocortex.domain.strict import Strict
from neurocortex.quality.catalogue import EXPECTATIONS, Reach, Signature


class Severity(StrEnum):
    """What follows when an expectation is not met."""

    STOP = "stop"
    """Nothing is loaded."""
    QUARANTINE = "quarantine"
    """The rows that do not meet it are set aside; the others are loaded."""
    WARN = "warn"
    """Everything is loaded; the report says what was wrong."""


def _known(name: str) -> str:
    if name in EXPECTATIONS:
        return name
    near = get_close_matches(name, EXPECTATIONS, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ValueError(f"there is no expectation {name!r}.{hint}")


class Expectation(Strict):
    """One expectation, by the name and with the parameters Great Expectations gives it.

    Raises pydantic's ValidationError for an unknown name (with the nearest one), an unknown or
    missing parameter, severity `quarantine` on one that cannot point at rows, and `mostly` on a
    quarantine (every row that fails is set aside, whatever their share).
    """

    type: Annotated[str, AfterValidator(_known)]
    """E.g. `expect_column_values_to_be_between`; `catalogue.EXPECTATIONS` has them all."""
    kwargs: Mapping[str, JsonValue] = {}
    """E.g. `{"column": "fare", "min_value": 0}`. Dates as ISO 8601 text."""
    severity: Severity = Severity.QUARANTINE
    note: str = ""
    """Why it is expected; a person reads it beside each row that was refused."""

    @property
    def signature(self) -> Signature:
        """What this kind of expectation takes and can tell."""
        return EXPECTATIONS[self.type]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns it looks at."""
        named: list[str] = []
        for parameter in self.signature.columns:
            value = self.kwargs[parameter]
            named += [str(name) for name in value] if isinstance(value, list) else [str(value)]
        return tuple(named)

    @property
    def mostly(self) -> float:
        """Share of the non-null values, 0 to 1, that must meet it."""
        return float(str(self.kwargs.get("mostly", 1)))

    @property
    def subject(self) -> str:
        """What it is about: its columns, or the table."""
        return ", ".join(self.columns) or "the table"

    @property
    def sentence(self) -> str:
        """What is expected, for people: `to be between (min_value 0, max_value 500)`."""
        words = self.type.removeprefix("expect_").replace("_", " ")
        for known in ("column pair values ", "column values ", "column value ", "column "):
            words = words.removeprefix(known)
        shown = [
            f"{name} {value}"
            for name, value in self.kwargs.items()
            if name not in self.signature.columns
        ]
        return f"{words} ({', '.join(shown)})" if shown else words

    @model_validator(mode="after")
    def _parameters_fit(self) -> "Expectation":
        signature = self.signature
        for name in self.kwargs:
            if name not in signature.parameters:
                near = get_close_matches(name, signature.parameters, n=1)
                hint = f" Did you mean {near[0]}?" if near else ""
                allowed = ", ".join(signature.parameters) or "none"
                raise ValueError(
                    f"{self.type} has no parameter {name!r}.{hint} It takes: {allowed}."
                )
        for name in (*signature.columns, *signature.required):
            if name not in self.kwargs:
                raise ValueError(f"{self.type} needs the parameter {name!r}.")
        for name in signature.columns:
            value = self.kwargs[name]
            wanted = list if name == "column_list" else str
            if not isinstance(value, wanted) or not value:
                kind = "a list of column names" if wanted is list else "a column name"
                raise ValueError(f"{self.type}: {name} is {value!r}, it must be {kind}.")
        return self

    @model_validator(mode="after")
    def _severity_fits(self) -> "Expectation":
        mostly = self.kwargs.get("mostly", 1)
        if not isinstance(mostly, int | float) or not 0 <= mostly <= 1:
            raise ValueError(f"{self.type}: mostly is {mostly!r}, it must be a number from 0 to 1.")
        if self.severity is not Severity.QUARANTINE:
            return self
        if self.signature.reach is Reach.AGGREGATE:
            raise ValueError(
                f"{self.type} judges the table as a whole, so it has no rows to set aside:"
                " its severity is 'stop' or 'warn'."
            )
        if "mostly" in self.kwargs:
            raise ValueError(
                f"{self.type}: `mostly` tolerates some bad rows, `quarantine` sets each one aside:"
                " leave `mostly` out, or set severity to 'stop' or 'warn'."
            )
        return self


class Suite(Strict):
    """Expectations that belong together."""

    name: str
    expectations: tuple[Expectation, ...]

    @property
    def by_row(self) -> "Suite":
        """Those that judge each row by itself: for the chunks of a stream."""
        mine = (each for each in self.expectations if each.signature.reach is Reach.ROW)
        return self.model_copy(update={"expectations": tuple(mine)})

    @property
    def by_table(self) -> "Suite":
        """Those that need all rows: for the whole table, after the stream."""
        mine = (each for each in self.expectations if each.signature.reach is not Reach.ROW)
        return self.model_copy(update={"expectations": tuple(mine)})
