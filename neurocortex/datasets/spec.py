"""A dataset as one frozen value, checked as a whole."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from neurocortex.datasets.schedules import Schedule
from neurocortex.datasets.sources import Source
from neurocortex.datasets.transforms import Columns, Transform, require_column
from neurocortex.domain.columns import Column, ColumnType
from neurocortex.domain.deployments import Tier
from neurocortex.domain.strict import Strict, problem
from neurocortex.lake.rows.table import MAX_NAME_CHARS, NAME_PATTERN, WriteMode
from neurocortex.privacy.classes import DataClass, action_of, suits_key
from neurocortex.privacy.policies import Action
from neurocortex.quality.drift_policy import DriftPolicy
from neurocortex.quality.expectations import Expectation, Suite

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=MAX_NAME_CHARS)]


class Target(Strict):
    """The table of the Lake, in its schema `data`, and how rows get there."""

    table: Name
    mode: WriteMode = WriteMode.REPLACE


class DatasetSpec(Strict):
    """One dataset: its source, schema, expectations, transforms, target and schedule.

    Raises pydantic's ValidationError; `reader` turns it into a DatasetSpecError.
    """

    name: Name
    description: str = ""
    source: Source
    columns: tuple[Column, ...] = Field(min_length=1)
    """Every column of the source."""
    expectations: tuple[Expectation, ...] = ()
    """About the source's columns; checked on the rows whose values are of the right type."""
    transforms: tuple[Transform, ...] = ()
    """In order; each sees the columns the one before it leaves."""
    drift: DriftPolicy = DriftPolicy()
    """What follows when a load differs from the earlier ones."""
    privacy: Mapping[str, Action | DataClass] = {}
    """What is done to columns of the source that hold personal data, before the transforms."""
    target: Target
    schedule: Schedule | None = None
    tier: Tier = Tier.MEDIUM

    @property
    def suite(self) -> Suite:
        """The expectations under the dataset's name."""
        return Suite(name=self.name, expectations=self.expectations)

    @property
    def loaded_columns(self) -> Columns:
        """The columns after all transforms: those of the target table."""
        columns = self.columns
        for step in self.transforms:
            columns = step.outcome(columns)
        return columns

    @model_validator(mode="after")
    def _columns_are_distinct(self) -> "DatasetSpec":
        seen: set[str] = set()
        for place, column in enumerate(self.columns):
            if column.name in seen:
                raise problem(("columns", place), f"there are two columns {column.name!r}.")
            seen.add(column.name)
        return self

    @model_validator(mode="after")
    def _expectations_name_columns(self) -> "DatasetSpec":
        for place, expectation in enumerate(self.expectations):
            for name in expectation.columns:
                with _at("expectations", place, "kwargs"):
                    require_column(name, self.columns)
        return self

    @model_validator(mode="after")
    def _privacy_fits(self) -> "DatasetSpec":
        for name, policy in self.privacy.items():
            with _at("privacy", name):
                column = require_column(name, self.columns)
                if column.type is not ColumnType.TEXT and action_of(policy) is not Action.KEEP:
                    raise ValueError(
                        f"column {name!r} is of type {column.type}, and only text can be hidden:"
                        " declare it as text, or leave it out with the transform `drop`."
                    )
                if column.key and not suits_key(policy):
                    raise ValueError(
                        f"column {name!r} is part of the key, so it must stay the same from load to"
                        f" load: `{Action.HASH}` or `{Action.KEEP}`."
                    )
        return self

    @model_validator(mode="after")
    def _transforms_fit(self) -> "DatasetSpec":
        columns = self.columns
        for place, step in enumerate(self.transforms):
            with _at("transforms", place):
                columns = step.outcome(columns)
        for column in columns:
            if not NAME_PATTERN.fullmatch(column.name) or len(column.name) > MAX_NAME_CHARS:
                raise problem(
                    ("columns",),
                    f"column {column.name!r} cannot be loaded under that name: names in the Lake"
                    f" are a letter, then letters, digits and _, at most {MAX_NAME_CHARS} in all."
                    " Rename it in `transforms`.",
                )
        if self.target.mode is WriteMode.UPSERT and not any(column.key for column in columns):
            raise problem(("target", "mode"), "upsert needs a key: mark columns with `key: true`.")
        return self


@contextmanager
def _at(*place: str | int) -> Iterator[None]:
    """Give a ValueError its place in the YAML."""
    try:
        yield
    except ValueError as error:
        raise problem(place, str(error)) from None
