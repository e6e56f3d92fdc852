"""The Lake: what is not there, or cannot be kept; and its backups."""

from collections.abc import Sequence

from neurocortex.errors.base import NeuroCortexError


class LakeError(NeuroCortexError):
    """The Lake cannot do what was asked."""


class CollectionNotFoundError(LakeError):
    """No collection of that name."""

    def __init__(self, collection: str, existing: Sequence[str]) -> None:
        known = ", ".join(existing) or "none yet"
        super().__init__(
            f"There is no collection {collection!r}. Existing collections: {known}."
            " Ingest documents into it first: `neurocortex ingest PATH --collection NAME`."
        )
        self.collection = collection
        self.existing = tuple(existing)


class EmbedderMismatchError(LakeError):
    """A collection is embedded by one model; another was asked for."""

    def __init__(self, collection: str, recorded: str, asked: str) -> None:
        super().__init__(
            f"Collection {collection!r} is embedded by {recorded}, not by {asked}."
            " Vectors of two models cannot be compared: use the recorded one,"
            " or ingest into another collection."
        )
        self.collection = collection
        self.recorded = recorded
        self.asked = asked


class InvalidFilterError(LakeError):
    """A filter on documents cannot be read. `place` is where in it, e.g. `$and[1].year`."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"The filter cannot be read at {place or 'its top'}: {reason}")
        self.place = place
        self.reason = reason


class InvalidRecordError(LakeError):
    """A document that a pipeline writes cannot be kept as it is."""

    def __init__(self, record: str, reason: str) -> None:
        super().__init__(f"The document {record!r} cannot be kept: {reason}")
        self.record = record
        self.reason = reason


class DocumentNotFoundError(LakeError):
    """No document of that source in a collection."""

    def __init__(self, collection: str, source: str) -> None:
        super().__init__(
            f"Collection {collection!r} has no document {source!r}. The passages of `search` name"
            " the sources it has."
        )
        self.collection = collection
        self.source = source


class DuplicateDocumentError(LakeError):
    """Documents are in the collection already, and the load was to bring new ones only."""

    def __init__(self, collection: str, sources: Sequence[str]) -> None:
        named = ", ".join(map(repr, sources[:5])) + (", ..." if len(sources) > 5 else "")
        super().__init__(
            f"Collection {collection!r} has {len(sources)} of these documents already: {named}."
            " Nothing was written. Write them with the policy that skips or replaces them."
        )
        self.collection = collection
        self.sources = tuple(sources)


class TargetNotFoundError(LakeError):
    """Neither a collection nor a dataset's table has that name."""

    def __init__(self, target: str) -> None:
        super().__init__(
            f"There is neither a collection nor a table {target!r}. A table of a dataset may be"
            " named `data.NAME`; `neurocortex status` and the datasets' YAML have the names."
        )
        self.target = target


class VersionNotFoundError(LakeError):
    """A collection or table cannot be returned to a version."""

    def __init__(self, target: str, version: int, oldest: int, current: int) -> None:
        kept = f"{oldest} to {current - 1}" if oldest < current else "none before it"
        super().__init__(
            f"{target} cannot be returned to version {version}: it is at {current}, and kept are"
            f" {kept}. `neurocortex lake versions` lists them."
        )
        self.target = target
        self.version = version


class CorrectionError(LakeError):
    """Entries of quarantine cannot be corrected or released in that way; nothing was changed."""


class LoadError(LakeError):
    """A load failed and was rolled back: the Lake is as it was before."""

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(f"The load into {target} failed and was undone: {reason}")
        self.target = target
        self.reason = reason


class BackupError(NeuroCortexError):
    """A backup cannot be made, read or restored; what was there is as it was."""
