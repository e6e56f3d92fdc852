"""What the readers of all sources yield: one record per row of the source."""

from typing import Final, NamedTuple

MALFORMED_ROW: Final = "malformed_row"
"""The rule under which a row that is none is set aside."""


class Malformed(NamedTuple):
    """A row that does not have the schema's columns."""

    reason: str
    payload: str
    """The row as it stands in the source, or its start."""


Values = list[str | None]
"""A row's values as text, in the order of the dataset's columns; None where one is missing."""

Record = Values | Malformed
