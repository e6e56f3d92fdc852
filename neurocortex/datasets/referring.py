"""Whether a dataset's references to other tables can be kept: asked when its YAML is read."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.transforms import Rename
from neurocortex.domain.columns import Column, ColumnType
from neurocortex.errors import DatasetSpecError, ExpectationError
from neurocortex.privacy.classes import action_of
from neurocortex.privacy.policies import Action
from neurocortex.quality.references import IN_TABLE, Reference, reference_of

NUMBERS: Final = frozenset({ColumnType.INTEGER, ColumnType.NUMBER})


def refers(spec: DatasetSpec) -> bool:
    """Whether a dataset refers to other tables."""
    return any(each.type == IN_TABLE for each in spec.expectations)


def check_references(spec: DatasetSpec, datasets: Iterable[DatasetSpec]) -> None:
    """Check that what a dataset refers to is loaded by one of the datasets, and can be compared.

    Raises:
        DatasetSpecError: no dataset loads that table, or it has no such column, or one of another
            type, or one whose values are hidden there.
    """
    others = tuple(datasets)
    for place, expectation in enumerate(spec.expectations):
        if expectation.type != IN_TABLE:
            continue
        try:
            reference = reference_of(expectation)
            _check(spec, reference, others)
        except (ValueError, ExpectationError) as error:
            reason = f"expectations[{place}] ({expectation.type}): {error}"
            raise DatasetSpecError(spec.name, reason) from None


def _check(spec: DatasetSpec, reference: Reference, datasets: Sequence[DatasetSpec]) -> None:
    if reference.table == spec.target.table:
        raise ValueError(
            f"the table {reference.table!r} is the dataset's own: a reference is to another table."
        )
    tables = sorted({each.target.table for each in datasets} - {spec.target.table})
    loading = [each for each in datasets if each.target.table == reference.table]
    if not loading:
        near = get_close_matches(reference.table, tables, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"no dataset loads a table {reference.table!r}.{hint}"
            f" There are: {', '.join(tables) or 'none'}."
        )
    other = loading[0]
    columns = {column.name: column for column in other.loaded_columns}
    if reference.table_column not in columns:
        near = get_close_matches(reference.table_column, columns, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"the table {reference.table!r} has no column {reference.table_column!r}.{hint}"
            f" It has: {', '.join(columns)}."
        )
    there = columns[reference.table_column]
    here = next(column for column in spec.columns if column.name == reference.column)
    if not _comparable(here, there):
        raise ValueError(
            f"{reference.column} is of type {here.type}, and {reference.table}."
            f"{there.name} of type {there.type}: they never hold the same."
        )
    if there.name in _hidden(other):
        raise ValueError(
            f"the dataset {other.name!r} hides {there.name} (`privacy`), so its table does not hold"
            " the values: refer to another column."
        )


def _comparable(one: Column, other: Column) -> bool:
    if {one.type, other.type} <= NUMBERS:
        return True
    return one.type is other.type and bool(one.timezone) == bool(other.timezone)


def _hidden(spec: DatasetSpec) -> set[str]:
    """Return the columns of a dataset's table whose values are hidden, by their names there."""
    names = {name for name, policy in spec.privacy.items() if action_of(policy) is not Action.KEEP}
    for step in spec.transforms:
        if isinstance(step, Rename):
            names = {step.columns.get(name, name) for name in names}
    return names
