"""Many streams of server-sent events at once, from one gateway process.

Each is a request of its own, whose pipeline sends a part every tenth of a second. An event that
does not come, or out of order, or twice, is lost. Its latency is from the pipeline in the lane to
this process, which reads all streams. The lane works on as many requests at once as there are
streams.
"""

import argparse
import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psutil
import uvloop

from benchmarks._overload_report import p99
from benchmarks._postgres import say
from benchmarks._served import served
from benchmarks._stream_reader import Heard, listen, missed

PIPELINES: Final = ("benchmarks._ticking",)

EVERY_S: Final = 0.1
LOOK_S: Final = 0.1
KILOBYTE: Final = 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--streams", type=int, default=200, help="at once")
    parser.add_argument("--parts", type=int, help="of each stream; 100, quick: 20")
    parser.add_argument("--quick", action="store_true")


def run(options: argparse.Namespace) -> Mapping[str, float]:
    """Measure; memory is what a process grew by at most, for each stream."""
    parts = options.parts or (20 if options.quick else 100)
    settings = {
        "NEUROCORTEX_REALTIME__PIPELINES": str(options.streams),
        "NEUROCORTEX_REALTIME__TIMEOUT_S": "60",
        "NEUROCORTEX_ADMISSION__REALTIME_CONCURRENCY": str(2 * options.streams),
        "NEUROCORTEX_ADMISSION__SHED_ABOVE": "1",
    }
    with served(PIPELINES, settings) as at:
        headers = at.headers("default")
        address = f"{at.url}/v1/requests"
        # What is filled once, by as many streams as are measured.
        uvloop.run(_all(address, headers, options.streams, 2))
        say(f"{options.streams} streams of {parts} parts")
        with _growth(at.gateway) as gateway, _growth(at.lanes[0]) as lane:
            heard = uvloop.run(_all(address, headers, options.streams, parts))
    lost = sum(missed(each.numbers, parts) + (not each.has_result) for each in heard)
    for error in {each.error for each in heard if each.error}:
        say(error)
    latencies = [1000 * each for stream in heard for each in stream.latencies_s]
    return {
        "streams": sum(each.has_result for each in heard),
        "events": len(latencies),
        "lost_events": lost,
        "event_p50_ms": sorted(latencies)[len(latencies) // 2] if latencies else 0.0,
        "event_p99_ms": p99(latencies),
        "gateway_kb_per_stream": gateway.kb / options.streams,
        "lane_kb_per_stream": lane.kb / options.streams,
    }


async def _all(url: str, headers: Mapping[str, str], streams: int, parts: int) -> list[Heard]:
    body = json.dumps(
        {"operation": "ticking", "parts": parts, "every_s": EVERY_S, "stream": True}
    ).encode()
    return await asyncio.gather(*(listen(url, headers, body) for _ in range(streams)))


@dataclass(slots=True)
class _Grown:
    kb: float = 0.0


@contextmanager
def _growth(process: psutil.Process) -> Iterator[_Grown]:
    """Give what a process's resident memory grows by, at most, while this lasts."""
    grown, over = _Grown(), threading.Event()
    before = process.memory_info().rss

    def look() -> None:
        while not over.wait(LOOK_S):
            grown.kb = max(grown.kb, (process.memory_info().rss - before) / KILOBYTE)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield grown
    finally:
        over.set()
        looking.join()
