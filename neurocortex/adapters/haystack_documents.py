"""Haystack's documents as the Lake's records, and back."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final

from haystack import Document
from haystack.dataclasses import ByteStream, SparseEmbedding
from pydantic import BaseModel, ConfigDict, JsonValue

from neurocortex.lake.records import Record, as_vector

KEPT: Final = "haystack"


class _Kept(BaseModel):
    """What a document has that a record has no place for."""

    model_config = ConfigDict(frozen=True)

    has_content: bool = True
    blob: str | None = None
    """Its bytes in base64."""
    blob_meta: Mapping[str, JsonValue] = {}
    mime_type: str | None = None
    sparse_indices: tuple[int, ...] | None = None
    sparse_values: tuple[float, ...] = ()


def record(document: Document) -> Record:
    """Return a document as the Lake writes it."""
    embedding = document.embedding
    return Record(
        id=document.id,
        text=document.content or "",
        metadata=document.meta,
        vector=None if embedding is None else as_vector(embedding),
        kept=_kept(document),
    )


def _kept(document: Document) -> Mapping[str, JsonValue]:
    """Return what has no place in a record, mostly nothing."""
    blob, sparse = document.blob, document.sparse_embedding
    if document.content is not None and blob is None and sparse is None:
        return {}
    kept = _Kept(
        has_content=document.content is not None,
        blob=None if blob is None else b64encode(blob.data).decode(),
        blob_meta={} if blob is None else blob.meta,
        mime_type=None if blob is None else blob.mime_type,
        sparse_indices=None if sparse is None else tuple(sparse.indices),
        sparse_values=() if sparse is None else tuple(sparse.values),
    )
    return {KEPT: kept.model_dump(mode="json", exclude_defaults=True)}


def document(found: Record, score: float | None = None) -> Document:
    """Return the document that a record was, with the score of a search."""
    kept = _Kept.model_validate(found.kept.get(KEPT, {}))
    blob = sparse = None
    if kept.blob is not None:
        blob = ByteStream(
            data=b64decode(kept.blob), meta=dict(kept.blob_meta), mime_type=kept.mime_type
        )
    if kept.sparse_indices is not None:
        sparse = SparseEmbedding(list(kept.sparse_indices), list(kept.sparse_values))
    return Document(
        id=found.id,
        content=found.text if kept.has_content else None,
        blob=blob,
        meta=dict(found.metadata),
        score=score,
        embedding=None if found.vector is None else found.vector.tolist(),
        sparse_embedding=sparse,
    )
