"""How the types of columns are held in pandas."""

from typing import Final

from neurocortex.domain.columns import Column, ColumnType

_DTYPES: Final = {
    ColumnType.INTEGER: "Int64",
    ColumnType.NUMBER: "float64",
    ColumnType.TEXT: "str",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "datetime64[s]",
    ColumnType.TIMESTAMP: "datetime64[us]",
}


def dtype_of(column: Column | ColumnType) -> str:
    """Return the pandas type of a column: one that knows missing values."""
    if isinstance(column, Column):
        return "datetime64[us, UTC]" if column.timezone else _DTYPES[column.type]
    return _DTYPES[column]
