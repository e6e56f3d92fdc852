"""Expressions over columns, e.g. `(dropoff - pickup) / 60 > 0`: typed, and nothing is executed.

The text is Python's syntax of arithmetic, comparison, `and`, `or` and `not` over column names,
numbers, texts and booleans. It is parsed to a tree once; names, calls, attributes and whatever else
Python knows are refused there. `calculation` computes the tree.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Final
from zoneinfo import ZoneInfo

from neurocortex.domain.columns import Column, ColumnType

MAX_CHARS: Final = 500
"""Longer ones are refused: reading and computing recurse, and nobody understands them."""

ARITHMETIC: Final = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
COMPARISON: Final = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
NUMERIC: Final = frozenset({ColumnType.INTEGER, ColumnType.NUMBER})
MOMENTS: Final = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP})

Scalar = bool | int | float | str | date | datetime


@dataclass(frozen=True, slots=True)
class Operand:
    """A column's value in a row."""

    column: Column

    @property
    def type(self) -> ColumnType:
        """What it holds."""
        return self.column.type


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the expression."""

    value: Scalar
    type: ColumnType


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator with its operands: one for `neg` and `not`, two for the others."""

    operator: str
    operands: tuple["Node", ...]
    type: ColumnType
    """What it yields: seconds (number) for the difference of timestamps, days for dates."""


Node = Operand | Literal | Operation


def parse(text: str, columns: Sequence[Column]) -> Node:
    """Return the expression's tree.

    Raises:
        ValueError: it is no such expression, names an unknown column, or mixes types.
    """
    if len(text) > MAX_CHARS:
        raise ValueError(f"the expression is longer than {MAX_CHARS} characters.")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{text!r} cannot be read as an expression: {error}.") from None
    return _Reader({column.name: column for column in columns}).read(tree.body)


def operands(node: Node) -> Iterator[Column]:
    """Yield the columns it looks at, repeated as often as it does."""
    match node:
        case Operand(column=column):
            yield column
        case Operation(operands=below):
            for each in below:
                yield from operands(each)


@dataclass(frozen=True, slots=True)
class _Reader:
    columns: Mapping[str, Column]

    def read(self, node: ast.expr) -> Node:
        match node:
            case ast.Name(id=name):
                return self._operand(name)
            case ast.Constant(value=bool() as value):
                return Literal(value, ColumnType.BOOLEAN)
            case ast.Constant(value=int() as value) if abs(value) < 2**63:
                return Literal(value, ColumnType.INTEGER)
            case ast.Constant(value=float() as value):
                return Literal(value, ColumnType.NUMBER)
            case ast.Constant(value=str() as value):
                return Literal(value, ColumnType.TEXT)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _negative(self.read(operand))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _logical("not", self.read(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                return _arithmetic(ARITHMETIC[type(op)], self.read(left), self.read(right))
            case ast.BoolOp(op=op, values=values):
                word = "and" if isinstance(op, ast.And) else "or"
                return _logical(word, *(self.read(value) for value in values))
            case ast.Compare(left=left, ops=ops, comparators=rights):
                return self._comparison(left, ops, rights)
        raise ValueError(
            f"{ast.unparse(node)!r} is not allowed: an expression holds column names, numbers,"
            " texts, true or false (True, False), + - * / // %, comparisons, and, or, not."
        )

    def _operand(self, name: str) -> Operand:
        if name not in self.columns:
            near = get_close_matches(name, self.columns, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"there is no column {name!r}.{hint}")
        return Operand(self.columns[name])

    def _comparison(self, left: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr]) -> Node:
        if any(type(op) not in COMPARISON for op in ops):
            raise ValueError("only == != < <= > >= compare.")
        nodes = [self.read(left), *(self.read(right) for right in rights)]
        links = [
            _compared(COMPARISON[type(op)], one, other)
            for op, one, other in zip(ops, nodes, nodes[1:], strict=False)
        ]
        return links[0] if len(links) == 1 else _logical("and", *links)


def _negative(node: Node) -> Node:
    if node.type not in NUMERIC:
        raise ValueError(f"- needs a number, not {node.type}.")
    return Operation("neg", (node,), node.type)


def _logical(word: str, *nodes: Node) -> Node:
    for node in nodes:
        if node.type is not ColumnType.BOOLEAN:
            raise ValueError(f"{word!r} needs true or false, not {node.type}.")
    if len(nodes) == 1:
        return Operation(word, nodes, ColumnType.BOOLEAN)
    joined = nodes[0]
    for node in nodes[1:]:
        joined = Operation(word, (joined, node), ColumnType.BOOLEAN)
    return joined


def _arithmetic(operator: str, left: Node, right: Node) -> Node:
    kinds = {left.type, right.type}
    if kinds <= NUMERIC:
        whole = kinds == {ColumnType.INTEGER} and operator != "/"
        return Operation(
            operator, (left, right), ColumnType.INTEGER if whole else ColumnType.NUMBER
        )
    if operator == "+" and kinds == {ColumnType.TEXT}:
        return Operation(operator, (left, right), ColumnType.TEXT)
    if operator == "-" and kinds == {ColumnType.DATE}:
        return Operation(operator, (left, right), ColumnType.INTEGER)
    if operator == "-" and kinds == {ColumnType.TIMESTAMP}:
        _refuse_mixed_zones(operator, left, right)
        return Operation(operator, (left, right), ColumnType.NUMBER)
    raise ValueError(f"{left.type} {operator} {right.type} has no meaning.")


def _compared(operator: str, left: Node, right: Node) -> Node:
    left, right = _as_moment(left, right), _as_moment(right, left)
    kinds = {left.type, right.type}
    if len(kinds) > 1 and not kinds <= NUMERIC:
        raise ValueError(f"{left.type} {operator} {right.type} cannot be compared.")
    if kinds == {ColumnType.BOOLEAN} and operator not in {"==", "!="}:
        raise ValueError(f"true and false have no order: {operator} cannot compare them.")
    if kinds == {ColumnType.TIMESTAMP}:
        _refuse_mixed_zones(operator, left, right)
    return Operation(operator, (left, right), ColumnType.BOOLEAN)


def _as_moment(node: Node, other: Node) -> Node:
    """Read a text that is compared with a date or timestamp column as one."""
    if not isinstance(node, Literal) or not isinstance(node.value, str):
        return node
    if not isinstance(other, Operand) or other.type not in MOMENTS:
        return node
    try:
        if other.type is ColumnType.DATE:
            return Literal(date.fromisoformat(node.value), other.type)
        moment = datetime.fromisoformat(node.value)
    except ValueError:
        raise ValueError(f"{node.value!r} is no {other.type} of ISO 8601.") from None
    if other.column.timezone and moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(other.column.timezone))
    return Literal(moment, other.type)


def _refuse_mixed_zones(operator: str, *nodes: Node) -> None:
    """A point in time and what some clock shows are not comparable."""
    if len({_has_zone(node) for node in nodes}) > 1:
        raise ValueError(
            f"{operator} has a timestamp with a timezone on one side and without on the other."
        )


def _has_zone(node: Node) -> bool:
    match node:
        case Operand(column=column):
            return column.timezone is not None
        case Literal(value=datetime() as value):
            return value.tzinfo is not None
    return False
