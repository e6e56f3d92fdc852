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

import socket
from contextlib import suppress
from threading import Lock, Thread
from types import TracebackType
from typing import Final, Self, cast

from neurocortex.testing.openai_handler import MODEL, Handler, Script, ScriptedServer
from neurocortex.testing.openai_replies import Answering, Failure


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
        self._script = Script(reply, api_key, health)
        self._http = _Http(("127.0.0.1", port), self._script)
        self._thread = Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def prompts(self) -> list[str]:
        """Return what it was asked, in order."""
        return self._script.prompts

    @property
    def health(self) -> Failure | None:
        """Return what `GET /v1/models` answers in place of the model."""
        return self._script.health

    @health.setter
    def health(self, health: Failure | None) -> None:
        self._script.health = health

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
        self._script.stopping.set()  # after it: what pauses must not go on to answer
        if self._thread.ident is not None:
            self._thread.join()


class _Http(ScriptedServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], script: Script) -> None:
        super().__init__(address, Handler)
        self.script = script
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
