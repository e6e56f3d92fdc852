"""Releasing refused documents: a corrected text, or the file as it is now, through the gate again.

A file is read again where it lies: on the machine that releases it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from neurocortex.corrections.released import Released
from neurocortex.documents.cleaning import clean, clean_line
from neurocortex.documents.discover import discover
from neurocortex.documents.gate import gate
from neurocortex.documents.reading import read_all
from neurocortex.documents.source import FILE
from neurocortex.documents.split import split
from neurocortex.domain.documents import Document, SplitDocument
from neurocortex.domain.embedding import Embedder, Trainer
from neurocortex.domain.quarantine import Quarantined
from neurocortex.engines.embedders import configured, of_collection
from neurocortex.errors import CollectionNotFoundError, CorrectionError
from neurocortex.lake import quarantine
from neurocortex.lake.quarantine import QuarantineEntry
from neurocortex.lake.store import Lake
from neurocortex.privacy.opening import protected_document
from neurocortex.settings import Settings

MEDIA_TYPE: Final = "text/plain"
NO_TEXT: Final = "of a single row only the start is kept: give its text with `quarantine fix`"


def correct(connection: Connection, entry: QuarantineEntry, text: str, by: str) -> None:
    """Note a text that is to be loaded in place of a refused document.

    Personal data in it is hidden as `privacy.documents` says, before it is kept.

    Raises:
        CorrectionError: the document was released already.
    """
    document = _corrected(entry, text)
    if not quarantine.correct(connection, entry.id, protected_document(document).text, by):
        raise CorrectionError(f"Entry {entry.id} was released already: it is in the Lake.")


def release(
    lake: Lake, collection: str, entries: Sequence[QuarantineEntry], by: str, chosen: Settings
) -> Released:
    """Hold refused documents to the gate again, and load those that pass, in one transaction.

    What was released before is not loaded again: a document in the same words is unchanged.

    Raises:
        LoadError: PostgreSQL refused; nothing was changed.
        ProviderError: the model's provider failed; nothing was changed.
        LakeUnavailableError: PostgreSQL does not answer.
    """
    found = _Found()
    for entry in entries:
        found.add(entry, _documents(entry, chosen))
    gated = gate([each for documents in found.documents.values() for each in documents])
    found.refuse(gated.refused)
    accepted = {document.source for document in gated.accepted}
    passed = [
        entry
        for entry, documents in found.documents.items()
        if documents and all(each.source in accepted for each in documents)
    ]
    if not passed:
        return Released(target=collection, load_id=None, released=(), refused=found.reasons)
    sources = {each.source for entry in passed for each in found.documents[entry]}
    documents = [each for each in gated.accepted if each.source in sources]
    report = lake.load_documents(
        collection, _split(documents, chosen), _embedder(lake, collection, chosen)
    )
    with lake.engine.begin() as connection:
        quarantine.mark_released(connection, passed, report.load_id, by)
    return Released(
        target=collection, load_id=report.load_id, released=tuple(passed), refused=found.reasons
    )


@dataclass(slots=True)
class _Found:
    """The documents that entries stand for, and why some stand for none."""

    documents: dict[int, tuple[Document, ...]] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)

    def add(self, entry: QuarantineEntry, read: tuple[Document, ...] | str) -> None:
        if isinstance(read, str):
            self.reasons[entry.id] = read
        else:
            self.documents[entry.id] = read

    def refuse(self, refused: Iterable[Quarantined]) -> None:
        """Note the gate's reasons with the entries that the refused documents came from."""
        why = {each.source: each.reason for each in refused}
        for entry, documents in self.documents.items():
            for document in documents:
                reason = why.get(str(document.metadata.get(FILE))) or why.get(document.source)
                if reason:
                    self.reasons[entry] = reason


def _documents(entry: QuarantineEntry, chosen: Settings) -> tuple[Document, ...] | str:
    """Return what an entry stands for now, or why that is nothing."""
    if entry.correction is not None:
        return (_corrected(entry, entry.correction),)
    if entry.refused.row is not None:
        return NO_TEXT
    files = discover([entry.refused.source], max_file_mb=chosen.documents.max_file_mb)
    reading = read_all(files.files)
    refused = (*files.refused, *reading.refused)
    if refused or not reading.documents:
        return refused[0].reason if refused else "nothing can be read there any more"
    return tuple(map(protected_document, reading.documents))


def _corrected(entry: QuarantineEntry, text: str) -> Document:
    refused = entry.refused
    source = refused.source if refused.row is None else f"{refused.source}#{refused.row}"
    return Document(
        source=source,
        title=clean_line(Path(refused.source).stem or refused.source),
        text=clean(text),
        media_type=MEDIA_TYPE,
        checksum=sha256(text.encode()).hexdigest(),
    )


def _split(documents: Iterable[Document], chosen: Settings) -> Iterator[SplitDocument]:
    words, overlap = chosen.documents.chunk_words, chosen.documents.chunk_overlap
    for document in documents:
        yield SplitDocument(document, split(document, words=words, overlap=overlap))


def _embedder(lake: Lake, collection: str, chosen: Settings) -> Embedder | Trainer:
    try:
        return of_collection(lake.collection(collection).embedder, chosen.lake)
    except CollectionNotFoundError:
        return configured(chosen.lake)
