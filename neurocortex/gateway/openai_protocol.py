"""What clients of OpenAI's protocol send and expect, and which of our operations that is.

A model's name is an operation, and after a colon what it works on: `chat`, `chat:PROVIDER`,
`answer:COLLECTION`, `embed:COLLECTION`. See https://platform.openai.com/docs/api-reference.

A field that we would not heed is refused: its sender would believe that it was.
"""

import base64
import time
from array import array
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from neurocortex.errors import InvalidRequestError

CHAT: Final = "chat"
ANSWER: Final = "answer"
EMBED: Final = "embed"
OPERATIONS: Final = (CHAT, ANSWER, EMBED)

ABOUT: Final = {CHAT: "provider", ANSWER: "collection", EMBED: "collection"}
"""The field that what follows the colon goes into."""

DONE: Final = b"data: [DONE]\n\n"


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1, description="An operation, e.g. `chat` or `answer:papers`.")
    user: str | None = Field(None, description="Taken for compatibility: the credential says who.")


class TextPart(BaseModel):
    """A piece of a message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["system", "developer", "user", "assistant"]
    content: str | tuple[TextPart, ...]
    name: str | None = None

    def text(self) -> str:
        """Return its text as a whole."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """How a stream is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    include_usage: bool = False
    include_obfuscation: bool = False


class ChatCompletionRequest(_Sent):
    """`POST /v1/chat/completions`."""

    messages: tuple[Message, ...] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    n: Literal[1] | None = None

    def request(self) -> dict[str, object]:
        """Return the request of ours that this is.

        Raises:
            InvalidRequestError: the model is no operation that holds conversations.
        """
        operation, about = _operation(self.model, (CHAT, ANSWER))
        if operation == ANSWER:
            return {"operation": ANSWER, "question": self.messages[-1].text(), **about}
        messages = [
            {"role": _role(message.role), "content": message.text()} for message in self.messages
        ]
        limits = {
            "max_tokens": self.max_completion_tokens or self.max_tokens,
            "temperature": self.temperature,
        }
        return {
            "operation": CHAT,
            "messages": messages,
            "stream": self.stream,
            **{name: value for name, value in limits.items() if value is not None},
            **about,
        }


class EmbeddingsRequest(_Sent):
    """`POST /v1/embeddings`."""

    input: Annotated[str, Field(min_length=1)] | Annotated[tuple[str, ...], Field(min_length=1)]
    encoding_format: Literal["float", "base64"] = "float"

    def request(self) -> dict[str, object]:
        """Return the request of ours that this is.

        Raises:
            InvalidRequestError: the model is not the operation that embeds.
        """
        _, about = _operation(self.model, (EMBED,))
        texts = [self.input] if isinstance(self.input, str) else list(self.input)
        return {"operation": EMBED, "texts": texts, **about}


class Answered(BaseModel):
    """What is read of the result of `chat` or `answer`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str
    finish_reason: str = "stop"
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def usage(self) -> dict[str, int]:
        """Return the tokens, 0 where nobody counted."""
        prompt, completion = self.prompt_tokens or 0, self.completion_tokens or 0
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }


def completion(number: str, model: str, answered: Answered) -> bytes:
    """Return a chat completion."""
    message = {"role": "assistant", "content": answered.text, "refusal": None}
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": answered.finish_reason,
        "logprobs": None,
    }
    return orjson.dumps(
        {
            **_head(number, "chat.completion", model),
            "choices": [choice],
            "usage": answered.usage(),
        }
    )


def chunk(
    number: str, model: str, delta: Mapping[str, str], finish_reason: str | None = None
) -> bytes:
    """Return one event of a streamed chat completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return _data({**_head(number, "chat.completion.chunk", model), "choices": [choice]})


def usage_chunk(number: str, model: str, answered: Answered) -> bytes:
    """Return the event after the last part that says what it took."""
    head = _head(number, "chat.completion.chunk", model)
    return _data({**head, "choices": [], "usage": answered.usage()})


def error_chunk(document: Mapping[str, object]) -> bytes:
    """Return the event that ends a stream that failed."""
    return _data({"error": {"message": document["detail"], **document}})


def embeddings(model: str, vectors: Sequence[Sequence[float]], *, as_base64: bool) -> bytes:
    """Return vectors; as base64 they are little-endian 32-bit floats."""
    data = [
        {
            "object": "embedding",
            "index": at,
            "embedding": _base64(vector) if as_base64 else vector,
        }
        for at, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 0, "total_tokens": 0}
    return orjson.dumps({"object": "list", "data": data, "model": model, "usage": usage})


def model_card(name: str) -> dict[str, object]:
    """Return what `/v1/models` says of an operation."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "neurocortex"}


def _operation(model: str, allowed: Sequence[str]) -> tuple[str, dict[str, str]]:
    operation, colon, about = model.partition(":")
    if operation not in allowed or (colon and not about):
        choices = " or ".join(f"{name}[:{ABOUT[name].upper()}]" for name in allowed)
        raise InvalidRequestError([("model", f"there is no model {model!r} here: {choices}")])
    return operation, {ABOUT[operation]: about} if about else {}


def _role(role: str) -> str:
    return "system" if role == "developer" else role


def _head(number: str, kind: str, model: str) -> dict[str, object]:
    return {"id": f"chatcmpl-{number}", "object": kind, "created": int(time.time()), "model": model}


def _data(document: Mapping[str, object]) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(document)


def _base64(vector: Sequence[float]) -> str:
    packed = array("f", vector)
    return base64.b64encode(packed.tobytes()).decode()
