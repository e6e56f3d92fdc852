"""The steps that change a table, as a dataset's YAML writes them.

Each knows what it does to the columns: `outcome` takes the columns before it and returns those
after it, or raises ValueError. So a YAML that cannot work is refused before any row is read.
`transform` carries the steps out.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from neurocortex.datasets import expressions, patterns
from neurocortex.datasets.conversions import CONVERSIONS
from neurocortex.datasets.parsing import Scalar, parser
from neurocortex.domain.columns import Column, ColumnType
from neurocortex.domain.strict import Strict

Columns = tuple[Column, ...]


def _one_value(value: object) -> object:
    if isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"{value!r} is no single value: write a number, a text, true or false.")


def _as_text(value: object) -> object:
    """Write a key as text, as it becomes in JSON: YAML reads `0` and `true` as what they are."""
    if isinstance(value, bool | int):
        return str(value).lower()
    return value


Value = Annotated[bool | int | float | str, BeforeValidator(_one_value)]


class Rename(Strict):
    """Give columns other names."""

    kind: Literal["rename"]
    columns: Mapping[str, str] = Field(min_length=1)
    """New name by old name."""

    def outcome(self, columns: Columns) -> Columns:
        """Return the columns after this step."""
        _required(columns, self.columns)
        renamed = tuple(
            column.model_copy(update={"name": self.columns.get(column.name, column.name)})
            for column in columns
        )
        names = [column.name for column in renamed]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two columns would be named {name!r}.")
        return renamed


class Drop(Strict):
    """Leave columns out."""

    kind: Literal["drop"]
    columns: tuple[str, ...] = Field(min_length=1)

    def outcome(self, columns: Columns) -> Columns:
        """Return the columns after this step."""
        for column in _required(columns, self.columns):
            if column.key:
                raise ValueError(f"column {column.name!r} is part of the key, so it must stay.")
        return tuple(column for column in columns if column.name not in self.columns)


class Strip(Strict):
    """Remove white space around texts. One of which nothing remains becomes a missing value."""

    kind: Literal["strip"]
    columns: tuple[str, ...] = Field(min_length=1)

    def outcome(self, columns: Columns) -> Columns:
        """Return the columns after this step."""
        for column in _required(columns, self.columns):
            _of_type(column, ColumnType.TEXT)
        return columns


class Replace(Strict):
    """Put other text wherever a regular expression is found in a text.

    A value of which nothing remains becomes a missing one. See `patterns` for what bounds it.
    """

    kind: Literal["replace"]
    column: str
    pattern: str = Field(min_length=1, max_length=patterns.MAX_CHARS)
    r"""In the syntax of Python's `re`. It may be found anywhere: `^` and `$` tie it to the ends."""
    replacement: str = Field("", max_length=patterns.MAX_CHARS)
    r"""`\1` and `\g<name>` stand for what the pattern's groups found."""

    def outcome(self, columns: Columns) -> Columns:
        """Return the columns after this step."""
        (column,) = _required(columns, [self.column])
        _of_type(column, ColumnType.TEXT)
        patterns.check(self.pattern, self.replacement)
        return columns


class Fill(Strict):
    """Put a value where one is missing."""

    kind: Literal["fill"]
    column: str
    value: Value

    def outcome(self, columns: Columns) -> Columns:
        """Return the columns after this step."""
        (column,) = _required(columns, [self.column])
        literal(self.value, column)
        return _replaced(columns, column.model_copy(update={"nullable": False}))


class Round(Strict):
    """Round numbers to a count of digits behind the point, halves to the even digit."""

    kind: Literal["round"]
    column: str
    digits: int = Field(0, ge=0, le=15)

    def outcome(self, columns: Columns) -> Columns:
        """Return the columns after this step."""
        (column,) = _required(columns, [self.column])
        _of_type(column, ColumnType.NUMBER)
        return columns


class Cast(Strict):
    """Turn a column into another type. A value that has no equal there refuses its row.

    The day of a timestamp with a timezone is its day in UTC.
    """

    kind: Literal["cast"]
    column: str
    type: ColumnType

    def outcome(self, columns: Columns) -> Columns:
        """Return the columns after this step."""
        (column,) = _required(columns, [self.column])
        possible = [to.value for source, to in CONVERSIONS if source is column.type]
        if (column.type, self.type) not in CONVERSIONS:
            raise ValueError(
                f"column {column.name!r} is {column.type}: that can be cast to"
                f" {', '.join(possible)}, not to {self.type}."
            )
        return _replaced(
            columns,
            column.model_copy(update={"type": self.type, "format": None, "timezone": None}),
        )


class MapValues(Strict):
    """Replace each value by the one beside it in a table. One that is not there refuses its row."""

    kind: Literal["map"]
    column: str
    values: Mapping[Annotated[str, BeforeValidator(_as_text)], Value] = Field(min_length=1)
    """New value by old value. The new ones are all of one type: the column's new type."""

    def outcome(self, columns: Columns) -> Columns:
        """Return the columns after this step."""
        (column,) = _required(columns, [self.column])
        if column.type not in {ColumnType.TEXT, ColumnType.INTEGER, ColumnType.BOOLEAN}:
            raise ValueError(
                f"column {column.name!r} is {column.type}; texts, integers and booleans have a map."
            )
        self.table(column)
        types = {_type_of(value) for value in self.values.values()}
        if len(types) > 1:
            raise ValueError(f"the new values are of several types: {', '.join(sorted(types))}.")
        return _replaced(columns, column.model_copy(update={"type": types.pop()}))

    def table(self, column: Column) -> Mapping[Scalar, Scalar]:
        """Return the new value by the old one, read as the column's type."""
        return {literal(old, column): new for old, new in self.values.items()}


class Derive(Strict):
    """Compute a new column from others; see `expressions` for what can be written."""

    kind: Literal["derive"]
    column: str
    expression: str
    description: str = ""

    def outcome(self, columns: Columns) -> Columns:
        """Return the columns after this step."""
        if self.column in {column.name for column in columns}:
            raise ValueError(f"there is a column {self.column!r} already.")
        tree = expressions.parse(self.expression, columns)
        derived = Column(
            name=self.column,
            type=tree.type,
            nullable=any(column.nullable for column in expressions.operands(tree)),
            description=self.description,
            timezone=tree.column.timezone if isinstance(tree, expressions.Operand) else None,
        )
        return (*columns, derived)


Transform = Annotated[
    Rename | Drop | Strip | Replace | Fill | Round | Cast | MapValues | Derive,
    Field(discriminator="kind"),
]


def require_column(name: str, columns: Sequence[Column]) -> Column:
    """Return the column of that name.

    Raises:
        ValueError: there is none; the text names the nearest, or all.
    """
    for column in columns:
        if column.name == name:
            return column
    names = [column.name for column in columns]
    near = get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names)}."
    raise ValueError(f"there is no column {name!r}. {hint}")


def literal(value: Scalar, column: Column) -> Scalar:
    """Return a value written in YAML as the column's type.

    Raises:
        ValueError: it is not of that type.
    """
    kind = _type_of(value)
    if kind is column.type or (kind, column.type) == (ColumnType.INTEGER, ColumnType.NUMBER):
        return value
    if isinstance(value, str):
        try:
            return parser(column)(value)
        except ValueError as problem:
            raise ValueError(f"{value!r} does not fit column {column.name!r}: {problem}.") from None
    raise ValueError(f"{value!r} is {kind}, but column {column.name!r} is {column.type}.")


def _type_of(value: Scalar) -> ColumnType:
    match value:
        case bool():
            return ColumnType.BOOLEAN
        case int():
            return ColumnType.INTEGER
        case float():
            return ColumnType.NUMBER
        case _:
            return ColumnType.TEXT


def _required(columns: Columns, names: Iterable[str]) -> Columns:
    return tuple(require_column(name, columns) for name in names)


def _of_type(column: Column, kind: ColumnType) -> None:
    if column.type is not kind:
        raise ValueError(f"column {column.name!r} is {column.type}, not {kind}.")


def _replaced(columns: Columns, changed: Column) -> Columns:
    return tuple(changed if column.name == changed.name else column for column in columns)
