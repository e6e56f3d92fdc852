"""The bodies of OpenAI's protocol: what comes in, and what goes out."""

import json
import re
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

from pydantic import BaseModel, ConfigDict

DIMENSION: Final = 8
"""Numbers in a vector."""


class Message(BaseModel):
    """One of a conversation."""

    model_config = ConfigDict(extra="ignore")

    role: str
    content: str


class ChatRequest(BaseModel):
    """`POST /chat/completions`."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[Message]
    stream: bool = False


class EmbeddingsRequest(BaseModel):
    """`POST /embeddings`."""

    model_config = ConfigDict(extra="ignore")

    model: str
    input: str | list[str]

    @property
    def texts(self) -> Sequence[str]:
        """What is to be embedded."""
        return [self.input] if isinstance(self.input, str) else self.input


def words(text: str) -> list[str]:
    """Return the words of a text, each with the space behind it."""
    return re.findall(r"\S+\s*", text)


def models(name: str) -> object:
    """Return the list of models."""
    return {"object": "list", "data": [{"id": name, "object": "model"}]}


def failure(message: str) -> object:
    """Return the body of an error."""
    return {"error": {"message": message, "type": "scripted"}}


def completion(model: str, text: str) -> object:
    """Return a whole answer."""
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": _usage(0, 0),
    }


def events(model: str, text: str) -> Iterator[str]:
    """Yield the events of a streamed answer: a word each, the end, the usage."""
    base = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }
    found = words(text)
    for word in found:
        choice = {"index": 0, "delta": {"role": "assistant", "content": word}}
        yield json.dumps({**base, "choices": [{**choice, "finish_reason": None}]})
    yield json.dumps({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    yield json.dumps({**base, "choices": [], "usage": _usage(1, len(found))})
    yield "[DONE]"


def embeddings(model: str, texts: Sequence[str]) -> object:
    """Return a vector for each text, the same for the same text."""
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(text)}
        for index, text in enumerate(texts)
    ]
    tokens = sum(len(words(text)) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": model, "data": data, "usage": usage}


def _vector(text: str) -> list[float]:
    digest = sha256(text.encode()).digest()[:DIMENSION]
    return [byte / 128 - 1 for byte in digest]


def _usage(sent: int, written: int) -> object:
    total = sent + written
    return {"prompt_tokens": sent, "completion_tokens": written, "total_tokens": total}
