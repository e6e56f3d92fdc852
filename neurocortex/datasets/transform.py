"""Carrying out a dataset's transforms on a chunk of typed rows."""

from collections.abc import Callable
from datetime import date
from typing import cast

import pandas as pd

from neurocortex.datasets import expressions
from neurocortex.datasets.calculation import Calculation
from neurocortex.datasets.conversions import CONVERSIONS
from neurocortex.datasets.frames import dtype_of
from neurocortex.datasets.parsing import MISSING_VALUE, Refusals, Scalar, parser
from neurocortex.datasets.patterns import replacer
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.transforms import (
    Cast,
    Columns,
    Derive,
    Drop,
    Fill,
    MapValues,
    Rename,
    Replace,
    Round,
    Strip,
    Transform,
    literal,
    require_column,
)
from neurocortex.domain.columns import Column, ColumnType
from neurocortex.quality.report import Refusal


def transform(frame: pd.DataFrame, spec: DatasetSpec) -> tuple[pd.DataFrame, Refusals]:
    """Apply the dataset's transforms in order; the frame given stays as it is.

    Args:
        frame: typed rows with the dataset's columns, as `parsing.check_types` returns them.

    Returns:
        The rows with the columns of the target table, and why the others were refused: each under
        the kind of the transform that could not go through, e.g. `derive`.
    """
    refused: Refusals = {}
    columns = spec.columns
    for step in spec.transforms:
        frame, refusals = _apply(step, frame, columns)
        columns = step.outcome(columns)
        if refusals:
            refused |= refusals
            frame = frame.drop(index=list(refusals))
    return frame, refused


def _apply(step: Transform, frame: pd.DataFrame, columns: Columns) -> tuple[pd.DataFrame, Refusals]:
    match step:
        case Rename():
            return frame.rename(columns=dict(step.columns)), {}
        case Drop():
            return frame.drop(columns=list(step.columns)), {}
        case Strip():
            return _strip(step, frame, columns)
        case Replace():
            column = require_column(step.column, columns)
            return _each(step, frame, column, _replaced(step, column))
        case Fill():
            value = literal(step.value, require_column(step.column, columns))
            held = pd.Timestamp(value) if isinstance(value, date) else value
            return frame.assign(**{step.column: frame[step.column].fillna(held)}), {}
        case Round():
            return frame.assign(**{step.column: frame[step.column].round(step.digits)}), {}
        case Cast():
            column = require_column(step.column, columns)
            convert = CONVERSIONS[column.type, step.type]
            return _each(step, frame, column, convert)
        case MapValues():
            column = require_column(step.column, columns)
            return _each(step, frame, column, _looked_up(step, column))
        case Derive():
            return _derive(step, frame, columns)


def _strip(step: Strip, frame: pd.DataFrame, columns: Columns) -> tuple[pd.DataFrame, Refusals]:
    refused: Refusals = {}
    for name in step.columns:
        stripped = frame[name].str.strip()
        stripped = stripped.mask(stripped == "")
        if not require_column(name, columns).nullable:
            reason = f"{name} is empty but for white space, but it must have a value"
            for row in frame.index[stripped.isna()]:
                refused[int(row)] = (Refusal(MISSING_VALUE, reason),)
        frame = frame.assign(**{name: stripped})
    return frame, refused


def _each(
    step: Cast | MapValues | Replace,
    frame: pd.DataFrame,
    column: Column,
    change: Callable[[Scalar], Scalar | None],
) -> tuple[pd.DataFrame, Refusals]:
    """Change every value of a column that is there, each distinct one once."""
    (changed,) = step.outcome((column,))
    plains = [None if pd.isna(value) else _plain(value, column) for value in frame[column.name]]
    results: dict[Scalar | None, Scalar | None] = {}
    problems: dict[Scalar | None, Refusal] = {}
    for plain in set(plains) - {None}:
        try:
            results[plain] = change(cast("Scalar", plain))
        except ValueError as problem:
            problems[plain] = Refusal(step.kind, f"{column.name} is {plain!r}: {problem}")
    refused: Refusals = {}
    if problems:
        for row, plain in zip(frame.index, plains, strict=True):
            if plain in problems:
                refused[int(row)] = (problems[plain],)
    values = [results.get(plain) for plain in plains]
    series = pd.Series(values, index=frame.index, dtype=dtype_of(changed))
    return frame.assign(**{column.name: series}), refused


def _plain(value: object, column: Column) -> Scalar:
    """Return pandas' or numpy's scalar as Python's own."""
    if isinstance(value, pd.Timestamp):
        moment = value.to_pydatetime()
        return moment.date() if column.type is ColumnType.DATE else moment
    return cast("Scalar", value.item() if hasattr(value, "item") else value)


def _looked_up(step: MapValues, column: Column) -> Callable[[Scalar], Scalar]:
    table = step.table(column)

    def look_up(value: Scalar) -> Scalar:
        if value not in table:
            raise ValueError("not among the values of the map")
        return table[value]

    return look_up


def _replaced(step: Replace, column: Column) -> Callable[[Scalar], Scalar | None]:
    replace = replacer(step.pattern, step.replacement)
    read = parser(column)

    def change(value: Scalar) -> Scalar | None:
        if text := replace(str(value)):
            return read(text)
        if column.nullable:
            return None
        raise ValueError("nothing of it remains, but it must have a value")

    return change


def _derive(step: Derive, frame: pd.DataFrame, columns: Columns) -> tuple[pd.DataFrame, Refusals]:
    calculation = Calculation(frame)
    result = calculation.values(expressions.parse(step.expression, columns))
    refused: Refusals = {
        row: (Refusal(step.kind, f"{step.column} = {step.expression}: {problem}"),)
        for row, problem in calculation.refused.items()
    }
    return frame.assign(**{step.column: result}), refused
