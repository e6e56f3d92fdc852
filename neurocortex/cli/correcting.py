"""What the commands of `neurocortex quarantine` do with the entries they were given."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from neurocortex.cli.quarantine import AT_ONCE
from neurocortex.corrections import documents, files, rows
from neurocortex.corrections.released import Released
from neurocortex.corrections.values import RefusedRow, Values
from neurocortex.datasets.catalog import catalog, find
from neurocortex.datasets.sifting import target_of
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.errors import CorrectionError
from neurocortex.lake import quarantine
from neurocortex.lake.database import translated
from neurocortex.lake.loads import LoadKind
from neurocortex.lake.quarantine import Choice, QuarantineEntry
from neurocortex.lake.store import Lake
from neurocortex.settings import Settings


@dataclass(frozen=True, slots=True)
class Correcting:
    """Entries of one Lake, and the datasets that their rows are of."""

    lake: Lake
    settings: Settings

    def entries(
        self,
        ids: Sequence[int] | None,
        target: str | None,
        rule: str | None,
        *,
        is_released: bool | None = None,
        limit: int = AT_ONCE,
    ) -> tuple[QuarantineEntry, ...]:
        """Return the chosen entries, the last refused first.

        Raises:
            CorrectionError: one of the numbers is none's.
        """
        wanted = tuple(ids) if ids else None
        choice = Choice(target, rule, wanted, is_released)
        with translated(), self.lake.engine.connect() as connection:
            found = quarantine.entries(connection, choice, limit)
            known = quarantine.entries(connection, Choice(ids=wanted), AT_ONCE) if wanted else ()
        missing = set(wanted or ()) - {entry.id for entry in known}
        if missing:
            shown = ", ".join(map(str, sorted(missing)))
            raise CorrectionError(
                f"Quarantine has no entry {shown}: `neurocortex quarantine list` has the numbers."
            )
        return found

    def export(self, entries: Iterable[QuarantineEntry], dataset: str | None, path: Path) -> int:
        """Write the rows among the entries to a file; return how many there are."""
        refused = [
            RefusedRow(entry, spec)
            for _, spec, group in self._grouped(entries, dataset)
            if spec is not None
            for entry in group
        ]
        if len({row.spec.name for row in refused}) != 1:
            raise CorrectionError("A file holds rows of one dataset: choose them by --target.")
        files.write(path, refused)
        return len(refused)

    def correct_rows(
        self, entries: Iterable[QuarantineEntry], dataset: str | None, changes: Values, by: str
    ) -> int:
        """Set the same values in all these rows; return how many there are."""
        return self._correct(entries, dataset, lambda _: changes, by)

    def correct_from(self, ids: Sequence[int], dataset: str | None, path: Path, by: str) -> int:
        """Take corrections from a file: rows that `export` wrote, or one document's text."""
        if len(ids) == 1:
            (entry,) = self.entries(ids, None, None)
            if entry.kind == LoadKind.DOCUMENTS:
                with translated(), self.lake.engine.begin() as connection:
                    documents.correct(connection, entry, _text(path), by)
                return 1
        found = files.read(path)
        chosen = self.entries(list(found), None, None)
        return self._correct(
            chosen, dataset, lambda row: files.changes(row, found[row.entry.id]), by
        )

    def release(
        self, entries: Iterable[QuarantineEntry], dataset: str | None, by: str
    ) -> list[Released]:
        """Release entries, those of one target at a time."""
        outcomes = []
        for target, spec, group in self._grouped(entries, dataset):
            if spec is None:
                outcomes.append(documents.release(self.lake, target, group, by, self.settings))
            else:
                outcomes.append(rows.release(self.lake.engine, spec, group, by))
        return outcomes

    def _correct(
        self,
        entries: Iterable[QuarantineEntry],
        dataset: str | None,
        changes_of: Callable[[RefusedRow], Values],
        by: str,
    ) -> int:
        count = 0
        groups = self._grouped(entries, dataset)
        with translated(), self.lake.engine.begin() as connection:
            for target, spec, group in groups:
                if spec is None:
                    raise CorrectionError(
                        f"Entries of {target} are documents: give the text of one by --from FILE."
                    )
                for entry in group:
                    changes = changes_of(RefusedRow(entry, spec))
                    if changes:
                        rows.correct(connection, entry, spec, changes, by)
                        count += 1
        return count

    def _grouped(
        self, entries: Iterable[QuarantineEntry], dataset: str | None
    ) -> list[tuple[str, DatasetSpec | None, list[QuarantineEntry]]]:
        """Return entries by target, each with its dataset; documents have none.

        Raises:
            CorrectionError: the dataset of some rows is not known.
            DatasetError: a dataset's YAML is wrong, or there is none of that name.
        """
        ordered = sorted(entries, key=lambda entry: (entry.kind, entry.target, entry.id))
        return [
            (target, self._spec(target, dataset) if kind == LoadKind.ROWS else None, list(group))
            for (kind, target), group in groupby(
                ordered, key=lambda entry: (entry.kind, entry.target)
            )
        ]

    def _spec(self, target: str, dataset: str | None) -> DatasetSpec:
        folder = self.settings.datasets.folder
        if dataset is not None:
            specs: Sequence[DatasetSpec] = (find(dataset, folder),)
        else:
            specs = catalog(folder)
        found = [spec for spec in specs if str(target_of(spec)) == target]
        if len(found) == 1:
            return found[0]
        known = ", ".join(spec.name for spec in found) or "none"
        raise CorrectionError(
            f"Of which dataset the rows of {target} are is not known (with that table: {known}):"
            " name it by --dataset."
        )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise CorrectionError(f"{path} cannot be read as UTF-8 text: {error}.") from error
