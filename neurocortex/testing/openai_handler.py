"""One connection of a client to a scripted provider: OpenAI's protocol over HTTP/1.1."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Final

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


@dataclass(slots=True)
class Script:
    """What all connections of a provider share."""

    reply: Answering
    api_key: str | None
    """The only key that is accepted; None: any is."""
    health: Failure | None
    """What is answered in place of the models."""
    prompts: list[str] = field(default_factory=list)
    """What was asked, in order."""
    stopping: Event = field(default_factory=Event)


class ScriptedServer(ThreadingHTTPServer):
    """The part of a server that its connections need."""

    script: Script


class Handler(BaseHTTPRequestHandler):
    """Reads requests and writes what the script says: `_chat` and `_embed` decide, the others send.

    One request goes through `_allowed`, `_known`, `_asked`, `_went_wrong`, in that order.
    """

    server: ScriptedServer
    protocol_version = "HTTP/1.1"
    # The head of an answer and its body are two writes: without this each waits 40 ms.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer which models there are."""
        if not (self._allowed() and self._known("/v1/models")):
            return
        health = self.server.script.health
        if health is not None:
            self._fail(health)
        else:
            self._send(wire.models(MODEL))

    def do_POST(self) -> None:
        """Answer a chat, or embed texts."""
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
        match answer:
            case str(text) | Slow(text=text) | CutStream(text=text):
                if request.stream:
                    self._send_stream(request.model, text, answer)
                else:
                    self._send_or_cut(wire.completion(request.model, text), answer)
            case _:
                self._go_wrong(answer)

    def _embed(self, request: wire.EmbeddingsRequest) -> None:
        answer = self._asked(request.texts[0])
        match answer:
            case str() | Slow() | CutStream():
                self._send_or_cut(wire.embeddings(request.model, request.texts), answer)
            case _:
                self._go_wrong(answer)

    def _allowed(self) -> bool:
        api_key = self.server.script.api_key
        if api_key is None or self.headers.get("Authorization") == f"Bearer {api_key}":
            return True
        self._fail(Failure(HTTPStatus.UNAUTHORIZED, "Incorrect API key provided."))
        return False

    def _known(self, *paths: str) -> bool:
        if self.path in paths:
            return True
        self._fail(Failure(HTTPStatus.NOT_FOUND, f"Unknown path {self.path}."))
        return False

    def _asked(self, prompt: str) -> Reply:
        script = self.server.script
        script.prompts.append(prompt)
        answer = script.reply(prompt)
        if isinstance(answer, Slow):
            self._pause(answer.before_s)
        return answer

    def _pause(self, seconds: float) -> None:
        """Wait; not longer than the server is there."""
        self.server.script.stopping.wait(seconds)

    def _go_wrong(self, answer: Failure | Raw | Hang) -> None:
        """Send what is no answer of the protocol."""
        match answer:
            case Failure():
                self._fail(answer)
            case Raw():
                self._send_bytes(HTTPStatus.OK, answer.body)
            case Hang():
                self._pause(answer.seconds)
                self.close_connection = True

    def _fail(self, failure: Failure) -> None:
        body = json.dumps(wire.failure(failure.message)).encode()
        self._send_bytes(failure.status, body, failure.retry_after_s)

    def _send_or_cut(self, value: object, answer: Reply) -> None:
        """Send a whole answer, or the first half of it."""
        if not isinstance(answer, CutStream):
            self._send(value)
            return
        body = json.dumps(value).encode()
        self._head(HTTPStatus.OK, len(body))
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True

    def _send(self, value: object) -> None:
        self._send_bytes(HTTPStatus.OK, json.dumps(value).encode())

    def _send_bytes(self, status: int, body: bytes, retry_after_s: float | None = None) -> None:
        self._head(status, len(body), retry_after_s)
        self.wfile.write(body)

    def _head(self, status: int, size: int, retry_after_s: float | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(size))
        if retry_after_s is not None:
            self.send_header("Retry-After", f"{retry_after_s:g}")
        self.end_headers()

    def _send_stream(self, model: str, text: str, answer: Reply) -> None:
        """Send each word when it is written, in chunks: without the last one it was cut."""
        self.send_response(HTTPStatus.OK)
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
