"""Columns of a table hidden by a policy, each distinct value once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from neurocortex.privacy.classes import DataClass, action_of
from neurocortex.privacy.finding import Finder
from neurocortex.privacy.hiding import Hider, Place
from neurocortex.privacy.keys import Keyring
from neurocortex.privacy.policies import Action, TextPolicy
from neurocortex.privacy.texts import hidden


@dataclass(frozen=True, slots=True)
class ColumnHider:
    """Hides the columns of one dataset."""

    dataset: str
    tenant: str
    policies: Mapping[str, Action | DataClass]
    """By the name of the column; columns without one stay as they are."""
    keys: Callable[[], Keyring]
    finder: Finder
    scanning: TextPolicy
    """What is done to personal data in columns that are scanned."""

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame with its columns hidden; missing values stay missing."""
        made = {}
        for column in self.columns:
            values = frame[column]
            change = self._change(column)
            if action_of(self.policies[column]) is Action.ENCRYPT:
                # Each for itself: equal values must not look equal.
                made[column] = values.map(change, na_action="ignore")
            else:
                known = {value: change(value) for value in values.dropna().unique()}
                made[column] = values.map(known, na_action="ignore")
            made[column] = made[column].astype(values.dtype)
        return frame.assign(**made)

    def value(self, column: str, value: str) -> str:
        """Return what stands for a value of a column."""
        return self._change(column)(value) if column in self.columns else value

    def row(self, row: str) -> str:
        """Return a row that could not be taken apart into columns: encrypted as a whole.

        Its column is `row`, and its class the highest of the dataset's columns.
        """
        secret = DataClass.SECRET in self.policies.values()
        data_class = DataClass.SECRET if secret else DataClass.PERSONAL
        place = Place(self.tenant, f"{self.dataset}.row")
        return Hider(place, self.keys, data_class).hide(row, "row", Action.ENCRYPT)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that do not stay as they are."""
        kept = {name for name, each in self.policies.items() if action_of(each) is Action.KEEP}
        return tuple(name for name in self.policies if name not in kept)

    def _change(self, column: str) -> Callable[[str], str]:
        policy = self.policies[column]
        action = action_of(policy)
        data_class = policy if isinstance(policy, DataClass) else DataClass.PERSONAL
        hider = Hider(Place(self.tenant, f"{self.dataset}.{column}"), self.keys, data_class)
        if action is Action.SCAN:
            return lambda value: hidden(value, self.finder, self.scanning, hider)
        return lambda value: hider.hide(value, column, action)
