"""What labelled rows must be like to be learned from: like those that the model learned first."""

from typing import Any, Final

import pandas as pd

from neurocortex.forge.schema import Kind, Schema
from neurocortex.forge.spec import Task, TrainingSpec
from neurocortex.quality.expectations import Expectation, Severity, Suite

WIDER: Final = 1.0
"""A number may lie outside of the known range by so many of its widths: data moves, but a value
from somewhere else is a mistake, or poison."""


def suite_of(spec: TrainingSpec, takes: Schema, known: pd.DataFrame) -> Suite:
    """Return the expectations of labelled rows.

    Args:
        spec: of the model.
        takes: its features.
        known: the table it learned from.
    """
    numbers = [each.name for each in takes.features if each.kind is Kind.NUMBER]
    if spec.task is Task.REGRESSION:
        numbers.append(spec.target)
    found = [_is_near(name, known[name]) for name in numbers if known[name].notna().any()]
    if spec.task is Task.CLASSIFICATION:
        classes = sorted(known[spec.target].dropna().astype(str).unique().tolist())
        found.append(
            Expectation(
                type="expect_column_values_to_be_in_set",
                kwargs={"column": spec.target, "value_set": classes},
                note="the model knows no other class",
            )
        )
    found.append(
        Expectation(
            type="expect_column_values_to_not_be_null",
            kwargs={"column": spec.target},
            severity=Severity.QUARANTINE,
        )
    )
    return Suite(name=f"{spec.name} feedback", expectations=tuple(found))


def _is_near(name: str, known: "pd.Series[Any]") -> Expectation:
    least, most = float(known.min()), float(known.max())
    width = (most - least) or abs(most) or 1.0
    return Expectation(
        type="expect_column_values_to_be_between",
        kwargs={
            "column": name,
            "min_value": least - WIDER * width,
            "max_value": most + WIDER * width,
        },
        note=f"the model learned from values between {least:g} and {most:g}",
    )
