"""An LLM provider that says what a test tells it to, over the OpenAI protocol.

Speaks `GET /v1/models` and `POST /v1/chat/completions`, whole or as a stream of words, as described
in https://platform.openai.com/docs/api-reference/chat. Real clients drive it unchanged.

Example:
    with OpenAIServer(lambda prompt: "Four tiers [1].") as server:
        endpoint = LlmEndpoint(base_url=server.base_url, model=server.model)
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Final, Self, cast

from pydantic import BaseModel, ConfigDict, ValidationError

MODEL: Final = "scripted"


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is an error."""

    status: int
    """HTTP status, e.g. 429 or 500."""
    message: str = "scripted failure"


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: str
    content: str


class _ChatRequest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[_Message]
    stream: bool = False


class OpenAIServer:
    """A provider on a free port of 127.0.0.1, up for as long as its `with` block."""

    model: Final = MODEL

    def __init__(
        self, reply: Callable[[str], str | Failure], *, api_key: str | None = None
    ) -> None:
        """Prepare a provider.

        Args:
            reply: gets the last user message, gives the answer or a failure.
            api_key: the only key it accepts; None accepts any.
        """
        self.prompts: list[str] = []
        """What it was asked, in order."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, reply, api_key))
        self._thread = Thread(target=self._http.serve_forever, daemon=True)

    @property
    def base_url(self) -> str:
        """Return the address clients take as their base URL."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, and free the port."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(
    server: OpenAIServer, reply: Callable[[str], str | Failure], api_key: str | None
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self._allowed() and self._known("/v1/models"):
                self._send(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if not (self._allowed() and self._known("/v1/chat/completions")):
                return
            try:
                request = _ChatRequest.model_validate_json(body)
            except ValidationError as error:
                self._fail(Failure(HTTPStatus.BAD_REQUEST, str(error)))
                return
            prompt = request.messages[-1].content
            server.prompts.append(prompt)
            answer = reply(prompt)
            if isinstance(answer, Failure):
                self._fail(answer)
            elif request.stream:
                self._send_stream(request.model, answer)
            else:
                self._send(200, _completion(request.model, answer))

        def _allowed(self) -> bool:
            if api_key is None or self.headers.get("Authorization") == f"Bearer {api_key}":
                return True
            self._fail(Failure(HTTPStatus.UNAUTHORIZED, "Incorrect API key provided."))
            return False

        def _known(self, path: str) -> bool:
            if self.path == path:
                return True
            self._fail(Failure(HTTPStatus.NOT_FOUND, f"Unknown path {self.path}."))
            return False

        def _fail(self, failure: Failure) -> None:
            self._send(failure.status, {"error": {"message": failure.message, "type": "scripted"}})

        def _send(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _send_stream(self, model: str, text: str) -> None:
            """Send each word when it is written; the connection's end is the stream's."""
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for event in _events(model, text):
                self.wfile.write(f"data: {event}\n\n".encode())
                self.wfile.flush()
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Keep quiet: tests read the client's side."""

    return cast("type[BaseHTTPRequestHandler]", Handler)


def _completion(model: str, text: str) -> object:
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
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def _events(model: str, text: str) -> Iterator[str]:
    """Yield the events of a streamed answer: a word each, the end, the usage."""
    base = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }
    words = re.findall(r"\S+\s*", text)
    for word in words:
        choice = {"index": 0, "delta": {"role": "assistant", "content": word}}
        yield json.dumps({**base, "choices": [{**choice, "finish_reason": None}]})
    yield json.dumps({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    usage = {"prompt_tokens": 1, "completion_tokens": len(words), "total_tokens": len(words) + 1}
    yield json.dumps({**base, "choices": [], "usage": usage})
    yield "[DONE]"
