"""`python -m benchmarks._http_load`: a lean generator of HTTP load, for machines without wrk.

A closed loop, as wrk's: each connection sends its next request when the last one is answered. It
runs as a process of its own, so that it and the server do not share an event loop.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, cast
from urllib.parse import urlsplit

import uvloop

HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length:"


@dataclass(frozen=True, slots=True)
class Shot:
    """What is sent, and for how long."""

    url: str
    connections: int
    seconds: float
    warm_up_s: float = 1.0
    """Answers of this first time are not counted."""
    method: str = "GET"
    headers: Mapping[str, str] | None = None
    body: str = ""


@dataclass(frozen=True, slots=True)
class Hits:
    """What came back. Times are from the last byte sent to the last byte received."""

    per_s: float
    """Answers with a status of 2xx."""
    p50_ms: float
    p99_ms: float
    statuses: Mapping[str, int]


def fire(shot: Shot) -> Hits:
    """Send load from another process, and return what came back."""
    answered = subprocess.run(
        [sys.executable, "-m", "benchmarks._http_load"],
        input=json.dumps(asdict(shot)).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return Hits(**json.loads(answered.stdout))


class _Connection(asyncio.Protocol):
    def __init__(self, message: bytes, count: "_Count") -> None:
        self._message = message
        self._count = count
        self._received = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(HEAD_END)
        if not end:
            return
        at = head.lower().find(LENGTH)
        length = int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(body) < length:
            return
        self._received = b""
        self._count.add(head[9:12].decode(), time.perf_counter() - self._sent_at)
        self._send()

    def _send(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._sent_at = time.perf_counter()
            self._transport.write(self._message)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _Count:
    def __init__(self, counted_from: float) -> None:
        self._from = counted_from
        self.statuses: Counter[str] = Counter()
        self.times: list[float] = []

    def add(self, status: str, seconds: float) -> None:
        if time.perf_counter() >= self._from:
            self.statuses[status] += 1
            if status.startswith("2"):
                self.times.append(seconds)


async def _fire(shot: Shot) -> Hits:
    target = urlsplit(shot.url)
    body = shot.body.encode()
    headers = {
        "Host": target.netloc,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **(shot.headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    message = f"{shot.method} {target.path or '/'} HTTP/1.1\r\n{head}\r\n".encode() + body
    count = _Count(time.perf_counter() + shot.warm_up_s)
    loop = asyncio.get_running_loop()
    connections = [
        (
            await loop.create_connection(
                lambda: _Connection(message, count), target.hostname or "", target.port or 80
            )
        )[1]
        for _ in range(shot.connections)
    ]
    await asyncio.sleep(shot.warm_up_s + shot.seconds)
    for connection in connections:
        connection.close()
    times = sorted(count.times) or [float("nan")]
    return Hits(
        per_s=len(count.times) / shot.seconds,
        p50_ms=1000 * times[len(times) // 2],
        p99_ms=1000 * times[int(len(times) * 0.99)],
        statuses=dict(count.statuses),
    )


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    asked = Shot(**json.load(sys.stdin))
    sys.stdout.write(json.dumps(asdict(uvloop.run(_fire(asked)))))
