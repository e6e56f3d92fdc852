"""Embedding texts, and bringing texts into a collection or out of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from neurocortex.documents.cleaning import clean, clean_line
from neurocortex.documents.gate import gate
from neurocortex.documents.split import split
from neurocortex.domain.documents import Document, SplitDocument
from neurocortex.domain.embedding import Embedder, Trainer
from neurocortex.domain.json_values import holds_nul
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import LoadReport
from neurocortex.domain.strict import Strict
from neurocortex.engines.embedders import configured, of_collection
from neurocortex.errors import (
    CollectionNeededError,
    CollectionNotFoundError,
    NothingIngestedError,
)
from neurocortex.lake.records import RESERVED
from neurocortex.lake.store import Lake
from neurocortex.privacy.opening import protected_document
from neurocortex.settings import settings
from tasks.lake import opened
from tasks.options import STEP

MEDIA_TYPE: Final = "text/plain"

MAX_FIELDS: Final = 100
"""Of a text's metadata: each is indexed."""


class Text(Strict):
    """A text on its way into a collection."""

    source: str = Field(
        min_length=1, max_length=1000, description="What identifies it there, e.g. a URL."
    )
    text: str = Field(min_length=1)
    title: str | None = Field(None, max_length=1000, description="Unset: the source.")
    metadata: Mapping[str, JsonValue] = Field(
        default_factory=dict,
        max_length=MAX_FIELDS,
        description="Fields that the `filters` of a search ask for.",
        examples=[{"author": "Mendel", "year": 1866}],
    )

    @field_validator("metadata")
    @classmethod
    def _can_be_kept(cls, value: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        if holds_nul(dict(value)):
            raise ValueError("it holds the character NUL, which PostgreSQL cannot store.")
        if RESERVED in value:
            raise ValueError(f"{RESERVED!r} is the Lake's own: call the field something else.")
        return value


class Embedded(BaseModel):
    """Vectors of texts, in the order of the texts."""

    model_config = ConfigDict(frozen=True)

    vectors: list[list[float]]
    """Of length 1 each, or 0 where the model knows no word of the text."""
    model: str
    version: str


class Upserted(BaseModel):
    """What bringing texts into a collection changed."""

    model_config = ConfigDict(frozen=True)

    collection: str
    load: LoadReport | None
    """None where nothing was new."""
    unchanged: int
    refused: tuple[Quarantined, ...]


@task(**STEP, task_run_name="embed", cache_policy=NO_CACHE)
def embed_texts(
    texts: Sequence[tuple[str, ...]], lake: str, collection: str | None
) -> list[Embedded]:
    """Return the vectors of many groups of texts, embedded at once; an `Embedded` for each group.

    Args:
        texts: a group for each request.
        lake: name of the Lake block.
        collection: whose model embeds them; None for the model of the settings.

    Raises:
        CollectionNeededError: that model is fitted on a collection.
        CollectionNotFoundError: there is no such collection, or it has no model yet.
    """
    model = ready_model(lake, collection, "name one in `collection`")
    matrix = model.embed_documents([text for group in texts for text in group]).tolist()
    results, start = [], 0
    for group in texts:
        end = start + len(group)
        results.append(Embedded(vectors=matrix[start:end], model=model.name, version=model.version))
        start = end
    return results


@task(**STEP, task_run_name="bring texts into {collection}", cache_policy=NO_CACHE)
def upsert_texts(lake: str, collection: str, texts: Sequence[Text]) -> Upserted:
    """Hold texts to the documents' gate, split and embed them, and write them in one transaction.

    Personal data is hidden as in documents, in the metadata too. A text that the collection holds
    in this version, with this metadata, is skipped; what the gate refuses is in quarantine then.

    Raises:
        NothingIngestedError: every text was refused.
    """
    documents = [_document(text) for text in texts]
    with opened(lake) as store:
        known = store.checksums(collection)
        fresh = [each for each in documents if known.get(each.source) != each.checksum]
        kept = [protected_document(each) for each in fresh]
        metadata = {each.source: each.metadata for each in kept}
        # Without it: what a reader notes of a file and its rows could be taken from it.
        gated = gate([replace(each, metadata={}) for each in kept])
        report = None
        if gated.accepted:
            report = store.load_documents(
                collection,
                map(partial(_split, metadata), gated.accepted),
                _loading_model(store, collection),
                quarantined=gated.refused,
            )
        elif gated.refused:
            store.record_refused(collection, gated.refused)
            if len(gated.refused) == len(documents):
                raise NothingIngestedError(gated.refused)
    return Upserted(
        collection=collection,
        load=report,
        unchanged=len(documents) - len(fresh),
        refused=gated.refused,
    )


@task(**STEP, task_run_name="delete from {collection}", cache_policy=NO_CACHE)
def delete_documents(lake: str, collection: str, sources: Sequence[str]) -> int:
    """Delete the documents of these sources; return how many there were."""
    with opened(lake) as store:
        return store.delete_documents(collection, sources)


def ready_model(lake: str, collection: str | None, remedy: str) -> Embedder:
    """Return the model of a collection; without one that of the settings.

    Args:
        lake: name of the Lake block.
        collection: None for the model of the settings.
        remedy: what a caller may do instead where that one is fitted on a collection.

    Raises:
        CollectionNeededError: it is.
        CollectionNotFoundError: there is no such collection, or it has no model yet.
    """
    if collection is None:
        chosen = configured(settings().lake)
        if isinstance(chosen, Trainer):
            raise CollectionNeededError(chosen.name, remedy)
        return chosen
    with opened(lake) as store:
        model = store.embedder(collection)
        if model is None:
            raise CollectionNotFoundError(
                collection, [info.name for info in store.collections() if info.documents]
            )
        return model


def _loading_model(store: Lake, collection: str) -> Embedder | Trainer:
    """Return the collection's own embedder, or the configured one for a new collection."""
    try:
        return of_collection(store.collection(collection).embedder, settings().lake)
    except CollectionNotFoundError:
        return configured(settings().lake)


def _document(text: Text) -> Document:
    cleaned = clean(text.text)
    title = clean_line(text.title or text.source)
    return Document(
        source=text.source,
        title=title,
        text=cleaned,
        media_type=MEDIA_TYPE,
        checksum=_checksum(title, text),
        metadata=text.metadata,
    )


def _checksum(title: str, text: Text) -> str:
    """Return what tells two versions of a text apart: its words, and its metadata if it has any."""
    content = f"{title}\n{text.text}"
    if text.metadata:
        content += f"\n{json.dumps(text.metadata, sort_keys=True)}"
    return sha256(content.encode()).hexdigest()


def _split(metadata: Mapping[str, Mapping[str, JsonValue]], document: Document) -> SplitDocument:
    """Return an accepted document with its chunks, and with the metadata of its source."""
    document = replace(document, metadata=metadata[document.source])
    chosen = settings().documents
    chunks = split(document, words=chosen.chunk_words, overlap=chosen.chunk_overlap)
    return SplitDocument(document, chunks)
