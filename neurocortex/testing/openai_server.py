"""An LLM provider that says what a test tells it to, over the OpenAI protocol.

Speaks `GET /v1/models`, `POST /v1/chat/completions`, whole or as a stream of words, and
`POST /v1/embeddings`, as described in https://platform.openai.com/docs/api-reference. Real clients
drive it unchanged. Whatever else may happen to a provider is a reply of `openai_replies`.

Example:
    A provider that is busy at first, and a client of OpenAI's own that tries again:

    >>> from openai import OpenAI
    >>> from neurocortex.testing.openai_replies import Failure, script
    >>> replies = script(Failure(429, retry_after_s=0), "Four tiers.")
    >>> with OpenAIServer(replies) as server:
    ...     with OpenAI(base_url=server.base_url, api_key="any", max_retries=1) as client:
    ...         message = {"role": "user", "content": "How many tiers are there?"}
    ...         answer = client.chat.completions.create(model=server.model, messages=[message])
    >>> answer.choices[0].message.content
    'Four tiers.'
    >>> server.prompts
    ['How many tiers are there?', 'How many tiers are there?']
"""

import json
import socket
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Final, Self, cast

from pydantic import ValidationError

from neurocortex.testing import openai_wire as wire
from neurocortex.testing.openai_replies import (
    Answering,
    CutStream,
    Failure,
    Hang,
    Raw,
    Reply,
    Slow,
)

MODEL: Final = "scripted"


class OpenAIServer:
    """A provider on a port of 127.0.0.1, up for as long as its `with` block."""

    model: Final = MODEL

    def __init__(
        self,
        reply: Answering,
        *,
        api_key: str | None = None,
        health: Failure | None = None,
        port: int = 0,
    ) -> None:
        """Prepare a provider.

        Args:
            reply: gets the last user message, gives the answer or what goes wrong.
            api_key: the only key it accepts; None accepts any.
            health: what `GET /v1/models` answers in place of the model; may be set at any time.
            port: 0: a free one.
        """
        self.health = health
        self.prompts: list[str] = []
        """What it was asked, in order."""
        self._http = _Http(("127.0.0.1", port), _handler(self, reply, api_key))
        self._thread = Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

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
        self.kill()

    def kill(self) -> None:
        """End as a process that dies: every connection breaks, also of answers under way."""
        self._http.shutdown()
        self._http.server_close()
        self._http.break_connections()
        self._http.stopping.set()  # after it: what pauses must not go on to answer
        if self._thread.ident is not None:
            self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.stopping = Event()
        self._connections: set[socket.socket] = set()
        self._turn = Lock()

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        with self._turn:
            self._connections.add(connection)
        return connection, address

    def close_request(self, request: object) -> None:
        with self._turn:
            self._connections.discard(cast("socket.socket", request))
        super().close_request(cast("socket.socket", request))

    def break_connections(self) -> None:
        with self._turn:
            for each in self._connections:
                with suppress(OSError):  # it ended by itself
                    each.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet: clients go, and tests break connections."""


def _handler(
    server: OpenAIServer, reply: Answering, api_key: str | None
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # The head of an answer and its body are two writes: without this each waits 40 ms.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if not (self._allowed() and self._known("/v1/models")):
                return
            if server.health is not None:
                self._fail(server.health)
            else:
                self._send(200, wire.models(MODEL))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if not (self._allowed() and self._known("/v1/chat/completions", "/v1/embeddings")):
                return
            try:
                if self.path.endswith("embeddings"):
                    self._embed(wire.EmbeddingsRequest.model_validate_json(body))
                else:
                    self._chat(wire.ChatRequest.model_validate_json(body))
            except ValidationError as error:
                self._fail(Failure(HTTPStatus.BAD_REQUEST, str(error)))

        def _chat(self, request: wire.ChatRequest) -> None:
            answer = self._asked(request.messages[-1].content)
            if self._went_wrong(answer):
                return
            text = answer if isinstance(answer, str) else cast("Slow | CutStream", answer).text
            if request.stream:
                self._send_stream(request.model, text, answer)
            elif isinstance(answer, CutStream):
                self._cut(wire.completion(request.model, text))
            else:
                self._send(200, wire.completion(request.model, text))

        def _embed(self, request: wire.EmbeddingsRequest) -> None:
            answer = self._asked(request.texts[0])
            if self._went_wrong(answer):
                return
            body = wire.embeddings(request.model, request.texts)
            if isinstance(answer, CutStream):
                self._cut(body)
            else:
                self._send(200, body)

        def _asked(self, prompt: str) -> Reply:
            server.prompts.append(prompt)
            answer = reply(prompt)
            if isinstance(answer, Slow):
                self._pause(answer.before_s)
            return answer

        def _went_wrong(self, answer: Reply) -> bool:
            """Send what is no answer of the protocol; tell whether it was that."""
            match answer:
                case Failure():
                    self._fail(answer)
                case Raw():
                    self._send_bytes(200, answer.body)
                case Hang():
                    self._pause(answer.seconds)
                    self.close_connection = True
                case _:
                    return False
            return True

        def _allowed(self) -> bool:
            if api_key is None or self.headers.get("Authorization") == f"Bearer {api_key}":
                return True
            self._fail(Failure(HTTPStatus.UNAUTHORIZED, "Incorrect API key provided."))
            return False

        def _known(self, *paths: str) -> bool:
            if self.path in paths:
                return True
            self._fail(Failure(HTTPStatus.NOT_FOUND, f"Unknown path {self.path}."))
            return False

        def _pause(self, seconds: float) -> None:
            """Wait; not longer than the server is there."""
            self.server.stopping.wait(seconds)  # type: ignore[attr-defined]

        def _fail(self, failure: Failure) -> None:
            body = json.dumps(wire.failure(failure.message)).encode()
            self._send_bytes(failure.status, body, failure.retry_after_s)

        def _send(self, status: int, value: object) -> None:
            self._send_bytes(status, json.dumps(value).encode())

        def _send_bytes(self, status: int, body: bytes, retry_after_s: float | None = None) -> None:
            self._head(status, len(body), retry_after_s)
            self.wfile.write(body)

        def _cut(self, value: object) -> None:
            body = json.dumps(value).encode()
            self._head(200, len(body))
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True

        def _head(self, status: int, size: int, retry_after_s: float | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(size))
            if retry_after_s is not None:
                self.send_header("Retry-After", f"{retry_after_s:g}")
            self.end_headers()

        def _send_stream(self, model: str, text: str, answer: Reply) -> None:
            """Send each word when it is written, in chunks: without the last one it was cut."""
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number, event in enumerate(wire.events(model, text)):
                if isinstance(answer, CutStream) and number >= answer.words:
                    self.close_connection = True
                    return
                if isinstance(answer, Slow) and number:
                    self._pause(answer.between_s)
                self._chunk(f"data: {event}\n\n".encode())
            self._chunk(b"")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Keep quiet: tests read the client's side."""

    return cast("type[BaseHTTPRequestHandler]", Handler)
