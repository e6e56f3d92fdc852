"""The values of a refused row: in clear for the gate, hidden where they are kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from neurocortex.datasets.spec import DatasetSpec
from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.errors import CorrectionError
from neurocortex.lake.quarantine import QuarantineEntry
from neurocortex.privacy.classes import DataClass, action_of
from neurocortex.privacy.hiding import Hider, Place, is_encrypted, revealed
from neurocortex.privacy.opening import keyring
from neurocortex.privacy.policies import Action
from neurocortex.security.roles import Role

Values = Mapping[str, str | None]
"""By the source's columns."""

_HIDDEN_FOR_GOOD: Final = frozenset({Action.MASK, Action.HASH})
"""What is done to a value so that hiding it a second time gives something else."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row of a dataset in quarantine."""

    entry: QuarantineEntry
    spec: DatasetSpec

    @property
    def kept(self) -> Values:
        """What is kept of it, corrected and hidden; nothing of a row that is none."""
        refused = self.entry.refused
        text = self.entry.correction or (refused.payload if refused.is_whole else "")
        try:
            found = json.loads(text)
        except ValueError:
            return {}
        if not isinstance(found, dict):
            return {}
        return {name: _text(value) for name, value in found.items()}

    def corrected(self, changes: Values) -> str:
        """Return the row with these values, as quarantine keeps it: personal ones are encrypted.

        Raises:
            CorrectionError: the source has no such column.
        """
        columns = [column.name for column in self.spec.columns]
        for name in changes:
            if name not in columns:
                raise CorrectionError(
                    f"Dataset {self.spec.name!r} has no column {name!r}: its columns are"
                    f" {', '.join(columns)}."
                )
        hidden = {name: self._hidden(name, value) for name, value in changes.items()}
        known = {name: value for name, value in self.kept.items() if name in columns}
        return json.dumps({**known, **hidden}, ensure_ascii=False)

    def clear(self) -> Values:
        """Return all its values in clear.

        Raises:
            CorrectionError: some are not known; the text names them.
            TamperedError: an encrypted value was changed.
            PrivacyKeyError: its key is gone.
        """
        kept = self.kept
        unknown = [
            column.name
            for column in self.spec.columns
            if column.name not in kept or self._is_lost(column.name, kept[column.name])
        ]
        if unknown:
            raise CorrectionError(f"of {', '.join(unknown)} no value is known: set one")
        return {column.name: self._clear(column.name, kept) for column in self.spec.columns}

    def _is_lost(self, name: str, value: str | None) -> bool:
        policy = self.spec.privacy.get(name, Action.KEEP)
        return (
            value is not None and action_of(policy) in _HIDDEN_FOR_GOOD and not is_encrypted(value)
        )

    def _hidden(self, name: str, value: str | None) -> str | None:
        policy = self.spec.privacy.get(name, Action.KEEP)
        if value is None or action_of(policy) is Action.KEEP:
            return value
        data_class = policy if isinstance(policy, DataClass) else DataClass.PERSONAL
        hider = Hider(self._place(name), keyring, data_class)
        return hider.hide(value, name, Action.ENCRYPT)

    def _clear(self, name: str, kept: Values) -> str | None:
        value = kept[name]
        if value is None or name not in self.spec.privacy or not is_encrypted(value):
            return value
        return revealed(value, self._place(name), keyring(), Role.ADMIN)

    def _place(self, name: str) -> Place:
        return Place(DEFAULT_TENANT, f"{self.spec.name}.{name}")


def _text(value: object) -> str | None:
    """Rows that were refused after they had their types are kept with them."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
