"""A reader of one stream of server-sent events, and what it missed."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

SILENCE_S: Final = 35.0
"""Longer than the lane's timeout: then no more comes."""

EVENT: Final = b"event: "
DATA: Final = b"data: "


@dataclass(slots=True)
class Heard:
    """What one stream brought."""

    numbers: list[int] = field(default_factory=list)
    """Of the parts, in the order in which they came."""
    latencies_s: list[float] = field(default_factory=list)
    """Of each part, from the pipeline that sent it."""
    has_result: bool = False
    error: str = ""


def missed(numbers: Sequence[int], expected: int) -> int:
    """Return how many parts did not come, came twice or too late; each counts once.

    >>> missed([1, 2, 3], 3), missed([1, 3], 3), missed([1, 3, 2], 3), missed([1, 2, 2, 3], 3)
    (0, 1, 1, 1)
    """
    last = wrong = 0
    for number in numbers:
        if number > last:
            last = number
        else:
            wrong += 1
    return wrong + len(set(range(1, expected + 1)) - set(numbers))


async def listen(url: str, headers: Mapping[str, str], body: bytes) -> Heard:
    """Ask for a stream and hear it to its end."""
    target = urlsplit(url)
    heard = Heard()
    reader, writer = await asyncio.open_connection(target.hostname, target.port)
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.netloc}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    try:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        async with asyncio.timeout(SILENCE_S) as silence:
            status = await reader.readline()
            if b" 200 " not in status:
                heard.error = status.decode().strip()
                return heard
            name = b""
            # The sizes of HTTP's chunks are lines of their own.
            while line := await reader.readline():
                silence.reschedule(asyncio.get_running_loop().time() + SILENCE_S)
                if line.startswith(EVENT):
                    name = line[len(EVENT) :].strip()
                elif line.startswith(DATA) and _hear(heard, name, line[len(DATA) :]):
                    return heard
    except OSError as error:  # TimeoutError, too
        heard.error = heard.error or f"{type(error).__name__}: {error}"
    finally:
        writer.close()
    return heard


def _hear(heard: Heard, name: bytes, data: bytes) -> bool:
    """Note an event; return whether it is the last."""
    if name == b"part":
        number, sent = json.loads(data)["text"].split()
        heard.numbers.append(int(number))
        heard.latencies_s.append(time.time() - float(sent))
        return False
    heard.has_result = name == b"result"
    if not heard.has_result:
        heard.error = data.decode().strip()
    return True
