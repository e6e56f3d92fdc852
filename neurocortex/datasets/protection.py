"""A dataset's columns of personal data: hidden in rows, in quarantine entries and in reports."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import pandas as pd

from neurocortex.datasets.spec import DatasetSpec
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.lake.quarantine import MAX_PAYLOAD_CHARS
from neurocortex.privacy.frames import ColumnHider
from neurocortex.privacy.opening import configured_finder, configured_policy, keyring
from neurocortex.privacy.policies import Action
from neurocortex.quality.report import ExpectationResult, GateReport, Refusal

NOT_SHOWN = "<hidden>"

_MOST_BYTES: Final = MAX_PAYLOAD_CHARS * 3 // 4 - 50
"""Of a row that is encrypted as a whole: quarantine would cut off what is longer then, and nobody
could decrypt the rest. Base64 makes 4 characters of 3 bytes; 28 bytes are for the nonce and the
tag, and 22 characters, as many as 17 bytes take, for `nc1:personal:` and the key's id."""

_TELLING_CHARS = 40
"""Reasons show the beginning of a value only: so many characters of it are enough to know it by."""


class Kept(NamedTuple):
    """A refused row as quarantine keeps it."""

    text: str
    """JSON: its values by column."""
    is_whole: bool
    """Whether no value was cut."""


@dataclass(frozen=True, slots=True)
class Protection:
    """What a dataset's `privacy` does; nothing where it has none."""

    hider: ColumnHider

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return rows with their columns hidden."""
        return self.hider.frame(frame) if self.hider.columns else frame

    def kept(self, row: Mapping[str, str | None]) -> Kept:
        """Return a row as quarantine keeps it: protected as it would be in the table.

        Of a row that is too long the values are cut before they are protected: nobody could decrypt
        what is left of an encrypted value.
        """
        text = self._written(row)
        if len(text) <= MAX_PAYLOAD_CHARS:
            return Kept(text, is_whole=True)
        share = MAX_PAYLOAD_CHARS // max(1, len(row))
        while share:
            cut = {name: _cut(value, share) for name, value in row.items()}
            text = self._written(cut)
            if len(text) <= MAX_PAYLOAD_CHARS:
                return Kept(text, is_whole=False)
            share //= 2
        return Kept("{}", is_whole=False)

    def _written(self, row: Mapping[str, str | None]) -> str:
        values = {
            name: None if value is None else self.hider.value(name, value)
            for name, value in row.items()
        }
        return json.dumps(values, ensure_ascii=False)

    def malformed(self, entry: Quarantined) -> Quarantined:
        """Return an entry for a row that could not be taken apart, with the whole row encrypted.

        Of a long row it is the beginning, as much as quarantine keeps.
        """
        if not self.hider.columns:
            return entry
        is_whole = len(entry.payload.encode()) <= _MOST_BYTES
        # The cut may go through a character: what is left of it is dropped.
        beginning = entry.payload.encode()[:_MOST_BYTES].decode(errors="ignore")
        row = self.hider.row(beginning)
        return entry.model_copy(update={"payload": row, "is_whole": is_whole})

    def refusals(
        self, refusals: tuple[Refusal, ...], row: Mapping[str, object]
    ) -> tuple[Refusal, ...]:
        """Return reasons without the values of hidden columns that they quote."""
        telling = [
            repr(row[name])[1:-1][:_TELLING_CHARS]
            for name in self.hider.columns
            if isinstance(row.get(name), str) and row[name]
        ]
        return tuple(
            Refusal(each.rule, f"{each.rule} was not met by a value that is {NOT_SHOWN}")
            if any(value in each.reason for value in telling)
            else each
            for each in refusals
        )

    def report(self, report: GateReport) -> GateReport:
        """Return a gate's report without values of hidden columns."""
        results = tuple(self._result(each) for each in report.results)
        return report.model_copy(update={"results": results})

    def _result(self, result: ExpectationResult) -> ExpectationResult:
        if not set(result.expectation.columns) & set(self.hider.columns):
            return result
        observed = NOT_SHOWN if result.observed else ""
        return result.model_copy(
            update={"sample": (NOT_SHOWN,) * len(result.sample), "observed": observed}
        )


def _cut(value: str | None, longest: int) -> str | None:
    return value if value is None or len(value) <= longest else f"{value[:longest]}…"


def protection_of(spec: DatasetSpec) -> Protection:
    """Return what protects a dataset's rows."""
    return Protection(
        ColumnHider(
            spec.name,
            DEFAULT_TENANT,
            spec.privacy,
            keyring,
            configured_finder(),
            configured_policy(Action.REDACT),
        )
    )
