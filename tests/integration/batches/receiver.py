"""A program that is told by webhooks, and verifies each as the specification says."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

KEY = bytes(range(32))
TOLERANCE_S = 60


@dataclass
class Receiver:
    """Where it listens, and what came."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    """What it answers next; then 204."""
    came: "Queue[tuple[str, Any]]" = field(default_factory=Queue)
    """The id of each message and what it says, if it is genuine; else None."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            said = json.loads(body) if self._is_genuine(body) else None
            status = receiver.statuses.pop(0) if receiver.statuses else 204
            self.send_response(status)
            if status in range(300, 400):
                self.send_header("location", f"{receiver.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()
            receiver.came.put((self.headers["webhook-id"], said))

        def _is_genuine(self, body: bytes) -> bool:
            at = self.headers["webhook-timestamp"]
            signed = f"{self.headers['webhook-id']}.{at}.".encode() + body
            right = "v1," + base64.b64encode(hmac.digest(KEY, signed, sha256)).decode()
            return (
                hmac.compare_digest(self.headers["webhook-signature"], right)
                and abs(time.time() - int(at)) < TOLERANCE_S
            )

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()
