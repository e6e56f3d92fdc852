"""What a model takes: its features by name and kind; and rows from outside held to that."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import pandas as pd
from pandas.api import types

from neurocortex.domain.strict import Strict
from neurocortex.errors import FeaturesError

Value = float | int | str | bool | None

SHOWN: Final = 5
"""Problems an error lists."""


class Kind(StrEnum):
    """How a feature is read."""

    NUMBER = "number"
    CATEGORY = "category"


class Feature(Strict):
    """One input."""

    name: str
    kind: Kind


class Schema(Strict):
    """The inputs of a model, in order."""

    features: tuple[Feature, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Schema":
        """Return the schema of a frame: what is no number is a category."""
        return cls(
            features=tuple(
                Feature(name=str(name), kind=_kind(frame[name])) for name in frame.columns
            )
        )

    def frame(self, model: str, rows: Sequence[Mapping[str, Value]]) -> pd.DataFrame:
        """Return rows as a model takes them.

        Args:
            model: its name, for the error.
            rows: a value for each feature; None where it is not known.

        Raises:
            FeaturesError: a feature is missing, unknown, or of the wrong kind; it names the row.
        """
        problems = [
            f"row {place}: {problem}"
            for place, row in enumerate(rows)
            for problem in self._problems(row)
        ]
        if problems:
            more = f" (and {len(problems) - SHOWN} more)" if len(problems) > SHOWN else ""
            raise FeaturesError(model, "; ".join(problems[:SHOWN]) + more)
        return pd.DataFrame(
            {
                feature.name: pd.Series(
                    [row[feature.name] for row in rows],
                    dtype="float64" if feature.kind is Kind.NUMBER else "object",
                )
                for feature in self.features
            }
        )

    def prepared(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a table's columns as a model takes them; `frame` has them all."""
        return pd.DataFrame(
            {
                feature.name: frame[feature.name].astype("float64")
                if feature.kind is Kind.NUMBER
                else frame[feature.name].astype("object").where(frame[feature.name].notna(), None)
                for feature in self.features
            }
        )

    def _problems(self, row: Mapping[str, Value]) -> list[str]:
        names = {feature.name for feature in self.features}
        missing = [feature.name for feature in self.features if feature.name not in row]
        unknown = [name for name in row if name not in names]
        problems = []
        if missing:
            problems.append(f"no value for {', '.join(missing)} (null where it is not known)")
        if unknown:
            problems.append(
                f"no feature {', '.join(unknown)}; there are {', '.join(sorted(names))}"
            )
        for feature in self.features:
            value = row.get(feature.name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and feature.kind is Kind.NUMBER and not is_number:
                problems.append(f"{feature.name} is a number, not {value!r}")
            if feature.kind is Kind.CATEGORY and not isinstance(value, str | bool | None):
                problems.append(f"{feature.name} is a category, not {value!r}")
        return problems


def _kind(column: "pd.Series[Any]") -> Kind:
    if types.is_bool_dtype(column):
        return Kind.CATEGORY
    return Kind.NUMBER if types.is_numeric_dtype(column) else Kind.CATEGORY
