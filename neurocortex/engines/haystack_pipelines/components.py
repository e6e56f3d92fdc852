"""The platform's own components for pipelines in YAML: its LLM providers, its way into a
collection."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from haystack import Document, component
from haystack.dataclasses import ChatMessage, ChatRole

from neurocortex.domain import chat
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.engines.haystack_pipelines.platform import IncomingText, current

SOURCE: Final = "source"
TITLE: Final = "title"
"""Keys of a document's metadata that name it in a collection."""


@component
class PlatformChatGenerator:
    """A chat generator on an LLM Provider block, or, with `auto`, on the one that serves best now.

    What holds for the platform's calls holds here: budgets, hidden personal data, other endpoints
    and other providers where one fails.
    """

    def __init__(
        self,
        provider: str = DEFAULT_BLOCK,
        max_tokens: int | None = None,
        temperature: float | None = None,
        fallbacks: list[str] | None = None,
    ) -> None:
        """Take the block's name, and names of those that are asked when it fails; the others are
        None for the block's limit and the model's own."""
        self.provider = provider
        self.max_tokens = max_tokens
        self.temperature = temperature
        self.fallbacks = fallbacks

    @component.output_types(replies=list[ChatMessage])
    def run(self, messages: list[ChatMessage]) -> dict[str, list[ChatMessage]]:
        """Return what the model answers, as one reply."""
        return asyncio.run(self.run_async(messages))

    @component.output_types(replies=list[ChatMessage])
    async def run_async(self, messages: list[ChatMessage]) -> dict[str, list[ChatMessage]]:
        """See `run`."""
        completion = await current(type(self).__name__).complete(
            _ours(messages),
            self.provider,
            self.max_tokens,
            self.temperature,
            tuple(self.fallbacks or ()),
        )
        meta: dict[str, Any] = {
            "model": completion.model,
            "finish_reason": completion.finish_reason,
            "usage": {
                "prompt_tokens": completion.prompt_tokens,
                "completion_tokens": completion.completion_tokens,
            },
        }
        return {"replies": [ChatMessage.from_assistant(completion.text, meta=meta)]}


@component
class CollectionWriter:
    """Brings documents into a collection of the platform's own.

    They pass the quality gate, are split and embedded by the collection's model, and written in one
    transaction; what is there already is left alone.
    """

    def __init__(self, collection: str = "documents") -> None:
        """Take the collection's name; it is made where there is none."""
        self.collection = collection

    @component.output_types(written=int, unchanged=int, refused=list[str])
    def run(self, documents: list[Document]) -> dict[str, Any]:
        """Write documents; `meta.source` names each, else its id does, and `meta.title` is its
        title."""
        return asyncio.run(self.run_async(documents))

    @component.output_types(written=int, unchanged=int, refused=list[str])
    async def run_async(self, documents: list[Document]) -> dict[str, Any]:
        """See `run`."""
        texts = [_text(each) for each in documents if each.content]
        done = await current(type(self).__name__).write(self.collection, texts)
        return {
            "written": done.written,
            "unchanged": done.unchanged,
            "refused": list(done.refused),
        }


def _text(document: Document) -> IncomingText:
    title = document.meta.get(TITLE)
    return IncomingText(
        source=str(document.meta.get(SOURCE) or document.id),
        text=document.content or "",
        title=None if title is None else str(title),
    )


def _ours(messages: Sequence[ChatMessage]) -> list[chat.ChatMessage]:
    return [_message(each) for each in messages]


def _message(message: ChatMessage) -> chat.ChatMessage:
    text = message.text or ""
    if message.is_from(ChatRole.SYSTEM):
        return chat.ChatMessage(role="system", content=text)
    if message.is_from(ChatRole.USER):
        return chat.ChatMessage(role="user", content=text)
    if message.is_from(ChatRole.ASSISTANT):
        return chat.ChatMessage(role="assistant", content=text)
    raise ValueError(f"A message of the role {message.role.value} cannot be sent.")
