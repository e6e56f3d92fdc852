"""Haystack's and LangChain's values come back from the cache as they went in."""

from datetime import UTC, datetime

import pytest
from haystack import Document
from haystack.dataclasses import ByteStream, ChatMessage, SparseEmbedding, ToolCall
from langchain_core.documents import Document as LangChainDocument
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from neurocortex.cache.codec import Codec
from neurocortex.engines.cache_adapters import HAYSTACK, LANGCHAIN
from neurocortex.errors import CorruptEntryError

VALUES = [
    Document(content="Who coughs, stays at home."),
    Document(
        content="A page",
        meta={"page": 7, "read": datetime(2026, 1, 2, tzinfo=UTC), "content": "its own"},
        score=0.5,
        embedding=[0.1, -1e-9, 3.0],
        blob=ByteStream(b"\x00\xff", meta={"name": "a.pdf"}, mime_type="application/pdf"),
        sparse_embedding=SparseEmbedding(indices=[1, 9], values=[0.5, 0.25]),
    ),
    ChatMessage.from_user("Why?"),
    ChatMessage.from_assistant(
        "One moment", tool_calls=[ToolCall("find", {"name": "flu"}, id="call-1")]
    ),
    HumanMessage("Why?", id="1"),
    SystemMessage("Answer in one sentence."),
    AIMessage(
        "Because.",
        tool_calls=[{"name": "find", "args": {"name": "flu"}, "id": "call-1"}],
        usage_metadata={"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
    ),
    AIMessageChunk(content="Bec"),
    ToolMessage("found", tool_call_id="call-1", artifact={"rows": (1, 2)}),
    LangChainDocument("A page", metadata={"page": 7}),
]


@pytest.mark.parametrize("value", VALUES, ids=[f"{at}" for at in range(len(VALUES))])
def test_a_value_comes_back_equal_and_of_the_same_type(value: object) -> None:
    codec = Codec((*HAYSTACK, *LANGCHAIN))
    back = codec.loads(codec.dumps([value]))
    assert back == [value]
    assert isinstance(back, list)
    assert type(back[0]) is type(value)


def test_a_document_is_not_made_where_documents_are_not_allowed() -> None:
    written = Codec(HAYSTACK).dumps(Document(content="text"))
    with pytest.raises(CorruptEntryError):
        Codec(LANGCHAIN).loads(written)


def test_a_document_with_fields_that_its_class_does_not_know_is_refused() -> None:
    adapter = HAYSTACK[0]
    with pytest.raises(TypeError):
        adapter.load({"content": "text", "formula": "= 1 + 1"})
