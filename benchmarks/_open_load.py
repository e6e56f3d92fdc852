"""`python -m benchmarks._open_load`: requests that arrive when they arrive, answered or not.

An open loop: a slow server gets no fewer requests, as a closed loop would send it. It is told by a
`Plan` as JSON on stdin, runs as a process of its own, and prints an `Outcome` in JSON for each
request.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, cast
from urllib.parse import urlsplit

import uvloop

HEAD_END: Final = b"\r\n\r\n"
SEED: Final = 20231116
PATIENCE_S: Final = 40.0
"""Longer than the lane's timeout: what has no answer by then is lost."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests of one kind."""

    name: str
    weight: float
    headers: Sequence[tuple[str, str]]
    body: str


@dataclass(frozen=True, slots=True)
class Phase:
    """So many arrivals per second for so long, as a Poisson process."""

    per_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent, and when."""

    url: str
    kinds: Sequence[Kind]
    phases: Sequence[Phase]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request. `status` is 0 where the connection ended without an answer."""

    kind: str
    at: float
    """Seconds after the beginning."""
    ms: float
    """From its arrival, which may be before its sending, to the answer's last byte."""
    status: int
    type: str
    """Of the content."""
    retry_after: str
    body: str
    """Of what is no plain answer."""


def send(plan: Plan) -> Sequence[Outcome]:
    """Send a plan's requests from another process, and return what came of each."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks._open_load"],
        input=json.dumps(asdict(plan)).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return [Outcome(**json.loads(line)) for line in done.stdout.splitlines()]


class _Connection(asyncio.Protocol):
    """One request after the other; whoever wants to send takes one that is free."""

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[bytes, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(str(exc)))

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(HEAD_END)
        if not end or len(body) < int(_header(head, b"content-length") or b"0"):
            return
        self._received = b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((head, body))

    async def ask(self, message: bytes) -> tuple[bytes, bytes]:
        """Return head and body of the answer."""
        if self._transport is None:
            raise ConnectionError("it is closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _header(head: bytes, name: bytes) -> bytes:
    at = head.lower().find(b"\r\n" + name + b":")
    return head[at + len(name) + 3 :].split(b"\r\n", 1)[0].strip() if at >= 0 else b""


class _Load:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        target = urlsplit(plan.url)
        self._address = target.hostname or "", target.port or 80
        self._messages = {kind.name: _message(plan.url, kind) for kind in plan.kinds}
        self._free: list[_Connection] = []
        self._outcomes: list[Outcome] = []
        self._began = 0.0

    async def send(self) -> Sequence[Outcome]:
        """Send all."""
        chance = random.Random(SEED)
        names = [kind.name for kind in self._plan.kinds]
        weights = [kind.weight for kind in self._plan.kinds]
        asked: set[asyncio.Task[None]] = set()
        self._began = time.perf_counter()
        due = 0.0
        ends = 0.0
        for phase in self._plan.phases:
            ends += phase.seconds
            while (due := due + chance.expovariate(phase.per_s)) < ends:
                await asyncio.sleep(max(0.0, due - self._now()))
                (name,) = chance.choices(names, weights)
                task = asyncio.create_task(self._ask(name, due))
                asked.add(task)
                task.add_done_callback(asked.discard)
            due = ends
        if asked:
            await asyncio.wait(asked)
        for connection in self._free:
            connection.close()
        return self._outcomes

    def _now(self) -> float:
        return time.perf_counter() - self._began

    async def _ask(self, name: str, due: float) -> None:
        head, body = b"", b""
        try:
            async with asyncio.timeout(PATIENCE_S):
                connection = await self._connected()
                head, body = await connection.ask(self._messages[name])
            self._free.append(connection)
        except OSError as error:  # TimeoutError, too
            body = str(error).encode()
        status = int(head[9:12] or b"0")
        self._outcomes.append(
            Outcome(
                kind=name,
                at=due,
                ms=1000 * (self._now() - due),
                status=status,
                type=_header(head, b"content-type").decode(),
                retry_after=_header(head, b"retry-after").decode(),
                body="" if status == 200 else body.decode(errors="replace"),
            )
        )

    async def _connected(self) -> _Connection:
        while self._free:
            connection = self._free.pop()
            if connection.is_open:
                return connection
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(_Connection, *self._address))[1]


def _message(url: str, kind: Kind) -> bytes:
    target, body = urlsplit(url), kind.body.encode()
    headers = (
        ("Host", target.netloc),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        *kind.headers,
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"POST {target.path} HTTP/1.1\r\n{lines}\r\n".encode() + body


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    given = json.load(sys.stdin)
    asked = Plan(
        given["url"],
        [Kind(**each) for each in given["kinds"]],
        [Phase(**each) for each in given["phases"]],
    )
    for each in uvloop.run(_Load(asked).send()):
        print(json.dumps(asdict(each)))
