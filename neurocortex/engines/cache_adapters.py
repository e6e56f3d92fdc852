"""Haystack's and LangChain's values in the cache: `block.levels(HAYSTACK)`, for instance.

Each is written as its fields and made again by its own class, which checks them.
"""

from dataclasses import fields
from typing import Any, Final, TypeVar

from haystack import Document
from haystack.dataclasses import ByteStream, ChatMessage, SparseEmbedding
from langchain_core.documents import Document as LangChainDocument
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from neurocortex.cache.codec import Adapter, model_adapter

T = TypeVar("T", Document, ByteStream, SparseEmbedding)


def _by_fields(kind: type[T]) -> Adapter[T]:
    """Return an adapter of a dataclass whose fields the codec or other adapters can write."""
    names = [each.name for each in fields(kind)]
    return Adapter(
        f"haystack.{kind.__name__}",
        kind,
        lambda value: {name: getattr(value, name) for name in names},
        lambda parts: kind(**parts),
    )


HAYSTACK: Final[tuple[Adapter[Any], ...]] = (
    _by_fields(Document),
    _by_fields(ByteStream),
    _by_fields(SparseEmbedding),
    Adapter("haystack.ChatMessage", ChatMessage, ChatMessage.to_dict, ChatMessage.from_dict),
)
"""Documents with embeddings and attachments, and messages."""

LANGCHAIN: Final[tuple[Adapter[Any], ...]] = tuple(
    model_adapter(each)
    for each in (
        *(AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage),
        LangChainDocument,
    )
)
"""Messages and documents."""
