"""Computing an expression's tree over the columns of a frame.

Columns have the pandas types of `parsing`. A missing operand makes a missing result, as in SQL.
Nothing is rounded into place: a division by zero and an integer beyond 64 bits are refusals.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import numpy as np
import pandas as pd

from neurocortex.datasets.expressions import Literal, Node, Operand, Operation
from neurocortex.datasets.frames import dtype_of
from neurocortex.domain.columns import ColumnType

OPERATORS: Final[Mapping[str, Callable[[pd.Series, pd.Series], pd.Series]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

LIMIT: Final = 2.0**63
"""Integers from here on do not fit 64 bits."""


@dataclass(slots=True)
class Calculation:
    """One expression over one frame."""

    frame: pd.DataFrame
    refused: dict[int, str] = field(default_factory=dict)
    """Why a row has no result, by index label."""

    def values(self, node: Node) -> pd.Series:
        """Return the results, one for each row, with the frame's index."""
        match node:
            case Operand(column=column):
                return self.frame[column.name]
            case Literal():
                return self._constant(node)
            case Operation(operator="neg", operands=(only,)):
                return -self.values(only)
            case Operation(operator="not", operands=(only,)):
                return ~self.values(only)
            case Operation(operator="and", operands=(left, right)):
                return self.values(left) & self.values(right)
            case Operation(operator="or", operands=(left, right)):
                return self.values(left) | self.values(right)
            case Operation(type=ColumnType.BOOLEAN, operands=(left, right)):
                return _compared(node.operator, self.values(left), self.values(right))
            case Operation(operands=(left, right)):
                return self._arithmetic(node, self.values(left), self.values(right))
        raise TypeError(f"{node} is no expression.")

    def _constant(self, node: Literal) -> pd.Series:
        zoned = isinstance(node.value, datetime) and node.value.tzinfo is not None
        dtype = "datetime64[us, UTC]" if zoned else dtype_of(node.type)
        value = pd.Timestamp(node.value) if isinstance(node.value, date) else node.value
        return pd.Series([value] * len(self.frame), index=self.frame.index, dtype=dtype)

    def _arithmetic(self, node: Operation, left: pd.Series, right: pd.Series) -> pd.Series:
        if node.operands[0].type is ColumnType.TEXT:
            return left + right
        if node.operands[0].type is ColumnType.DATE:
            return (left - right).dt.days.astype("Int64")
        if node.operands[0].type is ColumnType.TIMESTAMP:
            return (left - right).dt.total_seconds().astype("float64")
        if node.operator in {"/", "//", "%"}:
            zero = (right == 0).fillna(False).astype(bool)
            self._refuse(zero, "division by zero")
            right = right.mask(zero)
        if node.type is ColumnType.NUMBER:
            left, right = left.astype("float64"), right.astype("float64")
            result = OPERATORS[node.operator](left, right)
            self._refuse(pd.Series(np.isinf(result), result.index), "the result is too large")
            return result
        beyond = OPERATORS[node.operator](left.astype("float64"), right.astype("float64"))
        self._refuse(beyond.abs() >= LIMIT, "the result does not fit 64 bits")
        return OPERATORS[node.operator](left, right).astype("Int64")

    def _refuse(self, rows: pd.Series, reason: str) -> None:
        for row in rows.index[rows]:
            self.refused.setdefault(int(row), reason)


def _compared(sign: str, left: pd.Series, right: pd.Series) -> pd.Series:
    result = pd.Series(OPERATORS[sign](left, right), index=left.index, dtype="boolean")
    return result.mask(left.isna() | right.isna())
